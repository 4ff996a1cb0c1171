"""How to train; the model has a configuration of its own."""

import math
from dataclasses import dataclass
from typing import Literal

from transformers_explained.training import schedules


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to train; the model has a configuration of its own.

    Args:
        epochs: passes through the examples.
        batch_size: examples behind each update, over all processes.
        accumulation: micro-batches into which a batch is cut to fit in memory; the
            update is that of the whole batch.
        learning_rate: the highest rate of the schedule.
        schedule: "constant", "inverse-sqrt" (2017), "linear" or "cosine", each after a
            warm-up.
        warmup_steps: updates of that warm-up.
        betas, eps, weight_decay: those of AdamW. Decay touches matrices only, never
            biases nor the gains of a LayerNorm.
        clip_norm: largest norm of the gradient; None to leave it alone.
        seed: of the order of the examples and of dropout.

    Raises:
        ValueError: if a value is out of its range.
    """

    epochs: int = 1
    batch_size: int = 64
    accumulation: int = 1
    learning_rate: float = 1e-3
    schedule: Literal["constant", "inverse-sqrt", "linear", "cosine"] = "constant"
    warmup_steps: int = 0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip_norm: float | None = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        # No comparison holds for NaN: each says what must hold, then `not`.
        for name in ("epochs", "batch_size", "accumulation"):
            value = getattr(self, name)
            if not 1 <= value < math.inf:
                raise ValueError(f"{name} must be at least 1; got {value}")
        for name in ("learning_rate", "clip_norm", "eps"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be positive and finite; got {value}")
        if not 0 <= self.weight_decay < math.inf:
            raise ValueError(
                f"weight_decay must be at least 0 and finite; got {self.weight_decay}"
            )
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas must be two numbers in [0, 1); got {self.betas}")
        if self.schedule not in ("constant", "inverse-sqrt", "linear", "cosine"):
            raise ValueError(
                'schedule must be "constant", "inverse-sqrt", "linear" or "cosine"; '
                f"got {self.schedule!r}"
            )
        self.rate(1, total_steps=self.warmup_steps + 1)  # raises if it cannot be drawn

    def rate(self, step: int, *, total_steps: int) -> float:
        """The learning rate of an update; the first is step 1."""
        peak, warmup = self.learning_rate, self.warmup_steps
        if self.schedule == "inverse-sqrt":
            return schedules.warmup_inverse_sqrt(step, warmup_steps=warmup, peak=peak)
        if self.schedule in ("linear", "cosine"):
            fall = schedules.linear if self.schedule == "linear" else schedules.cosine
            return fall(step, total_steps=total_steps, warmup_steps=warmup, peak=peak)
        return schedules.constant(step, warmup_steps=warmup, peak=peak)
