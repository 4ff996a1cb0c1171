"""The figures of the chapter "The encoder"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from transformers_explained.labels import label
from transformers_explained.plotting import (
    Box,
    arrow,
    bar_chart,
    box,
    diagram,
    line_chart,
    new_figure,
)
from transformers_explained.style import TEXT_SIZE

VARIANTS = {
    "post": "query",
    "pre": "value",
    "no-residual": "bad",
    "no-norm": "key",
    "bare": "muted",
}


def two_layers() -> Figure:
    """Draw the post-norm layer of 2017 beside the pre-norm layer, bottom to top."""
    figure, ax = diagram(6.6, 5.2)
    _layer(ax, 1.65, label("encoder.post-title"), post=True)
    _layer(ax, 4.95, label("encoder.pre-title"), post=False)
    return figure


def _layer(ax: Axes, x: float, title: str, *, post: bool) -> None:
    ax.text(x, 5.0, title, ha="center", va="center", size=TEXT_SIZE, weight="bold")
    below = box(ax, (x, 0.25), label("encoder.input"), width=1.7)
    y = 0.95
    for sublayer, color in (("attention", "query"), ("feed-forward", "encoder")):
        start = below.top
        if post:
            work = box(ax, (x, y), label(f"encoder.{sublayer}"), width=1.7, color=color)
            add = box(ax, (x, y + 0.62), "+", width=0.5, height=0.32)
            norm = box(ax, (x, y + 1.22), label("encoder.norm"), width=1.7, color="key")
            _chain(ax, start, work, add, norm)
            _bypass(ax, start, add)
            below = norm
        else:
            norm = box(ax, (x, y), label("encoder.norm"), width=1.7, color="key")
            work = box(
                ax, (x, y + 0.62), label(f"encoder.{sublayer}"), width=1.7, color=color
            )
            add = box(ax, (x, y + 1.22), "+", width=0.5, height=0.32)
            _chain(ax, start, norm, work, add)
            _bypass(ax, start, add)
            below = add
        y += 1.95
    arrow(ax, below.top, (x, below.top[1] + 0.35))


def _chain(ax: Axes, start: tuple[float, float], *boxes: Box) -> None:
    for each in boxes:
        arrow(ax, start, each.bottom)
        start = each.top


def _bypass(ax: Axes, start: tuple[float, float], add: Box) -> None:
    """The residual connection: around the sublayer, on the left."""
    side = start[0] - 1.15
    low = start[1] + 0.08
    ax.plot(
        [start[0], side, side],
        [low, low, add.y],
        "-",
        color="#767676",
        linewidth=1.6,
        zorder=1,
    )
    arrow(ax, (side, add.y), add.left, color="muted", width=1.6)


def depth_curves(
    values: Mapping[str, Sequence[float]], *, axis: str, log: bool
) -> Figure:
    """Draw a quantity against depth, one curve per variant of the layer.

    Args:
        values: variant -> one value per layer, from the first to the last.
        axis: label id of the quantity.
        log: logarithmic vertical axis.
    """
    _, ax = new_figure(6.4, 3.4)
    names = {kind: label(f"encoder.variant-{kind}") for kind in values}
    layers = list(range(1, len(next(iter(values.values()))) + 1))
    return line_chart(
        layers,
        {names[kind]: curve for kind, curve in values.items()},
        colors={names[kind]: VARIANTS[kind] for kind in values},
        ax=ax,
        x_label=label("encoder.axis-layer"),
        y_label=label(axis),
        log_y=log,
        markers=False,
    )


def loss_curves(losses: Mapping[str, Sequence[float]], *, chance: float) -> Figure:
    """Draw training losses, one curve per variant, and the loss of guessing."""
    _, ax = new_figure(6.4, 3.4)
    names = {kind: label(f"encoder.variant-{kind}") for kind in losses}
    steps = list(range(1, len(next(iter(losses.values()))) + 1))
    figure = line_chart(
        steps,
        {names[kind]: curve for kind, curve in losses.items()},
        colors={names[kind]: VARIANTS[kind] for kind in losses},
        ax=ax,
        x_label=label("common.step"),
        y_label=label("common.loss"),
        markers=False,
    )
    ax.axhline(chance, color="#767676", linestyle=":", linewidth=1.2, zorder=0)
    return figure


def parameter_bars(parts: Mapping[str, int]) -> Figure:
    """Draw where the parameters of a model are, in millions."""
    return bar_chart(
        {label(f"encoder.part-{part}"): count / 1e6 for part, count in parts.items()},
        x_label=label("encoder.axis-millions"),
        digits=2,
    )
