"""The bilingual reviews: short opinions, each told in French and in English.

Each language is written from the scene, not from the other language's text, and both
versions of a review are in the same split. The book's page on this data set says how
the reviews were written, how the split was drawn, and what they are not good for.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args, overload

Label = Literal["positive", "negative"]
Phenomenon = Literal[
    "plain", "negation", "irony", "mixed", "comparison", "understatement"
]
Split = Literal["train", "valid", "test"]
Language = Literal["fr", "en"]

LABELS: tuple[Label, ...] = get_args(Label)
PHENOMENA: tuple[Phenomenon, ...] = get_args(Phenomenon)
SPLITS: tuple[Split, ...] = get_args(Split)
LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, kw_only=True)
class BilingualReview:
    """One scene in both languages.

    Attributes:
        id: "review-001" and so on, in the order of writing.
        fr: the French text.
        en: the English text.
        label: the overall verdict.
        phenomenon: what makes the verdict hard to read off the words, or "plain".
        domain: what is reviewed ("film", "health", "transport" ...).
        split: "train", "valid" or "test", the same for both languages.
    """

    id: str
    fr: str
    en: str
    label: Label
    phenomenon: Phenomenon
    domain: str
    split: Split

    @property
    def target(self) -> int:
        """1 for a positive review, 0 for a negative one."""
        return int(self.label == "positive")

    def told_in(self, language: Language) -> "Review":
        """The review in one language only."""
        _check_choice("language", language, LANGUAGES)
        return Review(
            id=self.id,
            text=self.fr if language == "fr" else self.en,
            language=language,
            label=self.label,
            phenomenon=self.phenomenon,
            domain=self.domain,
            split=self.split,
        )


@dataclass(frozen=True, kw_only=True)
class Review:
    """One review in one language; the fields are those of `BilingualReview`."""

    id: str
    text: str
    language: Language
    label: Label
    phenomenon: Phenomenon
    domain: str
    split: Split

    @property
    def target(self) -> int:
        """1 for a positive review, 0 for a negative one."""
        return int(self.label == "positive")


@overload
def load_reviews(
    split: Split | None = None, language: None = None
) -> tuple[BilingualReview, ...]: ...


@overload
def load_reviews(
    split: Split | None = None, *, language: Language
) -> tuple[Review, ...]: ...


@overload
def load_reviews(split: Split | None, language: Language) -> tuple[Review, ...]: ...


def load_reviews(
    split: Split | None = None, language: Language | None = None
) -> tuple[BilingualReview, ...] | tuple[Review, ...]:
    """Read the packaged reviews, in the order of writing.

    Args:
        split: one split only; all of them by default.
        language: "fr" or "en" for records with one `text`; by default each
            record holds both languages.

    Raises:
        ValueError: if `split` or `language` is none of those above.
    """
    if split is not None:
        _check_choice("split", split, SPLITS)
    if language is not None:
        _check_choice("language", language, LANGUAGES)
    reviews = tuple(r for r in _all_reviews() if split in (None, r.split))
    if language is None:
        return reviews
    return tuple(review.told_in(language) for review in reviews)


@cache
def _all_reviews() -> tuple[BilingualReview, ...]:
    path = files("transformers_explained") / "data" / "reviews.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(BilingualReview(**json.loads(line)) for line in lines)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        expected = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {expected}; got {value!r}")
