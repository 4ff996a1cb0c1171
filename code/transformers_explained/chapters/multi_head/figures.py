"""The figures of the chapter "Multi-head attention"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.drawing import (
    arrow,
    attention_heads,
    bar_chart,
    box,
    diagram,
    line_chart,
    new_figure,
    note,
)
from transformers_explained.drawing.style import (
    COLORS,
    SMALL_SIZE,
    TEXT_SIZE,
    WEIGHTS,
)
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number


def split_and_join(heads: int = 3) -> Figure:
    """Draw the way of a token through the heads: project, split, attend, join, mix."""
    figure, ax = diagram(4.9, 4.5)
    x = box(ax, (2.45, 4.2), label("multi-head.token"), width=2.6)
    projections = []
    for i, role in enumerate(("query", "key", "value")):
        center = (0.83 + 1.62 * i, 3.35)
        text = label(f"multi-head.project-{role}")
        projections.append(box(ax, center, text, width=1.45, color=role))
        arrow(ax, x.bottom, projections[-1].top)
    joined = box(ax, (2.45, 0.95), label("multi-head.join"), width=3.2)
    for h in range(heads):
        head = box(
            ax,
            (0.83 + 1.62 * h, 2.05),
            label("multi-head.one-head", number=h + 1),
            width=1.5,
            height=0.62,
            color="encoder",
        )
        for part in projections:
            arrow(ax, part.bottom, head.top, color="muted", width=0.8)
        arrow(ax, head.bottom, (joined.x + 0.9 * (h - 1), joined.top[1]))
    out = box(ax, (2.45, 0.25), label("multi-head.mix"), width=3.2)
    arrow(ax, joined.bottom, out.top)
    return figure


def two_cuts() -> Figure:
    """Draw eight numbers in memory, coloured by head, cut rightly and wrongly."""
    figure, ax = diagram(4.8, 2.75)
    cuts = (
        (1.9, "right", (0, 0, 1, 1, 0, 0, 1, 1)),
        (0.58, "wrong", (0, 0, 0, 0, 1, 1, 1, 1)),
    )
    for number, color in enumerate(("query", "key"), start=1):
        text = label("common.head", number=number)
        box(ax, (2.3 + 1.0 * number, 2.56), text, width=0.85, height=0.3, color=color)
    for y, name, owners in cuts:
        ax.text(0.12, y + 0.52, label(f"multi-head.cut-{name}"), size=TEXT_SIZE)
        for number, owner in enumerate(owners):
            x = 0.4 + 0.54 * number + (0.14 if number > 3 else 0.0)
            color = ("query", "key")[owner]
            text = str(number)
            box(ax, (x, y), text, width=0.48, color=color, rounding=0.04)
        for token, x in (("first", 1.21), ("second", 3.51)):
            text = label(f"multi-head.token-{token}")
            note(ax, (x, y - 0.36), text, align="center")
    return figure


def trained_heads(weights: Tensor, names: Sequence[str]) -> Figure:
    """Draw the mean weights of each head, named by what it does.

    Args:
        weights: (H, T, S).
        names: one label id per head.
    """
    positions = [str(t) for t in range(weights.shape[1])]
    titles = [
        label(
            "multi-head.head-named", number=h + 1, name=label(f"multi-head.does-{name}")
        )
        for h, name in enumerate(names)
    ]
    return attention_heads(weights, positions, titles=titles)


def knock_out(accuracy: Tensor, names: Sequence[str]) -> Figure:
    """Draw the accuracy on each question when each head is silenced.

    Args:
        accuracy: (1 + H, questions); the first row is the intact model.
        names: what each head does.
    """
    questions = [
        label(f"multi-head.ask-{name}") for name in ("previous", "second", "first")
    ]
    rows = [label("multi-head.intact")] + [
        label("multi-head.without", number=h + 1) for h in range(len(names))
    ]
    figure, ax = new_figure(4.9, 0.42 * len(rows) + 0.9)
    ax.pcolormesh(
        accuracy.numpy(), cmap=WEIGHTS, vmin=0, vmax=1, edgecolors="white", linewidth=1
    )
    for (i, j), value in _cells(accuracy):
        ink = "white" if value > 0.55 else COLORS["text"]
        text = format_number(value, digits=2)
        ax.text(j + 0.5, i + 0.5, text, ha="center", va="center", color=ink)
    ax.set_xticks([j + 0.5 for j in range(len(questions))], questions)
    ax.set_yticks([i + 0.5 for i in range(len(rows))], rows)
    ax.xaxis.set_ticks_position("top")
    ax.invert_yaxis()
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return figure


def _cells(grid: Tensor) -> list[tuple[tuple[int, int], float]]:
    rows, columns = grid.shape
    return [((i, j), float(grid[i, j])) for i in range(rows) for j in range(columns)]


def heads_compared(accuracy: Mapping[int, Tensor]) -> Figure:
    """Draw the accuracy reached with each number of heads, mean and range over seeds.

    Args:
        accuracy: number of heads -> (seeds,) accuracies.
    """
    names = {h: label("multi-head.heads", number=h) for h in accuracy}
    return bar_chart(
        {names[h]: float(runs.mean()) for h, runs in accuracy.items()},
        errors={
            names[h]: float(runs.max() - runs.min()) / 2 for h, runs in accuracy.items()
        },
        x_label=label("common.accuracy"),
        digits=2,
    )


def cost(
    lengths: Sequence[int], projections: Tensor, pairs: Tensor, equal: int
) -> Figure:
    """Draw the operations of the projections and of the pairs, against the length.

    Args:
        lengths: lengths measured.
        projections, pairs: operations, one per length.
        equal: the length at which both cost the same.
    """
    _, ax = new_figure(5.2, 3.4)
    figure = line_chart(
        lengths,
        {
            label("multi-head.cost-projections"): projections / 1e9,
            label("multi-head.cost-pairs"): pairs / 1e9,
        },
        colors={
            label("multi-head.cost-projections"): "value",
            label("multi-head.cost-pairs"): "query",
        },
        ax=ax,
        x_label=label("multi-head.axis-length"),
        y_label=label("multi-head.axis-operations"),
        log_x=True,
        log_y=True,
    )
    ax.axvline(equal, color=COLORS["muted"], linestyle=":", linewidth=1.2, zorder=0)
    top = ax.get_ylim()[1]
    text = label("multi-head.equal", number=equal)
    ax.text(equal * 1.05, top, text, size=SMALL_SIZE, va="top")
    return figure
