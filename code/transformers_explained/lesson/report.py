"""Numbers on their way from a run to the prose.

A number that the text of a chapter states is measured in a cell and reported by
name; the text then shows it where it says `{glue:text}` and that name. No number is
typed by hand, and both editions show the same one, each in its own way of writing.
"""

from __future__ import annotations

import re
from typing import SupportsFloat

from transformers_explained.lesson.display import show
from transformers_explained.lesson.language import NO_BREAK_SPACE, signs
from transformers_explained.lesson.number_format import format_number, plain_number

RECORD_PREFIX = "application/papermill.record/"
_NAME = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")


def report(
    name: str,
    value: SupportsFloat | str,
    *,
    digits: int | None = None,
    unit: str = "",
) -> None:
    """Hand a measured value to the prose. Shows nothing.

    Args:
        name: `"<slug>.<key>"`, for example `"attention.variance-64"`.
        value: a number (Python, NumPy or PyTorch), or a text to show as it is.
        digits: decimals shown; see `labels.format_number`.
        unit: written after the number, set apart by a no-break space; `"%"` touches
            the number in English. The same in both languages: a word goes in the prose.

    Raises:
        ValueError: if the name is malformed, the number is not finite, or `digits`
            or `unit` comes with a text.
        TypeError: if the value is neither one number nor a text.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f'name must be "<slug>.<key>"; got {name!r}')
    text, raw = _written(name, value, digits, unit)
    # The text goes with its quotes: glue reads the value with literal_eval, and a
    # bare 1,234 would come back as a pair and 2.50 as 2.5.
    show(
        {f"{RECORD_PREFIX}text/plain": repr(text)},
        metadata={
            "scrapbook": {"name": name, "mime_prefix": RECORD_PREFIX},
            "report": {"value": raw, "digits": digits, "unit": unit},
        },
    )


def _written(
    name: str, value: SupportsFloat | str, digits: int | None, unit: str
) -> tuple[str, int | float | str]:
    if isinstance(value, str):
        if digits is not None or unit:
            raise ValueError(f"{name}: digits and unit go with a number, not a text")
        return value, value
    text = format_number(value, digits=digits)
    if unit:
        text += signs().percent if unit == "%" else f"{NO_BREAK_SPACE}{unit}"
    return text, plain_number(value)
