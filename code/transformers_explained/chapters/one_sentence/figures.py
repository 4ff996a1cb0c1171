"""The figures of the page "One sentence": vectors as columns of numbers, and the strip.

In all of them a number is written in its cell, and the cell is shaded by its size: blue
above zero, orange below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from transformers_explained.drawing import (
    COLORS,
    PHONE_WIDTH,
    attention_heatmap,
    diagram,
    new_figure,
    phone_variant,
    tint,
)
from transformers_explained.drawing.style import SMALL_SIZE, TEXT_SIZE, WIDTH
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

LINE = 0.245  # inches: the height of a line of numbers
DEEPEST = 0.55  # of a shade, so that black text keeps its contrast
PAGE_WIDTH = 6.8
PAIRS = 4  # lines of the strip with a word above each number


def cell(
    ax: Axes,
    corner: tuple[float, float],
    width: float,
    number: float,
    largest: float,
    digits: int = 1,
) -> None:
    """Draw one number in its shaded cell; `corner` is its lower left."""
    share = min(abs(number) / largest, 1.0) if largest else 0.0
    ax.add_patch(
        Rectangle(
            corner,
            width * 0.97,
            LINE * 0.92,
            facecolor=tint("query" if number > 0 else "key", DEEPEST * share),
            edgecolor=COLORS["grid"],
            linewidth=0.5,
        )
    )
    ax.text(
        corner[0] + width * 0.485,
        corner[1] + LINE * 0.44,
        format_number(number, digits=digits),
        size=SMALL_SIZE - 0.5,
        color="black",
        ha="center",
        va="center",
    )


def columns(vectors: Tensor, tokens: Sequence[str]) -> Figure:
    """Draw vectors (T, D) as columns, each below its token."""
    size = vectors.shape[1]
    figure, ax = diagram(PHONE_WIDTH, LINE * size + 0.4)
    left = 0.3
    width = (PHONE_WIDTH - left - 0.05) / len(tokens)
    largest = vectors.abs().max().item()
    top = LINE * size + 0.05
    for row in range(size):
        y = top - LINE * (row + 1)
        ax.text(
            left - 0.06,
            y + LINE * 0.44,
            str(row + 1),
            size=SMALL_SIZE - 0.5,
            color=COLORS["muted"],
            ha="right",
            va="center",
        )
        for column in range(len(tokens)):
            corner = (left + width * column, y)
            cell(ax, corner, width, vectors[column, row].item(), largest, digits=2)
    for column, token in enumerate(tokens):
        ax.text(
            left + width * (column + 0.5),
            top + 0.07,
            token,
            size=TEXT_SIZE,
            weight="bold",
            ha="center",
        )
    return figure


def head(weights: Tensor, allowed: Tensor, tokens: Sequence[str]) -> Figure:
    """Draw the attention weights of one head, (T, T); what is masked is hatched."""
    return attention_heatmap(weights, tokens, mask=allowed)


def chances(model: Mapping[str, float], truth: Mapping[str, float]) -> Figure:
    """Draw, word by word, the model's probability and, below it, the grammar's."""
    figure, ax = new_figure(WIDTH, 0.5 * len(model) + 0.9)
    series = (
        ("model", "query", -0.2, list(model.values())),
        ("grammar", "key", 0.2, [truth.get(word, 0.0) for word in model]),
    )
    for name, color, shift, shares in series:
        places = [place + shift for place in range(len(model))]
        bars = ax.barh(
            places,
            [100 * share for share in shares],
            height=0.36,
            color=tint(color, 0.5),
            edgecolor=COLORS[color],
            hatch="" if name == "model" else "///",
            label=label(f"one-sentence.by-{name}"),
        )
        written = [format_number(100 * share, digits=1) for share in shares]
        ax.bar_label(bars, written, size=SMALL_SIZE, padding=3)
    ax.set_yticks(range(len(model)), list(model))
    ax.tick_params(axis="y", length=0)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(label("one-sentence.chance"))
    ax.legend(loc="lower right")
    return figure


class _Strip:
    """What goes down a strip, line after line: a name, then numbers."""

    def __init__(self, narrow: bool, lines: float) -> None:
        self.narrow = narrow
        self.width = PHONE_WIDTH if narrow else PAGE_WIDTH
        self.left = 0.05 if narrow else 1.55
        self.across = 8 if narrow else 16
        self.cell = (self.width - self.left - 0.05) / self.across
        self.y = lines
        self.figure, self.ax = diagram(self.width, lines)

    def name(self, key: str, **values: object) -> None:
        """Write what the next numbers are: on their left, or above them."""
        self.y -= 0.09
        text = label(f"one-sentence.strip-{key}", **values)
        if self.narrow:
            self.y -= LINE
        y = self.y if self.narrow else self.y - LINE
        self.ax.text(
            0.05,
            y + LINE * 0.44,
            text,
            size=SMALL_SIZE,
            color=COLORS["text"],
            va="center",
            weight="bold" if key in ("token", "word") else "normal",
        )

    def numbers(self, vector: Tensor) -> None:
        """Write the numbers of a vector, in as many lines as they need."""
        largest = vector.abs().max().item()
        for start in range(0, len(vector), self.across):
            self.y -= LINE
            for place, number in enumerate(vector[start : start + self.across]):
                corner = (self.left + self.cell * place, self.y)
                cell(self.ax, corner, self.cell, number.item(), largest)

    def words(self, *lines: Sequence[str]) -> None:
        """Write words, and under each what belongs to it."""
        width = (self.width - self.left - 0.05) / len(lines[0])
        for line in lines:
            self.y -= LINE
            for place, text in enumerate(line):
                self.ax.text(
                    self.left + width * (place + 0.5),
                    self.y + LINE * 0.44,
                    text,
                    size=SMALL_SIZE,
                    weight="bold" if line is lines[0] else "normal",
                    ha="center",
                    va="center",
                )


# The lines of the strip between the tokens and the words: its name, what it shows.
BEFORE = {
    "embedding": "embedding",
    "position": "position",
    "input": "input",
    "normed": "1-normed",
    "query": "1-q-1",
}
AFTER = {
    "found": "1-found-1",
    "joined": "1-joined",
    "mixed": "1-mixed",
    "residual": "1-residual",
    "hidden": "1-hidden",
    "fed": "1-fed",
    "layer-1": "1-out",
    "layer-2": "2-out",
    "final": "final",
}


@phone_variant
def strip(
    narrow: bool,
    tokens: Sequence[str],
    ids: Sequence[int],
    kept: Mapping[str, Tensor],
    best: Mapping[str, tuple[float, float]],
) -> Figure:
    """Draw the way of the last token through the whole model, on one sheet.

    Args:
        narrow: two lines of eight for sixteen, for a telephone.
        tokens: T tokens that were read.
        ids: their numbers.
        kept: what each step gave, by its name, (T, D).
        best: the likeliest next words: word -> (logit, probability).
    """
    across = 8 if narrow else 16
    shown = [kept[key] for key in (*BEFORE.values(), *AFTER.values())]
    names = len(shown) + PAIRS
    lines = sum(-(-vectors.shape[1] // across) for vectors in shown) + 2 * PAIRS + 1
    lines += names if narrow else 0
    drawn = _Strip(narrow, LINE * lines + 0.09 * names + 0.1)
    drawn.name("token")
    drawn.words(tokens, [str(number) for number in ids])
    for name, key in BEFORE.items():
        drawn.name(name)
        drawn.numbers(kept[key][-1])
    drawn.name("scores")
    drawn.words(tokens, [format_number(n, digits=2) for n in kept["1-scores-1"][-1]])
    drawn.name("weights")
    drawn.words(tokens, [format_number(n, digits=2) for n in kept["1-weights-1"][-1]])
    for name, key in AFTER.items():
        drawn.name(name)
        drawn.numbers(kept[key][-1])
    drawn.name("word")
    drawn.words(
        list(best),
        [format_number(logit, digits=1) for logit, _ in best.values()],
        [
            label("one-sentence.percent", number=format_number(100 * p, digits=0))
            for _, p in best.values()
        ],
    )
    return drawn.figure
