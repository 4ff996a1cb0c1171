"""Charts: curves that bear their names, and bars that bear their values.

Every function returns the figure that it drew on: as the last line of a cell, it is
shown once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.drawing.diagrams import tint
from transformers_explained.drawing.style import (
    COLORS,
    MAX_WIDTH,
    SERIES_COLORS,
    SERIES_LINES,
    SERIES_MARKERS,
    SMALL_SIZE,
    WIDTH,
)
from transformers_explained.lesson.number_format import format_number

Array = np.ndarray[Any, np.dtype[Any]]


def new_figure(
    width: float = WIDTH, height: float = 3.2, *, rows: int = 1, columns: int = 1
) -> tuple[Figure, Any]:
    """Return a figure and its axes: one, or an array of rows × columns.

    Unlike `plt.subplots`, the figure is not kept by pyplot.

    Raises:
        ValueError: if it is wider than a page of the book, 7 inches.
    """
    if width > MAX_WIDTH:
        raise ValueError(f"width must be at most {MAX_WIDTH:g} inches; got {width:g}")
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns)


def line_chart(
    x: Sequence[float] | Array | Tensor,
    series: Mapping[str, Sequence[float] | Array | Tensor],
    *,
    bands: Mapping[str, tuple[Any, Any]] | None = None,
    colors: Mapping[str, str] | None = None,
    ax: Axes | None = None,
    x_label: str = "",
    y_label: str = "",
    title: str = "",
    log_x: bool = False,
    log_y: bool = False,
    markers: bool | None = None,
) -> Figure:
    """Draw curves, each named at its right end rather than in a legend.

    Args:
        x: positions, shared by all curves.
        series: name -> values.
        bands: name -> (lower, upper), drawn as a pale band around the curve.
        colors: name -> a name of `COLORS` or a colour.
        ax: where to draw; a new figure by default.
        x_label, y_label, title: texts.
        log_x, log_y: logarithmic scales.
        markers: mark each point; by default when there are 15 or fewer.

    Returns:
        The figure.

    Raises:
        ValueError: if a curve has another length than `x`, or a band no curve.
    """
    positions = as_array(x)
    unknown = set(bands or {}) - set(series)
    if unknown:
        raise ValueError(f"bands must name curves; got {sorted(unknown)}")
    if ax is None:
        _, ax = new_figure()
    mark = len(positions) <= 15 if markers is None else markers
    ends: list[tuple[float, float, str, str]] = []
    for i, (name, numbers) in enumerate(series.items()):
        curve = as_array(numbers)
        if curve.shape != positions.shape:
            raise ValueError(
                f"{name!r} must have the shape of x, {positions.shape}; "
                f"got {curve.shape}"
            )
        ink = (colors or {}).get(name, SERIES_COLORS[i % len(SERIES_COLORS)])
        ink = COLORS.get(ink, ink)
        ax.plot(
            positions,
            curve,
            color=ink,
            linestyle=SERIES_LINES[i % len(SERIES_LINES)],
            marker=SERIES_MARKERS[i % len(SERIES_MARKERS)] if mark else "",
            label=name,
        )
        if bands and name in bands:
            low, high = (as_array(side) for side in bands[name])
            ax.fill_between(positions, low, high, color=ink, alpha=0.18, linewidth=0)
        finite = np.flatnonzero(np.isfinite(curve))
        if len(finite):
            last = finite[-1]
            ends.append((float(positions[last]), float(curve[last]), name, ink))
    if log_x:
        ax.set_xscale("log")
    if log_y:
        ax.set_yscale("log")
    ax.set(xlabel=x_label, ylabel=y_label, title=title)
    _name_curves(ax, ends)
    return figure_of(ax)


def bar_chart(
    values: Mapping[str, float],
    *,
    errors: Mapping[str, float] | None = None,
    colors: Mapping[str, str] | None = None,
    ax: Axes | None = None,
    x_label: str = "",
    title: str = "",
    digits: int | None = None,
) -> Figure:
    """Draw horizontal bars, each with its name at the left and its value at its end.

    Args:
        values: name -> value, top to bottom.
        errors: name -> half-length of its error bar.
        colors: name -> a name of `COLORS` or a colour.
        ax: where to draw; by default a new figure, as high as its bars need.
        x_label, title: texts.
        digits: decimals of the values written.

    Returns:
        The figure.
    """
    if ax is None:
        _, ax = new_figure(height=0.75 + 0.36 * len(values))
    names = list(values)
    lengths = [float(values[name]) for name in names]
    inks = [(colors or {}).get(name, "query") for name in names]
    margins = [float((errors or {}).get(name, 0.0)) for name in names]
    ax.barh(
        range(len(names)),
        lengths,
        height=0.64,
        color=[tint(ink, 0.5) for ink in inks],
        edgecolor=[COLORS.get(ink, ink) for ink in inks],
        xerr=margins if errors else None,
        error_kw={"ecolor": COLORS["text"], "elinewidth": 1.2, "capsize": 3},
    )
    for i, (length, margin) in enumerate(zip(lengths, margins, strict=True)):
        ax.annotate(
            format_number(length, digits=digits),
            (max(length, 0.0) + margin, i),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size=SMALL_SIZE,
        )
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.14)
    ax.set(xlabel=x_label, title=title)
    return figure_of(ax)


def as_array(values: Any) -> Array:
    if isinstance(values, Tensor):
        return values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=float)


def figure_of(ax: Axes) -> Figure:
    figure = ax.get_figure()
    if not isinstance(figure, Figure):
        raise TypeError("ax must belong to a figure, not to a subfigure")
    return figure


def _name_curves(ax: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Write each curve's name at its end, moved apart where two would touch."""
    figure = figure_of(ax)
    figure.draw_without_rendering()  # sets the scales that the positions depend on
    to_points = 72 / figure.dpi
    heights = [ax.transData.transform((x, y))[1] * to_points for x, y, _, _ in ends]
    spread = _apart(heights, SMALL_SIZE * 1.25)
    right = max((x for x, *_ in ends), default=0.0)
    for (_, y, name, ink), height, wanted in zip(ends, heights, spread, strict=True):
        ax.annotate(
            name,
            (right, y),
            xytext=(7, wanted - height),
            textcoords="offset points",
            color=ink,
            size=SMALL_SIZE,
            va="center",
            annotation_clip=False,
        )


def _apart(positions: Sequence[float], gap: float) -> list[float]:
    """Move numbers as little as needed for neighbours to be `gap` apart."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    groups: list[list[int]] = []
    centers: list[float] = []
    for i in order:
        groups.append([i])
        centers.append(positions[i])
        while len(groups) > 1:
            reach = gap * (len(groups[-1]) + len(groups[-2])) / 2
            if centers[-1] - centers[-2] >= reach:
                break
            groups[-2:] = [groups[-2] + groups[-1]]
            members = groups[-1]
            centers[-2:] = [sum(positions[j] for j in members) / len(members)]
    moved = [0.0] * len(positions)
    for center, group in zip(centers, groups, strict=True):
        for k, i in enumerate(group):
            moved[i] = center + gap * (k - (len(group) - 1) / 2)
    return moved


def seed_rows(
    ax: Axes, rows: Mapping[str, Sequence[float]], *, muted: Collection[str] = ()
) -> None:
    """Draw a row for each condition, the first on top: a point per seed, a bar at the
    mean.

    Args:
        rows: words for a condition -> a value for each seed.
        muted: conditions whose points stand back.
    """
    for y, (name, values) in enumerate(rows.items()):
        color = COLORS["muted" if name in muted else "query"]
        places = [y] * len(values)
        ax.plot(values, places, "o", color=color, alpha=0.5, markeredgewidth=0)
        mean = sum(values) / len(values)
        ax.plot([mean], [y], "|", color=COLORS["text"], markersize=14)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    ax.set_ylim(len(rows) - 0.5, -0.5)
