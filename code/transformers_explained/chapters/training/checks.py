"""Self-checks of the chapter "The craft of training"."""

import torch
import torch.nn.functional as F
from torch import nn

from transformers_explained.lesson.check import Attempt, register
from transformers_explained.masks import causal_mask
from transformers_explained.training import Adam


@register("training.by-hand")
def by_hand(attempt: Attempt) -> None:
    """Two weights after one step of SGD and one step of Adam."""
    answer = attempt.value()
    attempt.expect_type(answer, list)
    weights = []
    for kind in (torch.optim.SGD, Adam):
        w = nn.Parameter(torch.tensor([1.0, 1.0], dtype=torch.float64))
        w.grad = torch.tensor([0.001, -20.0], dtype=torch.float64)
        kind([w], lr=0.1).step()
        weights.append(w.detach())
    attempt.expect_close(answer, torch.stack(weights), tolerance=1e-4)


@register("training.stuck")
def stuck(attempt: Attempt) -> None:
    """Backward, step and zero_grad in an order that changes the weights.

    Three updates are compared with three of plain gradient descent: a gradient that is
    never cleared would add up.
    """
    weight = nn.Parameter(torch.tensor([3.0]))
    wanted = 3.0
    for _ in range(3):
        optimizer = _Descent([weight], lr=0.1)
        attempt.call(optimizer=optimizer, loss=_Square(weight))
        wanted -= 0.1 * 2 * wanted
    attempt.require(
        abs(weight.item() - wanted) < 1e-5,
        "training.probe-stuck",
        got=f"{weight.item():.3f}",
        wanted=f"{wanted:.3f}",
    )


class _Descent(torch.optim.SGD):
    """An optimizer that is handed on as it is: a copy would change a copy."""

    def __deepcopy__(self, memo: object) -> "_Descent":
        return self

    def __repr__(self) -> str:
        return "torch.optim.SGD([w], lr=0.1)"


class _Square:
    """The loss w², handed on as it is for the same reason."""

    def __init__(self, weight: nn.Parameter) -> None:
        self._weight = weight

    def backward(self) -> None:
        (self._weight**2).sum().backward()  # type: ignore[no-untyped-call]

    def item(self) -> float:
        return self._weight.item() ** 2

    def __deepcopy__(self, memo: object) -> "_Square":
        return self

    def __repr__(self) -> str:
        return "w ** 2"


@register("training.one-class")
def one_class(attempt: Attempt) -> None:
    """Each example once an epoch, in an order that mixes, another in each epoch."""
    found = [list(attempt.call(count=n)) for n in (200, 200)]
    for order in found:
        attempt.expect_equal(sorted(int(i) for i in order), list(range(200)))
        early = sum(int(i) < 100 for i in order[:100])
        attempt.require(25 < early < 75, "training.probe-mixed", early=early)
    attempt.require(
        [int(i) for i in found[0]] != [int(i) for i in found[1]],
        "training.probe-same-order",
    )


@register("training.nan")
def nan(attempt: Attempt) -> None:
    """The mean cross-entropy, finite for scores that lie far apart."""
    for values in ([[2.0, -1.0, 0.5]], [[3000.0, 0.0, -50.0], [0.0, 200.0, 1.0]]):
        scores = torch.tensor(values)
        right = torch.tensor([0, 0][: len(values)])
        attempt.expect_close(
            attempt.call(scores=scores, right=right), F.cross_entropy(scores, right)
        )


@register("training.floor")
def floor(attempt: Attempt) -> None:
    """The causal mask: no position looks at what it is asked for."""
    for length in (4, 1, 7):
        got = attempt.call(length=length)
        attempt.expect_shape(got, (length, length))
        attempt.expect_equal(
            attempt.tensor(got, (length, length)).bool(), causal_mask(length)
        )


@register("training.two-calls")
def two_calls(attempt: Attempt) -> None:
    """The same answer twice, and a model left in the mode in which it came."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    inputs = torch.randn(5, 4)
    wanted = model.eval()(inputs).softmax(dim=-1).detach()
    for mode in (True, False):
        watched = _Watched(model).train(mode)
        got = attempt.call(model=watched, inputs=inputs)
        attempt.expect_close(got, wanted)
        attempt.require(watched.training == mode, "training.probe-mode")
        attempt.require(watched[0].training == mode, "training.probe-mode")


class _Watched(nn.Sequential):
    """A model that the check can look at afterwards: it is not copied."""

    def __deepcopy__(self, memo: object) -> "_Watched":
        return self
