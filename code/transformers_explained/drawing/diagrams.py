"""Boxes, arrows and strips of tokens: the parts that architecture drawings share.

A drawing's unit is the inch, so that sizes of shapes and of text go together:

    figure, ax = diagram(5, 2)
    words = box(ax, (1, 1), "words", color="query")
    model = box(ax, (3.5, 1), "model", color="encoder")
    arrow(ax, words.right, model.left)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from transformers_explained.drawing.style import (
    COLORS,
    MAX_WIDTH,
    SMALL_SIZE,
    TEXT_SIZE,
    WEIGHTS,
)

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A drawn box: its centre and size, and the points where arrows meet it."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> Point:
        """Middle of the left side."""
        return (self.x - self.width / 2, self.y)

    @property
    def right(self) -> Point:
        """Middle of the right side."""
        return (self.x + self.width / 2, self.y)

    @property
    def top(self) -> Point:
        """Middle of the upper side."""
        return (self.x, self.y + self.height / 2)

    @property
    def bottom(self) -> Point:
        """Middle of the lower side."""
        return (self.x, self.y - self.height / 2)


def diagram(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty drawing, in inches, with the origin at its lower left.

    Raises:
        ValueError: if it is wider than a page of the book, 7 inches.
    """
    if width > MAX_WIDTH:
        raise ValueError(f"width must be at most {MAX_WIDTH:g} inches; got {width:g}")
    figure = Figure(figsize=(width, height))
    figure.set_layout_engine("none")
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.set_axis_off()
    return figure, ax


def box(
    ax: Axes,
    center: Point,
    text: str = "",
    *,
    width: float = 1.3,
    height: float = 0.42,
    color: str = "muted",
    size: float = TEXT_SIZE,
    dashed: bool = False,
    rounding: float = 0.08,
) -> Box:
    """Draw a rounded box with a text in its middle.

    Args:
        ax: a drawing made by `diagram`.
        center: the box's centre.
        text: what it says; may hold line breaks.
        width, height: in inches.
        color: a name of `COLORS` or a colour; the inside is a light tint of it.
        size: of the text, in points.
        dashed: draw the outline dashed (a part that is optional, or masked).
        rounding: radius of the corners, in inches.

    Returns:
        The box, for arrows to start from and lead to.
    """
    x, y = center
    edge = COLORS.get(color, color)
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2 + rounding, y - height / 2 + rounding),
            width - 2 * rounding,
            height - 2 * rounding,
            boxstyle=f"round,pad={rounding},rounding_size={rounding}",
            facecolor=tint(edge),
            edgecolor=edge,
            linewidth=1.4,
            linestyle=(0, (3, 2)) if dashed else "-",
            zorder=2,
        )
    )
    ax.text(x, y, text, ha="center", va="center_baseline", size=size, zorder=3)
    return Box(x=x, y=y, width=width, height=height)


def frame(
    ax: Axes, around: Sequence[Box], text: str = "", *, margin: float = 0.15
) -> Box:
    """Draw a dashed frame around boxes, with a text above its upper left corner."""
    left = min(b.left[0] for b in around) - margin
    right = max(b.right[0] for b in around) + margin
    low = min(b.bottom[1] for b in around) - margin
    high = max(b.top[1] for b in around) + margin
    ax.add_patch(
        FancyBboxPatch(
            (left, low),
            right - left,
            high - low,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor="none",
            edgecolor=COLORS["muted"],
            linewidth=1.0,
            linestyle=(0, (4, 3)),
            zorder=1,
        )
    )
    ax.text(
        left, high + 0.05, text, size=SMALL_SIZE, va="bottom", color=COLORS["muted"]
    )
    return Box(
        x=(left + right) / 2, y=(low + high) / 2, width=right - left, height=high - low
    )


def arrow(
    ax: Axes,
    start: Point,
    end: Point,
    text: str = "",
    *,
    color: str = "text",
    curve: float = 0.0,
    dashed: bool = False,
    head: bool = True,
    width: float = 1.3,
) -> None:
    """Draw an arrow from one point to another.

    Args:
        ax: the drawing.
        start: where it begins.
        end: where its point is.
        text: written beside its middle.
        color: a name of `COLORS` or a colour.
        curve: 0 is straight; 0.3 bends it, and -0.3 the other way.
        dashed: draw it dashed.
        head: False draws a line without a point.
        width: of the line, in points.
    """
    ink = COLORS.get(color, color)
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>" if head else "-",
            mutation_scale=9 + 2 * width,
            connectionstyle=f"arc3,rad={curve}",
            color=ink,
            linewidth=width,
            linestyle=(0, (3, 2)) if dashed else "-",
            shrinkA=0,
            shrinkB=0,
            zorder=1.5,
        )
    )
    if not text:
        return
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    across = ((y0 - y1) / length, (x1 - x0) / length)
    # arc3 bends its middle by half of `curve` times the length, to the right.
    x = (x0 + x1) / 2 - curve / 2 * length * across[0]
    y = (y0 + y1) / 2 - curve / 2 * length * across[1]
    if across[1] < -0.1 or (across[1] < 0.1 and across[0] < 0):
        across = (-across[0], -across[1])  # above the line, or to its right
    side = "center" if abs(across[0]) < 0.4 else "left" if across[0] > 0 else "right"
    ax.text(
        x + 0.06 * across[0],
        y + 0.06 * across[1],
        text,
        size=SMALL_SIZE,
        color=ink,
        ha=side,
        va="bottom" if side == "center" else "center",
    )


def note(
    ax: Axes, at: Point, text: str, *, color: str = "muted", align: str = "center"
) -> None:
    """Write a small caption in a drawing."""
    ink = COLORS.get(color, color)
    ax.text(*at, text, size=SMALL_SIZE, color=ink, ha=align, va="center")


def token_strip(
    ax: Axes,
    tokens: Sequence[str],
    start: Point,
    *,
    color: str = "muted",
    colors: Mapping[int, str] | None = None,
    weights: Sequence[float] | None = None,
    height: float = 0.36,
    gap: float = 0.06,
    width: float | None = None,
    size: float = TEXT_SIZE,
) -> list[Box]:
    """Draw a row of tokens, one box each.

    Args:
        ax: a drawing made by `diagram`.
        tokens: their texts.
        start: middle of the left side of the first one.
        color: of all boxes, a name of `COLORS` or a colour.
        colors: position -> colour, for the boxes that differ.
        weights: one number in [0, 1] per token, shown as the depth of its shade; takes
            the place of the colours.
        height, gap: in inches.
        width: of every box; by default each is as wide as its text needs.
        size: of the text, in points.

    Returns:
        One box per token.
    """
    if weights is not None and len(weights) != len(tokens):
        raise ValueError(
            f"weights must have one number per token; got {len(weights)} "
            f"for {len(tokens)} tokens"
        )
    x, y = start
    boxes = []
    for i, token in enumerate(tokens):
        wide = width or 0.16 + len(token) * size * 0.0092
        center = (x + wide / 2, y)
        if weights is None:
            ink = (colors or {}).get(i, color)
            boxes.append(
                box(ax, center, token, width=wide, height=height, color=ink, size=size)
            )
        else:
            boxes.append(_shaded(ax, center, token, weights[i], wide, height, size))
        x += wide + gap
    return boxes


def _shaded(
    ax: Axes,
    center: Point,
    token: str,
    weight: float,
    width: float,
    height: float,
    size: float,
) -> Box:
    x, y = center
    fill = to_hex(WEIGHTS(weight))
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=fill,
            edgecolor=COLORS["muted"],
            linewidth=0.8,
            zorder=2,
        )
    )
    ink = text_on(fill)
    ax.text(
        x, y, token, ha="center", va="center_baseline", size=size, color=ink, zorder=3
    )
    return Box(x=x, y=y, width=width, height=height)


def tint(color: str, strength: float = 0.16) -> str:
    """Return a light shade of a colour: this much of it, the rest white."""
    red, green, blue = to_rgb(COLORS.get(color, color))
    return to_hex(
        (
            1 - strength * (1 - red),
            1 - strength * (1 - green),
            1 - strength * (1 - blue),
        )
    )


def luminance(color: str) -> float:
    """Return the relative luminance of a colour, 0 black to 1 white (WCAG 2.2)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(color)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def text_on(background: str) -> str:
    """Return black or white: the one with more contrast on it, at least 4.5:1."""
    light = luminance(background) + 0.05
    return "#000000" if light / 0.05 >= 1.05 / light else "#FFFFFF"
