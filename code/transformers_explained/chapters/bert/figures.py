"""The figures of the chapter "BERT from the inside"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.drawing import (
    attention_heatmap,
    bar_chart,
    line_chart,
    new_figure,
)
from transformers_explained.drawing.style import COLORS, SMALL_SIZE
from transformers_explained.lesson.labels import label


def input_rows(tokens: Sequence[str], segments: Sequence[int]) -> Figure:
    """Draw the three vectors that are added at each position of a pair of texts.

    Args:
        tokens: [CLS] first [SEP] second [SEP].
        segments: 0 or 1 for each token.
    """
    figure, ax = new_figure(6.8, 1.9)
    rows = {
        "tokens": list(tokens),
        "segments": [f"S{segment}" for segment in segments],
        "positions": [f"P{i}" for i in range(len(tokens))],
    }
    inks = {
        "tokens": ["query"] * len(tokens),
        "segments": ["key" if segment else "value" for segment in segments],
        "positions": ["muted"] * len(tokens),
    }
    for height, (name, texts) in enumerate(rows.items()):
        y = -1.3 * height
        ax.text(-0.65, y, label(f"bert.row-{name}"), ha="right", va="center")
        for x, (text, ink) in enumerate(zip(texts, inks[name], strict=True)):
            box = {"boxstyle": "round,pad=0.3", "fc": "none", "ec": COLORS[ink]}
            ax.text(x, y, text, ha="center", va="center", size=SMALL_SIZE, bbox=box)
            if height:
                ax.text(x, y + 0.65, "+", ha="center", va="center", size=SMALL_SIZE)
    ax.set(xlim=(-2.2, len(tokens) - 0.4), ylim=(-3.2, 0.6))
    ax.set_axis_off()
    return figure


def directions(accuracy: Mapping[str, float]) -> Figure:
    """Draw how often counting finds a hidden token, by what it may look at.

    Args:
        accuracy: "frequent", "left", "right", "both" -> a share between 0 and 1.
    """
    return bar_chart(
        {label(f"bert.look-{name}"): 100 * value for name, value in accuracy.items()},
        colors={label("bert.look-both"): "accent"},
        x_label=label("bert.axis-right"),
        digits=1,
    )


def curves(
    steps: Sequence[int],
    train: Sequence[float],
    held_out: Sequence[float],
    frequencies: float,
) -> Figure:
    """Draw the loss on masked tokens, in training and on held-out texts.

    Args:
        steps: where both were measured.
        train, held_out: the losses.
        frequencies: the loss of who only knows how frequent each token is.
    """
    _, ax = new_figure(6.6, 3.4)
    figure = line_chart(
        steps,
        {label("bert.curve-train"): train, label("bert.curve-held"): held_out},
        colors={
            label("bert.curve-train"): "muted",
            label("bert.curve-held"): "accent",
        },
        ax=ax,
        x_label=label("common.step"),
        y_label=label("common.loss"),
    )
    ax.axhline(frequencies, color=COLORS["muted"], linestyle=":", zorder=0)
    ax.annotate(
        label("bert.curve-frequencies"),
        (steps[-1], frequencies),
        xytext=(0, 3),
        textcoords="offset points",
        size=SMALL_SIZE,
        ha="right",
        va="bottom",
    )
    return figure


def sinks(shares: Mapping[str, Tensor]) -> Figure:
    """Draw where the attention of the words goes, layer by layer.

    Args:
        shares: "cls", "sep", "words" -> (layers,), shares between 0 and 1.
    """
    names = {name: label(f"bert.sink-{name}") for name in shares}
    layers = range(1, 1 + len(next(iter(shares.values()))))
    return line_chart(
        list(layers),
        {names[name]: 100 * values for name, values in shares.items()},
        colors={names["cls"]: "accent", names["sep"]: "key", names["words"]: "query"},
        x_label=label("bert.axis-layer"),
        y_label=label("bert.axis-attention"),
    )


def attention_and_effect(
    tokens: Sequence[str], received: Tensor, effect: Tensor
) -> Figure:
    """Draw, side by side, what each token receives and what its absence changes.

    Args:
        tokens: T tokens.
        received: (T,), the mean attention that each receives.
        effect: (T,), by how much hiding each moves the vector of the sentence.
    """
    figure, axes = new_figure(6.8, 3.0, columns=2)
    panels = ((received, "received", "query"), (effect, "effect", "accent"))
    for ax, (values, name, ink) in zip(axes, panels, strict=True):
        ax.barh(range(len(tokens)), values.tolist(), color=COLORS[ink])
        ax.set_yticks(range(len(tokens)), tokens)
        ax.invert_yaxis()
        ax.grid(visible=False, axis="y")
        ax.set_xlabel(label(f"bert.axis-{name}"))
    return figure


def similarities(matrix: Tensor, names: Sequence[str]) -> Figure:
    """Draw the cosines between sentences.

    Args:
        matrix: (N, N).
        names: N short names.
    """
    return attention_heatmap(matrix, names, x_label="", y_label="", values=True)


def retrieval(accuracy: Mapping[str, float]) -> Figure:
    """Draw how often a French text finds its English counterpart.

    Args:
        accuracy: "chance", "counting", "minilm" -> a share between 0 and 1.
    """
    return bar_chart(
        {label(f"bert.find-{name}"): 100 * value for name, value in accuracy.items()},
        colors={label("bert.find-minilm"): "accent"},
        x_label=label("bert.axis-found"),
        digits=1,
    )
