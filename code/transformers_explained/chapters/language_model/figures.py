"""The figures of the chapter "Predicting the next word"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from transformers_explained.drawing import (
    COLORS,
    bar_chart,
    diagram,
    line_chart,
    new_figure,
    phone_variant,
)
from transformers_explained.drawing.diagrams import tint
from transformers_explained.drawing.phone import PHONE_WIDTH
from transformers_explained.drawing.style import SMALL_SIZE, TEXT_SIZE, WIDTH
from transformers_explained.lesson.labels import label

# One colour per model, in every chart of the chapter.
MODELS = {
    "transformer": "query",
    "lstm": "key",
    "unmasked": "bad",
    "5-gram": "value",
    "3-gram": "accent",
    "2-gram": "encoder",
}


def shifted(words: Sequence[str]) -> Figure:
    """Draw what each position sees, and the word that it must predict.

    Args:
        words: those of a sentence, the full stop before it included.
    """
    inputs, targets = words[:-1], words[1:]
    side, left, top = 0.31, 0.1, 0.31 * len(inputs) + 0.1
    figure, ax = diagram(PHONE_WIDTH, top + 1.0)
    for column, word in enumerate(inputs):
        x = left + side * (column + 0.5)
        ax.text(x, top + 0.08, word, rotation=50, size=SMALL_SIZE, va="bottom")
    for row, target in enumerate(targets):
        y = top - side * (row + 1)
        for column in range(len(inputs)):
            seen = column <= row
            ax.add_patch(
                Rectangle(
                    (left + side * column, y),
                    side * 0.9,
                    side * 0.9,
                    facecolor=tint("query", 0.6) if seen else "none",
                    edgecolor=COLORS["query" if seen else "grid"],
                    hatch="" if seen else "///",
                    linewidth=1.0,
                )
            )
        x = left + side * len(inputs) + 0.08
        ax.text(
            x,
            y + side * 0.45,
            f"→ {target}",
            size=TEXT_SIZE,
            va="center",
            weight="bold",
        )
    return figure


def curves(
    steps: Mapping[str, Sequence[float]],
    losses: Mapping[str, Sequence[float]],
    *,
    floor: float,
    start: float,
) -> Figure:
    """Draw losses against steps, with the two landmarks.

    Args:
        steps: model -> steps.
        losses: model -> losses.
        floor: the entropy.
        start: ln V.
    """
    figure, ax = new_figure(WIDTH, 3.2)
    for key, values in losses.items():
        ax.plot(
            steps[key],
            values,
            color=COLORS[MODELS[key]],
            linestyle="-" if key == "transformer" else "--",
            label=label(f"language-model.{key}"),
        )
    last = max(max(values) for values in steps.values())
    for height, key in ((floor, "floor"), (start, "start")):
        ax.axhline(height, color=COLORS["muted"], linestyle=":", linewidth=1.4)
        ax.text(
            last,
            height - 0.08,
            label(f"language-model.{key}"),
            size=SMALL_SIZE,
            ha="right",
            va="top",
        )
    ax.set(
        xlabel=label("language-model.steps"),
        ylabel=label("language-model.nats"),
        ylim=(0, start + 0.4),
    )
    ax.legend(loc="center right", bbox_to_anchor=(1.0, 0.66))
    return figure


def losses(values: Mapping[str, float], floor: float) -> Figure:
    """Draw the mean loss of each model, with the floor."""
    _, ax = new_figure(WIDTH, 3.0)
    names = {key: label(f"language-model.{key}") for key in values}
    figure = bar_chart(
        {names[key]: value for key, value in values.items()},
        colors={names[key]: MODELS[key] for key in values},
        ax=ax,
        x_label=label("language-model.nats"),
        digits=3,
    )
    ax.axvline(floor, color=COLORS["text"], linestyle=":", linewidth=1.5)
    return figure


def agreements(values: Mapping[str, Sequence[float]]) -> Figure:
    """Draw how often the verb agrees, by the number of distractors."""
    _, ax = new_figure(WIDTH, 3.0)
    names = {key: label(f"language-model.{key}") for key in values}
    figure = line_chart(
        [0, 1, 2],
        {names[key]: list(shares) for key, shares in values.items()},
        colors={names[key]: MODELS[key] for key in values},
        ax=ax,
        x_label=label("language-model.distractors"),
        y_label=label("language-model.agrees"),
    )
    ax.axhline(0.5, color=COLORS["muted"], linestyle=":", linewidth=1.2)
    ax.set_xticks([0, 1, 2])
    ax.set_ylim(0, 1.08)
    return figure


@phone_variant
def choices(
    narrow: bool, words: Sequence[str], panels: Mapping[str, Sequence[float]]
) -> Figure:
    """Draw one distribution under several rules.

    Args:
        narrow: two panels a row, for a telephone.
        words: the candidates, the likeliest first.
        panels: the key of a title -> their probabilities.
    """
    columns = 2 if narrow else 3
    rows = -(-len(panels) // columns)
    size = (PHONE_WIDTH, 1.9 * rows) if narrow else (6.6, 1.9 * rows)
    figure, axes = new_figure(*size, rows=rows, columns=columns)
    flat: list[Axes] = list(np.ravel(axes))
    for number, (ax, (key, shares)) in enumerate(
        zip(flat, panels.items(), strict=False)
    ):
        kept = [share > 1e-3 for share in shares]
        ax.barh(
            range(len(words)),
            shares,
            height=0.7,
            color=[tint("query", 0.55) if k else "none" for k in kept],
            edgecolor=COLORS["query"],
        )
        named = list(words) if number % columns == 0 else [""] * len(words)
        ax.set_yticks(range(len(words)), named)
        ax.tick_params(axis="y", length=0)
        ax.invert_yaxis()
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.5, 1])
        ax.grid(axis="y", visible=False)
        ax.set_title(label(f"language-model.{key}"), size=SMALL_SIZE)
    for ax in flat[len(panels) :]:
        ax.set_axis_off()
    return figure


def work(lengths: Sequence[int], counts: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the multiplications to write a text, with a cache and without."""
    _, ax = new_figure(WIDTH, 2.9)
    return line_chart(
        list(lengths),
        {label(f"language-model.{key}"): list(v) for key, v in counts.items()},
        ax=ax,
        x_label=label("language-model.written"),
        y_label=label("language-model.multiplications"),
        log_x=True,
        log_y=True,
    )


def tales(steps: Sequence[int], series: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the loss on the training and validation tales."""
    _, ax = new_figure(WIDTH, 2.9)
    return line_chart(
        list(steps),
        {label(f"language-model.{key}"): list(v) for key, v in series.items()},
        ax=ax,
        x_label=label("language-model.steps"),
        y_label=label("language-model.nats-token"),
        markers=False,
    )
