"""Distillation: a small model, the student, learns from what a large one, the teacher,
answers.

A label says "positive"; a teacher says "positive, 9 to 1, and I hesitated". Three
losses, as in DistilBERT, each written as its formula:

    soft   the teacher's probabilities at temperature T are the target
    hard   the label is the target
    cosine the student's vectors should point where the teacher's do

Axes: B examples, S tokens, C classes (or words), D features.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from transformers_explained.tasks.examples import IGNORED


def soft_loss(student: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """T² times the cross-entropy of both softmaxes at temperature T, a mean.

        -T² Σ_c p_c log q_c,   p = softmax(teacher / T),   q = softmax(student / T)

    The gradient shrinks as 1/T² when T grows; the factor makes up for it, so that T can
    be changed without changing the balance with the other losses.

    Args:
        student: (..., C) logits.
        teacher: (..., C) logits; no gradient goes there.
        temperature: T; above 1 the small probabilities weigh more.

    Raises:
        ValueError: if T is not positive, or the shapes differ.

    Reference: Hinton, Vinyals & Dean (2015), section 2.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive; got {temperature}")
    _same_shape("logits", student, teacher)
    p = (teacher.detach() / temperature).softmax(dim=-1)
    log_q = (student / temperature).log_softmax(dim=-1)
    return temperature**2 * -(p * log_q).sum(dim=-1).mean()


def cosine_loss(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """One minus the cosine of both vectors of each real token, a mean.

    Args:
        student: (B, S, D).
        teacher: (B, S, D); no gradient goes there.
        mask: (B, S) boolean, True = a real token.

    Raises:
        ValueError: if the shapes differ, or no token is real.
    """
    _same_shape("vectors", student, teacher)
    if not mask.any():
        raise ValueError("mask must leave at least one real token; got none")
    cosine = F.cosine_similarity(student, teacher.detach(), dim=-1)  # (B, S)
    return (1 - cosine)[mask].mean()


class Answer(NamedTuple):
    """What a model says of a batch."""

    logits: Tensor  # (B, C), or (B, S, C)
    hidden: Tensor  # (B, S, D), the last layer's vectors


@dataclass(frozen=True, kw_only=True)
class DistillationLoss:
    """The weighted sum of the three; a weight of 0 leaves a loss out.

    Args:
        soft, hard, cosine: the weights.
        temperature: T of the soft loss.

    Raises:
        ValueError: if a weight is negative, all are 0, or T is not positive.

    Reference: Sanh et al. (2019), section 3, whose hard loss is that of masked words.
    """

    soft: float = 1.0
    hard: float = 1.0
    cosine: float = 1.0
    temperature: float = 2.0

    def __post_init__(self) -> None:
        weights = (self.soft, self.hard, self.cosine)
        if not (min(weights) >= 0 and max(weights) > 0):
            raise ValueError(
                f"soft, hard and cosine must be at least 0, one above; got {weights}"
            )
        if not self.temperature > 0:
            raise ValueError(f"temperature must be positive; got {self.temperature}")

    def __call__(
        self, student: Answer, teacher: Answer, targets: Tensor, mask: Tensor
    ) -> Tensor:
        """The loss of a batch.

        Args:
            targets: (B,) labels, or (B, S) with `IGNORED` where none is asked for.
            mask: (B, S) boolean, True = a real token.
        """
        total = student.logits.new_zeros(())
        if self.soft:
            asked = targets != IGNORED
            total = total + self.soft * soft_loss(
                student.logits[asked],
                teacher.logits[asked],
                temperature=self.temperature,
            )
        if self.hard:
            total = total + self.hard * F.cross_entropy(
                student.logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORED
            )
        if self.cosine:
            total = total + self.cosine * cosine_loss(
                student.hidden, teacher.hidden, mask
            )
        return total


def _same_shape(what: str, student: Tensor, teacher: Tensor) -> None:
    if student.shape != teacher.shape:
        raise ValueError(
            f"the {what} of student and teacher must have one shape; got "
            f"{tuple(student.shape)} and {tuple(teacher.shape)}"
        )
