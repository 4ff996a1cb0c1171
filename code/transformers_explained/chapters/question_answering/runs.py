"""The recorded runs that the chapter reads.

`python -m transformers_explained.chapters.question_answering.runs` trains with three
seeds, on the French questions and on the English ones, asks each model in both
languages, and writes `runs.json` beside this file. It takes some minutes on one
processor core.

What is chosen is chosen before any test question is read, by F1 on the validation
questions that have an answer, seed 0, French: the rates of `top` and of
`scratch`. The seeds reported are 1 to 3.

Ways: `top`, the multilingual model finds the sentence, and its last three layers learn
to read it; `scratch`, the same sentences, read by the same architecture in small with
new weights; `overlap`, common words, no training by gradient; `question`, whether there
is an answer, by the words of the question alone. `sentences` says whether the right
sentence is found, by the multilingual model and by common words, in each language and
for questions in the other.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from transformers_explained.bert import Bert
from transformers_explained.chapters.question_answering.results import (
    COMMAND,
    LANGUAGES,
    RESULTS,
    fingerprint,
    packed,
    score_each,
)
from transformers_explained.chapters.question_answering.rivals import (
    answerable_by_question,
    best_cap,
    overlap_answer,
    overlap_sentence,
    rarity,
)
from transformers_explained.chapters.question_answering.tuning import (
    EPOCHS,
    NAME,
    RATE,
    encoder,
    parts_to_learn,
    read_states,
    reader,
    small_reader,
    tune,
)
from transformers_explained.data.questions import Question, load_questions
from transformers_explained.data.reviews import Language, Split
from transformers_explained.pretrained import load_tokenizer
from transformers_explained.tasks.question_answering import (
    Found,
    Span,
    Window,
    find_answers,
    holds,
    rank_sentences,
    read_questions,
    sentences,
)
from transformers_explained.tokenization import UnigramTokenizer

SEEDS = (1, 2, 3)
RATES = {"top": (5e-4, 1e-3), "scratch": (1e-3, 3e-3)}  # to choose from
ASKED: tuple[Split, ...] = ("valid", "test")


@cache
def tokenizer() -> UnigramTokenizer:
    found = load_tokenizer(NAME)
    assert isinstance(found, UnigramTokenizer)
    return found


@cache
def source() -> Bert:
    return encoder()


def crossed(asked: Language, split: Split) -> list[Question]:
    """The questions as asked in a language, on the paragraphs of the other."""
    told: Language = "en" if asked == "fr" else "fr"
    pairs = zip(load_questions(asked, split), load_questions(told, split), strict=True)
    return [replace(there, question=here.question) for here, there in pairs]


@cache
def ranked(split: Split, asked: Language, crossing: bool = False) -> list[list[Span]]:
    """The sentences of each question's paragraph, the nearest first."""
    questions = crossed(asked, split) if crossing else load_questions(asked, split)
    return rank_sentences(source(), tokenizer(), questions)


@cache
def read(way: str, split: Split, language: Language) -> list[Window]:
    """The questions of a split as a way reads them."""
    questions: Sequence[Question] = load_questions(language, split)
    parts: list[Span] | None = None
    if split == "train":
        questions, parts = parts_to_learn(source(), tokenizer(), questions)
    else:
        parts = [found[0] for found in ranked(split, language)]
    if way == "scratch":
        return read_questions(tokenizer(), questions, parts)
    return read_states(source(), tokenizer(), questions, parts)


def f1_of(found: Sequence[Found], language: Language, split: Split) -> float:
    """F1 on the questions that have an answer; silence is not allowed."""
    asked = load_questions(language, split)
    scores = score_each(asked, [one.text for one in found])
    kept = [s for s, q in zip(scores, asked, strict=True) if q.has_answer]
    return sum(kept) / len(kept)


def run(
    way: str,
    language: Language,
    seed: int,
    rate: float,
    *,
    choosing: bool = False,
    quickly: bool = False,
) -> dict[str, Any]:
    """Train once; the row that is recorded."""
    train = read(way, "train", language)
    began = time.process_time()
    model = small_reader(seed) if way == "scratch" else reader(seed)
    history = tune(
        model,
        train[:16] if quickly else train,
        seed=seed,
        way=way,
        rate=rate,
        epochs=1 if quickly else None,
    )
    seconds = time.process_time() - began
    row: dict[str, Any] = {
        "way": way,
        "trained_on": language,
        "seed": seed,
        "rate": rate,
        "epochs": EPOCHS[way],
        "last_loss": sum(history.losses[-10:]) / len(history.losses[-10:]),
        "seconds": round(seconds, 1),
        "device": f"CPU, {platform.machine()}",
    }
    splits: tuple[Split, ...] = ("valid",) if choosing else ASKED
    for split in splits:
        found = {
            told: find_answers(model, read(way, split, told)) for told in LANGUAGES
        }
        row |= {split: {told: packed(each) for told, each in found.items()}}
        if split == "valid":
            row["valid_f1"] = f1_of(found[language], language, split)
    print(way, language, seed, rate, row["valid_f1"], row["seconds"], flush=True)
    return row


def chosen_rates(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The rate of each way with the best F1 on validation; the smaller of equals."""
    best = {}
    for way in RATES:
        tried = [row for row in rows if row["way"] == way]
        best[way] = max(tried, key=lambda row: (row["valid_f1"], -row["rate"]))["rate"]
    return best


def overlap_row(language: Language) -> dict[str, Any]:
    """Common words: nothing is left to chance."""
    train = load_questions(language, "train")
    worth = rarity(sorted({question.context for question in train}))
    cap = best_cap(train, worth)
    row: dict[str, Any] = {
        "way": "overlap",
        "trained_on": language,
        "seed": 0,
        "most_words": cap,
    }
    for split in ASKED:
        found = [
            overlap_answer(question, worth, most_words=cap)
            for question in load_questions(language, split)
        ]
        row |= {split: {language: packed(found)}}
    return row


def question_row(language: Language) -> dict[str, Any]:
    """Whether there is an answer, by the question alone: one probability each."""
    train = load_questions(language, "train")
    row: dict[str, Any] = {"way": "question", "trained_on": language, "seed": 0}
    return row | {
        split: {
            language: answerable_by_question(train, load_questions(language, split))
        }
        for split in ASKED
    }


def sentences_row(asked: Language, *, crossing: bool) -> dict[str, Any]:
    """Which share of the test questions with an answer get its sentence."""
    questions = crossed(asked, "test") if crossing else load_questions(asked, "test")
    told = questions[0].language
    train = load_questions(told, "train")
    worth = rarity(sorted({question.context for question in train}))
    right: dict[str, list[float]] = {"e5": [], "overlap": [], "chance": []}
    for question, found in zip(questions, ranked("test", asked, crossing), strict=True):
        good = [
            float(any(holds(part, answer) for answer in question.answers))
            for part in sentences(question.context)
        ]
        of_part = dict(zip(sentences(question.context), good, strict=True))
        right["e5"].append(of_part[found[0]])
        right["overlap"].append(of_part[overlap_sentence(question, worth)[0]])
        right["chance"].append(round(sum(good) / len(good), 3))
    return {"way": "sentences", "trained_on": asked, "seed": 0, "told": told} | right


def measure(*, quickly: bool = False) -> dict[str, Any]:
    """Everything: first the choice on validation, then what is reported."""
    choosing = [
        run(way, "fr", 0, rate, choosing=True, quickly=quickly)
        for way, rates in RATES.items()
        for rate in rates
    ]
    rates = chosen_rates(choosing)
    for way, rate in rates.items():
        if rate != RATE[way] and not quickly:
            print([(row["way"], row["rate"], row["valid_f1"]) for row in choosing])
            raise SystemExit(f"validation prefers {rate} for {way}: write it into RATE")
    runs = [
        run(way, language, seed, rates[way], quickly=quickly)
        for way in RATES
        for language in LANGUAGES
        for seed in SEEDS
    ]
    simple = [
        make(language) for make in (overlap_row, question_row) for language in LANGUAGES
    ]
    simple += [
        sentences_row(language, crossing=crossing)
        for crossing in (False, True)
        for language in LANGUAGES
    ]
    return {"questions": fingerprint(), "choosing": choosing, "runs": runs + simple}


def as_text(found: dict[str, Any]) -> str:
    """JSON, one run a line."""
    parts = []
    for key in ("choosing", "runs"):
        rows = ",\n".join(json.dumps(r, separators=(",", ":")) for r in found[key])
        parts.append(f'"{key}": [\n{rows}\n]')
    head = json.dumps({"questions": found["questions"]})
    return head[:-1] + ",\n" + ",\n".join(parts) + "}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write what was measured."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one epoch of 16 questions"
    )
    parser.add_argument("--results", type=Path, default=Path(str(RESULTS)))
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    found = measure(quickly=chosen.quick)
    chosen.results.write_text(as_text(found), encoding="utf-8")


if __name__ == "__main__":
    main()
