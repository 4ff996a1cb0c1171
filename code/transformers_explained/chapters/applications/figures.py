"""The figures of the chapter "Beyond text"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from transformers_explained.drawing import (
    COLORS,
    PHONE_WIDTH,
    SMALL_SIZE,
    WEIGHTS,
    arrow,
    box,
    diagram,
    new_figure,
    note,
    phone_variant,
    tint,
    token_strip,
)
from transformers_explained.drawing.charts import figure_of, seed_rows
from transformers_explained.lesson.labels import label

HEADS = ("text", "token", "span", "pair", "next")
INKS = {"text": "query", "token": "value", "span": "key", "pair": "accent"}
SHAPES = {
    "text": "(B, C)",
    "token": "(B, S, C)",
    "span": "(B, 2, S)",
    "pair": "(B, B)",
    "next": "(B, T, V)",
}


@phone_variant
def heads(narrow: bool) -> Figure:
    """Draw the map: what comes in, one body, five heads and the tasks of each."""
    height = 6.7 if narrow else 4.2
    figure, ax = diagram(PHONE_WIDTH if narrow else 6.8, height)
    if narrow:
        inputs = box(ax, (1.7, 0.35), label("applications.map-inputs"), width=3.1)
        body = box(
            ax,
            (1.7, 1.15),
            label("applications.map-body"),
            width=3.1,
            height=0.62,
            color="encoder",
        )
        arrow(ax, inputs.top, body.bottom)
    else:
        inputs = box(
            ax,
            (0.85, 2.1),
            label("applications.map-inputs-tall"),
            width=1.5,
            height=2.3,
        )
        body = box(
            ax,
            (2.55, 2.1),
            label("applications.map-body-tall"),
            width=1.4,
            height=3.8,
            color="encoder",
        )
        arrow(ax, inputs.right, body.left)
    for row, kind in enumerate(HEADS):
        ink = INKS.get(kind, "decoder")
        text = f"{label(f'applications.head-{kind}')}  {SHAPES[kind]}"
        tasks = label(f"applications.tasks-{kind}")
        if narrow:
            y = 2.15 + 0.98 * (len(HEADS) - 1 - row)
            placed = box(ax, (1.7, y), text, width=3.1, height=0.36, color=ink)
            note(ax, (1.7, y - 0.36), tasks, color="text")
            if row == len(HEADS) - 1:
                arrow(ax, body.top, (placed.x, placed.bottom[1] - 0.36))
        else:
            y = 3.75 - 0.82 * row
            placed = box(ax, (5.15, y + 0.1), text, width=3.1, height=0.34, color=ink)
            note(ax, (5.15, y - 0.2), tasks, color="text")
            arrow(ax, (body.right[0], placed.y), placed.left, width=0.9)
    return figure


def _picture(ax: Axes, image: Tensor, *, lines: bool = False) -> None:
    ax.imshow(image.numpy(), cmap="Greys", vmin=0, vmax=1, extent=(0, 8, 8, 0))
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    if lines:
        for at in (2, 4, 6):
            ax.axhline(at, color=COLORS["key"], linewidth=1.2)
            ax.axvline(at, color=COLORS["key"], linewidth=1.2)


@phone_variant
def patches(narrow: bool, image: Tensor, rows: Tensor) -> Figure:
    """Draw a digit, the same cut into sixteen patches, and these in reading order.

    Args:
        image: (8, 8), from 0 to 1.
        rows: (16, 4), the patches.
    """
    width = PHONE_WIDTH if narrow else 6.4
    figure = Figure(figsize=(width, 3.1 if narrow else 2.9), layout="constrained")
    columns = 8
    lower = 2
    grid = figure.add_gridspec(
        2 + lower, columns, height_ratios=[1.6, 1.6, *[0.8] * lower]
    )
    whole = figure.add_subplot(grid[:2, : columns // 2])
    _picture(whole, image)
    whole.set_title(label("applications.patches-image"), size=SMALL_SIZE)
    cut = figure.add_subplot(grid[:2, columns // 2 :])
    _picture(cut, image, lines=True)
    cut.set_title(label("applications.patches-cut"), size=SMALL_SIZE)
    for number, row in enumerate(rows):
        ax = figure.add_subplot(grid[2 + number // columns, number % columns])
        ax.imshow(row.view(2, 2).numpy(), cmap="Greys", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.set_title(str(number + 1), size=SMALL_SIZE, weight="normal", pad=2)
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set(visible=True, color=COLORS["key"])
    return figure


@phone_variant
def seed_dots(
    narrow: bool, runs: Mapping[str, Sequence[float]], *, axis: str, low: float
) -> Figure:
    """Draw a share in %, a row for each condition: a point per seed, a bar at the mean.

    Args:
        runs: condition -> share of each seed.
        axis: key of the text under the axis.
        low: where the axis begins, in %.
    """
    width, row = (PHONE_WIDTH, 0.36) if narrow else (5.8, 0.36)
    _, ax = new_figure(width, 0.85 + row * len(runs))
    rows = {
        label(f"applications.run-{name}"): [100 * value for value in values]
        for name, values in runs.items()
    }
    alone = [name for name, shares in rows.items() if len(shares) == 1]
    seed_rows(ax, rows, muted=alone)
    ax.set(xlim=(low, 101), xlabel=label(f"applications.{axis}"))
    return figure_of(ax)


@phone_variant
def attention_on_digits(narrow: bool, images: Tensor, weights: Tensor) -> Figure:
    """Draw digits, and below each how much the class token looks at each patch.

    Args:
        images: (N, 8, 8).
        weights: (N, 16), those of the class token for the patches, each row to 1.
    """
    number = len(images)
    size = (PHONE_WIDTH, 1.75) if narrow else (6.4, 2.9)
    figure, grid = new_figure(*size, rows=2, columns=number)
    top = float(weights.max())
    for column in range(number):
        _picture(grid[0, column], images[column])
        shade = weights[column].view(4, 4).numpy()
        ax = grid[1, column]
        ax.imshow(shade, cmap=WEIGHTS, vmin=0, vmax=top, extent=(0, 8, 8, 0))
        ax.contour(
            np.arange(8) + 0.5,
            np.arange(8) + 0.5,
            images[column].numpy(),
            levels=[0.5],
            colors=COLORS["key"],
            linewidths=1.4,
        )
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
    return figure


@phone_variant
def game(narrow: bool, moves: Sequence[int]) -> Figure:
    """Draw a game twice: as a player sees it, and as the model does.

    Args:
        moves: cells, X first.
    """
    figure, ax = diagram(PHONE_WIDTH if narrow else 6.2, 2.9 if narrow else 1.9)
    left, low, side = (0.95, 1.2, 0.5) if narrow else (0.4, 0.25, 0.5)
    for line in (1, 2):
        for start, end in (
            ((left + line * side, low), (left + line * side, low + 3 * side)),
            ((left, low + line * side), (left + 3 * side, low + line * side)),
        ):
            arrow(ax, start, end, head=False, color="muted")
    for turn, cell in enumerate(moves):
        x = left + (cell % 3 + 0.5) * side
        y = low + (2.5 - cell // 3) * side
        ink = COLORS["query" if turn % 2 == 0 else "key"]
        ax.text(
            x,
            y,
            "XO"[turn % 2],
            ha="center",
            va="center",
            size=15,
            color=ink,
            weight="bold",
        )
        ax.text(
            x + 0.19,
            y - 0.17,
            str(turn + 1),
            ha="center",
            va="center",
            size=SMALL_SIZE,
            color=COLORS["muted"],
        )
    tokens = ["▸", *map(str, moves), "■"]
    at = (0.08, 0.45) if narrow else (2.35, 1.05)
    token_strip(
        ax, tokens, at, width=0.26 if narrow else 0.29, gap=0.03 if narrow else 0.05
    )
    x = 1.7 if narrow else 4.3
    note(ax, (x, at[1] + 0.38), label("applications.game-tokens"))
    return figure


@phone_variant
def broken_rules(
    narrow: bool, players: Mapping[str, Sequence[Sequence[float]]]
) -> Figure:
    """Draw the probability of a broken rule against the moves already played.

    Args:
        players: player -> for each seed, the probability after 0, 1, ... 9 moves.
    """
    _, ax = new_figure(PHONE_WIDTH if narrow else 6.0, 3.2)
    inks = ("muted", "accent", "key", "query")
    for (name, rows), ink, mark in zip(players.items(), inks, "v^so", strict=True):
        table = 100 * np.array(rows)
        ax.plot(
            table.mean(axis=0),
            f"-{mark}",
            color=COLORS[ink],
            linewidth=1.6,
            label=label(f"applications.player-{name}"),
        )
        ax.fill_between(
            range(10),
            table.min(axis=0),
            table.max(axis=0),
            color=COLORS[ink],
            alpha=0.2,
            linewidth=0,
        )
    ax.set(
        xlabel=label("applications.axis-moves"),
        ylim=(-3, 138),
        ylabel=label("applications.axis-broken"),
        xticks=range(10),
        yticks=range(0, 101, 20),
    )
    ax.legend(loc="upper left", fontsize=SMALL_SIZE)
    return figure_of(ax)


@phone_variant
def hairpin(narrow: bool, strand: str, weights: Tensor) -> Figure:
    """Draw a strand that folds, and the attention of one head over it.

    Args:
        strand: its 19 letters.
        weights: (19, 19).
    """
    width = PHONE_WIDTH if narrow else 6.4
    figure = Figure(figsize=(width, 5.2 if narrow else 3.3), layout="constrained")
    grid = (
        figure.add_gridspec(2, 1, height_ratios=(1, 1.9))
        if narrow
        else figure.add_gridspec(1, 2, width_ratios=(1, 1.05))
    )
    ax = figure.add_subplot(grid[0])
    partner = {"A": "U", "U": "A", "C": "G", "G": "C"}
    length = len(strand)
    places: dict[int, tuple[float, float]] = {}
    for i in range(8):
        places[i], places[length - 1 - i] = (i, 1.0), (i, 0.0)
    places |= {8: (8.0, 0.95), 9: (8.6, 0.5), 10: (8.0, 0.05)}
    for i in range(8):
        holds = partner[strand[i]] == strand[length - 1 - i]
        ink = COLORS["good" if holds else "grid"]
        ax.plot([i, i], [0.2, 0.8], "-" if holds else ":", color=ink, linewidth=2.5)
    for i, (x, y) in places.items():
        ax.text(x, y, strand[i], ha="center", va="center", size=11)
    ax.set(xlim=(-0.6, 9.2), ylim=(-0.5, 1.5))
    ax.set_axis_off()
    ax.set_title(label("applications.hairpin-fold"), size=SMALL_SIZE)
    ax = figure.add_subplot(grid[1])
    ax.imshow(weights.numpy(), cmap=WEIGHTS, vmin=0, vmax=float(weights.max()))
    ax.set_xticks(range(length), list(strand), size=SMALL_SIZE)
    ax.set_yticks(range(length), list(strand), size=SMALL_SIZE)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set(xlabel=label("common.key-position"), ylabel=label("common.query-position"))
    return figure


@phone_variant
def detection(narrow: bool) -> Figure:
    """Draw the idea of DETR: learned queries look at the image's tokens; each answers
    with a class and a box, or with nothing."""
    figure, ax = diagram(PHONE_WIDTH if narrow else 6.6, 4.9 if narrow else 2.7)
    left, low = (0.25, 2.75) if narrow else (0.2, 0.35)
    unit = 0.22 if narrow else 0.23
    side = 8 * unit
    for i in range(9):
        for start, end in (
            ((left + i * unit, low), (left + i * unit, low + side)),
            ((left, low + i * unit), (left + side, low + i * unit)),
        ):
            arrow(ax, start, end, head=False, color="grid", width=0.7)
    things = {
        "cat": (0.5, 1.2, 3.4, 3.0, "query"),
        "mouse": (5.2, 0.6, 2.2, 1.7, "key"),
    }
    for name, (x, y, width, height, ink) in things.items():
        ax.add_patch(
            Rectangle(
                (left + x * unit, low + y * unit),
                width * unit,
                height * unit,
                facecolor=tint(ink, 0.3),
                edgecolor=COLORS[ink],
                linewidth=1.8,
                zorder=2,
            )
        )
        ax.text(
            left + (x + width / 2) * unit,
            low + (y + height / 2) * unit,
            label(f"applications.thing-{name}"),
            ha="center",
            va="center",
            size=SMALL_SIZE,
            zorder=3,
        )
    answers = ("cat", "nothing", "mouse", "nothing")
    for row, answer in enumerate(answers):
        y = (2.2 - 0.55 * row) if narrow else (2.2 - 0.58 * row)
        ink = {"cat": "query", "mouse": "key"}.get(answer, "muted")
        x = 0.75 if narrow else 3.15
        asks = box(
            ax,
            (x, y),
            label("applications.query-number", number=row + 1),
            width=1.1,
            height=0.36,
            color=ink,
            dashed=answer == "nothing",
        )
        says = box(
            ax,
            (x + 1.75, y) if narrow else (x + 2.3, y),
            label(f"applications.says-{answer}"),
            width=1.5 if narrow else 2.1,
            height=0.36,
            color=ink,
            dashed=answer == "nothing",
            size=SMALL_SIZE,
        )
        arrow(ax, asks.right, says.left, color=ink)
        if answer in things and not narrow:
            bx, by, bw, bh, _ = things[answer]
            target = (left + (bx + bw) * unit, low + (by + bh / 2) * unit)
            arrow(ax, asks.left, target, color=ink, dashed=True, curve=0.12)
    return figure


def token_tags(rows: Sequence[Any]) -> Figure:
    """Draw words, pieces and labels, one above the other.

    Args:
        rows: (word or "", piece, label) for each piece, left to right.
    """
    figure, ax = diagram(PHONE_WIDTH, 0.34 * len(rows) + 0.5)
    top = 0.34 * len(rows) + 0.25
    for x, key in ((0.6, "word"), (1.65, "piece"), (2.75, "label")):
        note(ax, (x, top), label(f"applications.column-{key}"))
    for row, (word, piece, tag) in enumerate(rows):
        y = top - 0.32 - 0.34 * row
        ink = "muted" if tag in ("O", "−100") else "query"
        if word:
            note(ax, (0.6, y), word, color="text")
        box(ax, (1.65, y), piece, width=0.95, height=0.27, size=SMALL_SIZE)
        box(
            ax,
            (2.75, y),
            tag,
            width=0.95,
            height=0.27,
            size=SMALL_SIZE,
            color=ink,
            dashed=tag == "−100",
        )
    return figure
