"""How three networks of the chapter learn: a number of updates, then half a cosine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from transformers_explained.training import Trainer, TrainingConfig, adamw

Network = TypeVar("Network", bound=nn.Module)
LossOfRows = Callable[[Any, Tensor], tuple[Tensor, int]]


def learn(
    model: Network,
    loss: LossOfRows,
    *,
    examples: int,
    updates: int,
    batch_size: int,
    rate: float,
    warmup_steps: int,
    seed: int,
    weight_decay: float = 0.0,
) -> Network:
    """Train in place, the same number of updates however many examples there are.

    Args:
        loss: of the model and a batch's numbers of examples: a sum, and of how many.
    """
    per_epoch = -(-examples // batch_size)
    config = TrainingConfig(
        epochs=-(-updates // per_epoch),
        batch_size=batch_size,
        learning_rate=rate,
        schedule="cosine",
        warmup_steps=warmup_steps,
        weight_decay=weight_decay,
        seed=seed,
    )
    Trainer(
        model,
        range(examples),
        loss,
        torch.tensor,
        config,
        optimizer=adamw(model, config, fused=True),
    ).run(until=updates, progress=False)
    return model.eval()
