"""Reading the recorded runs, and what may be said of them: means and intervals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from transformers_explained.data.reviews import load_reviews
from transformers_explained.tasks.intervals import drawn_again, wilson
from transformers_explained.training import epoch_batches

LANGUAGES = ("fr", "en")
SIZES = (8, 32, 128)  # numbers of examples; then all
RESULTS = files(__package__) / "runs.json"


@dataclass(frozen=True, kw_only=True)
class Results:
    """What the command measured.

    Attributes:
        rates: way -> highest learning rate, chosen on validation with seed 0.
        choosing: the rows of that choice; they hold no answer on test.
        rows: one per training: way, language, examples, seed, answers on test.
    """

    rates: dict[str, float]
    choosing: list[dict[str, Any]]
    rows: list[dict[str, Any]]

    def chosen(
        self, way: str, trained_on: str, size: int | None = None
    ) -> list[dict[str, Any]]:
        """The rows of a way, one per seed; all the training reviews unless a size."""
        every = len(load_reviews("train"))
        return [
            row
            for row in self.rows
            if row["way"] == way
            and row["trained_on"] == trained_on
            and row["examples"] == (every if size is None else size)
        ]

    def probability(
        self, way: str, trained_on: str, told: str, size: int | None = None
    ) -> Tensor:
        """Of "positive", (seeds, test reviews), as told in one language."""
        rows = self.chosen(way, trained_on, size)
        return torch.tensor([row["test"][told] for row in rows]) / 1000

    def right(
        self, way: str, trained_on: str, told: str, size: int | None = None
    ) -> Tensor:
        """Whether each test review was classified rightly, (seeds, N)."""
        answers = self.probability(way, trained_on, told, size) > 0.5
        return answers == labels_of_test().bool()

    def accuracies(
        self, way: str, trained_on: str, told: str, size: int | None = None
    ) -> list[float]:
        """The accuracy of each seed."""
        right = self.right(way, trained_on, told, size)
        return right.double().mean(dim=1).tolist()


def labels_of_test() -> Tensor:
    """The labels of the test reviews, the same in both languages."""
    return torch.tensor([review.target for review in load_reviews("test")])


def fingerprint() -> str:
    """A short digest of all reviews: it gives away another data set."""
    return hashlib.sha256(repr(load_reviews()).encode()).hexdigest()[:16]


def read_results(path: Path | None = None) -> Results:
    """The recorded runs; by default those that come with the book.

    Raises:
        ValueError: if they were measured on other reviews than today's.
    """
    content = json.loads((path or RESULTS).read_text(encoding="utf-8"))
    if content["reviews"] != fingerprint():
        raise ValueError(
            "the results were measured on other reviews: run "
            "python -m transformers_explained.chapters.fine_tuning.runs again"
        )
    return Results(
        rates=content["rates"], choosing=content["choosing"], rows=content["runs"]
    )


def draw_subset(labels: Tensor, size: int, seed: int) -> list[int]:
    """Indices of `size` examples, as many of each label, another draw for each seed.

    With one seed, a smaller subset is part of a larger one.

    Raises:
        ValueError: if `size` is odd or a label has too few examples.
    """
    smallest = int(min((labels == label).sum() for label in (0, 1)))
    if size % 2 or not 0 < size // 2 <= smallest:
        raise ValueError(f"size must be even, from 2 to {2 * smallest}; got {size}")
    [order] = epoch_batches(len(labels), len(labels), seed=seed, epoch=0)
    return [
        index
        for label in (0, 1)
        for index in [i for i in order if labels[i] == label][: size // 2]
    ]


def bootstrap(
    one: Tensor, other: Tensor, *, draws: int = 10_000, seed: int = 0
) -> tuple[float, float, float]:
    """Mean of a paired difference and the limits of its 95 % interval.

    The test reviews are drawn again with replacement, both classifiers on the same
    draw; the seeds are averaged first.

    Args:
        one, other: right (1) or wrong (0), (seeds, N); the numbers of seeds may differ.
    """
    difference = one.double().mean(dim=0) - other.double().mean(dim=0)  # (N,)
    return drawn_again(difference.numpy(), draws=draws, seed=seed)


def table(results: Results, command: str) -> str:
    """The results in Markdown."""
    lines = [
        "# Fine-tuning",
        "",
        f"Written by `{command}`. Accuracy on the {len(labels_of_test())} test reviews "
        "as told in each language: mean over the seeds, 95 % interval of Wilson for "
        "that number of reviews, each seed.",
        "",
        "| way | trained on | examples | tested in | mean | interval | each seed |",
        "|---|---|--:|---|--:|---|---|",
    ]
    seen = []
    for row in results.rows:
        key = (row["way"], row["trained_on"], row["examples"])
        if key not in seen:
            seen.append(key)
            lines += [_line(results, key, told) for told in row["test"]]
    lines += ["", f"Rates chosen on validation, seed 0: {results.rates}.", ""]
    lines += [
        "| way | trained on | rate | valid fr | valid en |",
        "|---|---|--:|--:|--:|",
    ]
    lines += [
        f"| {row['way']} | {row['trained_on']} | {row['rate']} "
        f"| {row['valid']['fr']:.1%} | {row['valid']['en']:.1%} |"
        for row in results.choosing
    ]
    devices = sorted({row["device"] for row in [*results.choosing, *results.rows]})
    return "\n".join([*lines, "", f"Made on: {'; '.join(devices)}."]) + "\n"


def _line(results: Results, key: tuple[str, str, int], told: str) -> str:
    way, trained_on, examples = key
    runs = results.accuracies(way, trained_on, told, examples)
    mean = sum(runs) / len(runs)
    low, high = wilson(mean, len(labels_of_test()))
    each: Sequence[str] = [f"{run:.1%}" for run in runs]
    return (
        f"| {way} | {trained_on} | {examples} | {told} | {mean:.1%} "
        f"| {low:.1%} to {high:.1%} | {', '.join(each)} |"
    )
