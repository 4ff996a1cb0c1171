"""The chapter's comparison of positions beyond the trained length, with ten seeds.

`python -m transformers_explained.chapters.positions.seeds` trains 40 small models, on
one thread in about five minutes, and writes `seeds.json`, which the page reads: kind of
positions -> one list per seed, the accuracy at each position from 3 to 95.

The page trains seed 0 of each before the reader's eyes and compares.
"""

import json
from importlib.resources import files
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.training import set_seed

SEEDS = range(10)
KINDS = ("none", "learned", "sinusoidal", "rotary")
WORDS, BACK, TRAINED, LONGEST = 10, 3, 24, 96
RESULTS = files(__package__) / "seeds.json"


def recorded() -> dict[str, Tensor]:
    """What the last run has written: kind -> (seeds, positions from 3 to 95)."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    return {kind: torch.tensor(runs) for kind, runs in results.items()}


def train_copier(kind: str, seed: int, steps: int = 300) -> LanguageModel:
    """A causal model of one layer that says the word read three positions before."""
    set_seed(seed)
    model = LanguageModel(
        LanguageModelConfig(
            vocab_size=WORDS,
            d_model=32,
            num_heads=2,
            num_layers=1,
            d_ff=64,
            max_len=LONGEST,
            dropout=0.0,
            positions=kind,  # type: ignore[arg-type]
        )
    )
    adam = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(steps):
        ids = torch.randint(WORDS, (32, TRAINED))
        scores = model(ids)[0][:, BACK:]
        loss = F.cross_entropy(scores.flatten(0, 1), ids[:, :-BACK].flatten())
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    return model


@torch.no_grad()
def accuracy_by_position(model: LanguageModel) -> Tensor:
    """The share of right answers at each position from 3 to 95."""
    set_seed(99)
    ids = torch.randint(WORDS, (200, LONGEST))
    answers: Tensor = model(ids)[0].argmax(-1)[:, BACK:]
    return (answers == ids[:, :-BACK]).float().mean(dim=0)


def run() -> dict[str, list[list[float]]]:
    """Train and measure everything."""
    torch.set_num_threads(1)
    return {
        kind: [
            [
                round(x, 3)
                for x in accuracy_by_position(train_copier(kind, seed)).tolist()
            ]
            for seed in SEEDS
        ]
        for kind in KINDS
    }


def main() -> None:
    """Run everything and write the result beside this file."""
    path = Path(__file__).with_name("seeds.json")
    path.write_text(json.dumps(run()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
