"""The figures of the chapter "The craft of training"."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from torch import Tensor

from transformers_explained.chapters.training.results import Results
from transformers_explained.drawing import (
    COLORS,
    PHONE_WIDTH,
    SMALL_SIZE,
    line_chart,
    new_figure,
    phone_variant,
)
from transformers_explained.drawing.charts import figure_of, seed_rows
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

SCHEDULES = {
    "constant": "muted",
    "inverse-sqrt": "query",
    "linear": "key",
    "cosine": "value",
}


@phone_variant
def valley(
    narrow: bool,
    surface: Callable[[Any, Any], Any],
    paths: Mapping[str, Sequence[Sequence[float]]],
) -> Figure:
    """Draw the way of each optimizer down a narrow valley, one picture for each.

    Args:
        surface: height at (x, y), of NumPy arrays.
        paths: optimizer -> points (x, y), from the start on.
    """
    size = (PHONE_WIDTH, 2.6) if narrow else (6.2, 3.4)
    figure, grid = new_figure(*size, rows=len(paths) // 2, columns=2)
    xs, ys = np.meshgrid(np.linspace(-1.3, 6.2, 120), np.linspace(-1.6, 1.9, 90))
    heights = surface(xs, ys)
    levels = np.geomspace(0.05, heights.max(), 9)
    for ax, (name, points) in zip(np.ravel(grid), paths.items(), strict=True):
        ax.contour(xs, ys, heights, levels, colors=COLORS["grid"], linewidths=1.0)
        way = np.array(points, dtype=float)
        ax.plot(way[:, 0], way[:, 1], "-o", color=COLORS["query"], markersize=3)
        ax.plot([0], [0], "x", color=COLORS["bad"], markersize=8, markeredgewidth=2)
        ax.set_title(label(f"training.optimizer-{name}"), size=SMALL_SIZE)
        ax.set(xlim=(-1.3, 6.2), ylim=(-1.6, 1.9), xticks=[], yticks=[])
        ax.grid(visible=False)
    return figure


def range_curve(
    rates: Sequence[float], losses: Sequence[float], *, chosen: float
) -> Figure:
    """Draw the loss while the rate rises, and the rate that the page works with."""
    _, ax = new_figure(5.0, 3.0)
    figure = line_chart(
        rates,
        {"": losses},
        ax=ax,
        x_label=label("training.axis-rate"),
        y_label=label("common.loss"),
        log_x=True,
        markers=False,
    )
    ax.axvline(chosen, color=COLORS["bad"], linestyle=":", linewidth=1.5)
    ax.annotate(
        label("training.chosen", rate=_power(chosen)),
        (chosen, max(losses)),
        xytext=(-5, 0),
        textcoords="offset points",
        ha="right",
        va="top",
        size=SMALL_SIZE,
        color=COLORS["bad"],
    )
    return figure


def schedule_curves(rates: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the learning rate of each schedule against the update, from 1 on."""
    _, ax = new_figure(5.2, 3.0)
    names = {kind: label(f"training.schedule-{kind}") for kind in rates}
    steps = list(range(1, len(next(iter(rates.values()))) + 1))
    figure = line_chart(
        steps,
        {names[kind]: curve for kind, curve in rates.items()},
        colors={names[kind]: SCHEDULES[kind] for kind in rates},
        ax=ax,
        x_label=label("common.step"),
        y_label=label("training.axis-rate"),
        markers=False,
    )
    ax.set_ylim(bottom=0)
    return figure


@phone_variant
def warmup_range(narrow: bool, results: Results) -> Figure:
    """Draw the test loss against the highest rate, with and without a warm-up, for each
    place of the normalization: a point for each seed, a line through their means."""
    size = (PHONE_WIDTH, 4.6) if narrow else (6.6, 3.3)
    rows, columns = (2, 1) if narrow else (1, 2)
    figure, grid = new_figure(*size, rows=rows, columns=columns)
    rates = sorted(
        {float(name.split("/")[3]) for name in results.runs if name.startswith("range")}
    )
    for ax, norm in zip(np.ravel(grid), ("post", "pre"), strict=True):
        for k, (start, color) in enumerate((("cold", "key"), ("warm", "query"))):
            names = [f"range/{norm}/{start}/{rate:g}" for rate in rates]
            shift = 1.06 ** (2 * k - 1)
            at = [rate * shift for rate in rates]
            for x, name in zip(at, names, strict=True):
                losses = results.values(name)
                marker = "os"[k]
                ax.plot(
                    [x] * len(losses),
                    losses,
                    marker,
                    color=COLORS[color],
                    markersize=4,
                    alpha=0.55,
                    markeredgewidth=0,
                )
            ax.plot(
                at,
                [results.mean(name) for name in names],
                "--" if k else "-",
                color=COLORS[color],
                label=label(f"training.start-{start}"),
            )
        ax.set_title(label(f"training.norm-{norm}"), size=SMALL_SIZE)
        ax.set(xscale="log", yscale="log", xlabel=label("training.axis-rate"))
        _plain_ticks(ax, (0.1, 0.3, 1, 3))
        ax.set_ylim(0.06, 5)
        _limit(ax, sum(results.counting) / len(results.counting), vertical=False)
    first = np.ravel(grid)[0]
    first.set_ylabel(label("training.axis-test"))
    first.legend(loc="upper left", bbox_to_anchor=(0.0, 0.82), fontsize=SMALL_SIZE)
    if narrow:
        np.ravel(grid)[1].set_ylabel(label("training.axis-test"))
    return figure


@phone_variant
def seed_dots(
    narrow: bool, results: Results, conditions: Sequence[str], *, reference: str = ""
) -> Figure:
    """Draw the test loss, a row for each condition: a point for each seed, a bar at
    their mean.

    Args:
        conditions: names of `runs.py`, top to bottom.
        reference: the condition to compare with; its mean is a line through all rows.
    """
    width, row = (PHONE_WIDTH, 0.23) if narrow else (5.2, 0.31)
    _, ax = new_figure(width, 0.85 + row * len(conditions))
    _dots(ax, results, conditions, reference)
    return figure_of(ax)


@phone_variant
def depth_dots(narrow: bool, results: Results) -> Figure:
    """Draw the same for 2 + 2 layers and for 6 + 6: norm, start, warm-up."""
    size = (PHONE_WIDTH, 5.2) if narrow else (6.8, 3.3)
    rows, columns = (2, 1) if narrow else (1, 2)
    figure, grid = new_figure(*size, rows=rows, columns=columns)
    for ax, layers in zip(np.ravel(grid), (2, 6), strict=True):
        names = [
            f"depth/{layers}/{norm}/{start}/{warmth}"
            for norm in ("post", "pre")
            for start in ("xavier", "small")
            for warmth in ("warm", "cold")
        ]
        _dots(ax, results, names, "")
        ax.set_title(label("training.layers", number=layers), size=SMALL_SIZE)
        if layers == 6 and not narrow:
            ax.set_yticklabels([])
    return figure


def _dots(
    ax: Axes, results: Results, conditions: Sequence[str], reference: str
) -> None:
    rows = {row_label(name): results.values(name) for name in conditions}
    seed_rows(ax, rows, muted=[row_label(reference)] if reference else ())
    if reference:
        mean = results.mean(reference)
        ax.axvline(mean, color=COLORS["muted"], linestyle="--", linewidth=1.0, zorder=0)
    ax.set_xscale("log")
    lowest = min(min(results.values(name)) for name in conditions)
    highest = max(max(results.values(name)) for name in conditions)
    limit = sum(results.counting) / len(results.counting)
    if highest > limit / 2:
        _limit(ax, limit, vertical=True)
        highest = max(highest, limit)
    ax.set_xlim(lowest / 1.2, highest * 1.2)
    wide = highest / lowest > 8
    marks = (0.03, 0.1, 0.3, 1, 3) if wide else (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1)
    _plain_ticks(ax, marks, horizontal=True)
    ax.set_xlabel(label("training.axis-test"))


def row_label(condition: str) -> str:
    """The words for a condition of `runs.py`."""
    return label("training.run-" + re.sub(r"[^a-z0-9]+", "-", condition))


def gradient_sizes(gradients: Tensor, *, scale: float) -> Figure:
    """Draw how large the numbers of a gradient are, as powers of two, beside the
    smallest number of float16; and the same gradient times `scale`."""
    _, ax = new_figure(5.0, 3.0)
    sizes = gradients[gradients != 0].abs().double().log2().numpy()
    bins = np.arange(-40, 12, 1.0)
    raw = label("training.gradient-raw")
    scaled = label("training.gradient-scaled", scale=format_number(scale))
    for shift, name, color, style in (
        (0.0, raw, "query", "-"),
        (math.log2(scale), scaled, "key", "--"),
    ):
        counts, _edges = np.histogram(sizes + shift, bins=bins)
        ax.stairs(
            100 * counts / len(sizes),
            bins,
            color=COLORS[color],
            linestyle=style,
            linewidth=1.8,
            label=name,
        )
    ax.axvspan(bins[0], -24, color=COLORS["grid"], alpha=0.6, linewidth=0)
    ax.text(
        -24.5,
        ax.get_ylim()[1] * 0.96,
        label("training.becomes-zero"),
        ha="right",
        va="top",
        size=SMALL_SIZE,
    )
    ax.set_xlim(bins[0], bins[-1])
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"$2^{{{x:.0f}}}$"))
    ax.set(xlabel=label("training.axis-size"), ylabel=label("training.axis-share"))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=2)
    return figure_of(ax)


def _limit(ax: Axes, loss: float, *, vertical: bool) -> None:
    """The loss of a model that only counts words: beyond it a run has failed."""
    draw = ax.axvline if vertical else ax.axhline
    draw(loss, color=COLORS["bad"], linestyle=":", linewidth=1.3, zorder=0)


def _plain_ticks(
    ax: Axes, values: Sequence[float], *, horizontal: bool = False
) -> None:
    """Write ticks of a logarithmic axis as plain numbers of the language."""
    axis = ax.xaxis if horizontal else ax.yaxis
    low, high = ax.get_xlim() if horizontal else (0.0, math.inf)
    kept = [value for value in values if low <= value <= high]
    axis.set_major_locator(NullLocator())
    axis.set_minor_locator(NullLocator())
    axis.set_ticks(kept, [format_number(value) for value in kept])


def _power(rate: float) -> str:
    """A rate such as 0.003 as 3 · 10⁻³."""
    exponent = math.floor(math.log10(rate) + 1e-9)
    factor = rate / 10**exponent
    return f"${factor:.0f} \\cdot 10^{{{exponent}}}$"
