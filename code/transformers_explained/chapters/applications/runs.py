"""The recorded experiments of the chapter.

    python -m transformers_explained.chapters.applications.runs

makes the four again, digits, game, names and hairpins, and writes a JSON file for each
beside this one; with names behind it, only those. One thread of one processor needs
less than twenty minutes for all. What is measured, and what was fixed beforehand,
stands at the top of the file of each.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

EXPERIMENTS = ("digits", "game", "names", "hairpins")
FOLDER = Path(__file__).parent


def recorded(experiment: str) -> dict[str, Any]:
    """What the command wrote."""
    path = FOLDER / f"{experiment}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def mean(values: Sequence[float]) -> float:
    """The mean over the seeds."""
    return sum(values) / len(values)


def rounded(found: Any) -> Any:
    """The same, each number with four decimals."""
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    if isinstance(found, list):
        return [rounded(value) for value in found]
    return round(found, 4) if isinstance(found, float) else found


def as_text(found: dict[str, Any]) -> str:
    """JSON, one condition a line."""
    head = {name: value for name, value in found.items() if name != "runs"}
    lines = [
        f"{json.dumps(name)}: {json.dumps(rows)}"
        for name, rows in found["runs"].items()
    ]
    return json.dumps(head)[:-1] + ',\n"runs": {\n' + ",\n".join(lines) + "\n}}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for name in chosen.experiments or EXPERIMENTS:
        if name not in EXPERIMENTS:
            parser.error(f"no experiment {name!r}; there are {', '.join(EXPERIMENTS)}")
        module = import_module(f"transformers_explained.chapters.applications.{name}")
        began = time.process_time()
        found = rounded(module.measure())
        found = {
            "command": f"python -m {__spec__.name} {name}" if __spec__ else name,
            "torch": torch.__version__,
            "seconds": round(time.process_time() - began),
            "seeds": list(module.SEEDS),
            **found,
        }
        (chosen.folder / f"{name}.json").write_text(as_text(found), encoding="utf-8")


if __name__ == "__main__":
    main()
