"""What differs between the languages of the book, in one place.

Texts for readers are in `book/languages.yml`; the rules of typography, which are
patterns, in `language/typography.py`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Locale:
    """How a language writes.

    Attributes:
        decimal: The sign before decimals.
        thousands: The signs that may stand between thousands.
        list_sign: What separates the numbers of a list in a formula.
        semicolon: With the space before it, if there is one.
        quotes: Double and single quotation marks, opening and closing, as docutils'
            smartquotes sets them; None for its own.
        dictionary: Hunspell's.
        affix: A pattern of what is no part of a word: an elided article, a possessive.
        endings: Of a word: what it may become in its other forms.
        index: The language's name for xindy.
        asking: Words of a question that the search does not look for.
    """

    decimal: str
    thousands: str
    list_sign: str
    semicolon: str
    quotes: tuple[str, str, str, str] | None
    dictionary: str
    affix: str
    endings: tuple[tuple[str, str], ...]
    index: str
    asking: tuple[str, ...]


LOCALES = {
    "fr": Locale(
        decimal=",",
        thousands="\u202f\u00a0",
        list_sign=";",
        semicolon="\u00a0;",
        # Sources write « and » themselves: every other quote is an apostrophe. The
        # table of docutils ends l'*attention*, where markup follows, with a quote.
        quotes=("«\u202f", "\u202f»", "’", "’"),
        dictionary="fr_FR",
        affix=r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['’]",
        endings=(
            ("al", "(?:ale?s?|aux)"),
            ("el", "el(?:le)?s?"),
            ("if", "i(?:f|ve)s?"),
            ("s", "s"),
            ("x", "x"),
            ("", "(?:e?s?|x)"),
        ),
        index="french",
        asking=(
            *("pourquoi", "comment", "quoi", "quel", "quelle", "quand", "combien"),
            *("où", "lequel", "laquelle", "sert", "servent", "faut"),
        ),
    ),
    "en": Locale(
        decimal=".",
        thousands=",",
        list_sign=",",
        semicolon=";",
        quotes=None,
        dictionary="en_GB",  # that of Oxford: colour and centre, but normalize
        affix=r"['’]s?$",
        endings=(
            ("ey", "eys?"),
            ("y", "(?:y|ies)"),
            ("ix", "i(?:x|ces)"),
            ("ss", "ss(?:es)?"),
            ("as", "as(?:es)?"),
            ("s", "s?"),
            ("", "s?"),
        ),
        index="english",
        asking=("why", "how", "what", "which", "when", "where", "who", "do", "does"),
    ),
}
