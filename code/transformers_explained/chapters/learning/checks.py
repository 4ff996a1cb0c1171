"""Self-checks of the chapter "Learning: gradients and backpropagation"."""

import torch
import torch.nn.functional as F
from torch import Tensor

from transformers_explained.lesson.check import Attempt, register


def _draw(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@register("learning.paper")
def paper(attempt: Attempt) -> None:
    """Two derivatives worked out on paper."""
    answer = attempt.value()
    attempt.expect_type(answer, list)
    attempt.require(len(answer) == 2, "learning.probe-two")
    attempt.expect_close(torch.as_tensor(answer).double(), torch.tensor([24.0, 12.0]))


@register("learning.layer")
def layer(attempt: Attempt) -> None:
    """The gradient of a logistic regression, from the formula."""
    for seed, (number, size) in enumerate([(3, 2), (5, 4), (7, 3)]):
        x, w, b = _draw(seed, number, size), _draw(seed + 9, size), _draw(seed + 19)
        y = (_draw(seed + 29, number) > 0).double()
        weights, bias = w.clone().requires_grad_(), b.clone().requires_grad_()
        loss = F.binary_cross_entropy_with_logits(x @ weights + bias, y)
        wanted = torch.autograd.grad(loss, (weights, bias))
        got = attempt.call(x=x.numpy(), y=y.numpy(), w=w.numpy(), b=float(b))
        attempt.expect_type(got, tuple)
        attempt.require(len(got) == 2, "learning.probe-two-gradients")
        for ours, theirs in zip(got, wanted, strict=True):
            attempt.expect_close(ours, theirs if theirs.dim() else float(theirs))


@register("learning.clip")
def clip(attempt: Attempt) -> None:
    """All gradients scaled by one factor when they are too long together."""
    for seed, limit in enumerate([0.5, 1.0, 2.0]):
        long = [3 * _draw(seed, 4, 3).numpy(), 3 * _draw(seed + 9, 5).numpy()]
        size = float(sum((part**2).sum() for part in long)) ** 0.5
        got = attempt.call(gradients=long, limit=limit)
        attempt.expect_type(got, list)
        attempt.require(len(got) == 2, "learning.probe-list")
        for ours, part in zip(got, long, strict=True):
            attempt.expect_close(ours, part * (limit / size))
        short = [part * (0.5 * limit / size) for part in long]
        got = attempt.call(gradients=short, limit=limit)
        attempt.expect_type(got, list)
        attempt.require(len(got) == 2, "learning.probe-list")
        for ours, part in zip(got, short, strict=True):
            gap = attempt.tensor(ours, part.shape) - torch.from_numpy(part)
            attempt.require(bool(gap.abs().max() < 1e-9), "learning.probe-small")


@register("learning.relu")
def relu(attempt: Attempt) -> None:
    """The gradient of the hidden layer's weights, with ReLU in place of tanh."""
    for seed, (number, size, hidden) in enumerate([(3, 2, 5), (7, 4, 3)]):
        x, W = _draw(seed, number, size), _draw(seed + 9, size, hidden)
        v, dz = _draw(seed + 19, hidden), _draw(seed + 29, number)
        weights = W.clone().requires_grad_()
        total = ((x @ weights).relu() @ v * dz).sum()
        (wanted,) = torch.autograd.grad(total, weights)
        got = attempt.call(x=x.numpy(), W=W.numpy(), v=v.numpy(), dz=dz.numpy())
        attempt.expect_close(got, wanted)
