"""The figures of the chapter "Vectors and matrices"."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from transformers_explained.drawing import (
    COLORS,
    diagram,
    new_figure,
    note,
    phone_variant,
)
from transformers_explained.drawing.diagrams import tint
from transformers_explained.drawing.phone import PHONE_WIDTH
from transformers_explained.drawing.style import SMALL_SIZE, TEXT_SIZE
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

CELL = 0.36  # inches
INKS = ("query", "decoder", "value")


def _vector(ax: Axes, end: Sequence[float], color: str, width: float = 2.2) -> None:
    """Draw an arrow from the origin."""
    ax.annotate(
        "",
        (float(end[0]), float(end[1])),
        (0, 0),
        arrowprops={
            "arrowstyle": "-|>",
            "color": COLORS[color],
            "linewidth": width,
            "mutation_scale": 14,
            "shrinkA": 0,
            "shrinkB": 0,
        },
        zorder=3,
    )


def arrows(words: Sequence[str], vectors: Tensor) -> Figure:
    """Draw words as arrows in the plane "living – action", with their lengths.

    Args:
        words: their texts.
        vectors: (N, 2) the components "living" and "action".
    """
    figure, ax = new_figure(5.2, 2.9)
    for word, vector, color in zip(words, vectors, INKS, strict=False):
        x, y = vector.tolist()
        _vector(ax, (x, y), color)
        ax.plot(
            [x, x, 0],
            [0, y, y],
            color=COLORS[color],
            linestyle=":",
            linewidth=1.2,
        )
        text = label(
            "vectors-and-matrices.arrow-word", word=word, length=vector.norm().item()
        )
        ax.annotate(
            text,
            (x, y),
            xytext=(6, 6),
            textcoords="offset points",
            size=SMALL_SIZE,
            color=COLORS[color],
        )
    ax.set(
        xlim=(-0.2, 6.2),
        ylim=(-0.3, 2.9),
        aspect="equal",
        xlabel=label("vectors-and-matrices.living"),
        ylabel=label("vectors-and-matrices.action"),
    )
    return figure


def shadows(degrees: Sequence[float]) -> Figure:
    """Draw an arrow of length 2 and its shadow on another, one panel per angle."""
    figure, axes = new_figure(6.2, 2.3, columns=len(degrees))
    for ax, angle in zip(axes, degrees, strict=True):
        turned = torch.deg2rad(torch.tensor(float(angle)))
        x, y = 2 * turned.cos().item(), 2 * turned.sin().item()
        ax.plot([-2, 3.2], [0, 0], color=COLORS["grid"], linestyle="-", linewidth=1)
        _vector(ax, (3, 0), "query", 1.6)
        _vector(ax, (x, y), "decoder")
        ax.plot([x, x], [0, y], color=COLORS["muted"], linestyle=":", linewidth=1.3)
        ax.plot(
            [0, x],
            [0, 0],
            color=COLORS["decoder"],
            linestyle="-",
            linewidth=7,
            alpha=0.4,
            solid_capstyle="butt",
        )
        ax.text(2.75, 0.22, "$b$", color=COLORS["query"], size=TEXT_SIZE)
        ax.text(x + 0.1, y + 0.1, "$a$", color=COLORS["decoder"], size=TEXT_SIZE)
        sign = "=" if abs(angle - 90) < 1 else ">" if angle < 90 else "<"
        ax.set_title(f"{format_number(angle)}°   $a · b {sign} 0$")
        ax.set(xlim=(-2.1, 3.3), ylim=(-0.5, 2.5), aspect="equal")
        ax.set_axis_off()
    return figure


@phone_variant
def grids(narrow: bool, matrices: Mapping[str, Tensor]) -> Figure:
    """Draw what matrices do to a grid and to the letter F on it.

    Args:
        narrow: two panels a row, for a telephone.
        matrices: the key of a title -> (2, 2).
    """
    count = len(matrices)
    columns = min(count, 2) if narrow else count
    rows = -(-count // columns)
    figure, axes = new_figure(
        PHONE_WIDTH if narrow else 1.75 * count,
        2.0 * rows if narrow else 2.2,
        rows=rows,
        columns=columns,
    )
    panels = list(axes.flat)
    for ax, (key, matrix) in zip(panels, matrices.items(), strict=True):
        _grid(ax, matrix)
        ax.set_title(label(f"vectors-and-matrices.grid-{key}"), size=SMALL_SIZE)
    return figure


def _grid(ax: Axes, matrix: Tensor) -> None:
    span = torch.tensor([-1.5, 1.5])
    for at in range(-3, 4):
        fixed = torch.full((2,), at / 2)
        for line in (torch.stack([fixed, span]), torch.stack([span, fixed])):
            ax.plot(*line, color=COLORS["grid"], linestyle="-", linewidth=0.7, zorder=1)
            moved = matrix @ line
            ax.plot(
                *moved, color=COLORS["muted"], linestyle="-", linewidth=0.9, zorder=1.5
            )
    letter = matrix @ torch.tensor(
        [[0.0, 0, 1, 0, 0, 0.7], [0.0, 1.5, 1.5, 1.5, 0.8, 0.8]]
    )
    ax.plot(*letter, color=COLORS["text"], linestyle="-", linewidth=3, zorder=2)
    _vector(ax, matrix[:, 0].tolist(), "query")
    _vector(ax, matrix[:, 1].tolist(), "decoder")
    ax.set(xlim=(-3.1, 3.1), ylim=(-3.1, 3.1), aspect="equal")
    ax.set_axis_off()


def product(left: Tensor, right: Tensor, row: int, column: int) -> Figure:
    """Draw a product of two matrices of integers, one of its cells picked out.

    Args:
        left: (T, D).
        right: (D, S).
        row, column: of the cell.
    """
    (T, D), S = left.shape, right.shape[1]
    width = (D + 2 * S) * CELL + 1.7
    height = max(T, D) * CELL + 0.75
    figure, ax = diagram(width, height)
    middle = height / 2 + 0.08
    x = 0.25
    marks = ({(row, d) for d in range(D)}, {(d, column) for d in range(D)})
    for matrix, sign, picked, color, text in (
        (left, "@", marks[0], "query", "(T, D)"),
        (right, "=", marks[1], "decoder", "(D, S)"),
        (left @ right, "", {(row, column)}, "value", "(T, S)"),
    ):
        _cells(ax, matrix, (x, middle), picked, color)
        wide = matrix.shape[1] * CELL
        note(ax, (x + wide / 2, middle - matrix.shape[0] * CELL / 2 - 0.17), text)
        ax.text(x + wide + 0.3, middle, sign, ha="center", va="center", size=12)
        x += wide + 0.6
    return figure


@phone_variant
def broadcast(narrow: bool, column: Tensor, row: Tensor) -> Figure:
    """Draw the sum of a column and a row, each stretched to the shape of the result.

    Args:
        narrow: one under the other, for a telephone.
        column: (T, 1).
        row: (1, S).
    """
    T, S = column.shape[0], row.shape[1]
    wide, high = S * CELL, T * CELL
    step = high + 0.6 if narrow else wide + 0.5
    size = (PHONE_WIDTH, 3 * step) if narrow else (3 * step, high + 0.75)
    figure, ax = diagram(*size)
    everything = {(t, s) for t in range(T) for s in range(S)}
    x, y = (PHONE_WIDTH - wide) / 2, size[1] - high / 2 - 0.15
    if not narrow:
        x = 0.25
    for matrix, sign, kept, color, shape in (
        (column.expand(T, S), "+", {(t, 0) for t in range(T)}, "query", (T, 1)),
        (row.expand(T, S), "=", {(0, s) for s in range(S)}, "decoder", (1, S)),
        (column + row, "", everything, "value", (T, S)),
    ):
        _cells(ax, matrix, (x, y), kept, color)
        note(ax, (x + wide / 2, y - high / 2 - 0.17), str(shape))
        beside = (x - 0.35, y - step / 2) if narrow else (x + wide + 0.25, y)
        ax.text(*beside, sign, ha="center", va="center", size=12)
        x, y = (x, y - step) if narrow else (x + step, y)
    return figure


def _cells(
    ax: Axes,
    matrix: Tensor,
    left_middle: tuple[float, float],
    picked: set[tuple[int, int]],
    color: str,
) -> None:
    """Draw a matrix of integers; the picked cells are tinted, the others pale."""
    rows, columns = matrix.shape
    x0, y0 = left_middle[0], left_middle[1] + rows * CELL / 2
    for t in range(rows):
        for s in range(columns):
            here = (t, s) in picked
            corner = (x0 + s * CELL, y0 - (t + 1) * CELL)
            ax.add_patch(
                Rectangle(
                    corner,
                    CELL,
                    CELL,
                    facecolor=tint(COLORS[color]) if here else "none",
                    edgecolor=COLORS[color] if here else COLORS["muted"],
                    linewidth=1.6 if here else 0.6,
                    linestyle="-" if here else (0, (2, 2)),
                    zorder=2 if here else 1,
                )
            )
            ax.text(
                corner[0] + CELL / 2,
                corner[1] + CELL / 2,
                format_number(int(matrix[t, s])),
                ha="center",
                va="center",
                size=TEXT_SIZE,
                color=COLORS["text" if here else "muted"],
                zorder=3,
            )


def temperatures(words: Sequence[str], weights: Mapping[float, Tensor]) -> Figure:
    """Draw softmax weights as bars, one panel per temperature.

    Args:
        words: N texts.
        weights: temperature -> (N,).
    """
    figure, axes = new_figure(6.0, 2.5, columns=len(weights))
    for ax, (temperature, shares) in zip(axes, weights.items(), strict=True):
        ax.bar(range(len(words)), shares.tolist(), color=COLORS["query"], width=0.65)
        for at, share in enumerate(shares.tolist()):
            ax.text(
                at,
                share + 0.02,
                format_number(share, digits=2),
                ha="center",
                size=SMALL_SIZE,
            )
        ax.set_xticks(range(len(words)), words)
        ax.set(ylim=(0, 1.1))
        ax.set_title(
            label("vectors-and-matrices.temperature", value=format_number(temperature))
        )
        ax.grid(visible=False, axis="x")
    for ax in axes[1:]:
        ax.set_yticklabels([])
    return figure
