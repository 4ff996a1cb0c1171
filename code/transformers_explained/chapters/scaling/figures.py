"""The figures of the chapter "Scaling up"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from transformers_explained.chapters.scaling import costs
from transformers_explained.drawing import (
    COLORS,
    PHONE_WIDTH,
    SMALL_SIZE,
    arrow,
    bar_chart,
    box,
    diagram,
    new_figure,
    note,
    phone_variant,
    tint,
)
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

PARTS = {"tables": "muted", "attention": "query", "network": "key"}
MEMORY = {
    "weights": "query",
    "gradients": "key",
    "adam": "value",
    "layers": "accent",
    "scores": "muted",
}


@phone_variant
def weight_shares(narrow: bool, models: Mapping[str, costs.Sizes]) -> Figure:
    """Draw which share of the weights is in the tables, the attention, the network."""
    figure, ax = new_figure(*((PHONE_WIDTH, 2.6) if narrow else (5.6, 2.4)))
    for row, s in enumerate(models.values()):
        whole, left = costs.parameters(s), 0.0
        layers = {"attention": 4 * s.d**2 * s.L, "network": 8 * s.d**2 * s.L}
        amounts = {"tables": whole - sum(layers.values()), **layers}
        for part, amount in amounts.items():
            share = 100 * amount / whole
            _piece(ax, row, left, share, part)
            if share > 8:
                text = format_number(share, digits=0)
                ax.text(left + share / 2, row, text, ha="center", va="center")
            left += share
    names = [label(f"scaling.model-{name}") for name in models]
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.set(xlim=(0, 100), xlabel=label("scaling.axis-share"))
    _legend(figure, ax, {p: label(f"scaling.part-{p}") for p in PARTS}, narrow)
    return figure


def _piece(ax: Axes, row: float, left: float, length: float, part: str) -> None:
    color = {**PARTS, **MEMORY}[part]
    ax.barh(
        row,
        length,
        left=left,
        height=0.6,
        color=tint(color, 0.4),
        edgecolor=COLORS.get(color, color),
        hatch={"gradients": "//", "layers": "..", "network": "//"}.get(part, ""),
        label=part,
    )


def _legend(figure: Figure, ax: Axes, names: Mapping[str, str], narrow: bool) -> None:
    handles = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    figure.legend(
        [handles[part] for part in names],
        list(names.values()),
        loc="outside upper center",
        ncols=1 if narrow else len(names),
        frameon=False,
        fontsize=SMALL_SIZE,
        handlelength=1.2,
        columnspacing=1.0,
    )


@phone_variant
def budgets(narrow: bool, models: Mapping[str, tuple[float, float]]) -> Figure:
    """Draw models by parameters and tokens, with lines of equal cost.

    Args:
        models: name -> (parameters, tokens).
    """
    figure, ax = new_figure(*((PHONE_WIDTH, 3.4) if narrow else (5.8, 3.6)))
    reach = np.array([0.04, 4000.0])  # billions of parameters
    for power in (21, 22, 23, 24):
        ax.plot(reach, 10.0**power / (6 * reach * 1e18), ":", color=COLORS["muted"])
        height = 14.0 if power == 21 else 12_000.0
        ax.text(
            10.0**power / (6e18 * height),
            height,
            f"$10^{{{power}}}$",
            size=SMALL_SIZE,
            color=COLORS["muted"],
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )
    ax.plot(reach, 20 * reach, "--", color=COLORS["key"])
    for name, (parameters, tokens) in models.items():
        x, y = parameters / 1e9, tokens / 1e9
        ax.plot([x], [y], "o", color=COLORS["query"], markersize=7)
        right = name in ("SmolLM2", "Gopher")
        ax.annotate(
            name,
            (x, y),
            xytext=(7 if right else -7, 5),
            textcoords="offset points",
            ha="left" if right else "right",
            size=SMALL_SIZE,
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(0.04, 4000),
        ylim=(10, 20_000),
        xlabel=label("scaling.axis-parameters"),
        ylabel=label("scaling.axis-tokens"),
    )
    return figure


@phone_variant
def memory(narrow: bool, s: costs.Sizes, T: int, batches: Sequence[int]) -> Figure:
    """Draw the memory of a training, for several numbers of texts in a batch."""
    figure, ax = new_figure(*((PHONE_WIDTH, 3.6) if narrow else (6.0, 2.9)))
    state = costs.state_bytes(costs.parameters(s))
    for row, B in enumerate(batches):
        scores = 4 * costs.output_numbers(s, B, T)
        kept = 4 * costs.activation_numbers(s, B, T) - scores
        left = 0.0
        for part, size in {**state, "layers": kept, "scores": scores}.items():
            _piece(ax, row, left, size / 1e9, part)
            left += size / 1e9
        text = format_number(left, digits=1)
        ax.annotate(
            text,
            (left, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size=SMALL_SIZE,
        )
    ax.set_yticks(range(len(batches)), [str(B) for B in batches])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.12)
    ax.set(xlabel=label("scaling.axis-gigabytes"), ylabel=label("scaling.axis-batch"))
    _legend(figure, ax, {p: label(f"scaling.memory-{p}") for p in MEMORY}, narrow)
    return figure


@phone_variant
def kept(narrow: bool, sizes: Mapping[str, int]) -> Figure:
    """Draw what autograd keeps, in megabytes, for several ways to compute."""
    _, ax = new_figure(PHONE_WIDTH if narrow else 5.2, 1.9)
    return bar_chart(
        {label(f"scaling.kept-{name}"): size / 1e6 for name, size in sizes.items()},
        ax=ax,
        digits=1,
        x_label=label("scaling.axis-megabytes"),
    )


@phone_variant
def tile_picture(narrow: bool) -> Figure:
    """Draw the square of scores in tiles, and what stays of each row."""
    unit = 0.33 if narrow else 0.5
    figure, ax = diagram(PHONE_WIDTH if narrow else 5.2, 5 * unit + 0.75)
    x0, y0 = (0.45, 0.2) if narrow else (0.9, 0.2)
    for row in range(5):
        for column in range(5):
            done = row == 0 or (row == 1 and column < 2)
            now = row == 1 and column == 2
            color = tint("query", 0.85 if now else 0.18 if done else 0.0)
            ax.add_patch(
                Rectangle(
                    (x0 + column * unit, y0 + (4 - row) * unit),
                    unit,
                    unit,
                    facecolor=color,
                    edgecolor=COLORS["muted"],
                )
            )
    top = y0 + 5 * unit
    note(ax, (x0 + 2.5 * unit, top + 0.2), label("scaling.keys"), color="key")
    ax.text(
        x0 - 0.18,
        y0 + 2.5 * unit,
        label("scaling.queries"),
        rotation=90,
        ha="center",
        va="center",
        size=SMALL_SIZE,
        color=COLORS["query"],
    )
    y = y0 + 3.5 * unit
    arrow(ax, (x0 + 2.8 * unit, y), (x0 + 4.6 * unit, y))
    left = x0 + 5 * unit + 0.22
    for number, (name, width) in enumerate((("m", 0.2), ("ℓ", 0.2), ("o", 0.42))):
        x = left + 0.3 * number
        note(ax, (x + width / 2, top + 0.2), name, color="value")
        for row in range(5):
            ax.add_patch(
                Rectangle(
                    (x, y0 + (4 - row) * unit),
                    width,
                    unit,
                    facecolor=tint("value", 0.6 if row == 1 else 0.2 if row < 1 else 0),
                    edgecolor=COLORS["value"],
                )
            )
    return figure


@phone_variant
def parallel(narrow: bool) -> Figure:
    """Draw one update on two processes."""
    figure, ax = diagram(PHONE_WIDTH if narrow else 5.6, 3.5)
    centre = (PHONE_WIDTH if narrow else 5.6) / 2
    gap = 0.85 if narrow else 1.3
    wide = 1.55 if narrow else 2.1
    batch = box(ax, (centre, 3.2), label("scaling.batch"), width=wide, color="muted")
    mean = box(ax, (centre, 1.15), label("scaling.mean"), width=wide, color="value")
    for side in (-1, 1):
        x = centre + side * gap
        name = label("scaling.process", number=1 if side < 0 else 2)
        work = box(ax, (x, 2.3), name, width=wide, height=0.62, color="query")
        step = box(ax, (x, 0.3), label("scaling.step"), width=wide, color="query")
        arrow(ax, batch.bottom, work.top)
        arrow(ax, work.bottom, mean.top)
        arrow(ax, mean.bottom, step.top)
    return figure
