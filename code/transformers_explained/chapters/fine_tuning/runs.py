"""Which pretraining, for which readers: the recorded runs that the chapter reads.

`python -m transformers_explained.chapters.fine_tuning.runs` trains every classifier of
the chapter with five seeds, on the French reviews and on the English ones, asks each
about the test reviews in both languages, and writes `runs.json` beside this file. On
two processor cores it takes hours; `--device cuda --workers 8` takes minutes.

What is chosen is chosen before any test review is read: the highest learning rate of
each way, among a few, by its accuracy on the validation reviews with seed 0. The seeds
reported are 1 to 5.

Ways: `top`, the multilingual model's last three layers; `cls`, the same but its first
token is read and not the mean; `full`, all of it; `minilm`, all of MiniLM, which read
English; `blank`, the multilingual model's architecture with new weights; `scratch`, a
small encoder with new weights.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.chapters.fine_tuning.results import (
    LANGUAGES,
    RESULTS,
    SIZES,
    draw_subset,
    fingerprint,
    read_results,
    table,
)
from transformers_explained.chapters.fine_tuning.rivals import (
    counting_row,
    frozen_row,
    rounded,
)
from transformers_explained.chapters.fine_tuning.tuning import (
    MULTILINGUAL,
    PREFIX,
    Recipe,
    encoder,
    fine_tune,
)
from transformers_explained.data.reviews import load_reviews
from transformers_explained.pretrained import load_tokenizer
from transformers_explained.tasks.examples import Example
from transformers_explained.tasks.sentiment import (
    BertVectors,
    SentimentClassifier,
    TopLayers,
    accuracy,
    lower_states,
    mean_vectors,
    positive_probability,
    read_reviews,
    targets,
)
from transformers_explained.training import set_seed

SEEDS = (1, 2, 3, 4, 5)
LOWER = 9  # of twelve layers, left as they are when only the top is tuned
NEW = Recipe(epochs=12)  # for new weights
COMMAND = "python -m transformers_explained.chapters.fine_tuning.runs"


class FirstToken(SentimentClassifier):
    """The same classifier, but it reads the first token instead of the mean."""

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        scores: Tensor = self.head(self.vectors(inputs, mask)[:, 0])
        return scores


@cache
def source(name: str) -> Bert:
    """A pretrained encoder, read once; `fresh` makes a copy to train."""
    return encoder(name)


def fresh(name: str) -> Bert:
    bert = Bert(source(name).config)
    bert.load_state_dict(source(name).state_dict())
    return bert


@cache
def ids(name: str, split: str, language: str) -> list[Example]:
    """The reviews of a split as ids."""
    reviews = load_reviews(split, language)  # type: ignore[call-overload]
    return read_reviews(load_tokenizer(name), reviews, prefix=PREFIX[name])


@cache
def states(split: str, language: str, device: str) -> list[Example]:
    """The reviews of a split as the multilingual model's states under its top."""
    bert = source(MULTILINGUAL).to(device)
    found = lower_states(bert, ids(MULTILINGUAL, split, language), layers=LOWER)
    bert.to("cpu")
    return found


def small_config() -> BertConfig:
    """The small encoder: two layers, 64 wide, the multilingual model's pieces."""
    return replace(
        source(MULTILINGUAL).config,
        d_model=64,
        num_heads=4,
        num_layers=2,
        d_ff=128,
    )


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to train: the encoder whose ids it reads, the model, what was fixed."""

    name: str
    build: Callable[[], SentimentClassifier]
    recipe: Recipe = field(default_factory=Recipe)
    reads: str = MULTILINGUAL
    states: bool = False
    rates: tuple[float, ...] = ()  # to choose from on validation; else `recipe.rate`


def top_layers() -> TopLayers:
    return TopLayers(source(MULTILINGUAL), lower=LOWER)


WAYS = {
    way.name: way
    for way in (
        Way(
            name="top",
            build=lambda: SentimentClassifier(top_layers()),
            states=True,
        ),
        Way(name="cls", build=lambda: FirstToken(top_layers()), states=True),
        Way(
            name="full",
            build=lambda: SentimentClassifier(BertVectors(fresh(MULTILINGUAL))),
            rates=(2e-5, 5e-5, 1e-4, 2e-4),
        ),
        Way(
            name="minilm",
            build=lambda: SentimentClassifier(BertVectors(fresh("minilm"))),
            reads="minilm",
            rates=(2e-5, 5e-5, 1e-4, 2e-4),
        ),
        Way(
            name="blank",
            build=lambda: SentimentClassifier(
                BertVectors(Bert(source(MULTILINGUAL).config))
            ),
            recipe=NEW,
            rates=(1e-4, 5e-4),
        ),
        Way(
            name="scratch",
            build=lambda: SentimentClassifier(BertVectors(Bert(small_config()))),
            recipe=NEW,
            rates=(1e-3, 3e-3),
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training."""

    way: str
    language: str
    seed: int
    rate: float
    size: int | None = None  # None: all the training reviews
    epochs: int | None = None  # None: the recipe's
    choosing: bool = False  # on validation only: no test review is read


def run(job: Job, device: str = "cpu") -> dict[str, Any]:
    """Train once; the row that is recorded."""
    began = time.perf_counter()
    way = WAYS[job.way]

    def read(split: str, language: str) -> list[Example]:
        if way.states:
            return states(split, language, device)
        return ids(way.reads, split, language)

    train = read("train", job.language)
    if job.size is not None:
        rows = draw_subset(targets(train), job.size, job.seed)
        train = [train[row] for row in rows]
    recipe = replace(way.recipe, rate=job.rate)
    if job.epochs is not None:
        recipe = replace(recipe, epochs=job.epochs, least_updates=1)
    set_seed(job.seed)
    model = way.build().to(device)
    progress = fine_tune(model, train, recipe, seed=job.seed)
    valid = {
        language: accuracy(
            positive_probability(model, read("valid", language)),
            read("valid", language),
        )
        for language in LANGUAGES
    }
    test = {
        language: rounded(positive_probability(model, read("test", language)))
        for language in (() if job.choosing else LANGUAGES)
    }
    return {
        "way": job.way,
        "trained_on": job.language,
        "examples": len(train),
        "seed": job.seed,
        "rate": job.rate,
        "epochs": recipe.num_epochs(len(train)),
        "last_loss": sum(progress.losses[-10:]) / len(progress.losses[-10:]),
        "valid": valid,
        "test": test,
        "device": device_name(device),
        "seconds": round(time.perf_counter() - began, 1),
    }


def device_name(device: str) -> str:
    """The machine, in words."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU, {platform.machine()}"


def choosing_jobs() -> list[Job]:
    return [
        Job(way=way.name, language=language, seed=0, rate=rate, choosing=True)
        for way in WAYS.values()
        for rate in way.rates
        for language in LANGUAGES
    ]


def chosen_rates(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The rate of each way with the best accuracy on validation, each language on its
    own reviews; the smallest of equals."""

    def score(way: str, rate: float) -> float:
        total: float = sum(
            row["valid"][row["trained_on"]]
            for row in rows
            if row["way"] == way and row["rate"] == rate
        )
        return total

    return {
        way.name: max(way.rates, key=lambda rate: (score(way.name, rate), -rate))
        if way.rates
        else way.recipe.rate
        for way in WAYS.values()
    }


def reported_jobs(rates: dict[str, float]) -> list[Job]:
    whole = [
        Job(way=way, language=language, seed=seed, rate=rates[way])
        for way in WAYS
        for language in LANGUAGES
        for seed in SEEDS
    ]
    parts = [
        Job(way="top", language=language, seed=seed, rate=rates["top"], size=size)
        for language in LANGUAGES
        for size in SIZES
        for seed in SEEDS
    ]
    return whole + parts


def quick(job: Job) -> Job:
    return replace(job, size=32, epochs=1)


def simple_rows(device: str) -> list[dict[str, Any]]:
    """What leaves nothing to chance but the draw of the examples: counting words, and
    a logistic regression on vectors that stay as they are."""
    rows = []
    for name in PREFIX:
        vectors = BertVectors(fresh(name)).to(device)
        mean = {
            (split, language): mean_vectors(vectors, ids(name, split, language)).cpu()
            for split in ("train", "valid", "test")
            for language in LANGUAGES
        }
        way = "frozen" if name == MULTILINGUAL else "frozen-minilm"
        sizes = (*SIZES, None) if name == MULTILINGUAL else (None,)
        for language in LANGUAGES:
            for size in sizes:
                for seed in SEEDS if size else SEEDS[:1]:
                    rows.append(
                        frozen_row(way, mean, language, size=size, seed=seed)
                        | {"device": device_name(device)}
                    )
    for language in LANGUAGES:
        for size in (*SIZES, None):
            for seed in SEEDS if size else SEEDS[:1]:
                rows.append(
                    counting_row(language, size=size, seed=seed)
                    | {"device": device_name("cpu")}
                )
    return rows


def measure(*, device: str, workers: int, quickly: bool = False) -> dict[str, Any]:
    """Everything: first the choices on validation, then what is reported."""

    def do(jobs: list[Job]) -> list[dict[str, Any]]:
        jobs = [quick(job) for job in jobs] if quickly else jobs
        if workers == 1:
            return [run(job, device) for job in jobs]
        with multiprocessing.get_context("spawn").Pool(workers, one_thread) as pool:
            return pool.map(partial(run, device=device), jobs, chunksize=1)

    choosing = do(choosing_jobs())
    rates = chosen_rates(choosing)
    return {
        "reviews": fingerprint(),
        "rates": rates,
        "choosing": choosing,
        "runs": do(reported_jobs(rates)) + simple_rows(device),
    }


def as_text(found: dict[str, Any]) -> str:
    """JSON, one run a line."""
    parts = []
    for key in ("choosing", "runs"):
        rows = ",\n".join(json.dumps(r, separators=(",", ":")) for r in found[key])
        parts.append(f'"{key}": [\n{rows}\n]')
    head = json.dumps({k: v for k, v in found.items() if k not in ("choosing", "runs")})
    return head[:-1] + ",\n" + ",\n".join(parts) + "}\n"


def one_thread() -> None:
    torch.set_num_threads(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the results and their table."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="one epoch of 32 reviews")
    parser.add_argument("--results", type=Path, default=Path(str(RESULTS)))
    parser.add_argument("--table", type=Path, default=Path("benchmarks/fine_tuning.md"))
    chosen = parser.parse_args(arguments)
    one_thread()
    found = measure(device=chosen.device, workers=chosen.workers, quickly=chosen.quick)
    chosen.results.write_text(as_text(found), encoding="utf-8")
    text = table(read_results(chosen.results), COMMAND)
    chosen.table.parent.mkdir(parents=True, exist_ok=True)
    chosen.table.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
