"""The figures of the chapter "Question answering"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from transformers_explained.drawing import (
    COLORS,
    PHONE_WIDTH,
    SMALL_SIZE,
    arrow,
    box,
    diagram,
    new_figure,
    note,
    phone_variant,
    tint,
)
from transformers_explained.drawing.charts import line_chart
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

INKS = {"overlap": "key", "scratch": "muted", "top": "value"}
MARKS = {"overlap": "s", "scratch": "^", "top": "o"}
Range = tuple[float, float, float]  # a mean, and the limits of its interval


@phone_variant
def reading(narrow: bool) -> Figure:
    """Draw what goes in, the encoder, and the two scores of each token."""
    width, height = (PHONE_WIDTH, 3.3) if narrow else (6.6, 2.7)
    figure, ax = diagram(width, height)
    shown = 5 if narrow else 9
    kinds = {
        5: ("mark", "question", "mark", "text", "text"),
        9: ("mark", *["question"] * 2, *["mark"] * 2, *["text"] * 3, "mark"),
    }[shown]
    words = {
        5: ("<s>", "?", "</s>", "…", "…"),
        9: ("<s>", "…", "?", "</s>", "</s>", "…", "…", "…", "</s>"),
    }[shown]
    inks = {"mark": "muted", "question": "key", "text": "query"}
    step = width / shown
    top = height - 0.55
    for i, (kind, word) in enumerate(zip(kinds, words, strict=True)):
        x = (i + 0.5) * step
        token = box(
            ax, (x, 0.75), word, width=0.82 * step, height=0.34, color=inks[kind]
        )
        arrow(ax, token.top, (x, 1.17), width=0.8)
        arrow(ax, (x, 1.55), (x, top - 0.2), width=0.8)
        asked = kind != "question" and (kind == "text" or i == 0)
        for shift, part, ink in ((0.12, "s", "value"), (-0.12, "e", "accent")):
            text = f"${part}_{{{i}}}$" if asked else "·"
            ax.text(
                x,
                top + shift,
                text,
                size=SMALL_SIZE + 1,
                ha="center",
                va="center",
                color=COLORS[ink],
            )
    box(
        ax,
        (width / 2, 1.36),
        label("question-answering.encoder"),
        width=width - 0.2,
        height=0.34,
        color="encoder",
    )
    note(ax, (width / 2, height - 0.14), label("question-answering.two-scores"))
    note(ax, (width / 2, 0.32), label("question-answering.legend-tokens"))
    return figure


@phone_variant
def span_table(
    narrow: bool, words: Sequence[str], start: Sequence[float], end: Sequence[float]
) -> Figure:
    """Draw the score of each pair of a first and a last word; crossed out, the pairs
    that end before they start.

    Args:
        start, end: the scores of each word.
    """
    figure, ax = new_figure(PHONE_WIDTH if narrow else 4.8, 3.1 if narrow else 3.4)
    size = len(words)
    total = np.add.outer(np.array(start), np.array(end))
    allowed = np.triu(np.ones((size, size), dtype=bool))
    best = np.unravel_index(np.where(allowed, total, -np.inf).argmax(), total.shape)
    for i in range(size):
        for j in range(size):
            here = (i, j) == tuple(int(k) for k in best)
            ink = "value" if here else "query"
            ax.add_patch(
                Rectangle(
                    (j - 0.5, i - 0.5),
                    1,
                    1,
                    facecolor=tint(ink, 0.45 if here else 0.14)
                    if allowed[i, j]
                    else "none",
                    edgecolor=COLORS["grid"],
                )
            )
            text = format_number(float(total[i, j]), digits=0) if allowed[i, j] else "×"
            ax.text(
                j,
                i,
                text,
                ha="center",
                va="center",
                size=SMALL_SIZE + 1,
                color=COLORS["text" if allowed[i, j] else "muted"],
                weight="bold" if here else "normal",
            )
    ax.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    turn = {"rotation": 35, "ha": "right"} if narrow else {}
    ax.set_xticks(range(size), words, **turn)
    ax.set_yticks(range(size), words)
    ax.set(
        xlabel=label("question-answering.axis-last"),
        ylabel=label("question-answering.axis-first"),
    )
    ax.grid(visible=False)
    ax.tick_params(length=0)
    return figure


@phone_variant
def long_text(
    narrow: bool, parts: Sequence[tuple[int, int]], answer: tuple[int, int]
) -> Figure:
    """Draw the windows over a long text, one below the other, and where the answer is.

    Args:
        parts: first and last token of the text in each window.
        answer: first and last token of the answer.
    """
    figure, ax = new_figure(PHONE_WIDTH if narrow else 6.4, 0.95 + 0.3 * len(parts))
    ax.axvspan(answer[0] - 3, answer[1] + 3, color=COLORS["accent"], linewidth=0)
    for row, (first, last) in enumerate(parts):
        holds = first <= answer[0] and answer[1] <= last
        ink = "value" if holds else "query"
        ax.add_patch(
            Rectangle(
                (first, row - 0.34),
                last + 1 - first,
                0.68,
                facecolor=tint(ink, 0.4 if holds else 0.2),
                edgecolor=COLORS[ink],
                linewidth=1.2,
                alpha=0.75,
            )
        )
    ax.set_yticks(range(len(parts)), [str(row + 1) for row in range(len(parts))])
    ax.set(
        xlim=(-10, parts[-1][1] + 10),
        ylim=(len(parts) - 0.4, -0.6),
        xlabel=label("question-answering.axis-token"),
        ylabel=label("question-answering.axis-window"),
    )
    ax.grid(axis="y", visible=False)
    return figure


@phone_variant
def word_scores(
    narrow: bool, words: Sequence[str], start: Sequence[float], end: Sequence[float]
) -> Figure:
    """Write a paragraph; above each token its probability to be the first of the
    answer, below it that to be the last.

    Args:
        words: the tokens, each with the space before it.
        start, end: a probability for each token.
    """
    columns = 36 if narrow else 74
    lines: list[list[tuple[int, int]]] = [[]]  # of each line: token, column
    column = 0
    for i, word in enumerate(words):
        if column and column + len(word) > columns:
            lines.append([])
            column = 0
        shift = len(word) - len(word.lstrip(" ")) if column == 0 else 0
        lines[-1].append((i, column - shift))
        column += len(word) - shift
    width = PHONE_WIDTH if narrow else 6.9
    figure, ax = diagram(width, 0.5 + 0.5 * len(lines))
    letter = (width - 0.1) / columns
    points = 72 * letter / 0.602  # a letter of the fixed-width face, in points
    top = 0.5 * len(lines)
    for row, line in enumerate(lines):
        y = top - 0.5 * row - 0.05
        for i, at in line:
            word = words[i]
            bare = word.lstrip(" ")
            x = 0.05 + (at + len(word) - len(bare)) * letter
            for share, ink, low in (
                (float(start[i]), "value", 0.08),
                (float(end[i]), "accent", -0.15),
            ):
                if share >= 0.01:
                    ax.add_patch(
                        Rectangle(
                            (x, y + low),
                            len(bare) * letter,
                            0.07,
                            facecolor=tint(ink, 0.15 + 0.85 * min(share / 0.5, 1.0)),
                            linewidth=0,
                        )
                    )
            ax.text(x, y, bare, size=points, family="DejaVu Sans Mono", va="center")
    legend = label("question-answering.legend-scores")
    note(ax, (width / 2, top + 0.3), legend)
    return figure


def _interval(ax: Axes, found: Range, y: float, ink: str, mark: str, name: str) -> None:
    mean, low, high = (100 * value for value in found)
    ax.errorbar(
        mean,
        y,
        xerr=[[max(mean - low, 0)], [max(high - mean, 0)]],
        fmt=mark,
        color=COLORS[ink],
        markersize=6,
        capsize=3,
        label=name,
    )


@phone_variant
def rivals(narrow: bool, scores: Mapping[str, Mapping[str, Range]]) -> Figure:
    """Draw the F1 of each way, learned and asked in one language, with intervals.

    Args:
        scores: language -> way -> mean and limits.
    """
    figure, ax = new_figure(PHONE_WIDTH if narrow else 6.2, 2.6)
    ways = list(next(iter(scores.values())))
    for shift, (language, found) in zip((-0.16, 0.16), scores.items(), strict=True):
        for row, way in enumerate(ways):
            name = label(f"question-answering.language-{language}")
            mark = "o" if language == "fr" else "s"
            _interval(
                ax, found[way], row + shift, language, mark, name if not row else ""
            )
    ax.set_yticks(
        range(len(ways)), [label(f"question-answering.way-{way}") for way in ways]
    )
    ax.set_ylim(len(ways) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=label("question-answering.axis-f1"))
    ax.set_xlim(left=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2)
    return figure


def thresholds(
    tried: Sequence[float], curves: Mapping[str, Sequence[float]], *, chosen: float
) -> Figure:
    """Draw what each threshold gives on validation, and the one that is chosen.

    Args:
        curves: "all", "answered", "absent" -> a share for each threshold.
    """
    _, ax = new_figure(5.6, 3.2)
    inks = {"all": "value", "answered": "query", "absent": "accent"}
    names = {kind: label(f"question-answering.curve-{kind}") for kind in curves}
    figure = line_chart(
        tried,
        {
            names[kind]: [100 * share for share in curve]
            for kind, curve in curves.items()
        },
        colors={names[kind]: inks[kind] for kind in curves},
        ax=ax,
        x_label=label("question-answering.axis-threshold"),
        y_label=label("question-answering.axis-points"),
        markers=False,
    )
    ax.axvline(chosen, color=COLORS["bad"], linestyle=":", linewidth=1.5)
    ax.annotate(
        label("question-answering.chosen"),
        (chosen, 102),
        xytext=(-4, 0),
        textcoords="offset points",
        size=SMALL_SIZE,
        color=COLORS["bad"],
        ha="right",
        va="bottom",
    )
    ax.set_ylim(-3, 103)
    return figure


@phone_variant
def phenomena(
    narrow: bool,
    counts: Mapping[str, int],
    scores: Mapping[str, Mapping[str, Range]],
) -> Figure:
    """Draw the F1 on each kind of question, of two ways, with intervals.

    Args:
        counts: phenomenon -> number of test questions.
        scores: way -> phenomenon -> mean and limits.
    """
    figure, ax = new_figure(PHONE_WIDTH if narrow else 6.2, 2.6)
    for shift, (way, found) in zip((-0.16, 0.16), scores.items(), strict=True):
        for row, phenomenon in enumerate(counts):
            name = label(f"question-answering.way-{way}")
            _interval(
                ax,
                found[phenomenon],
                row + shift,
                INKS[way],
                MARKS[way],
                name if not row else "",
            )
    names = [
        label(f"question-answering.phenomenon-{name}", number=number)
        for name, number in counts.items()
    ]
    ax.set_yticks(range(len(counts)), names)
    ax.set_ylim(len(counts) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=label("question-answering.axis-f1"))
    ax.set_xlim(left=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, 1.22), ncols=1 if narrow else 2)
    return figure
