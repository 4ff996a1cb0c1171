"""What the data written in both languages share: their checks, their splits."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from transformers_explained.data.reviews import LANGUAGES, SPLITS, Language, Split


class InSplit(Protocol):
    """Whatever belongs to a split."""

    @property
    def split(self) -> Split: ...


Item = TypeVar("Item", bound=InSplit)


def check_language(language: Language) -> None:
    """ValueError unless the book is written in that language."""
    if language not in LANGUAGES:
        raise ValueError(f"language must be 'fr' or 'en'; got {language!r}")


def check_split(split: Split | None) -> None:
    """ValueError unless there is such a split, or None, which stands for all."""
    if split is not None and split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS} or None; got {split!r}")


def of_split(
    every: Callable[[Language], tuple[Item, ...]],
    language: Language,
    split: Split | None,
) -> tuple[Item, ...]:
    """What a language has of one split, or of all.

    Args:
        every: reads all that a language has; asked only for a language that there is.

    Raises:
        ValueError: if there is no such language, or no such split.
    """
    check_language(language)
    check_split(split)
    return tuple(item for item in every(language) if split in (None, item.split))


def split_by_hash(names: Iterable[str], *, test: int, valid: int) -> dict[str, Split]:
    """Draw a split: the names are sorted by their SHA-256 digests.

    Args:
        names: what is drawn, each name once.
        test, valid: how many of the first are the test, and of the next the
            validation; the others are for training.
    """
    drawn = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    split: dict[str, Split] = dict.fromkeys(drawn, "train")
    split |= dict.fromkeys(drawn[: test + valid], "valid")
    split |= dict.fromkeys(drawn[:test], "test")
    return split
