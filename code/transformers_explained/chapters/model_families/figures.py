"""The figures of the chapter "GPT, T5, DistilBERT: the families"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from transformers_explained.chapters.model_families.battle import sight
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
    token_strip,
)
from transformers_explained.drawing.charts import figure_of, seed_rows
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

KINDS = ("encoder", "decoder", "both")
INKS = {"encoder": "encoder", "decoder": "decoder", "both": "value"}


@phone_variant
def three_masks(narrow: bool, source: Sequence[str], target: Sequence[str]) -> Figure:
    """Draw who may look at whom in the three families, on the same words."""
    size = (PHONE_WIDTH, 9.0) if narrow else (7.0, 3.2)
    rows, columns = (3, 1) if narrow else (1, 3)
    figure, grid = new_figure(*size, rows=rows, columns=columns)
    words = [*source, *target]
    for ax, kind in zip(np.ravel(grid), KINDS, strict=True):
        if kind == "both":
            mask = sight("prefix", len(source), len(target))
        else:
            mask = sight(kind, len(source), len(target))  # type: ignore[arg-type]
        for (row, column), seen in np.ndenumerate(mask.numpy()):
            across = kind == "both" and column < len(source) <= row
            ax.add_patch(
                Rectangle(
                    (column, row),
                    1,
                    1,
                    facecolor=tint(INKS[kind], 0.85 if not across else 0.4)
                    if seen
                    else "none",
                    edgecolor=COLORS["muted"],
                    hatch="//" if across else None,
                    linewidth=0.6,
                )
            )
        ax.set(xlim=(0, len(words)), ylim=(len(words), 0), aspect="equal")
        ticks = [k + 0.5 for k in range(len(words))]
        ax.set_xticks(ticks, words, rotation=90)
        ax.set_yticks(
            ticks, words if narrow or kind == "encoder" else [""] * len(ticks)
        )
        ax.tick_params(length=0)
        ax.grid(visible=False)
        ax.set_title(label(f"model-families.mask-{kind}"), size=SMALL_SIZE)
    return figure


@phone_variant
def family(narrow: bool, members: Mapping[str, tuple[str, str]]) -> Figure:
    """Draw the three branches, the models of each in the order of time.

    Args:
        members: model -> (branch, what stands under its name).
    """
    branches: dict[str, list[tuple[str, str]]] = {kind: [] for kind in KINDS}
    for name, (branch, text) in members.items():
        branches[branch].append((name, text))
    deepest = max(len(found) for found in branches.values())
    width, step = (PHONE_WIDTH, 0.8) if narrow else (6.6, 0.62)
    height = 1.5 + step * deepest
    figure, ax = diagram(width, height)
    spread = width / 3
    top = box(
        ax,
        (width / 2, height - 0.32),
        "Transformer, 2017",
        width=1.6,
        height=0.36,
        size=SMALL_SIZE,
    )
    for column, (branch, found) in enumerate(branches.items()):
        x = spread * (column + 0.5)
        text = label(f"model-families.branch-{branch}")
        above = box(
            ax,
            (x, height - 1.1),
            text,
            width=spread - 0.12,
            height=0.46,
            color=INKS[branch],
            size=SMALL_SIZE,
        )
        arrow(ax, top.bottom, above.top, width=0.9)
        for row, (name, under) in enumerate(found):
            text = under.replace(" · ", "\n") if narrow else under
            box(
                ax,
                (x, height - 1.78 - step * row),
                f"{name}\n{text}",
                width=spread - 0.12,
                height=step - 0.1,
                color=INKS[branch],
                size=SMALL_SIZE,
            )
    return figure


@phone_variant
def spans(narrow: bool, source: Sequence[str], target: Sequence[str]) -> Figure:
    """Draw a corrupted text and its target, the sentinels marked."""
    width = PHONE_WIDTH if narrow else 6.6
    lines = {
        "input": _lines(source, width),
        "target": _lines(target, width),
    }
    height = 0.3 + sum(0.32 + 0.46 * len(found) for found in lines.values())
    figure, ax = diagram(width, height)
    y = height - 0.2
    for name, found in lines.items():
        note(ax, (0.1, y), label(f"model-families.span-{name}"), align="left")
        y -= 0.36
        for words in found:
            marks = {k: "accent" for k, word in enumerate(words) if word[0] == "<"}
            token_strip(ax, words, (0.08, y), colors=marks, size=SMALL_SIZE)
            y -= 0.46
    return figure


def _lines(words: Sequence[str], width: float) -> list[list[str]]:
    """The words of each line, by what their boxes need."""
    lines: list[list[str]] = [[]]
    filled = 0.1
    for word in words:
        needed = 0.32 + 0.085 * len(word)
        if lines[-1] and filled + needed > width:
            lines.append([])
            filled = 0.1
        lines[-1].append(word)
        filled += needed
    return lines


def buckets(offsets: Sequence[int], found: Mapping[str, Sequence[int]]) -> Figure:
    """Draw the bucket of each offset, for one side and for two."""
    _, ax = new_figure(5.0, 3.0)
    for (name, values), color, style in zip(
        found.items(), ("query", "key"), ("-", "--"), strict=True
    ):
        ax.step(
            offsets,
            values,
            style,
            where="mid",
            color=COLORS[color],
            label=label(f"model-families.bucket-{name}"),
        )
    ax.set(
        xlabel=label("model-families.axis-offset"),
        ylabel=label("model-families.axis-bucket"),
    )
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2, frameon=False)
    return figure_of(ax)


@phone_variant
def softened(
    narrow: bool, names: Sequence[str], found: Mapping[float, Tensor]
) -> Figure:
    """Draw one answer of a teacher at several temperatures."""
    size = (PHONE_WIDTH, 4.8) if narrow else (6.6, 2.5)
    rows, columns = (len(found), 1) if narrow else (1, len(found))
    figure, grid = new_figure(*size, rows=rows, columns=columns)
    for ax, (temperature, shares) in zip(np.ravel(grid), found.items(), strict=True):
        ax.bar(
            range(len(names)),
            shares.tolist(),
            color=tint("query", 0.5),
            edgecolor=COLORS["query"],
        )
        for k, share in enumerate(shares.tolist()):
            ax.annotate(
                format_number(share, digits=2),
                (k, share),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                size=SMALL_SIZE,
            )
        ax.set_xticks(range(len(names)), names)
        ax.set(ylim=(0, 1.12), yticks=[])
        ax.set_title(f"T = {format_number(temperature)}", size=SMALL_SIZE)
        ax.grid(visible=False)
    return figure


@phone_variant
def dots(
    narrow: bool,
    rows: Mapping[str, Sequence[float]],
    *,
    axis: str,
    line: float | None = None,
) -> Figure:
    """Draw a row for each condition: a point for each seed, a bar at their mean.

    Args:
        rows: a name of the texts -> shares.
        axis: the name of the axis, likewise.
        line: a share to compare with.
    """
    width, row = (PHONE_WIDTH, 0.42) if narrow else (6.0, 0.4)
    _, ax = new_figure(width, 0.8 + row * len(rows))
    _dots(ax, rows)
    if line is not None:
        ax.axvline(100 * line, color=COLORS["bad"], linestyle=":", linewidth=1.3)
    ax.set_xlabel(label(f"model-families.{axis}"))
    return figure_of(ax)


def _dots(ax: Axes, rows: Mapping[str, Sequence[float]]) -> None:
    named = {
        label(f"model-families.{name}"): [100 * share for share in shares]
        for name, shares in rows.items()
    }
    seed_rows(ax, named)
    ax.margins(x=0.1)


@phone_variant
def transfer(
    narrow: bool, found: Sequence[Mapping[int, Mapping[str, float]]]
) -> Figure:
    """Draw what each way learns from few images: a point for each seed.

    Args:
        found: for each seed, images of a digit -> way -> share right.
    """
    shots = list(found[0])
    size = (PHONE_WIDTH, 4.6) if narrow else (6.8, 2.3)
    rows, columns = (len(shots), 1) if narrow else (1, len(shots))
    figure, grid = new_figure(*size, rows=rows, columns=columns)
    for place, (ax, number) in enumerate(zip(np.ravel(grid), shots, strict=True)):
        ways = list(found[0][number])
        _dots(ax, {f"way-{way}": [run[number][way] for run in found] for way in ways})
        ax.set_title(label("model-families.shots", number=number), size=SMALL_SIZE)
        ax.set_xlim(20, 102)
        if place and not narrow:
            ax.set_yticklabels([])
        if not narrow or place == len(shots) - 1:
            ax.set_xlabel(label("model-families.axis-right"))
    return figure
