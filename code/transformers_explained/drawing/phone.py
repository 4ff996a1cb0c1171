"""A second picture of a figure, for a screen 360 pixels wide."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from matplotlib.figure import Figure

# Inches: what a telephone shows beside its margins, at 96 pixels an inch.
PHONE_WIDTH = 3.4

_Given = ParamSpec("_Given")
_ATTRIBUTE = "_phone_variant"


def phone_variant(
    draw: Callable[Concatenate[bool, _Given], Figure],
) -> Callable[_Given, Figure]:
    """Let a figure function draw a second picture for a narrow screen.

    The function takes `narrow` first: False for the page, True for a telephone. It is
    called without it, and the site shows the second picture on narrow screens; paper
    and notebooks show the first:

        @phone_variant
        def two_layers(narrow: bool) -> Figure:
            figure, ax = diagram(PHONE_WIDTH, 8.0) if narrow else diagram(6.6, 5.2)

    Raises:
        ValueError: if the second picture is wider than 3.4 inches.
    """

    @functools.wraps(draw)
    def both(*args: _Given.args, **kwargs: _Given.kwargs) -> Figure:
        figure, phone = (draw(narrow, *args, **kwargs) for narrow in (False, True))
        width = phone.get_figwidth()
        if width > PHONE_WIDTH + 1e-6:
            raise ValueError(
                f"a picture for a telephone must be at most {PHONE_WIDTH:g} inches "
                f"wide; got {width:g}"
            )
        setattr(figure, _ATTRIBUTE, phone)
        return figure

    return both


def phone_picture(figure: Figure) -> Figure | None:
    """Return the second picture of a figure, if it has one."""
    found = getattr(figure, _ATTRIBUTE, None)
    return found if isinstance(found, Figure) else None
