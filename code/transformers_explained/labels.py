"""Texts of figures and messages, by identifier, in French and in English.

A chapter chooses its language once, in its first cell, and its code is then the
same in both editions: every word that a figure or a message shows is asked for by
identifier, ``label("attention.axis-query")``. The texts live in
``label_texts/<slug>.toml``, one table per identifier::

    [axis-query]
    fr = "position qui demande"
    en = "asking position"

A text may hold placeholders, ``{name}``, or ``{name:.2f}`` for two decimals. Numbers
that fill them are written as the language writes numbers.
"""

from __future__ import annotations

import math
import re
import string
import tomllib
from functools import cache
from importlib.resources import files
from typing import SupportsFloat

LANGUAGES = ("fr", "en")

_language = "en"
_IDENTIFIER = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_KEY = re.compile(r"[a-z0-9-]+")
_DECIMALS = re.compile(r"\.(\d+)f")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'")

NARROW_NO_BREAK_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SCIENTIFIC_BELOW = 1e-4
_SCIENTIFIC_FROM = 1e15


def use_language(language: str) -> None:
    """Choose the language of every figure and message, and set the figures' style.

    Args:
        language: ``"fr"`` or ``"en"``.

    Raises:
        ValueError: for any other language.
    """
    global _language
    if language not in LANGUAGES:
        raise ValueError(
            f"language must be one of {', '.join(map(repr, LANGUAGES))}; "
            f"got {language!r}"
        )
    _language = language
    from transformers_explained.plotting import set_style  # plotting reads labels

    set_style()


def current_language() -> str:
    """Return the language chosen last: ``"fr"`` or ``"en"`` (English at the start)."""
    return _language


def label(identifier: str, /, **values: object) -> str:
    """Return a text in the current language, its placeholders filled.

    An apostrophe between letters is written as in a printed book.

    Args:
        identifier: ``"<slug>.<key>"``, for example ``"attention.axis-query"``.
        **values: one value per placeholder. Numbers are written with
            :func:`format_number`; give a string to keep a number as it is (a year).

    Raises:
        ValueError: if the identifier is unknown, or if placeholders and values differ.
    """
    if not _IDENTIFIER.fullmatch(identifier):
        raise ValueError(f'label id must be "<slug>.<key>"; got {identifier!r}')
    slug, key = identifier.split(".")
    texts = _texts(slug)
    if key not in texts:
        raise ValueError(
            f"unknown label id {identifier!r}: no table [{key}] in "
            f"label_texts/{slug}.toml; it has {', '.join(sorted(texts)) or 'none'}"
        )
    text = _APOSTROPHE.sub("’", texts[key][_language])
    wanted = placeholders(text)
    if wanted != set(values):
        raise ValueError(
            f"label {identifier!r} takes the values {sorted(wanted)}; "
            f"got {sorted(values)}"
        )
    return _LocalFormatter().vformat(text, (), values)


def label_ids() -> list[str]:
    """Return every identifier of every file, after checking all of them.

    Raises:
        ValueError: if a text lacks a language, or if its languages take different
            placeholders.
    """
    folder = files(__package__) / "label_texts"
    slugs = sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )
    return [f"{slug}.{key}" for slug in slugs for key in _texts(slug)]


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders of a text.

    Raises:
        ValueError: if a placeholder is not ``{name}`` or ``{name:.2f}``.
    """
    names = set()
    for _, name, spec, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or conversion is not None:
            raise ValueError(f"a placeholder must be {{name}}; got {text!r}")
        if spec and not _DECIMALS.fullmatch(spec):
            raise ValueError(f"a placeholder's format must be like .2f; got {text!r}")
        names.add(name)
    return names


def format_number(value: SupportsFloat, *, digits: int | None = None) -> str:
    """Write a number as the current language writes it.

    French: decimal comma, thousands set apart by a narrow no-break space (U+202F).
    English: decimal point, thousands set apart by a comma. Both: a true minus sign
    (U+2212), as in formulas. From four digits on, thousands are set apart. A number
    under 0.0001 is written as a power of ten, 3.2 × 10⁻⁷, unless the decimals asked
    for show it; so are numbers from 10¹⁵ on. From 0.0001 on, a number is rounded even
    to zero: 0.004 with two decimals is 0.00.

    Args:
        value: an integer, a float, or a one-element NumPy or PyTorch number.
        digits: decimals shown, trailing zeros kept. None: integers in full, others
            to six significant digits without trailing zeros.

    Raises:
        TypeError: if ``value`` is not one number.
        ValueError: if ``value`` is not finite, or ``digits`` is negative.
    """
    number = plain_number(value)
    if digits is not None and digits < 0:
        raise ValueError(f"digits must be 0 or more; got {digits}")
    size = abs(number)
    erased = digits is None or round(float(size), digits) == 0
    if 0 < size < _SCIENTIFIC_BELOW and erased:
        return _localise(_power_of_ten(float(number), digits))
    if isinstance(number, float) and size >= _SCIENTIFIC_FROM:
        return _localise(_power_of_ten(number, digits))
    if digits is not None:
        text = f"{number:,.{digits}f}"
    elif isinstance(number, int) or number.is_integer():
        text = f"{int(number):,d}"
    else:
        # Like .6g, but without its exponent form, and units are never rounded away.
        text = f"{number:,.{max(5 - math.floor(math.log10(size)), 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    if not text.strip("-0.,"):
        text = text.lstrip("-")  # -0.001 with two decimals is 0.00, not -0.00
    return _localise(text)


def plain_number(value: SupportsFloat) -> int | float:
    """Return a Python number from a Python, NumPy or PyTorch one.

    Raises:
        TypeError: if ``value`` is not one real number.
        ValueError: if it is not finite.
    """
    item: object = value
    if hasattr(value, "item"):
        shape = tuple(getattr(value, "shape", ()))
        if math.prod(shape) != 1:
            raise TypeError(f"value must be one number; got shape {shape}")
        item = value.item()
    if isinstance(item, bool) or not isinstance(item, (int, float)):
        raise TypeError(f"value must be a number; got {type(value).__name__}")
    if not math.isfinite(item):
        raise ValueError(f"value must be finite; got {item}")
    return item


def _power_of_ten(number: float, digits: int | None) -> str:
    mantissa, exponent = f"{number:.{1 if digits is None else max(digits, 1)}e}".split(
        "e"
    )
    power = str(int(exponent)).translate(_SUPERSCRIPTS)
    return f"{mantissa}{NO_BREAK_SPACE}×{NO_BREAK_SPACE}10{power}"


def _localise(text: str) -> str:
    text = text.replace("-", MINUS)
    if _language == "fr":
        text = text.replace(",", NARROW_NO_BREAK_SPACE).replace(".", ",")
    return text


class _LocalFormatter(string.Formatter):
    """Fill placeholders, numbers written for the language."""

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, str):
            return value
        decimals = _DECIMALS.fullmatch(format_spec)
        digits = int(decimals[1]) if decimals else None
        return format_number(value, digits=digits)  # type: ignore[arg-type]


@cache
def _texts(slug: str) -> dict[str, dict[str, str]]:
    """Read and check one file of texts: key -> language -> text."""
    path = files(__package__) / "label_texts" / f"{slug}.toml"
    if not path.is_file():
        raise ValueError(f"unknown label ids {slug}.*: no file label_texts/{slug}.toml")
    texts: dict[str, dict[str, str]] = {}
    for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        where = f"label_texts/{slug}.toml: [{key}]"
        if not _KEY.fullmatch(key):
            raise ValueError(f"{where} must be made of a-z, 0-9 and hyphens")
        if not isinstance(entry, dict) or set(entry) != set(LANGUAGES):
            raise ValueError(f"{where} must have exactly fr and en; got {entry!r}")
        for language, text in entry.items():
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"{where} {language} must be a text; got {text!r}")
        if placeholders(entry["fr"]) != placeholders(entry["en"]):
            raise ValueError(
                f"{where} must take the same placeholders in fr and en; got "
                f"{sorted(placeholders(entry['fr']))} and "
                f"{sorted(placeholders(entry['en']))}"
            )
        texts[key] = entry
    return texts
