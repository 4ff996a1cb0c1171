"""The model of the page: the last layers of a pretrained encoder, and a new head.

It is the recipe of the program `bert_finetune.py`, with the parts of the package.

Axes: B texts, S tokens, D features, C labels.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from transformers_explained.bert import Bert
from transformers_explained.tasks.examples import Batch, Example
from transformers_explained.tasks.fitting import each, fit
from transformers_explained.tasks.sentiment import (
    TopLayers,
    lower_states,
    masked_mean,
)
from transformers_explained.tokenization import Tokenizer
from transformers_explained.training import TrainingConfig

__all__ = [
    "LOWER",
    "TextClassifier",
    "encode",
    "fine_tune",
    "shares",
    "split",
    "without_each",
]

LOWER, MAX_PIECES = 9, 128
PREFIX = "query: "  # what multilingual-e5-small wants before each text
EPOCHS, ROWS, RATE = 6, 16, 2e-4


def split(
    labels: Sequence[str], *, part: float = 0.25, seed: int = 0
) -> tuple[list[int], list[int]]:
    """Rows to learn from and rows for the test, each label in both, by chance.

    Args:
        labels: of the N texts.
        part: of each label for the test; at least one text.
        seed: of the draw. Choose it once, before the first score.
    """
    generator = random.Random(seed)
    learn: list[int] = []
    test: list[int] = []
    for name in sorted(set(labels)):
        rows = [row for row, other in enumerate(labels) if other == name]
        generator.shuffle(rows)
        count = max(1, round(part * len(rows)))
        test += rows[:count]
        learn += rows[count:]
    return sorted(learn), sorted(test)


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a text, its special tokens included, cut after `MAX_PIECES`."""
    ids = tokenizer.encode(PREFIX + text, add_special_tokens=True)
    return ids if len(ids) <= MAX_PIECES else [*ids[: MAX_PIECES - 1], ids[-1]]


class TextClassifier(nn.Module):
    """The last layers, the mean of their vectors, one score per label.

    Args:
        bert: where the layers are copied from; those below stay as they are.
        num_labels: C.
    """

    def __init__(self, bert: Bert, num_labels: int) -> None:
        super().__init__()
        self.top = TopLayers(bert, lower=LOWER)
        self.head = nn.Linear(self.top.d_model, num_labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(B, S, D), (B, S) -> (B, C)."""
        scores: Tensor = self.head(masked_mean(self.top(states, mask), mask))
        return scores

    @torch.no_grad()
    def looks(self, states: Tensor) -> Tensor:
        """The attention of the last layer on one text: (S, D) -> (H, S, S)."""
        x, weights = states[None], None
        for layer in self.top.layers:
            x, weights = layer(x, return_weights=True)
        assert weights is not None
        found: Tensor = weights[0]
        return found


def fine_tune(
    bert: Bert, ids: Sequence[Sequence[int]], targets: Sequence[int], num_labels: int
) -> TextClassifier:
    """Train the last layers and a new head; the lower states are computed once."""
    examples = [
        Example(inputs=row, target=target)
        for row, target in zip(ids, targets, strict=True)
    ]
    torch.manual_seed(0)
    model = TextClassifier(bert, num_labels)
    updates = EPOCHS * math.ceil(len(ids) / ROWS)
    config = TrainingConfig(
        epochs=EPOCHS,
        batch_size=ROWS,
        learning_rate=RATE,
        schedule="linear",
        warmup_steps=max(1, updates // 10),
    )
    fit(model, lower_states(bert, examples, layers=LOWER), config)
    return model.eval()


def shares(model: TextClassifier, bert: Bert, ids: Sequence[Sequence[int]]) -> Tensor:
    """The probability of each label for each text, (N, C)."""
    examples = [Example(inputs=row, target=0) for row in ids]

    def probabilities(batch: Batch) -> Tensor:
        scores: Tensor = model(batch.inputs, batch.mask)
        return scores.softmax(dim=-1)

    states = lower_states(bert, examples, layers=LOWER)
    return torch.stack(each(model, states, probabilities))


def without_each(ids: Sequence[int]) -> list[list[int]]:
    """A text without one token, for each of its tokens but the special ones."""
    return [[*ids[:place], *ids[place + 1 :]] for place in range(1, len(ids) - 1)]
