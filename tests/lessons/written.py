"""The words of a written text, for the tests of the data."""

import re

SHARED_WORDS = 8  # as long a run of words never stands in two texts of a language


def words(text: str) -> list[str]:
    """Lower-case words; "l'eau" and "don't" are one word each."""
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower())


def runs_of_words(text: str) -> set[tuple[str, ...]]:
    """All runs of `SHARED_WORDS` words."""
    tokens = words(text)
    starts = range(len(tokens) - SHARED_WORDS + 1)
    return {tuple(tokens[start : start + SHARED_WORDS]) for start in starts}
