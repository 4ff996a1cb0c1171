"""The figures of the page "Attention without mathematics".

Their strengths are drawn for the story, not measured; the page says so.
"""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from transformers_explained.drawing import bar_chart, diagram
from transformers_explained.drawing.style import COLORS, TEXT_SIZE
from transformers_explained.lesson.labels import label

WIDTH = 3.4  # inches: the same picture on a telephone and on paper
GAP, ROW = 0.16, 0.62
HIGHLIGHTER = "#F0C419"
CUSTOMERS = ("tart", "baguette", "croissants", "country", "coffee")
# How loudly each speaks, and how near they stand: from 1 to 5.
LOUD = {"tart": 5, "baguette": 3, "croissants": 3, "country": 1, "coffee": 1}
NEAR = {"tart": 2, "baguette": 4, "croissants": 2, "country": 5, "coffee": 1}


def strengths(name: str) -> list[float]:
    """How bright each word is; they sum to 1."""
    found = [
        float(part)
        for part in label(f"attention-without-maths.{name}-strengths").split()
    ]
    if abs(sum(found) - 1) > 1e-9:
        raise ValueError(f"the strengths of {name} sum to {sum(found)}")
    return found


def sentence(*names: str) -> Figure:
    """Draw one sentence per name: the finger's word framed, the others highlighted."""
    figure, ax = diagram(WIDTH, ROW * len(names) + 0.1)
    for row, name in enumerate(names):
        words = label(f"attention-without-maths.{name}").split()
        finger = int(label(f"attention-without-maths.{name}-finger"))
        # Widths by letters: near enough to centre each word on its colour.
        widths = [0.085 * len(word) + 0.1 for word in words]
        space = (WIDTH - 0.1 - sum(widths)) / (len(words) - 1)
        x, y = 0.05, ROW * (len(names) - row) - 0.3
        bright = strengths(name)
        for place, (word, width) in enumerate(zip(words, widths, strict=True)):
            share = bright[place]
            ax.add_patch(
                Rectangle(
                    (x, y - 0.13), width, 0.3, color=HIGHLIGHTER, alpha=share, lw=0
                )
            )
            if place == finger:
                ax.add_patch(
                    Rectangle(
                        (x, y - 0.13),
                        width,
                        0.3,
                        fill=False,
                        edgecolor=COLORS["query"],
                        linewidth=1.6,
                    )
                )
            ax.text(x + width / 2, y, word, ha="center", va="center", size=TEXT_SIZE)
            ax.add_patch(
                Rectangle(
                    (x, y - 0.22), width * share, 0.05, color=COLORS["query"], lw=0
                )
            )
            x += width + space
    return figure


def bakery() -> Figure:
    """Draw the share of attention that each of the five customers gets."""
    pull = {name: LOUD[name] * NEAR[name] for name in CUSTOMERS}
    whole = sum(pull.values())
    shares = {
        label(f"attention-without-maths.customer-{name}"): 100 * pull[name] / whole
        for name in CUSTOMERS
    }
    return bar_chart(shares, x_label=label("attention-without-maths.share"), digits=0)
