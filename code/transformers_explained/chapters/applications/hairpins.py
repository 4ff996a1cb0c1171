"""Hairpins: a toy of biology in which letters far apart belong together.

RNA is written with four letters; A holds U, and C holds G. A strand can fold back on
itself like a hairpin, so that its first letter comes to lie beside its last. Real
strands fold by energy, and much besides. Ours all fold alike, and that is why this is a
toy: 19 letters, the first 8 facing the last 8 around a loop of 3. Each of the eight
pairs holds with probability one half; where it does not, the second letter is one of
the other three. For each letter outside the loop: does it hold its partner?

Nothing says which letter faces which. Trials with seed 0, on other strands, made the
task simpler than it was first and gave the places a larger start, until a network
learned it. Then this was fixed: 4,000 strands to learn from and 500 to be asked, drawn
with seed 1, all different; seeds 1 to 5 for weights and order; 500 updates of 64
strands at a rate of 0.003. Beside the Transformer stands a network that sees a window
of 9 letters, with about as many parameters. Only the innermost pair lies in one window.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from transformers_explained.chapters.applications.learning import learn
from transformers_explained.layers import Encoder
from transformers_explained.tasks.examples import IGNORED
from transformers_explained.training import cross_entropy, set_seed

SEEDS = (1, 2, 3, 4, 5)
LETTERS = "ACGU"
PARTNER = {"A": "U", "U": "A", "C": "G", "G": "C"}
STEM, LOOP = 8, 3
LENGTH = 2 * STEM + LOOP
LEARN, ASK = 4_000, 500
UPDATES, BATCH, RATE = 500, 64, 3e-3


def labels_of(strand: str) -> list[int]:
    """Letter by letter: 1 holds its partner, 0 does not, IGNORED in the loop."""
    labels = [IGNORED] * LENGTH
    for i in range(STEM):
        j = LENGTH - 1 - i
        labels[i] = labels[j] = int(PARTNER[strand[i]] == strand[j])
    return labels


def draw_strand(draw: random.Random) -> str:
    """Random letters; each pair holds with probability one half."""
    letters = draw.choices(LETTERS, k=LENGTH)
    for i in range(STEM):
        partner = PARTNER[letters[i]]
        others = [letter for letter in LETTERS if letter != partner]
        holds = draw.random() < 0.5
        letters[LENGTH - 1 - i] = partner if holds else draw.choice(others)
    return "".join(letters)


@cache
def strands(split: str) -> tuple[str, ...]:
    """Different strands, "train" or "test"."""
    draw = random.Random(1)
    drawn: dict[str, None] = {}
    while len(drawn) < LEARN + ASK:
        drawn[draw_strand(draw)] = None
    return tuple(drawn)[:LEARN] if split == "train" else tuple(drawn)[LEARN:]


def as_tensors(some: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Letters and labels, (B, 19) each."""
    letters = torch.tensor([[LETTERS.index(letter) for letter in s] for s in some])
    return letters, torch.tensor([labels_of(s) for s in some])


class Folder(nn.Module):
    """Letters in, two scores per letter out: the book's encoder as a tagger."""

    def __init__(self, d_model: int = 32) -> None:
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS), d_model)
        # Places must count as much as letters here: as large a start.
        self.positions = nn.Embedding(LENGTH, d_model)
        self.encoder = Encoder(
            2, d_model, 4, 2 * d_model, dropout=0.0, norm="pre", activation="gelu"
        )
        self.head = nn.Linear(d_model, 2)

    def vectors(self, letters: Tensor) -> Tensor:
        """What the encoder reads, (B, 19, D)."""
        x: Tensor = self.letters(letters) + self.positions.weight
        return x

    def forward(self, letters: Tensor) -> Tensor:
        scores: Tensor = self.head(self.encoder(self.vectors(letters))[0])
        return scores  # (B, 19, 2)

    def weights(self, letters: Tensor) -> list[Tensor]:
        """The attention weights of each layer, (B, H, 19, 19)."""
        found: list[Tensor] = self.encoder(self.vectors(letters), return_weights=True)[
            1
        ]
        return found


class Window(nn.Module):
    """Two convolutions of 5 letters: each label sees 4 letters on either side."""

    def __init__(self, width: int = 54) -> None:
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS), width)
        self.layers = nn.Sequential(
            nn.Conv1d(width, width, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(width, width // 4, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(width // 4, 2, 1),
        )

    def forward(self, letters: Tensor) -> Tensor:
        scores: Tensor = self.layers(self.letters(letters).mT).mT
        return scores


def train(kind: str, seed: int, updates: int = UPDATES) -> Any:
    """A new network, trained."""
    set_seed(seed)
    model = Folder() if kind == "transformer" else Window()
    letters, labels = as_tensors(strands("train"))

    def loss(model: nn.Module, rows: Tensor) -> tuple[Tensor, int]:
        return cross_entropy(model(letters[rows]), labels[rows], ignore_id=IGNORED)

    return learn(
        model,
        loss,
        examples=LEARN,
        updates=updates,
        batch_size=BATCH,
        rate=RATE,
        warmup_steps=50,
        seed=seed,
    )


@torch.no_grad()
def by_pair(model: nn.Module, some: Sequence[str]) -> list[float]:
    """The share of right answers for each of the eight pairs, the outermost first."""
    letters, labels = as_tensors(some)
    right = (model(letters).argmax(dim=-1) == labels).double().mean(dim=0)  # (19,)
    outer, inner = right[:STEM], right.flip(0)[:STEM]
    found: list[float] = ((outer + inner) / 2).tolist()
    return found


@torch.no_grad()
def partners(model: Folder, some: Sequence[str]) -> list[float]:
    """The mean weight that the letters outside the loop give to their partner, for each
    layer and head, the first layer first."""
    letters, _ = as_tensors(some)
    facing = torch.tensor([i for i in range(LENGTH) if not STEM <= i < STEM + LOOP])
    found: list[float] = []
    for weights in model.weights(letters):  # (B, H, 19, 19)
        mean = weights[:, :, facing, LENGTH - 1 - facing].mean(dim=(0, 2))
        found += mean.tolist()
    return found


def measure(seeds: Sequence[int] = SEEDS) -> dict[str, Any]:
    """Everything: network -> one row for each seed."""
    asked = strands("test")
    runs: dict[str, list[Any]] = {}
    for kind in ("transformer", "window"):
        runs[kind] = []
        for seed in seeds:
            model = train(kind, seed)
            row: dict[str, Any] = {"pairs": by_pair(model, asked)}
            if kind == "transformer":
                row["partners"] = partners(model, asked)
            runs[kind].append(row)
            print(kind, seed, row, flush=True)
    return {"runs": runs}
