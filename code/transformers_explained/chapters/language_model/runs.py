"""The chapter's trainings with five seeds and on the tales: the record that it reads.

    python -m transformers_explained.chapters.language_model.runs [--workers N]

trains, for each language and each of five seeds, the small Transformer, the same
without its causal mask, and an LSTM, counts n-grams on the same sentences, then trains
the model of the tales, and writes all beside this file; the tales' models in files of
their own, in eight bits. It takes about fourteen minutes on one thread; with workers,
these run side by side, one thread each.
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from transformers_explained.chapters.language_model import tales_model
from transformers_explained.chapters.language_model.grammar_model import (
    LEAK_STEPS,
    STEPS,
    GrammarWords,
    RecurrentModel,
    agreement,
    causal,
    draw_rows,
    fresh_sentences,
    sentence_loss,
    small_model,
    train,
    unmasked,
)
from transformers_explained.chapters.language_model.ngram import NGram
from transformers_explained.training import set_seed

__all__ = ["SEEDS", "recorded"]

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
SEEDS = tuple(range(5))
ORDERS = (2, 3, 5)
RECORD = "runs.json"


@cache
def recorded() -> dict[str, Any]:
    """What was measured: "grammar" and "tales", by language."""
    path = files("transformers_explained.chapters.language_model") / RECORD
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def grammar_run(
    language: Language, seed: int, steps: int = STEPS, leak_steps: int = LEAK_STEPS
) -> dict[str, Any]:
    """All the models of the grammar with one seed."""
    torch.set_num_threads(1)
    start = time.process_time()
    words = GrammarWords(language)
    sentences, own = fresh_sentences(words)
    result: dict[str, Any] = {"seed": seed, "own": round(own, 5)}

    model = small_model(len(words.words), seed)
    losses = train(
        causal(model), list(model.parameters()), words, seed=seed, steps=steps
    )
    model.eval()
    result["transformer"] = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "first": round(losses[0], 4),
        "curve": _every(losses, 20),
        "loss": round(sentence_loss(causal(model), words, sentences), 5),
        "agreement": agreement(causal(model), words),
    }
    leaky = small_model(len(words.words), seed)
    scores = unmasked(leaky)
    losses = train(scores, list(leaky.parameters()), words, seed=seed, steps=leak_steps)
    leaky.eval()
    result["unmasked"] = {
        "curve": _every(losses, 20),
        "loss": round(sentence_loss(scores, words, sentences), 5),
    }
    set_seed(seed)
    lstm = RecurrentModel(len(words.words))
    losses = train(lstm, list(lstm.parameters()), words, seed=seed, steps=steps)
    lstm.eval()
    result["lstm"] = {
        "parameters": sum(p.numel() for p in lstm.parameters()),
        "curve": _every(losses, 20),
        "loss": round(sentence_loss(lstm, words, sentences), 5),
        "agreement": agreement(lstm, words),
    }
    generator = random.Random(seed)
    rows = [r for _ in range(steps) for r in draw_rows(words, generator).tolist()]
    for order in ORDERS:
        ngram = NGram(order, len(words.words), words.end_id)
        ngram.read(rows)
        scores = partial(_ngram_scores, ngram)
        result[f"{order}-gram"] = {
            "parameters": ngram.size,
            "loss": round(_ngram_loss(ngram, words, sentences), 5),
            "agreement": agreement(scores, words),
        }
    result["cpu_seconds"] = round(time.process_time() - start, 1)
    return result


def _every(values: Sequence[float], count: int) -> list[float]:
    """Means of `count` neighbours, to draw."""
    return [
        round(sum(values[i : i + count]) / len(values[i : i + count]), 4)
        for i in range(0, len(values), count)
    ]


def _ngram_scores(ngram: NGram, ids: Tensor) -> Tensor:
    """Logarithms of the probabilities behind the last position: (1, 1, V)."""
    context = ids[0].tolist()
    chances = [ngram.probability(context, w) for w in range(ngram.vocab_size)]
    return torch.tensor(chances).log()[None, None]


def _ngram_loss(
    ngram: NGram, words: GrammarWords, sentences: Sequence[Sequence[int]]
) -> float:
    total, number = torch.zeros((), dtype=torch.float64), 0
    for sentence in sentences:
        row = [words.end_id, *sentence]
        chances = [
            ngram.probability(row[max(0, i - ngram.order) : i], row[i])
            for i in range(1, len(row))
        ]
        total -= torch.tensor(chances, dtype=torch.float64).log().sum()
        number += len(sentence)
    return total.item() / number


def tales_run(language: Language, steps: int = tales_model.STEPS) -> dict[str, Any]:
    """The model of the tales of one language."""
    torch.set_num_threads(1)
    start = time.process_time()
    result = tales_model.run(language, steps=steps)
    result["cpu_seconds"] = round(time.process_time() - start, 1)
    return result


def main() -> None:
    """Train, print, write."""
    parser = argparse.ArgumentParser(description="train the chapter's models")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    parser.add_argument("--trial", action="store_true", help="a few steps only")
    given = parser.parse_args()
    few = {"steps": 20} if given.trial else {}
    with ProcessPoolExecutor(given.workers, get_context("spawn")) as pool:
        tales = {
            language: pool.submit(tales_run, language, **few) for language in LANGUAGES
        }
        grammar = {
            language: [
                pool.submit(grammar_run, language, seed, **few) for seed in SEEDS
            ]
            for language in LANGUAGES
        }
        record: dict[str, Any] = {
            "seeds": list(SEEDS),
            "torch": torch.__version__,
            "grammar": {k: [run.result() for run in v] for k, v in grammar.items()},
            "tales": {k: v.result() for k, v in tales.items()},
        }
    for language, run in record["tales"].items():
        weights = json.dumps(run.pop("weights"), separators=(",", ":"))
        path = given.folder / f"tales_{language}.json"
        path.write_text(weights + "\n", encoding="utf-8")
    for runs in (*record["grammar"].values(), record["tales"].values()):
        print(*(run["cpu_seconds"] for run in runs))
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (given.folder / RECORD).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
