"""Reading the recorded runs of `runs.py`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

RESULTS = files(__package__) / "runs.json"


@dataclass(frozen=True, kw_only=True)
class Results:
    """What the command measured.

    Attributes:
        seeds: of the runs.
        counting: for each seed, the loss of a model that only counts words.
        tried: optimizer -> rate -> loss on validation, seed 0.
        rates: optimizer -> the rate chosen.
        runs: condition -> one row per seed.
    """

    seeds: list[int]
    counting: list[float]
    tried: dict[str, dict[str, float | None]]
    rates: dict[str, float]
    runs: dict[str, list[dict[str, Any]]]

    def values(self, condition: str, measure: str = "loss") -> list[float]:
        """A measure of each seed; infinite where it was no number."""
        found = [row[measure] for row in self.runs[condition]]
        return [math.inf if value is None else float(value) for value in found]

    def mean(self, condition: str, measure: str = "loss") -> float:
        """The mean over the seeds."""
        found = self.values(condition, measure)
        return sum(found) / len(found)

    def failed(self, condition: str) -> int:
        """How many seeds do no better than counting words."""
        losses = self.values(condition)
        return sum(
            not loss < limit for loss, limit in zip(losses, self.counting, strict=True)
        )

    def better(self, one: str, other: str) -> int:
        """With how many of the seeds the loss of `one` is below that of `other`."""
        pairs = zip(self.values(one), self.values(other), strict=True)
        return sum(first < second for first, second in pairs)


def recorded() -> Results:
    """The runs that come with the book."""
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    names = ("seeds", "counting", "tried", "rates", "runs")
    return Results(**{name: found[name] for name in names})
