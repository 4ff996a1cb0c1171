"""What may be said of a share that was seen on a few cases."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share seen on n cases; never outside 0 and 1."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    spread = math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    half = z * spread / (1 + z * z / n)
    return centre - half, centre + half


def drawn_again(
    values: np.ndarray[Any, Any],
    groups: Sequence[str] | None = None,
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """A mean and the limits of its 95 % interval: the cases are drawn again, with
    replacement (the bootstrap).

    Args:
        values: one per case, (N,). For a difference, give the difference of two.
        groups: the name of each case's group, where those of a group tend to fail
            together: then whole groups are drawn.
    """
    sums, sizes = values, np.ones(len(values))
    if groups is not None:
        names = sorted(set(groups))
        sums = np.array([values[[g == name for g in groups]].sum() for name in names])
        sizes = np.array([sum(g == name for g in groups) for name in names])
    rows = np.random.default_rng(seed).integers(len(sums), size=(draws, len(sums)))
    means = sums[rows].sum(axis=1) / sizes[rows].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)
