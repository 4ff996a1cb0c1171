"""Reading the recorded runs, and what may be said of them: means and intervals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from transformers_explained.data.questions import Question, load_questions
from transformers_explained.data.reviews import Language, Split
from transformers_explained.tasks.answer_measures import exact_match, f1
from transformers_explained.tasks.intervals import drawn_again
from transformers_explained.tasks.question_answering import (
    Found,
    accepted,
    choose_threshold,
)

LANGUAGES: tuple[Language, ...] = ("fr", "en")
RESULTS = files(__package__) / "runs.json"
COMMAND = "python -m transformers_explained.chapters.question_answering.runs"
NEVER = float("-inf")  # a threshold: never fall silent


@dataclass(frozen=True, kw_only=True)
class Results:
    """What the command measured.

    Attributes:
        choosing: the rows of what was chosen on validation; no test question is in
            them.
        rows: one per run: way, language, seed; of each question the answer's place and
            its margin.
    """

    choosing: list[dict[str, Any]]
    rows: list[dict[str, Any]]

    def chosen(self, way: str, trained_on: str) -> list[dict[str, Any]]:
        """The rows of a way, one per seed."""
        return [
            row
            for row in self.rows
            if row["way"] == way and row["trained_on"] == trained_on
        ]

    def found(
        self, way: str, trained_on: str, asked: Language, split: Split = "test"
    ) -> list[list[Found]]:
        """Of each seed, what was found for each question."""
        return [
            unpacked(row[split][asked], load_questions(asked, split))
            for row in self.chosen(way, trained_on)
        ]

    def thresholds(self, way: str, trained_on: Language) -> list[float]:
        """Of each seed, when it falls silent: the best on validation, in the language
        of training."""
        questions = load_questions(trained_on, "valid")
        return [
            choose_threshold(questions, found)
            for found in self.found(way, trained_on, trained_on, "valid")
        ]

    def scores(
        self,
        way: str,
        trained_on: Language,
        asked: Language,
        *,
        silent: bool = False,
        exact: bool = False,
    ) -> np.ndarray:
        """F1, or exact match, of each test question: (seeds, N).

        Args:
            silent: whether the threshold may silence an answer.
        """
        questions = load_questions(asked, "test")
        found = self.found(way, trained_on, asked)
        limits = self.thresholds(way, trained_on) if silent else [NEVER] * len(found)
        return np.array(
            [
                score_each(questions, [one.answer(limit) for one in each], exact=exact)
                for each, limit in zip(found, limits, strict=True)
            ]
        )

    def range_of(
        self,
        way: str,
        trained_on: Language,
        asked: Language,
        *,
        silent: bool = False,
        exact: bool = False,
    ) -> tuple[float, float, float]:
        """F1, or exact match, and the limits of its interval.

        Of the questions that have an answer; with `silent`, of all of them.
        """
        scores = self.scores(way, trained_on, asked, silent=silent, exact=exact)
        kept = np.ones_like(answered(asked)) if silent else answered(asked)
        return interval(scores[:, kept], paragraphs(kept))

    def gap(
        self,
        one: tuple[str, Language, Language],
        other: tuple[str, Language, Language],
        *,
        silent: bool = False,
    ) -> tuple[float, float, float]:
        """The difference in F1 between two ways, and the limits of its interval.

        Args:
            one, other: way, language of training, language of the questions.
        """
        both = [self.scores(*way, silent=silent).mean(axis=0) for way in (one, other)]
        kept = np.ones_like(answered("fr")) if silent else answered("fr")
        return interval((both[0] - both[1])[kept], paragraphs(kept))

    def margins(self, way: str, trained_on: Language, asked: Language) -> np.ndarray:
        """Of each test question, how much speaks for an answer: (seeds, N)."""
        if way == "question":
            rows = self.chosen(way, trained_on)
            return np.array([row["test"][asked] for row in rows])
        found = self.found(way, trained_on, asked)
        return np.array([[one.margin for one in each] for each in found])

    def sentence(self, asked: Language, told: Language) -> dict[str, np.ndarray]:
        """By whom -> whether the right sentence was found, for each test question."""
        [row] = [r for r in self.chosen("sentences", asked) if r["told"] == told]
        return {name: np.array(row[name]) for name in ("e5", "overlap", "chance")}


def score_each(
    questions: Sequence[Question], answers: Sequence[str], *, exact: bool = False
) -> list[float]:
    """F1, or exact match, of each answer."""
    measure = exact_match if exact else f1
    return [
        measure(answer, accepted(question), question.language)
        for question, answer in zip(questions, answers, strict=True)
    ]


def packed(found: Sequence[Found]) -> list[list[float]]:
    """As recorded: first character, length, margin in thousandths."""
    return [[one.start, len(one.text), round(1000 * one.margin)] for one in found]


def unpacked(
    rows: Sequence[Sequence[float]], questions: Sequence[Question]
) -> list[Found]:
    return [
        Found(
            text=question.context[int(start) : int(start + length)],
            start=int(start),
            score=margin / 1000,
            nowhere=0.0,
        )
        for (start, length, margin), question in zip(rows, questions, strict=True)
    ]


@cache
def fingerprint() -> str:
    """A short digest of all questions: it gives away another data set."""
    asked = [load_questions(language) for language in LANGUAGES]
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def read_results(path: Path | None = None) -> Results:
    """The recorded runs; by default those that come with the book.

    Raises:
        ValueError: if they were measured on other questions than today's.
    """
    content = json.loads((path or RESULTS).read_text(encoding="utf-8"))
    if content["questions"] != fingerprint():
        raise ValueError(
            f"the results were measured on other questions: run {COMMAND} again"
        )
    return Results(choosing=content["choosing"], rows=content["runs"])


def answered(asked: Language) -> np.ndarray:
    """(N,), True = a test question that has an answer."""
    return np.array([q.has_answer for q in load_questions(asked, "test")])


def paragraphs(kept: np.ndarray) -> list[str]:
    """The paragraph of each test question that is kept: the same in both languages."""
    pairs = zip(load_questions("en", "test"), kept, strict=True)
    return [question.paragraph for question, keep in pairs if keep]


def interval(
    scores: np.ndarray, names: Sequence[str], *, draws: int = 10_000, seed: int = 0
) -> tuple[float, float, float]:
    """A mean and the limits of its 95 % interval, drawn by paragraph.

    Questions on the same paragraph tend to fail together. So whole paragraphs are
    drawn again, with replacement; the seeds are averaged first. For a difference, give
    the difference of two scores.

    Args:
        scores: (seeds, N) or (N,).
        names: the paragraph of each question.
    """
    each = scores.mean(axis=0) if scores.ndim == 2 else scores  # (N,)
    return drawn_again(each, names, draws=draws, seed=seed)


def told_apart(
    margins: Sequence[float] | np.ndarray, has_answer: Sequence[bool] | np.ndarray
) -> float:
    """How often, of a question with an answer and one without, the first has the larger
    margin; a tie counts one half. One half is chance."""
    has = np.asarray(has_answer, dtype=bool)
    yes, no = np.asarray(margins)[has], np.asarray(margins)[~has]
    above = (yes[:, None] > no).mean() + 0.5 * (yes[:, None] == no).mean()
    return float(above)


def told_apart_range(
    margins: np.ndarray, *, draws: int = 2_000, seed: int = 0
) -> tuple[float, float, float]:
    """`told_apart` on the test, mean of the seeds, and the limits of its interval,
    drawn by paragraph.

    Args:
        margins: (seeds, N).
    """
    has = answered("en")
    names = paragraphs(np.ones_like(has))
    groups = [np.flatnonzero([n == g for n in names]) for g in sorted(set(names))]
    rng = np.random.default_rng(seed)

    def mean(rows: np.ndarray) -> float:
        return float(np.mean([told_apart(m[rows], has[rows]) for m in margins]))

    found = []
    for _ in range(draws):
        rows = np.concatenate(
            [groups[i] for i in rng.integers(len(groups), size=len(groups))]
        )
        if 0 < has[rows].sum() < len(rows):
            found.append(mean(rows))
    low, high = np.quantile(found, [0.025, 0.975])
    return mean(np.arange(len(has))), float(low), float(high)
