"""Full tuning, LoRA and a head alone, on the reviews: the same loop, and only what
learns differs.

Fixed before the first run: multilingual-e5-small, the mean of its vectors and one
linear layer; LoRA of rank 8 or 1, scale 2, on the projections of queries and values of
all twelve layers; six epochs of 16 reviews, AdamW without decay, 20 updates of warm-up,
then half a cosine, one rate for all that learns, no dropout. Each way has its rate
chosen among `RATES`, with seed 0, by its accuracy on the validation reviews of the
language that it learned from, French and English together. The seeds reported are 1 to
5, in each language; each model answers the test reviews of both languages, once.

These test reviews are those of the chapters "Classifying text" and "Fine-tuning BERT":
others have been measured on them before, and no choice here rests on that.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from transformers_explained.bert import Bert
from transformers_explained.chapters.since_2017.lora import LoRA
from transformers_explained.data.reviews import Language, Split, load_reviews
from transformers_explained.pretrained import load_bert, load_tokenizer
from transformers_explained.tasks.examples import Example
from transformers_explained.tasks.fitting import fit
from transformers_explained.tasks.sentiment import (
    BertVectors,
    SentimentClassifier,
    positive_probability,
    read_reviews,
    targets,
)
from transformers_explained.training import TrainingConfig, set_seed

MODEL = "multilingual-e5-small"
LANGUAGES: tuple[Language, ...] = ("fr", "en")
SEEDS = (1, 2, 3, 4, 5)
RATES = {
    "head": (1e-3, 1e-2, 1e-1),
    "full": (5e-5, 1e-4, 2e-4, 5e-4),
    "lora-8": (5e-4, 1e-3, 2e-3, 5e-3),
    "lora-1": (5e-4, 1e-3, 2e-3, 5e-3),
}
RECIPE = TrainingConfig(
    epochs=6, batch_size=16, schedule="cosine", warmup_steps=20, weight_decay=0.0
)


def add_lora(bert: Bert, rank: int) -> None:
    """Put LoRA on the projections of queries and values; all the rest stays."""
    bert.requires_grad_(False)
    for layer in bert.encoder.layers:
        attention: Any = layer.attention
        attention.q_proj = LoRA(attention.q_proj, rank)
        attention.v_proj = LoRA(attention.v_proj, rank)


def build(way: str, seed: int) -> SentimentClassifier:
    """A classifier of which only what the way names will learn, and its head."""
    set_seed(seed)
    bert = load_bert(MODEL, dropout=0.0)
    if way == "head":
        bert.requires_grad_(False)
    elif way != "full":
        add_lora(bert, rank=int(way.removeprefix("lora-")))
    return SentimentClassifier(BertVectors(bert))


def learning(model: nn.Module) -> int:
    """How many numbers learn."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@cache
def reviews(split: Split, language: Language) -> list[Example]:
    """The reviews of a split as ids, "query: " before each."""
    found = load_reviews(split, language)
    return read_reviews(load_tokenizer(MODEL), found, prefix="query: ")


def right(model: SentimentClassifier, examples: Sequence[Example]) -> str:
    """A digit for each review: 1 where the likelier label is the right one."""
    likelier = positive_probability(model, examples).cpu() > 0.5
    return "".join(str(int(one)) for one in likelier == targets(examples).bool())


def share(answers: str) -> float:
    """The share of 1."""
    return answers.count("1") / len(answers)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training; a job that is for choosing reads no test review."""

    way: str
    language: Language
    seed: int
    rate: float
    choosing: bool = False


def run(job: Job, *, device: str, quickly: bool = False) -> dict[str, Any]:
    """Train once; the row that is recorded."""
    torch.set_num_threads(1)
    model = build(job.way, job.seed).to(device)
    train = reviews("train", job.language)[: 32 if quickly else None]
    recipe = replace(RECIPE, learning_rate=job.rate, seed=job.seed)
    if quickly:
        recipe = replace(recipe, epochs=1, warmup_steps=0)
    fit(model, train, recipe)
    row = {
        "way": job.way,
        "trained_on": job.language,
        "seed": job.seed,
        "rate": job.rate,
        "learning": learning(model),
        "valid": share(right(model, reviews("valid", job.language))),
    }
    if not job.choosing:
        row |= {
            f"test_{told}": right(model, reviews("test", told)) for told in LANGUAGES
        }
    print({k: v for k, v in row.items() if not k.startswith("test")}, flush=True)
    return row


def best_rates(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The rate of each way that is best on validation; the smallest of equals."""

    def score(way: str, rate: float) -> float:
        total: float = sum(
            row["valid"] for row in rows if (row["way"], row["rate"]) == (way, rate)
        )
        return total

    return {
        way: max(rates, key=lambda rate: (score(way, rate), -rate))
        for way, rates in RATES.items()
    }


def measure(
    *, device: str = "cpu", workers: int = 1, quickly: bool = False
) -> dict[str, Any]:
    """Everything: the choice on validation, then what is reported."""
    do: Callable[[Job], dict[str, Any]] = partial(run, device=device, quickly=quickly)
    chosen = [
        Job(way=way, language=language, seed=0, rate=rate, choosing=True)
        for way, rates in RATES.items()
        for rate in rates
        for language in LANGUAGES
    ]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        tried = pool.map(do, chosen, chunksize=1)
        rates = best_rates(tried)
        asked = [
            Job(way=way, language=language, seed=seed, rate=rate)
            for way, rate in rates.items()
            for language in LANGUAGES
            for seed in SEEDS
        ]
        runs = pool.map(do, asked, chunksize=1)
    machine = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    return {"machine": machine, "rates": rates, "tried": tried, "runs": runs}
