"""The figures of the chapter "The encoder"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from transformers_explained.drawing import (
    COLORS,
    Box,
    arrow,
    bar_chart,
    box,
    diagram,
    line_chart,
    new_figure,
    note,
)
from transformers_explained.drawing.style import TEXT_SIZE
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

Array = np.ndarray[Any, np.dtype[Any]]

VARIANTS = {
    "post": "query",
    "pre": "value",
    "no-residual": "bad",
    "no-norm": "key",
    "bare": "muted",
}


def outside_in() -> Figure:
    """Draw the encoder as a box, then opened into its layers, then one layer opened."""
    figure, ax = diagram(4.8, 3.1)
    whole = box(
        ax,
        (0.72, 1.55),
        label("encoder.whole"),
        width=1.2,
        height=1.3,
        color="encoder",
    )
    for y, low in ((0.5, True), (2.6, False)):
        strip = [box(ax, (0.22 + 0.2 * i, y), width=0.14, height=0.3) for i in range(6)]
        middle = (whole.x, strip[0].top[1] if low else strip[0].bottom[1])
        ends = (middle, whole.bottom) if low else (whole.top, middle)
        arrow(ax, *ends)
    note(ax, (0.72, 0.18), label("encoder.vectors-in"), align="center")
    note(ax, (0.72, 2.92), label("encoder.vectors-out"), align="center")
    layers = [
        box(ax, (2.4, y), text, width=1.15, height=0.36, color="encoder")
        for y, text in (
            (0.62, label("common.layer", number=1)),
            (1.12, label("common.layer", number=2)),
            (2.48, label("common.layer", number=12)),
        )
    ]
    arrow(ax, layers[0].top, layers[1].bottom)
    arrow(ax, layers[1].top, (2.4, 1.62))
    ax.text(2.4, 1.78, "…", ha="center", va="center", size=TEXT_SIZE)
    arrow(ax, (2.4, 1.94), layers[2].bottom)
    _zoom(ax, whole, (1.82, 0.35, 2.75))
    attention = box(
        ax, (4.08, 1.0), label("encoder.mixes"), width=1.3, height=0.72, color="query"
    )
    network = box(
        ax, (4.08, 2.1), label("encoder.alone"), width=1.3, height=0.72, color="encoder"
    )
    arrow(ax, (4.08, 0.4), attention.bottom)
    arrow(ax, attention.top, network.bottom)
    arrow(ax, network.top, (4.08, 2.75))
    _zoom(ax, layers[1], (3.42, 0.55, 2.55))
    return figure


def _zoom(ax: Axes, part: Box, opened: tuple[float, float, float]) -> None:
    """Two dotted lines from a part to its opened drawing: x, lowest and highest y."""
    x, low, high = opened
    side = part.right[0]
    for start, end in ((part.bottom[1], low), (part.top[1], high)):
        ax.plot([side, x], [start, end], ":", color=COLORS["muted"], linewidth=1.0)


def two_normalizations(table: Sequence[Sequence[float]]) -> Figure:
    """Draw a table of two words and two components, normalized along each axis.

    Args:
        table: one row per word.
    """
    values = np.array(table, dtype=float)
    figure, ax = diagram(4.8, 1.9)
    layer, batch = (_centred(values, axis) for axis in (1, 0))
    for x, name, grid, along in (
        (0.72, "raw", values, None),
        (2.17, "by-layer", layer, 1),
        (3.62, "by-batch", batch, 0),
    ):
        title = label(f"encoder.norm-{name}")
        ax.text(x + 0.52, 1.62, title, ha="center", va="center", size=TEXT_SIZE)
        _grid(ax, (x, 0.2), grid, along)
    for row in (0, 1):
        at = (0.63, 0.2 + 0.55 * (1.5 - row))
        note(ax, at, label("encoder.word", number=row + 1), align="right")
    return figure


def _centred(values: Array, axis: int) -> Array:
    mean = values.mean(axis=axis, keepdims=True)
    centred: Array = (values - mean) / values.std(axis=axis, keepdims=True)
    return centred


def _grid(
    ax: Axes, corner: tuple[float, float], values: Array, along: int | None
) -> None:
    """Four cells, and a frame around each group whose mean is taken."""
    left, low = corner
    size = 0.5
    for (row, column), value in np.ndenumerate(values):
        x = left + size * (column + 0.5) + 0.05 * column
        y = low + (size + 0.05) * (1 - row) + size / 2
        text = format_number(value, digits=0)
        owner = ("query", "key")[row if along else column]
        color = "muted" if along is None else owner
        box(ax, (x, y), text, width=size, height=size, color=color, rounding=0.03)


def two_layers() -> Figure:
    """Draw the post-norm layer of 2017 beside the pre-norm layer, bottom to top."""
    figure, ax = diagram(4.8, 5.1)
    _layer(ax, 1.4, label("encoder.post-title"), post=True)
    _layer(ax, 3.85, label("encoder.pre-title"), post=False)
    return figure


def _layer(ax: Axes, x: float, title: str, *, post: bool) -> None:
    ax.text(x, 4.85, title, ha="center", va="center", size=TEXT_SIZE, weight="bold")
    below = box(ax, (x, 0.25), label("encoder.input"), width=1.45)
    y = 0.95
    for sublayer, color in (("attention", "query"), ("feed-forward", "encoder")):
        start = below.top
        names = ("work", "add", "norm") if post else ("norm", "work", "add")
        parts = {}
        for i, name in enumerate(names):
            at = (x, y + 0.61 * i)
            if name == "add":
                parts[name] = box(ax, at, "+", width=0.5, height=0.32)
            elif name == "norm":
                text = label("encoder.norm")
                parts[name] = box(ax, at, text, width=1.45, color="key")
            else:
                text = label(f"encoder.{sublayer}")
                parts[name] = box(ax, at, text, width=1.45, color=color)
        _chain(ax, start, *parts.values())
        _bypass(ax, start, parts["add"])
        below = parts[names[-1]]
        y += 1.92
    arrow(ax, below.top, (x, below.top[1] + 0.3))


def _chain(ax: Axes, start: tuple[float, float], *boxes: Box) -> None:
    for each in boxes:
        arrow(ax, start, each.bottom)
        start = each.top


def _bypass(ax: Axes, start: tuple[float, float], add: Box) -> None:
    """The residual connection: around the sublayer, on the left."""
    side = start[0] - 0.95
    low = start[1] + 0.08
    ax.plot(
        [start[0], side, side],
        [low, low, add.y],
        "-",
        color=COLORS["muted"],
        linewidth=1.6,
        zorder=1,
    )
    arrow(ax, (side, add.y), add.left, color="muted", width=1.6)


def depth_curves(
    values: Mapping[str, Sequence[float]], *, axis: str, log: bool
) -> Figure:
    """Draw a quantity against depth, one curve per variant of the layer.

    Args:
        values: variant -> one value per layer, from the first to the last.
        axis: label id of the quantity.
        log: logarithmic vertical axis.
    """
    _, ax = new_figure(5.2, 3.4)
    names = {kind: label(f"encoder.variant-{kind}") for kind in values}
    layers = list(range(1, len(next(iter(values.values()))) + 1))
    return line_chart(
        layers,
        {names[kind]: curve for kind, curve in values.items()},
        colors={names[kind]: VARIANTS[kind] for kind in values},
        ax=ax,
        x_label=label("encoder.axis-layer"),
        y_label=label(axis),
        log_y=log,
        markers=False,
    )


def loss_curves(losses: Mapping[str, Sequence[float]], *, chance: float) -> Figure:
    """Draw training losses, one curve per variant, and the loss of guessing."""
    _, ax = new_figure(5.2, 3.4)
    names = {kind: label(f"encoder.variant-{kind}") for kind in losses}
    steps = list(range(1, len(next(iter(losses.values()))) + 1))
    figure = line_chart(
        steps,
        {names[kind]: curve for kind, curve in losses.items()},
        colors={names[kind]: VARIANTS[kind] for kind in losses},
        ax=ax,
        x_label=label("common.step"),
        y_label=label("common.loss"),
        markers=False,
    )
    ax.axhline(chance, color=COLORS["muted"], linestyle=":", linewidth=1.2, zorder=0)
    return figure


def parameter_bars(parts: Mapping[str, int]) -> Figure:
    """Draw where the parameters of a model are, in millions."""
    return bar_chart(
        {label(f"encoder.part-{part}"): count / 1e6 for part, count in parts.items()},
        x_label=label("encoder.axis-millions"),
        digits=2,
    )
