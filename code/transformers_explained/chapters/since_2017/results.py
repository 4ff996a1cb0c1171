"""Reading the recorded runs of `runs.py`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np

FOLDER = files(__package__)


def recorded(experiment: str) -> dict[str, Any]:
    """What the command wrote: "steps", "preferences" or "adapting"."""
    path = FOLDER / f"{experiment}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def mean(values: Sequence[float]) -> float:
    """The mean over the seeds."""
    return sum(values) / len(values)


def gaps() -> dict[str, list[float]]:
    """Step -> nats a word above the floor, for each seed."""
    return _by(recorded("steps")["runs"], "step", "gap")


def written(measure: str) -> dict[str, list[float]]:
    """ "before", or the β of the tuning -> a measure of what is written, for each seed.

    Args:
        measure: "length", "allowed" or "different".
    """
    found = _by(recorded("preferences")["runs"], "beta", measure)
    return {"before": found["before"], "large": found["1"], "small": found["0.1"]}


def right(way: str, language: str) -> np.ndarray[Any, Any]:
    """Whether each test review was classified rightly, (seeds, N), by a model that
    learned in the language of the test."""
    rows = recorded("adapting")["runs"]
    answers = [
        row[f"test_{language}"]
        for row in rows
        if (row["way"], row["trained_on"]) == (way, language)
    ]
    return np.array([[int(digit) for digit in each] for each in answers])


def _by(
    rows: Sequence[dict[str, Any]], name: str, measure: str
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row[measure])
    return found
