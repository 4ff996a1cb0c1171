"""Fine-tuning against its rivals, three seeds: the results that the chapter reads.

`python -m transformers_explained.sentiment` trains every classifier with seeds 1, 2 and
3, in English and in French, and writes the probability that each gives to each test
review, and the accuracies of a sweep over the number of examples. The recipes were
chosen on the validation split with seed 0, before the test split was looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from torch import Tensor

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.pretrained import load_bert, model_folder
from transformers_explained.reviews import Language, load_reviews
from transformers_explained.sentiment import (
    BertVectors,
    Example,
    SentimentClassifier,
    TopLayers,
    accuracy,
    encode,
    fit,
    lower_states,
    mean_vectors,
    positive_probability,
    targets,
)
from transformers_explained.training import TrainingConfig, epoch_batches, set_seed

SEEDS = (1, 2, 3)
SIZES = (8, 32, 128)  # then all
LOWER = 4  # layers left as they are when only the top is tuned
WANTED = 0.08  # full fine-tuning against its main rivals, in English
RESULTS = files("transformers_explained") / "data" / "fine_tuning.json"


def full_recipe(seed: int) -> TrainingConfig:
    """How the whole encoder is fine-tuned."""
    return TrainingConfig(
        epochs=3,
        batch_size=16,
        learning_rate=2e-4,
        schedule="cosine",
        warmup_steps=6,
        seed=seed,
    )


def top_recipe(seed: int, num_examples: int) -> TrainingConfig:
    """The same for the top layers: more epochs if needed for 30 updates."""
    updates = -(-num_examples // 16)  # of one epoch
    return replace(full_recipe(seed), epochs=max(3, -(-30 // updates)))


def small_recipe(seed: int) -> TrainingConfig:
    """How a small encoder is trained from scratch."""
    return replace(full_recipe(seed), epochs=8, learning_rate=3e-3, warmup_steps=20)


def blank_recipe(seed: int) -> TrainingConfig:
    """How MiniLM's architecture is trained from scratch."""
    return replace(full_recipe(seed), epochs=8, learning_rate=5e-4, warmup_steps=20)


def pretrained_bert(*, dropout: float = 0.0) -> Bert:
    """MiniLM in the book's BERT, with a dropout of one's choice."""
    source = load_bert("minilm")
    bert = Bert(replace(source.config, dropout=dropout))
    bert.load_state_dict(source.state_dict())
    return bert


def small_config() -> BertConfig:
    """The sizes of the small encoder: two layers, 64 wide, MiniLM's vocabulary."""
    return BertConfig(
        d_model=64, num_heads=4, num_layers=2, d_ff=128, max_len=64, num_segments=0
    )


def full(seed: int) -> SentimentClassifier:
    """The pretrained encoder under a new head."""
    set_seed(seed)
    return SentimentClassifier(BertVectors(pretrained_bert()))


def blank(seed: int) -> SentimentClassifier:
    """MiniLM's architecture with new weights: `full` without the earlier reading."""
    set_seed(seed)
    config = replace(load_bert("minilm").config, dropout=0.0)
    return SentimentClassifier(BertVectors(Bert(config)))


def from_scratch(seed: int) -> SentimentClassifier:
    """A small encoder with new weights."""
    set_seed(seed)
    return SentimentClassifier(BertVectors(Bert(small_config())))


NEURAL: dict[
    str,
    tuple[Callable[[int], SentimentClassifier], Callable[[int], TrainingConfig]],
] = {
    "full": (full, full_recipe),
    "scratch": (from_scratch, small_recipe),
    "blank": (blank, blank_recipe),
}


@dataclass(frozen=True, kw_only=True)
class Data:
    """The reviews of one language as token ids."""

    language: Language
    train: list[Example]
    valid: list[Example]
    test: list[Example]


def load_data(language: Language, tokenizer: Any = None) -> Data:
    """The three splits, with MiniLM's tokenizer unless another one is given."""
    if tokenizer is None:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(model_folder("minilm"))
    return Data(
        language=language,
        train=encode(tokenizer, load_reviews("train", language)),
        valid=encode(tokenizer, load_reviews("valid", language)),
        test=encode(tokenizer, load_reviews("test", language)),
    )


def tfidf_probability(language: Language) -> Tensor:
    """The rival that counts words: TF-IDF of words and pairs, logistic regression."""
    train, test = load_reviews("train", language), load_reviews("test", language)
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1_000)
    )
    model.fit([r.text for r in train], [r.target for r in train])
    return torch.tensor(model.predict_proba([r.text for r in test])[:, 1])


def regression_probability(
    features: Tensor, chosen: Sequence[int], labels: Tensor, test: Tensor
) -> Tensor:
    """Logistic regression on frozen features (N, D), trained on the chosen rows."""
    model = LogisticRegression(max_iter=2_000)
    model.fit(features[list(chosen)].numpy(), labels[list(chosen)].numpy())
    return torch.tensor(model.predict_proba(test.numpy())[:, 1])


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
    difference = (one.double().mean(dim=0) - other.double().mean(dim=0)).numpy()  # (N,)
    rows = np.random.default_rng(seed).integers(
        len(difference), size=(draws, len(difference))
    )
    means = difference[rows].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)


@dataclass(frozen=True, kw_only=True)
class Results:
    """What the command measured.

    Attributes:
        probability: "full/en" -> of "positive", (seeds, test reviews).
        top: "en" -> number of examples -> accuracy of each seed, top layers tuned.
    """

    probability: dict[str, Tensor]
    top: dict[str, dict[int, list[float]]]

    def right(self, name: str, language: str) -> Tensor:
        """Whether each test review was classified rightly, (seeds, N)."""
        answers = (self.probability[f"{name}/{language}"] > 0.5).long()
        return answers == labels_of_test()

    def accuracies(self, name: str, language: str) -> list[float]:
        """The accuracy of each seed."""
        return self.right(name, language).double().mean(dim=1).tolist()


def labels_of_test() -> Tensor:
    """The labels of the test reviews, the same in both languages."""
    return torch.tensor([review.target for review in load_reviews("test")])


def fingerprint() -> str:
    """A short digest of all reviews: it gives away another data set."""
    return hashlib.sha256(repr(load_reviews()).encode()).hexdigest()[:16]


def read_results(path: Path | None = None) -> Results:
    """The results of the three-seed run; by default those that come with the book.

    Raises:
        ValueError: if they were measured on other reviews than today's.
    """
    content = json.loads((path or RESULTS).read_text(encoding="utf-8"))
    if content["reviews"] != fingerprint():
        raise ValueError(
            "the results were measured on other reviews: "
            "run python -m transformers_explained.sentiment again"
        )
    return Results(
        probability={
            name: torch.tensor(rows) for name, rows in content["probability"].items()
        },
        top={
            language: {int(size): runs for size, runs in sizes.items()}
            for language, sizes in content["top"].items()
        },
    )


def write(parts: Sequence[Results], path: Path) -> None:
    """Write results, one part per language, for `read_results`."""
    content = {
        "seeds": SEEDS,
        "reviews": fingerprint(),
        "probability": {
            name: [[round(p, 6) for p in run] for run in runs.tolist()]
            for part in parts
            for name, runs in part.probability.items()
        },
        "top": {
            language: sizes for part in parts for language, sizes in part.top.items()
        },
    }
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")


def tune_top(
    bert: Bert, train: Sequence[Example], *, size: int, seed: int
) -> SentimentClassifier:
    """Tune the top layers on some of the examples.

    Args:
        bert: the pretrained encoder; it is left as it is.
        train: states above the lower layers, from `lower_states`.
        size: number of examples, drawn by `draw_subset` unless it is all of them.
        seed: of the draw, of the head and of the order.
    """
    if size < len(train):
        train = [train[index] for index in draw_subset(targets(train), size, seed)]
    set_seed(seed)
    model = SentimentClassifier(TopLayers(bert, lower=LOWER))
    fit(model, train, top_recipe(seed, len(train)))
    return model


def measure_top(data: Data, seed: int) -> dict[int, float]:
    """The accuracy on test with the top layers tuned, for each number of examples."""
    bert = pretrained_bert()
    train = lower_states(bert, data.train, layers=LOWER)
    test = lower_states(bert, data.test, layers=LOWER)
    return {
        size: accuracy(
            positive_probability(tune_top(bert, train, size=size, seed=seed), test),
            test,
        )
        for size in (*SIZES, len(train))
    }


def measure(language: Language) -> Results:
    """Everything, for one language."""
    data = load_data(language)
    probability = {f"tfidf/{language}": tfidf_probability(language)[None]}
    vectors = BertVectors(pretrained_bert())
    train, test = (mean_vectors(vectors, part) for part in (data.train, data.test))
    rows = range(len(train))
    probability[f"frozen/{language}"] = regression_probability(
        train, rows, targets(data.train), test
    )[None]
    for name, (build, recipe) in NEURAL.items():
        runs = []
        for seed in SEEDS:
            model = build(seed)
            fit(model, data.train, recipe(seed))
            runs.append(positive_probability(model, data.test))
            print(
                f"{name}, {language}, seed {seed}: {accuracy(runs[-1], data.test):.3f}",
                flush=True,
            )
        probability[f"{name}/{language}"] = torch.stack(runs)
    top: dict[int, list[float]] = {}
    for seed in SEEDS:
        for size, found in measure_top(data, seed).items():
            top.setdefault(size, []).append(found)
        print(f"top layers, {language}, seed {seed}: {top}", flush=True)
    return Results(probability=probability, top={language: top})


def table(results: Results) -> str:
    """The results in Markdown."""
    lines = [
        "# Fine-tuning",
        "",
        "Written by `python -m transformers_explained.sentiment`. Accuracy on the "
        f"{len(labels_of_test())} test reviews; seeds {', '.join(map(str, SEEDS))}. "
        "TF-IDF and the frozen encoder leave nothing to chance: one run each.",
        "",
        "| language | classifier | mean | each seed |",
        "|---|---|--:|---|",
    ]
    for name in results.probability:
        kind, language = name.split("/")
        runs = results.accuracies(kind, language)
        each = ", ".join(f"{run:.1%}" for run in runs)
        lines.append(f"| {language} | {kind} | {sum(runs) / len(runs):.1%} | {each} |")
    lines += [
        "",
        "Full fine-tuning minus a rival, in points: mean of the seeds and 95 % "
        "interval of the paired bootstrap.",
        "",
        "| language | rival | difference | interval |",
        "|---|---|--:|---|",
    ]
    for language in results.top:
        for rival in ("tfidf", "scratch", "blank", "frozen"):
            mean, low, high = bootstrap(
                results.right("full", language), results.right(rival, language)
            )
            lines.append(
                f"| {language} | {rival} | {100 * mean:+.1f} "
                f"| {100 * low:+.1f} to {100 * high:+.1f} |"
            )
    lines += ["", "The top two layers tuned, by number of examples, each seed.", ""]
    lines += ["| language | examples | mean | each seed |", "|---|--:|--:|---|"]
    lines += [
        f"| {language} | {size} | {sum(runs) / len(runs):.1%} "
        f"| {', '.join(f'{run:.1%}' for run in runs)} |"
        for language, sizes in results.top.items()
        for size, runs in sizes.items()
    ]
    return "\n".join(lines) + "\n"


def failures(results: Results) -> list[str]:
    """What was wanted in English and not reached, in words."""
    missed = []
    for rival in ("tfidf", "scratch", "blank"):
        mean, low, _ = bootstrap(
            results.right("full", "en"), results.right(rival, "en")
        )
        if not (mean >= WANTED and low > 0):  # so written, NaN is a failure too
            missed.append(
                f"{rival}: {100 * mean:.1f} points below full fine-tuning (lower limit "
                f"{100 * low:.1f}); {100 * WANTED:.0f} are wanted, and a limit above 0"
            )
    return missed


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both languages and write the results; exit status 1 if one is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m transformers_explained.sentiment", description=__doc__
    )
    parser.add_argument("--results", type=Path, default=Path(str(RESULTS)))
    parser.add_argument("--table", type=Path, default=Path("benchmarks/fine_tuning.md"))
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    write([measure(language) for language in ("en", "fr")], chosen.results)
    results = read_results(chosen.results)
    text = table(results)
    chosen.table.parent.mkdir(parents=True, exist_ok=True)
    chosen.table.write_text(text, encoding="utf-8")
    print(text)
    if missed := failures(results):
        raise SystemExit("\n".join(missed))
