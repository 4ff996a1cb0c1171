"""The figures of the chapter "Positional encoding"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.drawing import line_chart, new_figure
from transformers_explained.drawing.style import COLORS, SMALL_SIZE
from transformers_explained.lesson.labels import label

# From -1 to 1: brown, nothing, blue. The middle is pale, so that zero looks like zero.
# Brown below zero, blue above; and ever lighter, so that the sign is seen in grey too.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#5A2300", "#A39A94", "#C4E3FA"])

KINDS = {
    "none": "muted",
    "learned": "key",
    "sinusoidal": "value",
    "rotary": "query",
}


def sinusoid_table(table: Tensor) -> Figure:
    """Draw a table of positional vectors, one row per position.

    Args:
        table: (positions, d_model), values between -1 and 1.
    """
    figure, ax = new_figure(5.0, 3.6)
    image = ax.pcolormesh(table.numpy(), cmap=SIGNED, vmin=-1, vmax=1, rasterized=True)
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.set(
        xlabel=label("positions.axis-feature"), ylabel=label("positions.axis-position")
    )
    figure.colorbar(image, ax=ax, ticks=[-1, 0, 1], shrink=0.85)
    return figure


def clocks(table: Tensor, pairs: Sequence[int], positions: Sequence[int]) -> Figure:
    """Draw pairs of features as the hands of clocks, one row of clocks per pair.

    Args:
        table: (positions, d_model) sinusoids.
        pairs: which pairs (sine, cosine) to draw.
        positions: which positions, left to right.
    """
    figure, grid = new_figure(
        4.9, 0.85 * len(pairs) + 0.2, rows=len(pairs), columns=len(positions)
    )
    turn = np.linspace(0, 2 * math.pi, 80)
    for row, pair in enumerate(pairs):
        for column, position in enumerate(positions):
            ax = grid[row, column]
            sine, cosine = table[position, 2 * pair : 2 * pair + 2].tolist()
            ax.plot(np.cos(turn), np.sin(turn), "-", color=COLORS["grid"], linewidth=1)
            ax.plot([0, cosine], [0, sine], "-", color=COLORS["query"], linewidth=2)
            ax.plot([cosine], [sine], "o", color=COLORS["query"], markersize=4)
            ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
            ax.set_axis_off()
            if row == 0:
                ax.set_title(str(position), size=SMALL_SIZE, loc="center")
            if column == 0:
                text = label("positions.pair", number=pair)
                ax.text(-1.5, 0, text, ha="right", va="center", size=SMALL_SIZE)
    return figure


def dot_products(
    offsets: Sequence[int], starts: Sequence[int], products: Tensor
) -> Figure:
    """Draw the dot product of two positions against the offset between them.

    Args:
        offsets: one per column.
        starts: the first positions, one curve each.
        products: (starts, offsets).
    """
    _, ax = new_figure(5.2, 3.2)
    series = {
        label("positions.from", number=start): products[i]
        for i, start in enumerate(starts)
    }
    return line_chart(
        offsets,
        series,
        ax=ax,
        x_label=label("positions.axis-offset"),
        y_label=label("positions.axis-dot"),
        markers=False,
    )


def relative_scores(scores: Tensor) -> Figure:
    """Draw the scores of one query content against one key content, at all positions.

    Args:
        scores: (T, S).
    """
    figure, ax = new_figure(4.6, 3.8)
    top = float(scores.abs().max())
    image = ax.pcolormesh(scores.numpy(), cmap=SIGNED, vmin=-top, vmax=top)
    ax.invert_yaxis()
    ax.set_aspect("equal")
    ax.grid(visible=False)
    ax.set(xlabel=label("common.key-position"), ylabel=label("common.query-position"))
    figure.colorbar(image, ax=ax, shrink=0.85)
    return figure


def extrapolation(
    positions: Sequence[int], accuracy: Mapping[str, Tensor], *, trained: int
) -> Figure:
    """Draw accuracy against position, within and beyond the trained length.

    Args:
        positions: positions measured.
        accuracy: kind of positions -> (seeds, positions).
        trained: the longest length seen in training.
    """
    _, ax = new_figure(5.4, 3.8)
    names = {kind: label(f"positions.kind-{kind}") for kind in accuracy}
    figure = line_chart(
        positions,
        {names[k]: runs.mean(dim=0) for k, runs in accuracy.items()},
        bands={
            names[k]: (runs.min(dim=0).values, runs.max(dim=0).values)
            for k, runs in accuracy.items()
        },
        colors={names[k]: KINDS[k] for k in accuracy},
        ax=ax,
        x_label=label("positions.axis-position"),
        y_label=label("common.accuracy"),
        markers=False,
    )
    ax.axvline(trained, color=COLORS["muted"], linestyle=":", linewidth=1.2, zorder=0)
    ax.text(trained + 1, 1.06, label("positions.trained"), size=SMALL_SIZE, va="bottom")
    ax.set_ylim(0, 1.05)
    return figure
