"""The figures of the chapter "Multi-head attention"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.labels import format_number, label
from transformers_explained.plotting import (
    arrow,
    attention_heads,
    bar_chart,
    box,
    diagram,
    line_chart,
    new_figure,
)
from transformers_explained.style import COLORS, SMALL_SIZE, WEIGHTS


def split_and_join(heads: int = 3) -> Figure:
    """Draw the way of a token through the heads: project, split, attend, join, mix."""
    figure, ax = diagram(6.6, 4.5)
    x = box(ax, (3.3, 4.2), label("multi-head.token"), width=2.6)
    projections = []
    for i, role in enumerate(("query", "key", "value")):
        center = (1.1 + 2.2 * i, 3.35)
        text = label(f"multi-head.project-{role}")
        projections.append(box(ax, center, text, width=1.7, color=role))
        arrow(ax, x.bottom, projections[-1].top)
    joined = box(ax, (3.3, 0.95), label("multi-head.join"), width=3.4)
    for h in range(heads):
        center = (1.1 + 2.2 * h, 2.05)
        number = h + 1
        head = box(
            ax,
            center,
            label("multi-head.one-head", number=number),
            width=1.9,
            height=0.62,
            color="encoder",
        )
        for part in projections:
            arrow(ax, part.bottom, head.top, color="muted", width=0.8)
        arrow(ax, head.bottom, (joined.x + 0.9 * (h - 1), joined.top[1]))
    out = box(ax, (3.3, 0.25), label("multi-head.mix"), width=3.4)
    arrow(ax, joined.bottom, out.top)
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
    figure, ax = new_figure(5.4, 0.42 * len(rows) + 0.9)
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
    _, ax = new_figure(6.2, 3.4)
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
