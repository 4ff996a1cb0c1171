"""The recorded run of `many.py` on one process and on two.

    python -m transformers_explained.chapters.scaling.processes

starts the script four times, within a minute or two, and writes `processes.json` beside
this file: alone; by `torchrun` on two processes; on two that share out the weights; and
by `accelerate launch`, which on a computer without a graphics card starts one process
when it is asked for two.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

SCRIPT = "transformers_explained.chapters.scaling.many"
RESULTS = "processes.json"
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m")
LAUNCH = ("accelerate.commands.launch", "--cpu", "--num_processes", "2", "-m")
STARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "one": ((), ()),
    "two": (TORCHRUN, ()),
    "shared": (TORCHRUN, ("--shard",)),
    "launch": (LAUNCH, ()),
}


def start(launcher: tuple[str, ...], options: tuple[str, ...]) -> dict[str, Any]:
    """Start the script so; what its first process saw."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        subprocess.run(
            [sys.executable, "-m", *launcher, SCRIPT, "--write", str(file), *options],
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
        )
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def compare(found: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a run: its processes, and how far it is from that of one."""
    weights = [
        abs(a - b)
        for name in one["weights"]
        for a, b in zip(
            flat(found["weights"][name]), flat(one["weights"][name]), strict=True
        )
    ]
    losses = [abs(a - b) for a, b in zip(found["losses"], one["losses"], strict=True)]
    return {
        "processes": found["processes"],
        "kept": found["kept"],
        "losses_apart": max(losses),
        "weights_apart": max(weights),
    }


def flat(numbers: Any) -> list[float]:
    """The numbers of nested lists, one after the other."""
    if isinstance(numbers, list):
        return [number for part in numbers for number in flat(part)]
    return [numbers]


def recorded() -> dict[str, Any]:
    """The run that comes with the book."""
    text = (files(__package__) / RESULTS).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def main() -> None:
    """Start all, compare, write."""
    argparse.ArgumentParser(description="one process and two").parse_args()
    runs = {name: start(*how) for name, how in STARTS.items()}
    found: dict[str, Any] = {name: compare(r, runs["one"]) for name, r in runs.items()}
    found["losses"] = runs["one"]["losses"]
    target = Path(__file__).with_name(RESULTS)
    target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name in STARTS:
        print(name, found[name])


if __name__ == "__main__":
    main()
