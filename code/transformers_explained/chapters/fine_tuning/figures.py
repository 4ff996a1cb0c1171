"""The figures of the chapter "Fine-tuning BERT: sentiment analysis"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from transformers_explained.drawing import arrow, box, diagram, new_figure, note
from transformers_explained.drawing.style import COLORS, SMALL_SIZE
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

LANGUAGES = ("fr", "en")
INKS = {
    "tfidf": "muted",
    "frozen": "key",
    "top": "value",
    "full": "query",
    "fr": "fr",
    "en": "en",
}


def ways() -> Figure:
    """Draw what is trained, what stays as it is, and what starts from nothing."""
    figure, ax = diagram(6.6, 4.0)
    names = ("embeddings", "lower", "layer-10", "layer-11", "layer-12", "mean", "head")
    trained = {
        "frozen": {"head"},
        "top": {"layer-10", "layer-11", "layer-12", "head"},
        "full": set(names) - {"mean"},
        "scratch": set(names) - {"mean"},
    }
    for column, (way, moving) in enumerate(trained.items()):
        x = 0.95 + 1.57 * column
        note(ax, (x, 3.75), label(f"fine-tuning.way-{way}"), color="text")
        below = None
        for row, name in enumerate(names):
            new = way == "scratch" or name == "head"
            moves = name in moving
            color = ("accent" if new else "query") if moves else "muted"
            placed = box(
                ax,
                (x, 0.45 + 0.48 * row),
                label(f"fine-tuning.part-{name}"),
                width=1.4,
                height=0.34,
                color=color,
                size=SMALL_SIZE,
                dashed=not moves,
            )
            if below is not None:
                arrow(ax, below.top, placed.bottom, width=0.8)
            below = placed
    note(ax, (3.3, 0.08), label("fine-tuning.ways-legend"))
    return figure


def progress(losses: Sequence[float], valid: Sequence[float]) -> Figure:
    """Draw the loss of each update, and the accuracy on validation of each epoch."""
    figure, (left, right) = new_figure(6.8, 3.0, columns=2)
    left.plot(range(1, len(losses) + 1), losses, color=COLORS["query"], linewidth=1)
    left.axhline(np.log(2), color=COLORS["muted"], linestyle=":", zorder=0)
    left.set(xlabel=label("fine-tuning.axis-update"), ylabel=label("common.loss"))
    epochs = range(1, len(valid) + 1)
    right.plot(epochs, [100 * x for x in valid], "o-", color=COLORS["value"])
    right.set(
        xlabel=label("fine-tuning.axis-epoch"),
        ylabel=label("fine-tuning.axis-valid"),
        ylim=(45, 100),
    )
    right.set_xticks(list(epochs))
    return figure


def two_curves(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Draw the loss of each update, ours as a line, Hugging Face's as rings on it."""
    figure, ax = new_figure(5.6, 3.0)
    steps = range(1, len(ours) + 1)
    ax.plot(
        steps,
        ours,
        "-",
        color=COLORS["query"],
        linewidth=2,
        label=label("fine-tuning.curve-ours"),
    )
    ax.plot(
        steps,
        theirs,
        "o",
        markersize=9,
        markerfacecolor="none",
        markeredgecolor=COLORS["key"],
        markeredgewidth=1.8,
        label=label("fine-tuning.curve-theirs"),
    )
    ax.axhline(np.log(2), color=COLORS["muted"], linestyle=":", linewidth=1.2, zorder=0)
    ax.set(xlabel=label("fine-tuning.axis-update"), ylabel=label("common.loss"))
    ax.set_xticks(list(steps))
    ax.legend(frameon=False, fontsize=SMALL_SIZE)
    return figure


def rivals(runs: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw the accuracy of each classifier, a mark per seed and a bar for the mean.

    Args:
        runs: language -> classifier -> accuracy of each seed.
    """
    names = list(runs["en"])
    figure, ax = new_figure(6.6, 0.9 + 0.62 * len(names))
    for shift, language in ((-0.19, "en"), (0.19, "fr")):
        ink = COLORS[language]
        for row, name in enumerate(names):
            values = [100 * value for value in runs[language][name]]
            mean = sum(values) / len(values)
            y = row + shift
            ax.plot(
                [50, mean],
                [y, y],
                "-",
                color=ink,
                linewidth=6,
                alpha=0.28,
                solid_capstyle="butt",
            )
            ax.plot(values, [y] * len(values), "|", color=ink, markersize=11)
            text = f"{language.upper()} {format_number(mean, digits=1)}"
            ax.annotate(
                text,
                (max(values), y),
                xytext=(7, 0),
                textcoords="offset points",
                va="center",
                size=SMALL_SIZE,
                color=ink,
            )
    ax.axvline(50, color=COLORS["muted"], linewidth=1.0)
    ax.set_yticks(
        range(len(names)), [label(f"fine-tuning.rival-{name}") for name in names]
    )
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlim=(45, 85), xlabel=label("fine-tuning.axis-accuracy"))
    return figure


def by_size(
    runs: Mapping[str, Mapping[str, Mapping[int, Sequence[float]]]],
) -> Figure:
    """Draw accuracy against the number of training examples, one panel per language.

    Args:
        runs: language -> classifier -> number of examples -> accuracy of each draw.
    """
    figure, panels = new_figure(6.8, 3.6, columns=2)
    for ax, language in zip(panels, LANGUAGES, strict=True):
        for kind, found in runs[language].items():
            values = [100 * np.array(each) for each in found.values()]
            ax.errorbar(
                list(found),
                [each.mean() for each in values],
                yerr=[each.std(ddof=1) if len(each) > 1 else 0 for each in values],
                fmt={"tfidf": "s", "frozen": "o", "top": "^"}[kind],
                linestyle={"tfidf": ":", "frozen": "-", "top": "--"}[kind],
                color=COLORS[INKS[kind]],
                markersize=5,
                capsize=2.5,
                label=label(f"fine-tuning.rival-{kind}"),
            )
            ax.set_xscale("log", base=2)
            ax.set_xticks(list(found), [str(size) for size in found])
        ax.axhline(50, color=COLORS["muted"], linestyle=":", linewidth=1.2, zorder=0)
        ax.minorticks_off()
        ax.set(
            ylim=(45, 90),
            title=label(f"fine-tuning.language-{language}"),
            xlabel=label("fine-tuning.axis-examples"),
        )
    panels[0].set_ylabel(label("fine-tuning.axis-accuracy"))
    panels[0].legend(frameon=False, fontsize=SMALL_SIZE, loc="upper left")
    return figure


def phenomena(
    counts: Mapping[str, int], shares: Mapping[str, Mapping[str, Sequence[float]]]
) -> Figure:
    """Draw the accuracy on each phenomenon, with 95 % intervals.

    Args:
        counts: phenomenon -> number of test reviews.
        shares: language told in -> phenomenon -> (share right, its lower and upper
            limit).
    """
    figure, ax = new_figure(6.4, 0.9 + 0.55 * len(counts))
    for shift, (kind, found) in zip((0.16, -0.16), shares.items(), strict=True):
        for row, phenomenon in enumerate(counts):
            share, low, high = (100 * value for value in found[phenomenon])
            ax.errorbar(
                share,
                row + shift,
                xerr=[[max(share - low, 0)], [max(high - share, 0)]],
                fmt="o" if kind == "fr" else "s",
                color=COLORS[INKS[kind]],
                markersize=6,
                capsize=3,
                label=label(f"fine-tuning.told-{kind}") if row == 0 else None,
            )
    ax.axvline(50, color=COLORS["muted"], linestyle=":", linewidth=1.2, zorder=0)
    ax.set_yticks(
        range(len(counts)),
        [
            label(f"fine-tuning.phenomenon-{name}", number=number)
            for name, number in counts.items()
        ],
    )
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlim=(0, 102), xlabel=label("fine-tuning.axis-accuracy"))
    ax.legend(frameon=False, fontsize=SMALL_SIZE, loc="upper left")
    return figure


def calibration(groups: Mapping[str, Sequence[tuple[float, float, int]]]) -> Figure:
    """Draw the share of right answers against the confidence announced.

    Args:
        groups: classifier -> (mean confidence, share right, number) of each group.
    """
    figure, ax = new_figure(5.0, 3.9)
    ax.plot([50, 100], [50, 100], ":", color=COLORS["muted"], linewidth=1.4)
    text = label("fine-tuning.perfect")
    ax.annotate(
        text, (73, 75), rotation=40, size=SMALL_SIZE, color=COLORS["muted"], ha="center"
    )
    for marker, (kind, points) in zip("os", groups.items(), strict=True):
        x, y, _ = (np.array(column) for column in zip(*points, strict=True))
        ax.plot(
            100 * x,
            100 * y,
            "-",
            color=COLORS[INKS[kind]],
            linewidth=1.2,
            marker=marker,
            label=label(f"fine-tuning.rival-{kind}"),
        )
    ax.set(
        xlabel=label("fine-tuning.axis-confidence"),
        ylabel=label("fine-tuning.axis-right"),
        xlim=(49, 101),
        ylim=(30, 103),
    )
    ax.legend(frameon=False, fontsize=SMALL_SIZE, loc="lower right")
    return figure


def shifts(found: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw how far each name, or place, moves the probability from its text's mean.

    Args:
        found: "names", "places" -> word -> shift in each text, in points.
    """
    figure, panels = new_figure(6.6, 3.7, columns=len(found))
    limit = max(abs(x) for words in found.values() for xs in words.values() for x in xs)
    for ax, (kind, words) in zip(panels, found.items(), strict=True):
        for row, values in enumerate(words.values()):
            ax.plot(
                values, [row] * len(values), "o", color=COLORS["muted"], markersize=3.5
            )
            mean = sum(values) / len(values)
            ax.plot([mean], [row], "D", color=COLORS["query"], markersize=7)
        ax.axvline(0, color=COLORS["muted"], linestyle=":", linewidth=1.2, zorder=0)
        ax.set_yticks(range(len(words)), list(words))
        ax.invert_yaxis()
        ax.grid(axis="y", visible=False)
        ax.set(
            title=label(f"fine-tuning.{kind}"),
            xlabel=label("fine-tuning.axis-shift"),
            xlim=(-1.1 * limit, 1.1 * limit),
        )
    return figure
