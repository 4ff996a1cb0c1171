"""Reading the recorded runs of `battle.py` and `distilling.py`."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

FOLDER = files(__package__)


def battle() -> dict[str, list[float]]:
    """Contender -> share of translations right, for each seed."""
    return _by_name(read("battle.json")["runs"], "contender", "right")


def battle_weights() -> dict[str, int]:
    """Contender -> number of weights."""
    return {row["contender"]: row["weights"] for row in read("battle.json")["runs"]}


def students() -> dict[str, list[float]]:
    """Student -> accuracy on the test reviews, for each seed."""
    return _by_name(read("distilling.json")["runs"], "student", "test")


def read(name: str) -> dict[str, Any]:
    """A file of results, whole."""
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def _by_name(
    rows: list[dict[str, Any]], name: str, measure: str
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row[measure])
    return found
