"""The figures of the chapter "Tokenization"."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from transformers_explained.drawing import (
    COLORS,
    PHONE_WIDTH,
    SMALL_SIZE,
    TEXT_SIZE,
    arrow,
    box,
    diagram,
    line_chart,
    new_figure,
    note,
    phone_variant,
    tint,
)
from transformers_explained.drawing.token_rows import (
    VOCABULARY_COLORS,
    VOCABULARY_NAMES,
)
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number
from transformers_explained.tokenization.bpe import BYTE_TO_CHARACTER
from transformers_explained.tokenization.merges import Pair, apply_merges


def merging(word: str, merges: Sequence[Pair]) -> Figure:
    """Draw how one word is put together: a row of symbols after each merge that
    changes it.

    Args:
        word: the word.
        merges: the pairs, in the order in which they were learned.
    """
    rows: list[tuple[str, tuple[str, ...]]] = [
        (label("tokenization.letters"), tuple(word))
    ]
    for number, (first, second) in enumerate(merges, start=1):
        ranks = {pair: rank for rank, pair in enumerate(merges[:number])}
        symbols = apply_merges(word, ranks)
        if symbols != rows[-1][1]:
            text = label(
                "tokenization.merge", number=number, pair=f"{first} + {second}"
            )
            rows.append((text, symbols))
    step = 0.62
    figure, ax = diagram(4.8, step * len(rows) + 0.1)
    for row, (text, symbols) in enumerate(rows):
        y = step * (len(rows) - row - 0.5) + 0.05
        note(ax, (1.75, y), text, align="right")
        x = 2.0
        for symbol in symbols:  # each as wide as its letters, so that columns align
            width = 0.5 * len(symbol) + 0.04 * (len(symbol) - 1)
            new = row > 0 and symbol not in rows[row - 1][1]
            color = "query" if new else "muted"
            box(ax, (x + width / 2, y), symbol, width=width, height=0.42, color=color)
            x += width + 0.04
    return figure


def bytes_of(word: str, tokens: Sequence[str]) -> Figure:
    """Draw the letters of a word, their bytes, the bytes' visible signs, the tokens.

    Args:
        word: the word.
        tokens: what a byte-level BPE makes of it.
    """
    cell, gap, left = 0.5, 0.05, 1.2
    width = left + (cell + gap) * len(word.encode()) + 0.1
    figure, ax = diagram(width, 2.55)
    heights = {"letters": 2.25, "bytes": 1.6, "signs": 0.95, "tokens": 0.3}
    for name, y in heights.items():
        note(ax, (left - 0.12, y), label(f"tokenization.{name}"), align="right")

    def row(parts: Sequence[tuple[str, int]], y: float, color: str) -> None:
        x = left
        for text, size in parts:
            wide = size * (cell + gap) - gap
            special = color if size > 1 or y == heights["tokens"] else "muted"
            box(ax, (x + wide / 2, y), text, width=wide, height=0.4, color=special)
            x += wide + gap

    units = word.encode()
    row([(c, len(c.encode())) for c in word], heights["letters"], "decoder")
    row([(f"{unit:02X}", 1) for unit in units], heights["bytes"], "muted")
    row([(BYTE_TO_CHARACTER[unit], 1) for unit in units], heights["signs"], "muted")
    row([(token, len(token)) for token in tokens], heights["tokens"], "query")
    for i in range(len(units)):
        x = left + cell / 2 + i * (cell + gap)
        for above, below in (("letters", "bytes"), ("bytes", "signs")):
            start, end = heights[above] - 0.21, heights[below] + 0.21
            arrow(ax, (x, start), (x, end), color="muted", width=0.9)
    return figure


@phone_variant
def fertility(
    narrow: bool,
    merges: Sequence[int],
    per_word: Mapping[str, Mapping[str, Sequence[float]]],
) -> Figure:
    """Draw tokens per word against the number of merges.

    Args:
        merges: N numbers of merges.
        per_word: learned from ("en", "both") -> language of the text -> N numbers.
    """
    size = (PHONE_WIDTH, 4.4) if narrow else (6.2, 3.2)
    grid = {"rows": 2} if narrow else {"columns": 2}
    figure, axes = new_figure(*size, **grid)
    top = max(max(curve) for part in per_word.values() for curve in part.values())
    for ax, (source, curves) in zip(axes, per_word.items(), strict=True):
        names = {
            language: label(f"tokenization.text-{language}") for language in curves
        }
        line_chart(
            merges,
            {names[language]: curve for language, curve in curves.items()},
            colors={names["fr"]: "fr", names["en"]: "en"},
            ax=ax,
            title=label(f"tokenization.learned-{source}"),
            x_label=label("tokenization.merges"),
            y_label=label("tokenization.per-word") if narrow or source == "en" else "",
        )
        ax.set_ylim(1, top * 1.05)
    return figure


@phone_variant
def routes(narrow: bool, word: str, fares: Mapping[str, float]) -> Figure:
    """Draw a word as a line of stops and, below, the ways to travel it: letter by
    letter, and in any two pieces that have a fare. The cheapest is in colour.

    Args:
        word: the word; its letters stand between the stops.
        fares: piece -> fare.
    """
    ways = [list(word)]
    for i in range(1, len(word)):
        ways.append([word[:i], word[i:]])
    ways = [way for way in ways if all(piece in fares for piece in way)]
    ways.sort(key=lambda way: -sum(fares[piece] for piece in way))
    unit, step = (0.325, 0.56) if narrow else (0.56, 0.56)
    width = PHONE_WIDTH if narrow else unit * len(word) + 1.5
    figure, ax = diagram(width, step * len(ways) + 0.55)
    left, line = 0.15, step * len(ways) + 0.3
    ax.plot([left, left + unit * len(word)], [line] * 2, color=COLORS["muted"], lw=1.2)
    for i in range(len(word) + 1):
        ax.plot(left + unit * i, line, marker="o", markersize=5, color=COLORS["text"])
        note(ax, (left + unit * i, line + 0.16), str(i))
    for place, way in enumerate(ways):
        y = line - 0.2 - step * (place + 0.5)
        cheapest = place == len(ways) - 1
        start = 0
        for piece in way:
            fare = format_number(fares[piece])
            wide = unit * len(piece) - 0.05
            single = f"{piece}\n{fare}"
            text = label("tokenization.fare", piece=piece, fare=fare)
            box(
                ax,
                (left + unit * (start + len(piece) / 2), y),
                text if len(piece) > 1 else single,
                width=wide,
                height=step - 0.08,
                color="query" if cheapest else "muted",
                size=SMALL_SIZE,
            )
            start += len(piece)
        total = format_number(sum(fares[piece] for piece in way))
        ax.text(
            left + unit * len(word) + 0.12,
            y,
            label("tokenization.total", total=total),
            va="center",
            size=SMALL_SIZE if narrow else TEXT_SIZE,
            weight="bold" if cheapest else "normal",
            color=COLORS["query" if cheapest else "muted"],
        )
    return figure


@phone_variant
def bill(narrow: bool, tokens: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw what the same names cost, one receipt per vocabulary.

    Args:
        tokens: vocabulary -> language -> tokens; the first language is the measure.
    """
    wide, high, gap = (PHONE_WIDTH - 0.1, 2.75, 0.18) if narrow else (2.16, 2.9, 0.12)
    count = len(tokens)
    size = (
        (PHONE_WIDTH, count * (high + gap))
        if narrow
        else (count * (wide + gap), high + 0.1)
    )
    figure, ax = diagram(*size)
    dearest = max(max(row.values()) for row in tokens.values())
    for place, (name, row) in enumerate(tokens.items()):
        left = 0.05 if narrow else place * (wide + gap) + 0.05
        top = size[1] - (place * (high + gap) if narrow else 0) - 0.05
        _receipt(ax, (left, top), (wide, high), name, row, dearest)
    return figure


def _receipt(
    ax: Axes,
    corner: tuple[float, float],
    size: tuple[float, float],
    name: str,
    row: Mapping[str, int],
    dearest: int,
) -> None:
    (left, top), (wide, high) = corner, size
    teeth = 12
    paper = [(left, top), (left + wide, top)]
    for i in range(2 * teeth + 1):  # torn off by hand
        edge = top - high + (0.07 if i % 2 else 0.0)
        paper.append((left + wide * (1 - i / (2 * teeth)), edge))
    ax.add_patch(
        Polygon(paper, facecolor=tint("muted", 0.06), edgecolor=COLORS["muted"], lw=1.0)
    )
    ink = VOCABULARY_COLORS[name]
    note(ax, (left + wide / 2, top - 0.2), VOCABULARY_NAMES[name], color=ink)
    first = next(iter(row.values()))
    step = (high - 0.5) / len(row)
    for place, (language, cost) in enumerate(row.items()):
        y = top - 0.46 - step * place
        text = label(f"tokenization.language-{language}")
        ax.text(left + 0.1, y, text, size=SMALL_SIZE, va="center")
        times = label("tokenization.times", times=format_number(cost / first, digits=1))
        price = f"{format_number(cost, digits=0)}  {times}"
        ax.text(left + wide - 0.1, y, price, size=SMALL_SIZE, va="center", ha="right")
        long = (wide - 0.2) * cost / dearest
        ax.plot(
            [left + 0.1, left + 0.1 + long],
            [y - 0.13] * 2,
            color=COLORS[ink],
            linewidth=3.2,
            linestyle="-",
            solid_capstyle="butt",
        )
