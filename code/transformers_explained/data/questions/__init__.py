"""The questions: short paragraphs and what is asked of them, in French and in English.

Each language is written from a list of facts, not from the other language's text. A
paragraph and a question have the same identifiers in both, so that a model may learn in
one language and be asked in the other. The book's page on this data set says how they
were written, how the split was drawn, and what they are not good for.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from transformers_explained.data.editions import (
    of_split,
    split_by_hash,
)
from transformers_explained.data.reviews import Language, Split

Kind = Literal["who", "what", "where", "when", "how many", "why", "how"]
Phenomenon = Literal["plain", "paraphrase", "rival", "absent"]

KINDS: tuple[Kind, ...] = get_args(Kind)
PHENOMENA: tuple[Phenomenon, ...] = get_args(Phenomenon)

TEST_SHARE = 0.25
VALID_SHARE = 0.15


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A run of characters of a paragraph.

    Attributes:
        text: the characters themselves.
        start: where the first of them stands in the paragraph, from 0.
    """

    text: str
    start: int

    @property
    def end(self) -> int:
        """The place after the last character: `context[start:end]` is the text."""
        return self.start + len(self.text)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question on one paragraph, in one language.

    Attributes:
        id: "lagos-bus-timetable/first-bus", the same in both languages.
        paragraph: the name of the paragraph ("lagos-bus-timetable").
        context: the whole paragraph.
        question: what is asked.
        answers: the right spans, the best first; none if the paragraph does not say.
        kind: what is asked for ("who", "how many" ...).
        phenomenon: "paraphrase" if the question says it in other words than the
            paragraph, "rival" if another span is tempting, "absent" if there is no
            answer, otherwise "plain".
        genre: what the paragraph is ("notice", "recipe" ...).
        language: "fr" or "en".
        split: "train", "valid" or "test", the same for both languages.
    """

    id: str
    paragraph: str
    context: str
    question: str
    answers: tuple[Answer, ...]
    kind: Kind
    phenomenon: Phenomenon
    genre: str
    language: Language
    split: Split

    @property
    def has_answer(self) -> bool:
        """Whether the paragraph holds the answer."""
        return bool(self.answers)


def load_questions(
    language: Language, split: Split | None = None
) -> tuple[Question, ...]:
    """Read the packaged questions of one language, in the order of writing.

    Args:
        language: "fr" or "en".
        split: one split only; all of them by default.

    Raises:
        ValueError: if `language` or `split` is none of those above.
    """
    return of_split(_all_questions, language, split)


def split_by_id(paragraphs: Iterable[str]) -> dict[str, Split]:
    """Draw the split: the names are sorted by their SHA-256 digests.

    The first quarter of them is the test (`TEST_SHARE`), the next 15 % the validation
    (`VALID_SHARE`), each rounded; the others are for training.
    """
    names = list(paragraphs)
    return split_by_hash(
        names,
        test=round(TEST_SHARE * len(names)),
        valid=round(VALID_SHARE * len(names)),
    )


def find_answer(context: str, text: str, occurrence: int | None = None) -> Answer:
    """Find an answer in its paragraph, as whole words.

    Args:
        context: the paragraph.
        text: the answer's characters.
        occurrence: which one is meant, from 1, if the text stands there several times.

    Raises:
        ValueError: if the text is not there, or stands there several times and
            `occurrence` does not say which, or says one that is not there.
    """
    pattern = rf"(?<!\w){re.escape(text)}(?!\w)"
    starts = [found.start() for found in re.finditer(pattern, context)]
    if occurrence is None:
        if len(starts) != 1:
            raise ValueError(f"{text!r} stands {len(starts)} times in {context!r}")
        return Answer(text=text, start=starts[0])
    if len(starts) == 1 or not 1 <= occurrence <= len(starts):
        raise ValueError(
            f"{text!r} stands {len(starts)} times, not {occurrence}, in {context!r}"
        )
    return Answer(text=text, start=starts[occurrence - 1])


@cache
def _all_questions(language: Language) -> tuple[Question, ...]:
    folder = files("transformers_explained") / "data" / "questions"
    text = (folder / f"questions_{language}.toml").read_text(encoding="utf-8")
    records = tomllib.loads(text)["paragraph"]
    split = split_by_id(record["id"] for record in records)
    return tuple(
        _question(record, asked, language, split[record["id"]])
        for record in records
        for asked in record["question"]
    )


def _question(
    record: Mapping[str, Any],
    asked: Mapping[str, Any],
    language: Language,
    split: Split,
) -> Question:
    """One question out of the file, checked."""
    name = f"{record['id']}/{asked['id']}"
    context = record["text"].strip()
    answers = [
        {"text": answer} if isinstance(answer, str) else answer
        for answer in asked["answers"]
    ]
    if asked["kind"] not in KINDS or asked["phenomenon"] not in PHENOMENA:
        raise ValueError(f"{name}: {asked['kind']!r}, {asked['phenomenon']!r}")
    if (asked["phenomenon"] == "absent") == bool(answers):
        raise ValueError(f"{name} is absent, or has answers: never both or neither")
    return Question(
        id=name,
        paragraph=record["id"],
        context=context,
        question=asked["asks"],
        answers=tuple(find_answer(context, **answer) for answer in answers),
        kind=asked["kind"],
        phenomenon=asked["phenomenon"],
        genre=record["genre"],
        language=language,
        split=split,
    )
