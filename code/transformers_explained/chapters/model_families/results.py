"""Reading the recorded runs of `battle.py` and `distilling.py`."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np

FOLDER = files(__package__)


def battle() -> dict[str, list[float]]:
    """Contender -> share of translations right, for each seed."""
    return _by_name(read("battle.json")["runs"], "contender", "right")


def battle_weights() -> dict[str, int]:
    """Contender -> number of weights."""
    return {row["contender"]: row["weights"] for row in read("battle.json")["runs"]}


def students(layers: int) -> dict[str, np.ndarray[Any, Any]]:
    """Student -> whether each test review was classified rightly, (seeds, N).

    Args:
        layers: how many the students have, 1 or 3.
    """
    rows = [row for row in read("distilling.json")["runs"] if row["layers"] == layers]
    return {
        name: np.array([_digits(answers) for answers in found])
        for name, found in _by_name(rows, "student", "test").items()
    }


def teachers() -> np.ndarray[Any, Any]:
    """The same for the teachers."""
    rows = read("distilling.json")["teachers"]
    return np.array([_digits(row["test"]) for row in rows])


def certainty() -> float:
    """What the teachers give to their first choice on the training reviews."""
    rows = read("distilling.json")["teachers"]
    return sum(float(row["certainty"]) for row in rows) / len(rows)


def read(name: str) -> dict[str, Any]:
    """A file of results, whole."""
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def _digits(answers: str) -> list[int]:
    return [int(digit) for digit in answers]


def _by_name(
    rows: list[dict[str, Any]], name: str, measure: str
) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row[measure])
    return found
