"""Examples and batches: the same for texts that get a label, tokens that get one each,
spans that are to be found, and texts that become other texts.

Axes: B examples, S input tokens, D features, T target tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from transformers_explained.tokenization import pad_sequences

IGNORED = -100  # the label of what has none; `cross_entropy` skips it


@dataclass(frozen=True, kw_only=True)
class Example:
    """What goes in, and what should come out.

    Attributes:
        inputs: (S,) token ids, or (S, D) states of a layer computed beforehand.
        target: a label; or (S,) one label per token, (2,) the first and the last token
            of a span, (T,) the ids of another text.
    """

    inputs: Sequence[int] | Tensor
    target: int | Sequence[int] | Tensor


class Batch(NamedTuple):
    """Examples side by side, the shorter ones filled on the right."""

    inputs: Tensor  # (B, S) or (B, S, D), filled with 0
    mask: Tensor  # (B, S), True = a real token
    targets: Tensor  # (B,), or (B, T) filled with IGNORED

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device."""
        return Batch(*(tensor.to(device) for tensor in self))


def collate(examples: Sequence[Example]) -> Batch:
    """Put examples side by side.

    The inputs are filled with 0 whatever the tokenizer's own padding is: the mask, not
    the id, says what is real.

    Raises:
        ValueError: if some targets are labels and others are not.
    """
    lengths = torch.tensor([len(example.inputs) for example in examples])
    inputs = pad_sequences([example.inputs for example in examples], 0)
    mask = torch.arange(inputs.shape[1]) < lengths[:, None]  # (B, S)
    targets = [example.target for example in examples]
    rows = [target for target in targets if not isinstance(target, int)]
    if not rows:
        return Batch(inputs, mask, torch.tensor(targets))
    if len(rows) < len(targets):
        raise ValueError(
            "targets must be all labels or all sequences; "
            f"got {len(targets) - len(rows)} labels and {len(rows)} sequences"
        )
    return Batch(inputs, mask, pad_sequences(rows, IGNORED))


def example_length(example: Example) -> int:
    """Tokens in and out together: what examples of like length have in common."""
    target = example.target
    return len(example.inputs) + (0 if isinstance(target, int) else len(target))
