"""The test of memory with ten seeds: the record that the chapter `history` reads.

`python -m transformers_explained.chapters.history.seeds` trains the four readers at
each distance with seeds 0 to 9 and writes the accuracies beside this file. It takes
about ten minutes on one thread.
"""

import json
from importlib.resources import files
from pathlib import Path

import torch

from transformers_explained.chapters.history.recall import (
    DISTANCES,
    KINDS,
    recall_after_training,
)

__all__ = ["SEEDS", "recorded"]

SEEDS = tuple(range(10))
RECORD = "recall_seeds.json"


def recorded() -> dict[str, dict[int, list[float]]]:
    """Accuracy by reader and distance, one value per seed, as last recorded."""
    path = files("transformers_explained.chapters.history") / RECORD
    record = json.loads(path.read_text(encoding="utf-8"))
    return {
        kind: {int(distance): values for distance, values in by_distance.items()}
        for kind, by_distance in record["accuracy"].items()
    }


def main() -> None:
    """Train them all, print each row, write the record."""
    torch.set_num_threads(1)
    accuracy: dict[str, dict[int, list[float]]] = {}
    for kind in KINDS:
        accuracy[kind] = {}
        for distance in DISTANCES:
            values = [
                round(recall_after_training(kind, distance, seed), 4) for seed in SEEDS
            ]
            accuracy[kind][distance] = values
            print(kind, distance, *values, flush=True)
    record = {"seeds": list(SEEDS), "torch": torch.__version__, "accuracy": accuracy}
    text = json.dumps(record, indent=1)
    (Path(__file__).parent / RECORD).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
