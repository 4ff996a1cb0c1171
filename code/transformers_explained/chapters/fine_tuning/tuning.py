"""How this chapter fine-tunes: one recipe, one loop, for its page and recorded runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn

from transformers_explained.bert import Bert
from transformers_explained.pretrained import load_bert
from transformers_explained.tasks.examples import Example, collate, example_length
from transformers_explained.tasks.sentiment import (
    SentimentClassifier,
    accuracy,
    positive_probability,
)
from transformers_explained.training import epoch_batches
from transformers_explained.training.schedules import cosine

MULTILINGUAL = "multilingual-e5-small"
PREFIX = {MULTILINGUAL: "query: ", "minilm": ""}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to fine-tune. All of it was fixed before the run, but for `rate` where the
    recorded runs say that it was chosen on the validation reviews.

    Attributes:
        rate: highest learning rate of everything below the head.
        head_rate: highest learning rate of the head, whose weights are new.
        epochs: passes through the examples.
        least_updates: more epochs if needed for that many updates.
        batch_size: reviews behind each update.
        warmup: share of the updates in which the rates rise; then half a cosine.
    """

    rate: float = 2e-4
    head_rate: float = 1e-3
    epochs: int = 6
    least_updates: int = 30
    batch_size: int = 16
    warmup: float = 0.1

    def num_epochs(self, num_examples: int) -> int:
        updates = math.ceil(num_examples / self.batch_size)
        return max(self.epochs, math.ceil(self.least_updates / updates))


@dataclass
class Progress:
    """The loss of each update, and the accuracy on validation after each epoch."""

    losses: list[float] = field(default_factory=list)
    valid: list[float] = field(default_factory=list)


def fine_tune(
    model: SentimentClassifier,
    train: Sequence[Example],
    recipe: Recipe,
    *,
    seed: int,
    valid: Sequence[Example] = (),
) -> Progress:
    """Train a classifier, in place; validation is looked at and decides nothing."""
    device = next(model.parameters()).device
    epochs = recipe.num_epochs(len(train))
    updates = epochs * math.ceil(len(train) / recipe.batch_size)
    optimizer = torch.optim.AdamW(
        [
            {"params": model.vectors.parameters(), "lr": recipe.rate},
            {"params": model.head.parameters(), "lr": recipe.head_rate},
        ],
        weight_decay=0.0,
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: cosine(
            min(step + 1, updates),
            total_steps=updates,
            peak=1.0,
            warmup_steps=int(recipe.warmup * updates),
        ),
    )
    lengths = [example_length(example) for example in train]
    progress = Progress()
    for epoch in range(epochs):
        model.train()
        for rows in epoch_batches(
            len(train), recipe.batch_size, seed=seed, epoch=epoch, lengths=lengths
        ):
            batch = collate([train[row] for row in rows]).to(device)
            loss = F.cross_entropy(model(batch.inputs, batch.mask), batch.targets)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            progress.losses.append(loss.item())
        if valid:
            progress.valid.append(accuracy(positive_probability(model, valid), valid))
    model.zero_grad()  # the gradients are as large as the weights: let them go
    return progress


def encoder(name: str) -> Bert:
    """A pretrained encoder, without dropout: a run then depends on less."""
    return load_bert(name, dropout=0.0)
