"""Attention weights as heat maps: one row per query, one column per key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.drawing.charts import (
    Array,
    as_array,
    figure_of,
    new_figure,
)
from transformers_explained.drawing.diagrams import text_on, tint
from transformers_explained.drawing.style import (
    MAX_WIDTH,
    SMALL_SIZE,
    WEIGHTS,
    WIDTH,
)
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

_PRINTED_CELLS = 64
_VECTOR_CELLS = 2_500
_CELL = 0.46


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
        weights: (T, S). A cell that is NaN stays white, and says so where numbers are
            written.
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
    known = np.isfinite(grid)
    largest = float(grid.max(initial=0.0, where=known))
    top = max(1.0, largest) if vmax is None else vmax
    if ax is None:
        ax = _fitted_axes(queries, keys)
    few = grid.size <= _PRINTED_CELLS
    ax.pcolormesh(
        np.ma.array(grid, mask=~(allowed & known)),
        cmap=WEIGHTS,
        vmin=vmin,
        vmax=top,
        edgecolors="white" if grid.size <= 400 else "face",
        linewidth=1.0 if few else 0.4,
        # As lines and surfaces, each cell of a large map would weigh 200 bytes.
        rasterized=grid.size > _VECTOR_CELLS,
    )
    _hatch(ax, ~allowed)
    if few if values is None else values:
        _write_values(ax, grid, allowed, digits, vmin, top)
    _token_axes(ax, queries, keys, title)
    ax.set_xlabel(label("common.key-position") if x_label is None else x_label)
    ax.set_ylabel(label("common.query-position") if y_label is None else y_label)
    return figure_of(ax)


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
    stack = as_array(weights)
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


def _matrix(weights: Any) -> Array:
    grid = as_array(weights)
    if grid.ndim != 2:
        raise ValueError(f"weights must have shape (T, S); got {grid.shape}")
    return grid


def _boolean(mask: Tensor | Array, grid: Array) -> Array:
    array = mask.cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    if array.dtype != np.bool_:
        raise TypeError(f"mask must be boolean, True = may attend; got {array.dtype}")
    return np.broadcast_to(array, grid.shape)


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
    # Tokens are data: "$5 to $6" is no formula.
    ax.set_xticks(np.arange(len(keys)) + 0.5, keys, parse_math=False)
    ax.set_yticks(np.arange(len(queries)) + 0.5, queries, parse_math=False)
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
        finite = bool(np.isfinite(number))
        share = (number - vmin) / (vmax - vmin) if finite and vmax > vmin else 0.0
        written = (
            format_number(round(float(number), digits), digits=digits)
            if finite
            else "NaN"
            if np.isnan(number)
            else "∞"
            if number > 0
            else "−∞"
        )
        fill = WEIGHTS(share)
        ax.text(
            column + 0.5,
            row + 0.5,
            written,
            ha="center",
            va="center",
            size=SMALL_SIZE,
            color=text_on(to_hex(fill)),
        )
