"""The learning-rate range test: which rates are worth trying at all."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from transformers_explained.arguments import check_positive


def range_test(
    optimizer: torch.optim.Optimizer,
    losses: Iterable[Callable[[], Tensor]],
    *,
    lowest: float,
    highest: float,
    steps: int,
) -> tuple[list[float], list[float]]:
    """Raise the learning rate by the same factor at each update, and watch the loss.

    It spoils the weights: give it a model that is thrown away afterwards.

    Args:
        optimizer: of that model; its rate is set at each update.
        losses: one function per update, which computes the mean loss of a new batch.
        lowest: the first rate.
        highest: the last rate.
        steps: number of updates. It ends before if the loss is no longer a number.

    Returns:
        The rates, and the loss that was found before each update.

    Raises:
        ValueError: if the rates are not 0 < lowest < highest, or there are fewer than
            two updates.

    Reference: Smith (2017), section 3.3, who raises it in a straight line; the equal
    factors are a later habit.
    """
    check_positive(lowest=lowest)
    if not lowest < highest < math.inf:
        raise ValueError(f"highest must be above lowest; got {highest} and {lowest}")
    if steps < 2:
        raise ValueError(f"steps must be at least 2; got {steps}")
    rates: list[float] = []
    found: list[float] = []
    for step, compute in zip(range(steps), losses, strict=False):
        rate = lowest * (highest / lowest) ** (step / (steps - 1))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss = compute()
        if not math.isfinite(loss.item()):
            break
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        rates.append(rate)
        found.append(loss.item())
    return rates, found
