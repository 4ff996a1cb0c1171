"""BERT's exercise: hide words, and remember what they were."""

from collections.abc import Collection

import torch
from torch import Tensor

from transformers_explained.tasks.examples import IGNORED as IGNORED


def mask_tokens(
    ids: Tensor,
    *,
    mask_id: int,
    vocab_size: int,
    special_ids: Collection[int],
    probability: float = 0.15,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Choose the tokens that BERT must guess, and hide most of them.

    Each token is chosen with `probability`. Of the chosen, 80 % become [MASK], 10 % a
    random token and 10 % stay as they are, so that the model must keep a good idea of
    every token: it never knows which ones count.

    Args:
        ids: (B, S).
        mask_id: the id of [MASK].
        vocab_size: random tokens are drawn below it.
        special_ids: never chosen ([CLS], [SEP], padding).
        probability: of being chosen.
        generator: the source of randomness, on any device.

    Returns:
        The new ids (B, S), and the labels (B, S): the original id where a token was
        chosen, -100 (which `cross_entropy` ignores) elsewhere.

    Raises:
        ValueError: if `probability` is not in (0, 1].

    Reference: Devlin et al. (2019), section 3.1, task 1. The paper chooses 15 % of the
    tokens of each text; here each token is drawn by itself.
    """
    if not 0 < probability <= 1:
        raise ValueError(f"probability must lie in (0, 1]; got {probability}")
    # A generator draws on its own device only; the ids may be elsewhere.
    where = ids.device if generator is None else generator.device
    kept = torch.tensor(list(special_ids), dtype=ids.dtype, device=ids.device)
    chance = torch.rand(ids.shape, generator=generator, device=where).to(ids.device)
    chosen = (chance < probability) & ~torch.isin(ids, kept)
    fate = torch.rand(ids.shape, generator=generator, device=where).to(ids.device)
    drawn = torch.randint(vocab_size, ids.shape, generator=generator, device=where)
    drawn = drawn.to(ids)
    hidden = torch.where(chosen & (fate < 0.8), mask_id, ids)
    hidden = torch.where(chosen & (fate >= 0.9), drawn, hidden)
    return hidden, torch.where(chosen, ids, IGNORED)
