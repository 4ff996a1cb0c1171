"""The tales: short stories, each told in French and in English.

Each language is told from the plot, not from the other language's text, and both
versions of a tale are in the same split. The book's page on this data set says how the
tales were written, how the split was drawn, and what they are not good for.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from transformers_explained.data.editions import (
    of_split,
    split_by_hash,
)
from transformers_explained.data.reviews import Language, Split

TEST_TALES = 6
VALID_TALES = 6


@dataclass(frozen=True, kw_only=True)
class Tale:
    """One tale in one language.

    Attributes:
        slug: its name, the same in both languages ("akpene-counts-to-a-million").
        title: its title in its language.
        text: the tale, without the title; a blank line parts two paragraphs.
        language: "fr" or "en".
        split: "train", "valid" or "test", the same for both languages.
    """

    slug: str
    title: str
    text: str
    language: Language
    split: Split


def load_tales(language: Language, split: Split | None = None) -> tuple[Tale, ...]:
    """Read the packaged tales of one language, in the order of writing.

    Args:
        language: "fr" or "en".
        split: one split only; all of them by default.

    Raises:
        ValueError: if `language` or `split` is none of those above.
    """
    return of_split(_all_tales, language, split)


def split_by_slug(slugs: Iterable[str]) -> dict[str, Split]:
    """Draw the split: the slugs are sorted by their SHA-256 digests.

    The first `TEST_TALES` of them are the test, the next `VALID_TALES` the validation,
    the others are for training.
    """
    return split_by_hash(slugs, test=TEST_TALES, valid=VALID_TALES)


@cache
def _all_tales(language: Language) -> tuple[Tale, ...]:
    folder = files("transformers_explained") / "data" / "tales"
    text = (folder / f"tales_{language}.toml").read_text(encoding="utf-8")
    records = tomllib.loads(text)["tale"]
    split = split_by_slug(record["slug"] for record in records)
    return tuple(
        Tale(
            slug=record["slug"],
            title=record["title"],
            text=record["text"].strip(),
            language=language,
            split=split[record["slug"]],
        )
        for record in records
    )
