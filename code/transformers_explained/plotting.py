"""The one visual language of the book: colours, charts, heat maps, drawings.

Every function returns the figure that it drew on: as the last line of a cell, it is
shown once. Shared parts live in :mod:`~transformers_explained.style` (colours, sizes)
and :mod:`~transformers_explained.diagrams` (boxes and arrows) and can be imported from
here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.diagrams import Box as Box
from transformers_explained.diagrams import arrow as arrow
from transformers_explained.diagrams import box as box
from transformers_explained.diagrams import diagram as diagram
from transformers_explained.diagrams import frame as frame
from transformers_explained.diagrams import note as note
from transformers_explained.diagrams import text_on as text_on
from transformers_explained.diagrams import tint as tint
from transformers_explained.diagrams import token_strip as token_strip
from transformers_explained.labels import format_number, label
from transformers_explained.style import COLORS as COLORS
from transformers_explained.style import MAX_WIDTH as MAX_WIDTH
from transformers_explained.style import SERIES_COLORS as SERIES_COLORS
from transformers_explained.style import SERIES_LINES as SERIES_LINES
from transformers_explained.style import SERIES_MARKERS as SERIES_MARKERS
from transformers_explained.style import SMALL_SIZE as SMALL_SIZE
from transformers_explained.style import TEXT_SIZE as TEXT_SIZE
from transformers_explained.style import WEIGHTS as WEIGHTS
from transformers_explained.style import WIDTH as WIDTH
from transformers_explained.style import render as render
from transformers_explained.style import set_style as set_style

Array = np.ndarray[Any, np.dtype[Any]]

_PRINTED_CELLS = 64
_CELL = 0.46


def new_figure(
    width: float = WIDTH, height: float = 3.2, *, rows: int = 1, columns: int = 1
) -> tuple[Figure, Any]:
    """Return a figure and its axes: one, or an array of rows × columns.

    Unlike ``plt.subplots``, the figure is not kept by pyplot.

    Raises:
        ValueError: if it is wider than a page of the book, 7 inches.
    """
    if width > MAX_WIDTH:
        raise ValueError(f"width must be at most {MAX_WIDTH:g} inches; got {width:g}")
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns)


def attention_heatmap(
    weights: Tensor | Array | Sequence[Sequence[float]],
    query_tokens: Sequence[str],
    key_tokens: Sequence[str] | None = None,
    *,
    mask: Tensor | Array | None = None,
    ax: Axes | None = None,
    title: str = "",
    x_label: str | None = None,
    y_label: str | None = None,
    values: bool | None = None,
    digits: int = 2,
    vmin: float = 0.0,
    vmax: float | None = None,
) -> Figure:
    """Draw attention weights: one row per query, one column per key.

    Args:
        weights: (T, S).
        query_tokens: T texts, top to bottom.
        key_tokens: S texts, left to right; the query's by default.
        mask: boolean (T, S), True = may attend; the other cells are hatched.
        ax: where to draw; by default a new figure, as large as its cells need.
        title: above the drawing.
        x_label, y_label: names of the axes; "position looked at" and "asking position"
            by default, an empty text for none.
        values: write the numbers in the cells; by default when there are 64 or fewer.
        digits: their decimals.
        vmin, vmax: numbers of the lightest and the darkest shade. By default 0 and 1,
            or the largest value when the numbers are not weights.

    Returns:
        The figure.

    Raises:
        ValueError: if the sizes disagree.
    """
    grid = _matrix(weights)
    keys = list(query_tokens if key_tokens is None else key_tokens)
    queries = list(query_tokens)
    if grid.shape != (len(queries), len(keys)):
        raise ValueError(
            f"weights must have shape ({len(queries)}, {len(keys)}), one row per query "
            f"token and one column per key token; got {grid.shape}"
        )
    allowed = np.ones(grid.shape, dtype=bool) if mask is None else _boolean(mask, grid)
    top = max(1.0, float(grid.max(initial=0.0))) if vmax is None else vmax
    if ax is None:
        ax = _fitted_axes(queries, keys)
    few = grid.size <= _PRINTED_CELLS
    ax.pcolormesh(
        np.ma.array(grid, mask=~allowed),
        cmap=WEIGHTS,
        vmin=vmin,
        vmax=top,
        edgecolors="white" if grid.size <= 400 else "face",
        linewidth=1.0 if few else 0.4,
    )
    _hatch(ax, ~allowed)
    if few if values is None else values:
        _write_values(ax, grid, allowed, digits, vmin, top)
    _token_axes(ax, queries, keys, title)
    ax.set_xlabel(label("common.key-position") if x_label is None else x_label)
    ax.set_ylabel(label("common.query-position") if y_label is None else y_label)
    return _figure_of(ax)


def attention_heads(
    weights: Tensor | Array,
    query_tokens: Sequence[str],
    key_tokens: Sequence[str] | None = None,
    *,
    titles: Sequence[str] | None = None,
    columns: int = 2,
    values: bool = False,
    title: str = "",
) -> Figure:
    """Draw one small heat map per head, all on the same scale.

    Args:
        weights: (H, T, S).
        query_tokens: T texts.
        key_tokens: S texts; the query's by default.
        titles: one per head; "head 1", "head 2", … by default.
        columns: heads side by side.
        values: write the numbers in the cells.
        title: above the whole.

    Returns:
        The figure.

    Raises:
        ValueError: if the sizes disagree.
    """
    stack = _array(weights)
    if stack.ndim != 3:
        raise ValueError(f"weights must have shape (H, T, S); got {stack.shape}")
    heads = len(stack)
    names = titles or [label("common.head", number=i + 1) for i in range(heads)]
    if len(names) != heads:
        raise ValueError(f"titles must have {heads} texts; got {len(names)}")
    columns = min(columns, heads)
    rows = -(-heads // columns)
    keys = query_tokens if key_tokens is None else key_tokens
    width = min(MAX_WIDTH, max(WIDTH, columns * (0.9 + 0.3 * len(keys))))
    side = width / columns - 0.75
    height = rows * (side * len(query_tokens) / len(keys) + 1.0)
    figure, grid = new_figure(width, height, rows=rows, columns=columns)
    axes = np.atleast_1d(grid).ravel()
    for i, ax in enumerate(axes):
        if i >= heads:
            ax.set_axis_off()
            continue
        attention_heatmap(
            stack[i],
            query_tokens,
            keys,
            ax=ax,
            title=names[i],
            x_label="",
            y_label="",
            values=values,
        )
        if i % columns:
            ax.set_yticklabels([])
    if title:
        figure.suptitle(title, x=0.02, ha="left")
    return figure


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
        colors: name -> a name of ``COLORS`` or a colour.
        ax: where to draw; a new figure by default.
        x_label, y_label, title: texts.
        log_x, log_y: logarithmic scales.
        markers: mark each point; by default when there are 15 or fewer.

    Returns:
        The figure.

    Raises:
        ValueError: if a curve has another length than ``x``, or a band no curve.
    """
    positions = _array(x)
    unknown = set(bands or {}) - set(series)
    if unknown:
        raise ValueError(f"bands must name curves; got {sorted(unknown)}")
    if ax is None:
        _, ax = new_figure()
    mark = len(positions) <= 15 if markers is None else markers
    ends: list[tuple[float, float, str, str]] = []
    for i, (name, numbers) in enumerate(series.items()):
        curve = _array(numbers)
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
            low, high = (_array(side) for side in bands[name])
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
    return _figure_of(ax)


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
        colors: name -> a name of ``COLORS`` or a colour.
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
    return _figure_of(ax)


def _array(values: Any) -> Array:
    if isinstance(values, Tensor):
        return values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=float)


def _matrix(weights: Any) -> Array:
    grid = _array(weights)
    if grid.ndim != 2:
        raise ValueError(f"weights must have shape (T, S); got {grid.shape}")
    return grid


def _boolean(mask: Tensor | Array, grid: Array) -> Array:
    array = mask.cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    if array.dtype != np.bool_:
        raise TypeError(f"mask must be boolean, True = may attend; got {array.dtype}")
    return np.broadcast_to(array, grid.shape)


def _figure_of(ax: Axes) -> Figure:
    figure = ax.get_figure()
    if not isinstance(figure, Figure):
        raise TypeError("ax must belong to a figure, not to a subfigure")
    return figure


def _fitted_axes(queries: Sequence[str], keys: Sequence[str]) -> Axes:
    """Axes whose cells are about 0.46 inch wide, within the width of a page."""
    margin = 0.6 + 0.09 * max(map(len, queries), default=0)
    cell = min(_CELL, (MAX_WIDTH - margin) / max(len(keys), 1))
    width = max(2.8, margin + cell * len(keys))
    height = 0.55 + 0.09 * max(map(len, keys), default=0) + cell * len(queries)
    ax: Axes = new_figure(width, height)[1]
    return ax


def _token_axes(
    ax: Axes, queries: Sequence[str], keys: Sequence[str], title: str
) -> None:
    ax.set_xticks(np.arange(len(keys)) + 0.5, keys)
    ax.set_yticks(np.arange(len(queries)) + 0.5, queries)
    if max(map(len, keys), default=0) > 3:
        ax.tick_params(axis="x", labelrotation=90)
    ax.invert_yaxis()
    ax.set_aspect("equal")
    ax.xaxis.set_ticks_position("top")
    ax.xaxis.set_label_position("top")
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set_title(title)


def _hatch(ax: Axes, blocked: Array) -> None:
    """Hatch the cells where attending is not allowed."""
    if not blocked.any():
        return
    cells = np.ma.array(np.zeros(blocked.shape), mask=~blocked)
    # Quiet on white, and still seen once a dark page has inverted it.
    ink = tint("muted", 0.65)
    ax.pcolor(cells, facecolor="none", edgecolor=ink, hatch="////", linewidth=0.4)


def _write_values(
    ax: Axes, grid: Array, allowed: Array, digits: int, vmin: float, vmax: float
) -> None:
    for (row, column), number in np.ndenumerate(grid):
        if not allowed[row, column]:
            continue
        fill = WEIGHTS((number - vmin) / (vmax - vmin) if vmax > vmin else 0.0)
        ax.text(
            column + 0.5,
            row + 0.5,
            format_number(round(float(number), digits), digits=digits),
            ha="center",
            va="center",
            size=SMALL_SIZE,
            color=text_on(to_hex(fill)),
        )


def _name_curves(ax: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Write each curve's name at its end, moved apart where two would touch."""
    figure = _figure_of(ax)
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
    """Move numbers as little as needed for neighbours to be ``gap`` apart."""
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
