"""The figures of the chapter "The full Transformer: translating"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path
from torch import Tensor

from transformers_explained.drawing import (
    Box,
    arrow,
    attention_heatmap,
    bar_chart,
    box,
    diagram,
    line_chart,
    new_figure,
    note,
    tint,
)
from transformers_explained.drawing.style import COLORS, SMALL_SIZE, TEXT_SIZE
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

ENCODER_X, DECODER_X = 2.05, 4.95
WIDE = 2.05
SELF, MASKED, CROSS = "query", "accent", "decoder"  # the colours of the attentions


def architecture() -> Figure:
    """Draw the Transformer of 2017 (post-norm), bottom to top, its attentions numbered.

    Drawn after Vaswani et al. (2017), figure 1.
    """
    figure, ax = diagram(7.0, 8.0)
    _stack_frame(ax, 0.45, 3.22, 4.97, "encoder")
    _stack_frame(ax, 3.78, 6.37, 6.53, "decoder")

    entered = _entrance(ax, ENCODER_X, "source")
    top = _sublayer(ax, ENCODER_X, 2.55, entered.top, "self-attention", SELF, "1")
    memory = _sublayer(ax, ENCODER_X, 3.98, top.top, "feed-forward", "muted")

    entered = _entrance(ax, DECODER_X, "target")
    top = _sublayer(ax, DECODER_X, 2.55, entered.top, "masked-attention", MASKED, "2")
    cross_y = 4.1
    top = _sublayer(ax, DECODER_X, cross_y, top.top, "cross-attention", CROSS, "3")
    top = _sublayer(ax, DECODER_X, 5.54, top.top, "feed-forward", "muted")

    # The memory goes to every layer of the decoder: its keys and its values.
    bend = (ENCODER_X + DECODER_X) / 2
    high = memory.top[1] + 0.33
    _line(ax, [memory.top, (ENCODER_X, high), (bend, high), (bend, cross_y)], CROSS)
    arrow(
        ax,
        (bend, cross_y),
        (DECODER_X - WIDE / 2, cross_y),
        color=CROSS,
        width=2.2,
    )
    note(ax, (2.8, high + 0.14), label("translation.memory"), color=CROSS)
    note(
        ax,
        (DECODER_X - 0.1, 3.6),
        label("translation.queries"),
        color=CROSS,
        align="right",
    )

    linear = box(
        ax,
        (DECODER_X, 7.0),
        label("translation.linear-softmax"),
        width=WIDE,
        color="value",
    )
    arrow(ax, top.top, linear.bottom)
    words = box(
        ax,
        (DECODER_X, 7.7),
        label("translation.next-words"),
        width=WIDE + 0.5,
        color="fr",
    )
    arrow(ax, linear.top, words.bottom)
    _legend(ax)
    return figure


def _stack_frame(ax: Axes, left: float, right: float, high: float, name: str) -> None:
    """The pale ground of a stack, with its name and how often its layer is repeated."""
    low = 2.06
    ax.add_patch(
        FancyBboxPatch(
            (left, low),
            right - left,
            high - low,
            boxstyle="round,pad=0,rounding_size=0.14",
            facecolor=tint(name, 0.07),
            edgecolor=COLORS[name],
            linewidth=1.2,
            zorder=0,
        )
    )
    outside = left - 0.22 if name == "encoder" else right + 0.22
    ax.text(
        outside,
        (low + high) / 2,
        label(f"translation.stack-{name}"),
        size=TEXT_SIZE + 1,
        weight="bold",
        color=COLORS[name],
        rotation=90,
        ha="center",
        va="center",
    )


def _entrance(ax: Axes, x: float, name: str) -> Box:
    """From the words to the vectors with positions; returns the addition."""
    language = "en" if name == "source" else "fr"
    words = box(
        ax,
        (x, 0.3),
        label(f"translation.words-{name}"),
        width=WIDE + 0.5,
        color=language,
    )
    embedding = box(ax, (x, 0.98), label("translation.embedding"), width=WIDE)
    add = _plus(ax, x, 1.6)
    arrow(ax, words.top, embedding.bottom)
    arrow(ax, embedding.top, add.bottom)
    side = x + 0.95
    wave = np.linspace(-1, 1, 60)
    ax.plot(
        side + 0.2 * wave,
        1.6 + 0.09 * np.sin(2 * np.pi * wave),
        color=COLORS["key"],
        linewidth=1.6,
        linestyle="-",
    )
    arrow(ax, (side - 0.24, 1.6), add.right, color="key")
    note(ax, (side + 0.28, 1.6), label("translation.positions"), align="left")
    return add


def _sublayer(
    ax: Axes,
    x: float,
    y: float,
    start: tuple[float, float],
    name: str,
    color: str,
    number: str = "",
) -> Box:
    """A sublayer, then "Add & Norm", with the residual connection around it."""
    work = box(
        ax,
        (x, y),
        label(f"translation.{name}"),
        width=WIDE,
        height=0.56,
        color=color,
    )
    norm = box(
        ax, (x, y + 0.68), label("translation.add-norm"), width=WIDE, height=0.34
    )
    # Query, key and value enter an attention from below; the cross-attention takes
    # only its query from there.
    arrow(ax, start, work.bottom)
    arrow(ax, work.top, norm.bottom)
    low = work.bottom[1] - 0.13
    if x == DECODER_X:  # on the outside of the drawing
        side, edge = x + 1.22, norm.right
    else:
        side, edge = x - 1.4, norm.left
    _line(ax, [(x, low), (side, low), (side, norm.y)], "muted", width=1.2)
    arrow(ax, (side, norm.y), edge, color="muted", width=1.2)
    if number:
        _badge(ax, (work.left[0] + 0.02, work.top[1] - 0.02), number, color)
    return norm


def _badge(ax: Axes, at: tuple[float, float], number: str, color: str) -> None:
    ax.plot(*at, marker="o", markersize=15, color=COLORS[color], zorder=4)
    ax.text(
        *at,
        number,
        color="white",
        size=SMALL_SIZE,
        weight="bold",
        ha="center",
        va="center_baseline",
        zorder=5,
    )


def _plus(ax: Axes, x: float, y: float) -> Box:
    return box(ax, (x, y), "+", width=0.34, height=0.34, rounding=0.16)


def _line(
    ax: Axes, points: Sequence[tuple[float, float]], color: str, width: float = 2.2
) -> None:
    xs, ys = zip(*points, strict=True)
    ax.plot(
        xs,
        ys,
        color=COLORS[color],
        linewidth=width,
        linestyle="-",
        solid_joinstyle="round",
        zorder=1.2,
    )


def _legend(ax: Axes) -> None:
    """What the three numbers say, in the empty corner above the encoder."""
    y = 7.7
    ax.text(
        0.3,
        y,
        label("translation.legend"),
        size=TEXT_SIZE,
        weight="bold",
        va="center",
    )
    for number, color in (("1", SELF), ("2", MASKED), ("3", CROSS)):
        y -= 0.6
        _badge(ax, (0.46, y), number, color)
        ax.text(
            0.7,
            y,
            label(f"translation.legend-{number}"),
            size=SMALL_SIZE,
            va="center",
        )


def three_masks(source: Sequence[str], target: Sequence[str]) -> Figure:
    """Draw who may look at whom in the three attentions; what is blocked is hatched."""
    figure = Figure(figsize=(7.0, 2.9), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=[len(source), len(target), len(source)])
    everything = torch.ones(len(source), len(source), dtype=torch.bool)
    before = torch.ones(len(target), len(target), dtype=torch.bool).tril()
    across = torch.ones(len(target), len(source), dtype=torch.bool)
    for ax, mask, queries, keys, number in zip(
        axes,
        (everything, before, across),
        (source, target, target),
        (source, target, source),
        ("1", "2", "3"),
        strict=True,
    ):
        weights = mask.double() / mask.sum(dim=1, keepdim=True)
        attention_heatmap(
            weights,
            queries,
            keys,
            mask=mask,
            ax=ax,
            title=label(f"translation.mask-{number}"),
            values=False,
            x_label="",
            y_label="",
        )
    return figure


def shifted(inputs: Sequence[str], labels: Sequence[str]) -> Figure:
    """Draw what the decoder reads and what it is asked for, position by position."""
    figure, ax = diagram(6.8, 2.0)
    step, left = 1.06, 1.62
    for i, (read, asked) in enumerate(zip(inputs, labels, strict=True)):
        x = left + step * i
        below = box(ax, (x, 0.35), read, width=0.92, color="fr", size=SMALL_SIZE)
        above = box(ax, (x, 1.65), asked, width=0.92, color="good", size=SMALL_SIZE)
        arrow(ax, below.top, above.bottom)
        if i + 1 < len(inputs):
            arrow(
                ax,
                (above.x + 0.2, above.bottom[1]),
                (x + step - 0.2, below.top[1]),
                color="muted",
                dashed=True,
                width=0.9,
            )
    for y, name in ((0.35, "reads"), (1.65, "asked")):
        note(ax, (left - 0.56, y), label(f"translation.{name}"), align="right")
    return figure


def loss_curves(
    losses: Mapping[str, Sequence[float]], *, chance: float, floor: float
) -> Figure:
    """Draw training losses between that of guessing and the lowest there can be.

    Args:
        losses: kind of model -> its losses; the first run is the longest.
        chance: the loss of guessing.
        floor: the lowest loss that smoothed labels allow.
    """
    _, ax = new_figure(6.2, 3.3)
    (first, longest_run), *others = losses.items()
    longest = len(longest_run)
    levels = ((chance, "chance", 3, "bottom"), (floor, "floor", -5, "top"))
    for level, name, rise, side in levels:
        # No further than the curves: their names come after.
        ax.hlines(
            level, 1, longest, color=COLORS["muted"], linestyle=":", linewidth=1.2
        )
        ax.annotate(
            label(f"translation.{name}"),
            (longest, level),
            xytext=(0, rise),
            textcoords="offset points",
            ha="right",
            va=side,
            size=SMALL_SIZE,
            color=COLORS["muted"],
        )
    for kind, values in others:
        ax.plot(range(1, len(values) + 1), _smooth(values), color=COLORS["bad"])
        ax.annotate(
            label(f"translation.curve-{kind}"),
            (len(values), _smooth(values)[-1]),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            size=SMALL_SIZE,
            color=COLORS["bad"],
        )
    figure = line_chart(
        range(1, longest + 1),
        {label(f"translation.curve-{first}"): _smooth(longest_run)},
        colors={label(f"translation.curve-{first}"): "query"},
        ax=ax,
        x_label=label("common.step"),
        y_label=label("common.loss"),
        markers=False,
    )
    ax.set_ylim(bottom=0)
    return figure


def _smooth(values: Sequence[float], width: int = 5) -> list[float]:
    """The mean of each value and of the few before it."""
    return [
        float(np.mean(values[max(0, i - width + 1) : i + 1]))
        for i in range(len(values))
    ]


def alignment(weights: Tensor, target: Sequence[str], source: Sequence[str]) -> Figure:
    """Draw a cross-attention as ribbons from each word written to the words read.

    Args:
        weights: (T, S), each row sums to 1.
        target: T texts, the words written.
        source: S texts, the words read.
    """
    step = 1.18
    width = max(len(target), len(source)) * step + 0.5
    figure, ax = diagram(width, 3.5)

    def row(tokens: Sequence[str], y: float, color: str) -> list[Box]:
        start = (width - step * len(tokens)) / 2
        return [
            box(
                ax,
                (start + step * (i + 0.5), y),
                token,
                width=1.0,
                height=0.44,
                color=color,
                size=TEXT_SIZE + 1,
            )
            for i, token in enumerate(tokens)
        ]

    written, read = row(target, 2.85, "fr"), row(source, 0.65, "en")
    for above, shares in zip(written, weights.tolist(), strict=True):
        for below, share in zip(read, shares, strict=True):
            _ribbon(ax, above.bottom, below.top, share)
        best = int(np.argmax(shares))
        note(
            ax,
            (above.x, above.bottom[1] - 0.14),
            format_number(100 * shares[best], digits=0) + label("translation.percent"),
            color="text",
        )
    note(ax, (width / 2, 3.32), label("translation.written"), color="fr")
    note(ax, (width / 2, 0.2), label("translation.read"), color="en")
    return figure


def _ribbon(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], share: float
) -> None:
    """A curve from one box to another, as thick as the weight is large."""
    if share < 0.02:
        return
    (x0, y0), (x1, y1) = (start[0], start[1] - 0.26), end
    middle = (y0 + y1) / 2
    path = Path(
        [(x0, y0), (x0, middle), (x1, middle), (x1, y1)],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )
    ax.add_patch(
        PathPatch(
            path,
            facecolor="none",
            edgecolor=tint(CROSS, 0.25 + 0.6 * share),
            linewidth=0.6 + 13 * share,
            capstyle="butt",
            zorder=1 + share / 2,
        )
    )


def choice_tree(tree: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw two steps of writing as a tree, greedy's way and the best way marked.

    Args:
        tree: first word -> second word -> probability; the key "" of each inner
            mapping holds the probability of the first word.
    """
    figure, ax = diagram(6.2, 3.1)
    root = box(ax, (0.75, 1.5), label("translation.tree-start"), width=1.1)
    texts = {
        (first, second): branches[""] * p
        for first, branches in tree.items()
        for second, p in branches.items()
        if second
    }
    greedy_first = max(tree, key=lambda first: tree[first][""])
    second_words = {w: p for w, p in tree[greedy_first].items() if w}
    greedy_text = (greedy_first, max(second_words, key=lambda w: second_words[w]))
    best_text = max(texts, key=lambda text: texts[text])
    y = 2.75
    for first, branches in tree.items():
        seconds = [word for word in branches if word]
        center = y - 0.62 * (len(seconds) - 1) / 2
        way = _way(first == greedy_text[0], first == best_text[0])
        node = box(ax, (2.4, center), first, width=0.8, color=way)
        arrow(ax, root.right, node.left, color=way, width=1.0 + 2.5 * branches[""])
        on = (root.right[0] + node.left[0]) / 2, (root.y + node.y) / 2
        above = 0.17 if node.y > root.y else -0.17
        note(ax, (on[0] - 0.14, on[1] + above), format_number(branches[""], digits=1))
        for second in seconds:
            way = _way((first, second) == greedy_text, (first, second) == best_text)
            leaf = box(ax, (4.0, y), second, width=0.8, color=way)
            share = branches[second]
            arrow(ax, node.right, leaf.left, color=way, width=1.0 + 2.5 * share)
            rise = 0.13 if leaf.y >= node.y else -0.13
            note(
                ax,
                (3.12, (node.y + leaf.y) / 2 + rise),
                format_number(share, digits=2),
            )
            total = format_number(texts[first, second], digits=2)
            key = {"query": "tree-greedy", "good": "tree-best"}.get(way)
            words = f"  {label(f'translation.{key}')}" if key else ""
            note(ax, (4.5, y), total + words, color=way, align="left")
            y -= 0.62
        y -= 0.12
    return figure


def _way(greedy: bool, best: bool) -> str:
    return "query" if greedy else "good" if best else "muted"


def exact_match_bars(shares: Mapping[str, float]) -> Figure:
    """Draw the share of right translations, one bar per kind of number."""
    names = {kind: label(f"translation.range-{kind}") for kind in shares}
    return bar_chart(
        {names[kind]: 100 * share for kind, share in shares.items()},
        colors={
            names[kind]: "good" if share > 0.9 else "bad"
            for kind, share in shares.items()
        },
        x_label=label("translation.axis-exact"),
        digits=1,
    )


def candidates(texts: Sequence[str], probabilities: Sequence[float]) -> Figure:
    """Draw the probability of each text that a beam search found."""
    return bar_chart(
        dict(zip(texts, probabilities, strict=True)),
        colors={text: "good" if i == 0 else "fr" for i, text in enumerate(texts)},
        x_label=label("translation.axis-probability"),
        digits=4,
    )


def hidden(kept: Tensor, source: Sequence[str], target: Sequence[str]) -> Figure:
    """Draw the probability of each right word when a source word is hidden.

    Args:
        kept: (1 + S, T); the first row is the model that sees everything.
        source: S texts, the words hidden in turn.
        target: T texts, the words to write.
    """
    rows = [label("translation.hidden-none")]
    rows += [label("translation.hidden", word=word) for word in source]
    _, ax = new_figure(5.8, 2.5)
    return attention_heatmap(
        kept, rows, target, ax=ax, x_label="", y_label="", values=True
    )
