"""Compare two functions' time: one thread, process CPU time, interleaved pairs.

Timing one after the other, a slow minute of the machine falls on one of them. Timing
them in turns, it falls on both, and the median of the ratios forgets what remains.
"""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Times of two functions, in seconds of CPU, call by call."""

    ours: list[float]
    reference: list[float]

    @property
    def ratio(self) -> float:
        """Median of ours / reference, pair by pair."""
        return statistics.median(self._ratios())

    @property
    def quartiles(self) -> tuple[float, float]:
        """First and third quartile of the ratios."""
        first, _, third = statistics.quantiles(self._ratios(), n=4)
        return first, third

    def _ratios(self) -> list[float]:
        return [a / b for a, b in zip(self.ours, self.reference, strict=True)]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    reference: str
    mode: str
    shape: str
    comparison: Comparison


def compare(
    ours: Callable[[], object], reference: Callable[[], object], *, pairs: int
) -> Comparison:
    """Call both in turns, `pairs` times each, after two calls each to warm up."""
    for _ in range(2):
        ours()
        reference()
    times: tuple[list[float], list[float]] = ([], [])
    functions = (ours, reference)
    gc.collect()
    gc.disable()
    try:
        for pair in range(pairs):
            # Ours first, then the reference first, and so on.
            for which in (0, 1) if pair % 2 == 0 else (1, 0):
                start = time.process_time()
                functions[which]()
                times[which].append(time.process_time() - start)
    finally:
        gc.enable()
    return Comparison(ours=times[0], reference=times[1])
