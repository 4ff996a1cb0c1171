"""The language of figures and messages, and all in which languages differ but words.

A page chooses it in its first cell (`first_cell.use_language`).
"""

from dataclasses import dataclass

LANGUAGES = ("fr", "en")

NARROW_NO_BREAK_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"


@dataclass(frozen=True, kw_only=True)
class Signs:
    """How a language writes numbers; `percent` holds the space before the sign."""

    decimal: str
    thousands: str
    percent: str


SIGNS = {
    "fr": Signs(
        decimal=",", thousands=NARROW_NO_BREAK_SPACE, percent=f"{NO_BREAK_SPACE}%"
    ),
    "en": Signs(decimal=".", thousands=",", percent="%"),
}

_language = "en"


def set_language(language: str) -> None:
    """Choose the language of every text from now on.

    Raises:
        ValueError: for another language than "fr" and "en".
    """
    global _language
    if language not in LANGUAGES:
        raise ValueError(
            f"language must be one of {', '.join(map(repr, LANGUAGES))}; "
            f"got {language!r}"
        )
    _language = language


def current_language() -> str:
    """Return the language chosen last: "fr" or "en" (English at the start)."""
    return _language


def signs() -> Signs:
    """Return the signs of the current language."""
    return SIGNS[_language]


def closest_language(name: str) -> str:
    """Return the language of a name such as "fr_FR.UTF-8" or "French_France"."""
    found = [one for one in LANGUAGES if name.lower().startswith(one)]
    return found[0] if found else "en"
