"""Texts of figures and messages, by identifier, in French and in English.

A chapter chooses its language once, in its first cell, and its code is then the
same in both editions: every word that a figure or a message shows is asked for by
identifier, `label("attention.axis-query")`. A chapter's texts stand in its folder,
`chapters/<slug>/texts.toml` (a hyphen of the slug is an underscore there), those that
chapters share in `lesson/texts/`; one table per identifier:

    [axis-query]
    fr = "position qui demande"
    en = "asking position"

A text may hold placeholders, `{name}`, or `{name:.2f}` for two decimals. Numbers
that fill them are written as the language writes numbers.
"""

from __future__ import annotations

import re
import string
import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from transformers_explained.lesson.language import LANGUAGES, current_language
from transformers_explained.lesson.number_format import format_number

_IDENTIFIER = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_KEY = re.compile(r"[a-z0-9-]+")
_DECIMALS = re.compile(r"\.(\d+)f")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'")


def label(identifier: str, /, **values: object) -> str:
    """Return a text in the current language, its placeholders filled.

    An apostrophe between letters is written as in a printed book.

    Args:
        identifier: `"<slug>.<key>"`, for example `"attention.axis-query"`.
        **values: one value per placeholder. Numbers are written with
            `format_number`; give a string to keep a number as it is (a year).

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
            f"{_place(slug)}; it has {', '.join(sorted(texts)) or 'none'}"
        )
    text = _APOSTROPHE.sub("’", texts[key][current_language()])
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
    package = files("transformers_explained")
    own = [
        folder.name.replace("_", "-")
        for folder in (package / "chapters").iterdir()
        if (folder / "texts.toml").is_file()
    ]
    shared = [
        entry.name.removesuffix(".toml")
        for entry in (package / "lesson" / "texts").iterdir()
        if entry.name.endswith(".toml")
    ]
    return [f"{slug}.{key}" for slug in sorted(own + shared) for key in _texts(slug)]


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders of a text.

    Raises:
        ValueError: if a placeholder is not `{name}` or `{name:.2f}`.
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


class _LocalFormatter(string.Formatter):
    """Fill placeholders, numbers written for the language."""

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, str):
            return value
        decimals = _DECIMALS.fullmatch(format_spec)
        digits = int(decimals[1]) if decimals else None
        return format_number(value, digits=digits)  # type: ignore[arg-type]


def _path(slug: str) -> Traversable:
    """The file of a chapter, or of what chapters share when there is no such folder."""
    package = files("transformers_explained")
    chapter = package / "chapters" / slug.replace("-", "_")
    if chapter.is_dir():
        return chapter / "texts.toml"
    return package / "lesson" / "texts" / f"{slug}.toml"


def _place(slug: str) -> str:
    """The same, as messages name it."""
    path = _path(slug)
    if path.name == "texts.toml":
        return f"chapters/{slug.replace('-', '_')}/texts.toml"
    return f"lesson/texts/{slug}.toml"


@cache
def _texts(slug: str) -> dict[str, dict[str, str]]:
    """Read and check one file of texts: key -> language -> text."""
    path, place = _path(slug), _place(slug)
    if not path.is_file():
        raise ValueError(f"unknown label ids {slug}.*: no file {place}")
    texts: dict[str, dict[str, str]] = {}
    for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        where = f"{place}: [{key}]"
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
