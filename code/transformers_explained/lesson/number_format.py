"""Numbers as each language writes them."""

from __future__ import annotations

import math
from typing import SupportsFloat

from transformers_explained.lesson.language import (
    MINUS,
    NO_BREAK_SPACE,
    signs,
)

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SCIENTIFIC_BELOW = 1e-4
_SCIENTIFIC_FROM = 1e15


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
        TypeError: if `value` is not one number.
        ValueError: if `value` is not finite, or `digits` is negative.
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
        TypeError: if `value` is not one real number.
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
    # All three at once: what one mark becomes may be another.
    written = {"-": MINUS, ",": signs().thousands, ".": signs().decimal}
    return "".join(written.get(sign, sign) for sign in text)
