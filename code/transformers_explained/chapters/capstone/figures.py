"""The figures of the page "Your own data, from file to report"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.drawing import (
    COLORS,
    attention_heatmap,
    bar_chart,
    new_figure,
    tint,
)
from transformers_explained.drawing.style import SMALL_SIZE
from transformers_explained.lesson.labels import label


def counts(table: Mapping[str, int]) -> Figure:
    """Draw how many texts have each label."""
    found = {name: float(number) for name, number in table.items()}
    return bar_chart(found, x_label=label("capstone.texts"), digits=0)


def confusion(grid: Tensor, names: Sequence[str]) -> Figure:
    """Draw what each label was taken for: (C, C) counts, true labels in rows."""
    return attention_heatmap(
        grid.double(),
        names,
        digits=0,
        values=True,
        x_label=label("capstone.predicted"),
        y_label=label("capstone.true"),
    )


def reading(tokens: Sequence[str], looked: Tensor, lost: Tensor) -> Figure:
    """Draw, token by token, the attention it gets and what taking it away changes.

    Args:
        tokens: S texts.
        looked: (S,) shares of the attention.
        lost: (S,) by how much the probability falls without the token; below zero, it
            rises.
    """
    figure, axes = new_figure(5.6, 0.24 * len(tokens) + 0.9, columns=2)
    rows = range(len(tokens))
    for ax, values, color, key in (
        (axes[0], looked, "query", "looked"),
        (axes[1], lost, "decoder", "lost"),
    ):
        ax.barh(
            rows,
            (100 * values).tolist(),
            height=0.7,
            color=tint(color, 0.55),
            edgecolor=COLORS[color],
        )
        ax.margins(y=0.01)
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        ax.axvline(0, color=COLORS["muted"], linewidth=1, linestyle="-")
        ax.set_title(label(f"capstone.{key}"), size=SMALL_SIZE)
    axes[0].set_yticks(rows, tokens, parse_math=False)
    axes[1].set_yticks(rows, [""] * len(tokens))
    return figure
