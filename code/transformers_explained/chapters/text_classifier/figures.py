"""The figures of the chapter "Classifying text"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.drawing import (
    Box,
    arrow,
    box,
    diagram,
    line_chart,
    new_figure,
    token_strip,
)
from transformers_explained.drawing.style import COLORS, SMALL_SIZE, TEXT_SIZE, WEIGHTS
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

MODELS = {"tfidf": "key", "encoder": "query", "no-positions": "muted"}


def training_curves(history: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    """Draw accuracy on the training and validation parts, one panel per language.

    Args:
        history: language -> one (training, validation) pair per epoch.
    """
    figure, axes = new_figure(6.8, 3.0, columns=2)
    for ax, (language, pairs) in zip(axes, history.items(), strict=True):
        names = [label("text-classifier.train"), label("text-classifier.valid")]
        epochs = list(range(1, len(pairs) + 1))
        line_chart(
            epochs,
            {name: [pair[i] for pair in pairs] for i, name in enumerate(names)},
            colors={names[0]: "muted", names[1]: language},
            ax=ax,
            x_label=label("common.epoch"),
            y_label=label("common.accuracy"),
            title=label(f"text-classifier.language-{language}"),
            markers=False,
        )
        ax.set_ylim(0.4, 1.02)
        ax.set_xticks(epochs[1::2])
    return figure


def intervals(results: Mapping[tuple[str, str], tuple[float, float, float]]) -> Figure:
    """Draw accuracies with their 95 % intervals.

    Args:
        results: (language, model) -> (accuracy, lower bound, upper bound).
    """
    figure, ax = new_figure(6.2, 0.5 * len(results) + 0.9)
    for row, ((_, model), (value, low, high)) in enumerate(results.items()):
        color = COLORS[MODELS[model]]
        ax.plot([low, high], [row, row], "-", color=color, linewidth=3)
        ax.plot([value], [row], "o", color=color, markersize=8)
        text = format_number(value, digits=2)
        ax.text(high + 0.008, row, text, va="center", size=SMALL_SIZE)
    rows = [
        f"{label(f'text-classifier.language-{language}')} · "
        f"{label(f'text-classifier.model-{model}')}"
        for language, model in results
    ]
    ax.set_yticks(range(len(rows)), rows)
    ax.invert_yaxis()
    ax.axvline(0.5, color=COLORS["muted"], linestyle=":", linewidth=1.2)
    ax.set(xlim=(0.45, 0.82), xlabel=label("common.accuracy"))
    return figure


def confusion(counts: Mapping[str, Tensor]) -> Figure:
    """Draw confusion matrices, true labels in rows, predictions in columns.

    Args:
        counts: model -> (2, 2) counts.
    """
    figure, axes = new_figure(6.4, 3.0, columns=len(counts))
    names = [label("text-classifier.negative"), label("text-classifier.positive")]
    for ax, (model, grid) in zip(axes, counts.items(), strict=True):
        top = float(grid.sum(dim=1).max())
        ax.pcolormesh(
            grid.numpy(),
            cmap=WEIGHTS,
            vmin=0,
            vmax=top,
            edgecolors="white",
            linewidth=1,
        )
        for (i, j), count in np.ndenumerate(grid.numpy()):
            ink = "white" if count > 0.55 * top else COLORS["text"]
            ax.text(
                j + 0.5, i + 0.5, str(int(count)), ha="center", va="center", color=ink
            )
        ax.set_xticks([0.5, 1.5], names)
        ax.set_yticks([0.5, 1.5], names, rotation=90, va="center")
        ax.invert_yaxis()
        ax.set_aspect("equal")
        ax.tick_params(length=0)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
        ax.set(
            xlabel=label("text-classifier.predicted"),
            ylabel=label("text-classifier.true"),
            title=label(f"text-classifier.model-{model}"),
        )
    return figure


def calibration(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> Figure:
    """Draw accuracy against announced confidence; a calibrated model is on the line.

    Args:
        curves: model -> (mean confidence, accuracy), one point per group.
    """
    figure, ax = new_figure(4.6, 3.6)
    ax.plot([0.5, 1], [0.5, 1], ":", color=COLORS["muted"], linewidth=1.2)
    for marker, (model, (confidence, accuracy)) in zip(
        "so", curves.items(), strict=True
    ):
        color = COLORS[MODELS[model]]
        ax.plot(confidence, accuracy, "-", marker=marker, color=color)
        ax.annotate(
            label(f"text-classifier.model-{model}"),
            (confidence[-1], accuracy[-1]),
            xytext=(6, -12),
            textcoords="offset points",
            color=color,
            size=SMALL_SIZE,
        )
    ax.set(
        xlim=(0.48, 1.2),  # room for the names
        xticks=[0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
        ylim=(0.3, 1.02),
        xlabel=label("text-classifier.confidence"),
        ylabel=label("common.accuracy"),
    )
    return figure


def looked_at(
    reviews: Sequence[tuple[str, float, Sequence[str], Sequence[float]]],
) -> Figure:
    """Draw reviews as strips of words, shaded by the attention that they receive.

    Args:
        reviews: (label id of a title, probability of a positive review, words,
            weights), one strip each.
    """
    line, title_height, per_line = 0.46, 0.42, 9
    lines = [-(-len(words) // per_line) for _, _, words, _ in reviews]
    height = title_height * len(reviews) + line * sum(lines)
    figure, ax = diagram(6.8, height)
    y = height
    for (name, positive, words, weights), count in zip(reviews, lines, strict=True):
        title = label(name, probability=format_number(positive, digits=2))
        ax.text(0.1, y - 0.2, title, size=TEXT_SIZE, weight="bold", va="center")
        shades = [float(w) / max(map(float, weights)) for w in weights]
        y -= title_height
        for row in range(count):
            part = slice(row * per_line, (row + 1) * per_line)
            start = (0.1, y - line * (row + 0.5))
            token_strip(
                ax, list(words[part]), start, weights=shades[part], size=SMALL_SIZE
            )
        y -= line * count
    return figure


def pipeline(tokens: Sequence[str]) -> Figure:
    """Draw how a review becomes two probabilities, bottom to top.

    Args:
        tokens: the words; "<pad>", hatched, stands for padding.
    """
    figure, ax = diagram(5.6, 4.9)
    step, left = 1.15, 1.0
    middle = left + step * (len(tokens) - 1) / 2
    wide = step * (len(tokens) - 1) + 0.95
    encoder = box(
        ax,
        (middle, 2.05),
        label("text-classifier.box-encoder"),
        width=wide,
        color="encoder",
    )
    mean = box(
        ax, (middle, 3.1), label("text-classifier.box-mean"), width=1.9, color="key"
    )
    head = box(
        ax, (middle, 3.85), label("text-classifier.box-head"), width=1.9, color="value"
    )
    for i, token in enumerate(tokens):
        x = left + step * i
        padding = token == "<pad>"
        color = "muted" if padding else "query"
        word = box(ax, (x, 0.3), token, width=0.95, color=color)
        vector = box(
            ax, (x, 1.1), label("text-classifier.box-vector"), width=0.95, color=color
        )
        arrow(ax, word.top, vector.bottom)
        arrow(ax, vector.top, (x, encoder.bottom[1]))
        if padding:
            for cell in (word, vector):
                _hatch(ax, cell)
        else:
            arrow(ax, (x, encoder.top[1]), mean.bottom, color="key")
    arrow(ax, mean.top, head.bottom)
    for side, name in ((-1, "negative"), (1, "positive")):
        answer = box(
            ax,
            (middle + 0.95 * side, 4.6),
            label(f"text-classifier.{name}"),
            width=1.5,
            color="bad" if side < 0 else "good",
        )
        arrow(ax, head.top, answer.bottom)
    return figure


def _hatch(ax: Axes, cell: Box) -> None:
    """Hatch a box: it holds padding."""
    left, right = cell.left[0], cell.right[0]
    low, high = cell.bottom[1], cell.top[1]
    ax.fill_between(
        [left, right],
        low,
        high,
        facecolor="none",
        edgecolor=COLORS["muted"],
        hatch="////",
        linewidth=0,
        alpha=0.5,
        zorder=4,
    )
