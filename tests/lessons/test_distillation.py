"""The losses of distillation, against PyTorch and their properties."""

import pytest
import torch
import torch.nn.functional as F

from transformers_explained.tasks.distillation import (
    Answer,
    DistillationLoss,
    cosine_loss,
    soft_loss,
)
from transformers_explained.tasks.examples import IGNORED


def logits(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 7.0])
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 7)])
def test_soft_loss_is_its_formula(temperature: float, shape: tuple[int, ...]) -> None:
    student, teacher = logits(*shape), logits(*shape, seed=1)
    p = (teacher / temperature).softmax(dim=-1)
    entropy = -(p * p.log()).sum(dim=-1).mean()
    divergence = F.kl_div(
        (student / temperature).log_softmax(dim=-1).flatten(0, -2),
        p.flatten(0, -2),
        reduction="batchmean",
    )
    torch.testing.assert_close(
        soft_loss(student, teacher, temperature=temperature),
        temperature**2 * (divergence + entropy),
    )


def test_soft_loss_is_lowest_at_the_teacher() -> None:
    teacher = logits(3, 5, seed=1)
    student = teacher.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(
        soft_loss(student, teacher, temperature=3.0), student
    )
    assert gradient.abs().max() < 1e-12


def test_the_factor_keeps_the_gradient_as_the_temperature_grows() -> None:
    lengths = []
    for temperature in (50.0, 100.0):
        student = logits(3, 5).requires_grad_()
        loss = soft_loss(student, logits(3, 5, seed=1), temperature=temperature)
        (gradient,) = torch.autograd.grad(loss, student)
        lengths.append(gradient.norm().item())
    assert lengths[0] == pytest.approx(lengths[1], rel=0.03)


def test_no_gradient_reaches_the_teacher() -> None:
    student, teacher = logits(3, 5).requires_grad_(), logits(3, 5, seed=1)
    teacher.requires_grad_()
    soft_loss(student, teacher, temperature=2.0).backward()  # type: ignore[no-untyped-call]
    assert student.grad is not None
    assert teacher.grad is None


def test_cosine_loss_counts_real_tokens_only() -> None:
    student, teacher = logits(2, 3, 5), logits(2, 3, 5, seed=1)
    mask = torch.tensor([[True, True, False], [True, False, False]])
    student[~mask] = 1e6
    rows = [(0, 0), (0, 1), (1, 0)]
    wanted = sum(
        1 - F.cosine_similarity(student[r], teacher[r], dim=0) for r in rows
    ) / len(rows)
    torch.testing.assert_close(cosine_loss(student, teacher, mask), wanted)
    assert cosine_loss(3 * teacher, teacher, mask).abs() < 1e-12


def test_the_three_are_summed_with_their_weights() -> None:
    student = Answer(logits(2, 3), logits(2, 5, 7, seed=2))
    teacher = Answer(logits(2, 3, seed=1), logits(2, 5, 7, seed=3))
    targets, mask = torch.tensor([2, 0]), torch.ones(2, 5, dtype=torch.bool)
    parts = [
        soft_loss(student.logits, teacher.logits, temperature=3.0),
        F.cross_entropy(student.logits, targets),
        cosine_loss(student.hidden, teacher.hidden, mask),
    ]
    loss = DistillationLoss(soft=0.3, hard=0.5, cosine=0.2, temperature=3.0)
    wanted = 0.3 * parts[0] + 0.5 * parts[1] + 0.2 * parts[2]
    torch.testing.assert_close(loss(student, teacher, targets, mask), wanted)
    alone = DistillationLoss(soft=0, hard=1, cosine=0)
    torch.testing.assert_close(alone(student, teacher, targets, mask), parts[1])


def test_words_that_nobody_asks_for_do_not_count() -> None:
    student = Answer(logits(2, 3, 5), logits(2, 3, 7))
    teacher = Answer(logits(2, 3, 5, seed=1), logits(2, 3, 7, seed=1))
    targets = torch.tensor([[1, IGNORED, IGNORED], [IGNORED, 4, IGNORED]])
    mask = torch.ones(2, 3, dtype=torch.bool)
    loss = DistillationLoss(soft=1, hard=1, cosine=0)
    before = loss(student, teacher, targets, mask)
    student.logits[0, 1] += 5
    torch.testing.assert_close(loss(student, teacher, targets, mask), before)
    student.logits[0, 0, 0] += 5
    assert loss(student, teacher, targets, mask) != before


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="temperature must be positive; got 0"):
        soft_loss(logits(2, 3), logits(2, 3), temperature=0)
    with pytest.raises(ValueError, match=r"logits .* one shape; got \(2, 3\) and"):
        soft_loss(logits(2, 3), logits(2, 5), temperature=1)
    with pytest.raises(ValueError, match="at least one real token"):
        cosine_loss(logits(2, 3, 5), logits(2, 3, 5), torch.zeros(2, 3).bool())
    with pytest.raises(ValueError, match=r"vectors .* one shape"):
        cosine_loss(logits(2, 3, 5), logits(2, 3, 7), torch.ones(2, 3).bool())
    with pytest.raises(ValueError, match="at least 0, one above"):
        DistillationLoss(soft=0, hard=0, cosine=0)
    with pytest.raises(ValueError, match="at least 0, one above"):
        DistillationLoss(soft=-1)
    with pytest.raises(ValueError, match="temperature must be positive"):
        DistillationLoss(temperature=-2)
