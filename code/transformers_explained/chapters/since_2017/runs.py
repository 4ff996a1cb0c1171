"""The recorded experiments of the chapter.

    python -m transformers_explained.chapters.since_2017.runs

makes the three again and writes a JSON file for each beside this one; with names behind
it, only those:

    steps        the decoder of 2017, then a change at a time, and the experts: distance
                 to the floor of the grammar, seeds 1 to 5
    preferences  the last of these decoders learns from the judge, with two values of β:
                 what it writes before and after, seeds 1 to 5
    adapting     LoRA beside full tuning and a head alone, on the reviews: see that file

The first two need minutes on one thread of one processor. The third takes hours there,
and minutes with `--device cuda --workers 8`.

Of the first two, all but β was as it stands before the runs, when the page trained seed
1 alone; β = 1 was added, and nothing has been changed since. Nothing is chosen.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from transformers_explained.chapters.since_2017 import adapting, preferences, steps
from transformers_explained.chapters.since_2017.results import FOLDER

SEEDS = (1, 2, 3, 4, 5)
BETAS = (0.1, 1.0)
EXPERIMENTS = ("steps", "preferences", "adapting")


def step_rows(seeds: Sequence[int], updates: int) -> list[dict[str, Any]]:
    """Each step with each seed."""
    rows = []
    for name in (*steps.steps(), "experts"):
        for seed in seeds:
            model = steps.build(name, seed)
            fresh = steps.floor_gap(model)
            steps.train(model.train(), seed, updates)
            row = {"step": name, "seed": seed, "fresh": round(fresh, 4)}
            rows.append(row | {"gap": round(steps.floor_gap(model), 4)})
            print(rows[-1], flush=True)
    return rows


def preference_rows(seeds: Sequence[int], updates: int) -> list[dict[str, Any]]:
    """What the last decoder writes before and after, with each seed."""
    rows = []
    for seed in seeds:
        model = steps.build("grouped", seed)
        steps.train(model, seed, updates)
        found = {"before": preferences.measure(model.eval())}
        for beta in BETAS:
            after = preferences.tune(model, beta=beta, seed=seed)
            found[f"{beta:g}"] = preferences.measure(after)
        rows += [{"beta": key, "seed": seed, **one} for key, one in found.items()]
        print(rows[-len(found) :], flush=True)
    return rows


def as_text(found: dict[str, Any]) -> str:
    """JSON, one run a line."""
    parts = []
    for key in ("tried", "runs"):
        if key in found:
            rows = ",\n".join(json.dumps(row) for row in found[key])
            parts.append(f'"{key}": [\n{rows}\n]')
    head = json.dumps({k: v for k, v in found.items() if k not in ("tried", "runs")})
    return head[:-1] + ",\n" + ",\n".join(parts) + "\n}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT")
    parser.add_argument("--device", default="cpu", help="for adapting")
    parser.add_argument("--workers", type=int, default=1, help="for adapting")
    parser.add_argument("--quick", action="store_true", help="almost no training")
    parser.add_argument("--folder", type=Path, default=Path(str(FOLDER)))
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for name in chosen.experiments or EXPERIMENTS:
        began = time.perf_counter()
        updates = 2 if chosen.quick else steps.UPDATES
        seeds = SEEDS[:1] if chosen.quick else SEEDS
        if name == "steps":
            found: dict[str, Any] = {"runs": step_rows(seeds, updates)}
        elif name == "preferences":
            found = {"runs": preference_rows(seeds, updates)}
        elif name == "adapting":
            found = adapting.measure(
                device=chosen.device, workers=chosen.workers, quickly=chosen.quick
            )
        else:
            known = ", ".join(EXPERIMENTS)
            parser.error(f"no experiment {name!r}; there are {known}")
        seconds = round(time.perf_counter() - began)
        command = f"python -m {__package__}.runs {name}"
        found = {"command": command, "seconds": seconds, **found}
        (chosen.folder / f"{name}.json").write_text(as_text(found), encoding="utf-8")


if __name__ == "__main__":
    main()
