"""The figures of the chapter "Learning: gradients and backpropagation"."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from transformers_explained.drawing import (
    COLORS,
    Box,
    arrow,
    box,
    diagram,
    line_chart,
    new_figure,
    phone_variant,
)
from transformers_explained.drawing.phone import PHONE_WIDTH
from transformers_explained.drawing.style import SMALL_SIZE, WIDTH
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

Array = NDArray[np.float64]

# The nodes of the graph, by their place: in a wide drawing and on a telephone.
_WIDE = {
    "w": (0.75, 2.15),
    "v": (0.75, 0.75),
    "h": (2.35, 2.15),
    "g": (3.15, 0.75),
    "z": (4.35, 2.15),
    "L": (5.85, 2.15),
}
_NARROW = {
    "w": (1.5, 4.05),
    "v": (2.75, 3.6),
    "h": (1.5, 3.15),
    "g": (2.75, 2.25),
    "z": (1.5, 1.3),
    "L": (1.5, 0.38),
}
_FORMULAS = {
    "w": "$w$",
    "v": "$v$",
    "h": "$h = w \\cdot x$",
    "g": "$g = v \\cdot h$",
    "z": "$z = h + g$",
    "L": "$L = (z - y)^2$",
}
_EDGES = ("wh", "hg", "vg", "hz", "gz", "zL")


@phone_variant
def graph(
    narrow: bool, values: Mapping[str, float], slopes: Mapping[str, float]
) -> Figure:
    """Draw the graph of six nodes, values forwards and derivatives backwards.

    Args:
        narrow: from top to bottom, for a telephone.
        values: node -> its value.
        slopes: node -> the derivative of the loss with respect to it.
    """
    places = _NARROW if narrow else _WIDE
    figure, ax = diagram(*((PHONE_WIDTH, 4.4) if narrow else (6.7, 2.9)))
    boxes = {}
    for name, place in places.items():
        color = "decoder" if name == "L" else "query" if name in "wv" else "muted"
        value = format_number(values[name])
        text = f"{_FORMULAS[name]}\n{value}"
        wide = 0.8 if name in "wv" else 1.2
        boxes[name] = box(ax, place, text, width=wide, height=0.56, color=color)
        side = "below" if name == "g" or (name == "v" and not narrow) else "above"
        side = "left" if narrow and name in "whzL" else side
        _slope(ax, boxes[name], slopes[name], side)
    for edge in _EDGES:
        start, end = boxes[edge[0]], boxes[edge[1]]
        arrow(ax, *_between(start, end))
    return figure


def _slope(ax: Axes, of: Box, slope: float, side: str) -> None:
    """Write a derivative beside a node: above, below or at its left."""
    (x, y), across, up = {
        "above": ((of.x, of.top[1] + 0.05), "center", "bottom"),
        "below": ((of.x, of.bottom[1] - 0.05), "center", "top"),
        "left": ((of.left[0] - 0.06, of.y), "right", "center"),
    }[side]
    text = label("learning.slope", value=format_number(slope))
    ax.text(x, y, text, ha=across, va=up, size=SMALL_SIZE, color=COLORS["bad"])


def _between(start: Box, end: Box) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where an arrow leaves a box and meets another."""
    if abs(start.y - end.y) < 0.1:
        return start.right, end.left
    aside = 0.35 if end.x > start.x else -0.35
    if abs(start.x - end.x) < 0.1:
        aside = 0.0
    if start.y > end.y:
        return (start.x + aside, start.bottom[1]), (end.x - aside, end.top[1])
    return (start.x + aside, start.top[1]), (end.x - aside, end.bottom[1])


@phone_variant
def descents(
    narrow: bool,
    loss: Callable[[Array, Array], Array],
    lowest: Sequence[float],
    paths: Mapping[float, Array],
) -> Figure:
    """Draw paths of gradient descent on a bowl, one panel per learning rate.

    Args:
        narrow: one under the other, for a telephone.
        loss: of arrays w and b.
        lowest: the point where it is lowest.
        paths: rate -> (steps + 1, 2).
    """
    number = len(paths)
    rows, columns = (number, 1) if narrow else (1, number)
    size = (PHONE_WIDTH, 2.3 * number) if narrow else (6.8, 2.7)
    figure, axes = new_figure(*size, rows=rows, columns=columns)
    x, y = np.meshgrid(np.linspace(-1.5, 5, 81), np.linspace(-2, 4.5, 81))
    values = loss(x, y)
    for ax, (rate, path) in zip(np.ravel(axes), paths.items(), strict=True):
        levels = values.min() + np.linspace(0.2, 5, 9) ** 2
        ax.contour(
            x,
            y,
            values,
            levels=levels,
            colors=COLORS["muted"],
            linewidths=0.7,
            linestyles="-",
        )
        ax.plot(*path.T, color=COLORS["query"], marker="o", markersize=3, linestyle="-")
        ax.plot(*lowest, color=COLORS["bad"], marker="P", markersize=7, linestyle="")
        ax.set(xlim=(-1.5, 5), ylim=(-2, 4.5), xlabel="$w$")
        ax.set_title(label("learning.rate", value=format_number(rate)))
        ax.grid(visible=False)
    np.ravel(axes)[0].set_ylabel("$b$")
    return figure


def surprise(chance: float, guesses: Array, means: Array) -> Figure:
    """Draw the mean surprise against the guess, with its floor.

    Args:
        chance: of the event.
        guesses: (N,) announced probabilities.
        means: (N,) the mean surprise of each.
    """
    figure, ax = new_figure(WIDTH, 2.9)
    floor = float(means.min())
    ax.plot(guesses, means, color=COLORS["query"], linestyle="-")
    ax.axhline(floor, color=COLORS["bad"], linestyle="--", linewidth=1.3)
    ax.plot([chance], [floor], color=COLORS["bad"], marker="o", linestyle="")
    ax.text(
        0.02,
        floor - 0.04,
        label("learning.floor", value=format_number(floor, digits=3)),
        color=COLORS["bad"],
        size=SMALL_SIZE,
        va="top",
    )
    ax.set(
        xlim=(0, 1),
        ylim=(0.3, 2),
        xlabel=label("learning.announced"),
        ylabel=label("learning.mean-surprise"),
    )
    return figure


@phone_variant
def regions(
    narrow: bool,
    x: Array,
    y: Array,
    models: Mapping[str, Callable[[Array], Array]],
) -> Figure:
    """Draw loaves and where models find a loaf more likely good than not.

    Args:
        narrow: smaller, for a telephone.
        x: (N, 2) heat and time.
        y: (N,) 1 for a good loaf.
        models: the key of a title -> a function from (M, 2) to (M,) probabilities.
    """
    number = len(models)
    size = (PHONE_WIDTH, 2.1) if narrow else (6.2, 3.0)
    figure, axes = new_figure(*size, columns=number)
    side = np.linspace(-3, 3, 121)
    across, up = np.meshgrid(side, side)
    plane = np.stack([across.ravel(), up.ravel()], axis=1)
    for ax, (key, model) in zip(np.ravel(axes), models.items(), strict=True):
        chance = model(plane).reshape(across.shape)
        ax.contourf(
            across, up, chance, levels=[0.5, 1.1], colors=[COLORS["value"]], alpha=0.18
        )
        ax.contour(
            across, up, chance, levels=[0.5], colors=[COLORS["value"]], linestyles="-"
        )
        for good, marker, color in ((1, "o", "value"), (0, "x", "decoder")):
            ax.plot(
                *x[y == good].T,
                marker=marker,
                markersize=1.8 if narrow else 3.2,
                linestyle="",
                color=COLORS[color],
            )
        ax.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
        ax.set(xlabel=label("learning.heat"))
        ax.set_title(label(f"learning.{key}"))
        ax.grid(visible=False)
    np.ravel(axes)[0].set_ylabel(label("learning.time"))
    return figure


def curves(
    series: Mapping[str, Any], floor: float | None = None, mark: int | None = None
) -> Figure:
    """Draw losses against steps.

    Args:
        series: the key of a name -> a loss per step.
        floor: a level to draw.
        mark: a step to mark.
    """
    figure, ax = new_figure(WIDTH, 2.9)
    named = {label(f"learning.{key}"): values for key, values in series.items()}
    steps = range(len(next(iter(named.values()))))
    line_chart(
        list(steps),
        named,
        ax=ax,
        x_label=label("learning.steps"),
        y_label=label("learning.loss"),
        markers=False,
    )
    if floor is not None:
        ax.axhline(floor, color=COLORS["muted"], linestyle=":", linewidth=1.3)
        ax.text(
            0,
            floor - 0.015,
            label("learning.rule"),
            size=SMALL_SIZE,
            color=COLORS["muted"],
            va="top",
        )
    if mark is not None:
        ax.axvline(mark, color=COLORS["muted"], linestyle=":", linewidth=1.3)
    ax.set_ylim(bottom=0)
    return figure


def products(lengths: Mapping[float, Array]) -> Figure:
    """Draw the length of a vector against the number of matrices it went through.

    Args:
        lengths: gain -> (seeds, layers + 1).
    """
    names = {gain: label("learning.gain", value=gain) for gain in lengths}
    layers = next(iter(lengths.values())).shape[1]
    series = {names[gain]: np.median(runs, axis=0) for gain, runs in lengths.items()}
    bands = {
        names[gain]: (runs.min(axis=0), runs.max(axis=0))
        for gain, runs in lengths.items()
    }
    return line_chart(
        list(range(layers)),
        series,
        bands=bands,
        x_label=label("learning.matrices"),
        y_label=label("learning.length"),
        log_y=True,
        markers=False,
    )
