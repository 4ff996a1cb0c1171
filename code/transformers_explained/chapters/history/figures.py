"""The figures of the chapter "From history to Transformers"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from torch import Tensor

from transformers_explained.drawing import diagram, line_chart, new_figure
from transformers_explained.drawing.style import COLORS, SMALL_SIZE, TEXT_SIZE
from transformers_explained.lesson.labels import label

# One colour per network, in every chart of the chapter.
NETWORKS = {
    "rnn": "bad",
    "lstm": "key",
    "lstm-remembering": "value",
    "attention": "query",
}

# (when first published, label id, lane), in order of time.
MILESTONES = [
    (1948, "shannon", "count"),
    (1990, "elman", "read"),
    (1997, "lstm", "read"),
    (2003, "neural-lm", "count"),
    (2013, "word2vec", "count"),
    (2014, "bahdanau", "attend"),
    (2014, "seq2seq", "read"),
    (2016, "bytenet", "read"),
    (2017, "convs2s", "read"),
    (2017, "transformer", "attend"),
    (2018, "gpt", "attend"),
    (2018, "bert", "attend"),
    (2019, "t5", "attend"),
    (2020, "gpt3", "attend"),
    (2020, "vit", "attend"),
    (2021, "alphafold", "attend"),
    (2022, "chatgpt", "attend"),
    (2023, "llama", "attend"),
]
LANES = {"count": "muted", "read": "key", "attend": "query"}


def timeline() -> Figure:
    """Draw the milestones from 1948 to the open models, one line each, in three lanes.

    Time runs downwards: each name has a line of its own and stays readable on a phone.
    """
    row, head = 0.27, 0.62
    height = head + row * len(MILESTONES)
    figure, ax = diagram(6.4, height)
    x_of = {"count": 0.85, "read": 1.15, "attend": 1.45}
    heights = [height - head - row * (i + 0.35) for i in range(len(MILESTONES))]
    for lane, x in x_of.items():
        color = COLORS[LANES[lane]]
        rows = [i for i, milestone in enumerate(MILESTONES) if milestone[2] == lane]
        ends = [heights[rows[0]], heights[rows[-1]]]
        ax.plot([x, x], ends, "-", color=color, linewidth=3, solid_capstyle="round")
    for (year, key, lane), y in zip(MILESTONES, heights, strict=True):
        ax.plot(
            [x_of[lane], 1.7],
            [y, y],
            "-",
            color=COLORS["grid"],
            linewidth=0.8,
            zorder=0,
        )
        ax.plot([x_of[lane]], [y], "o", color=COLORS[LANES[lane]], markersize=8)
        weight = "bold" if key in {"bahdanau", "transformer", "bert"} else "normal"
        text = label(f"history.milestone-{key}")
        ax.text(1.8, y, text, va="center", size=TEXT_SIZE, weight=weight)
        ax.text(0.6, y, str(year), va="center", ha="right", size=TEXT_SIZE)
    for lane, x in zip(x_of, (0.25, 2.35, 4.55), strict=True):
        y = height - 0.22
        ax.plot([x], [y], "o", color=COLORS[LANES[lane]], markersize=8)
        ax.text(x + 0.14, y, label(f"history.lane-{lane}"), va="center", size=TEXT_SIZE)
    return figure


def gradient_curves(lengths: Sequence[int], runs: Mapping[str, Tensor]) -> Figure:
    """Draw the gradient at the first word against the length of the sentence.

    Args:
        lengths: lengths measured.
        runs: name of a network -> (seeds, lengths) norms.
    """
    _, ax = new_figure(6.4, 3.8)
    names = _network_names(runs)
    middle = {names[k]: v.median(dim=0).values for k, v in runs.items()}
    bands = {
        names[k]: (v.min(dim=0).values, v.max(dim=0).values) for k, v in runs.items()
    }
    return line_chart(
        lengths,
        middle,
        bands=bands,
        colors={names[k]: NETWORKS[k] for k in runs},
        ax=ax,
        x_label=label("history.axis-length"),
        y_label=label("history.axis-gradient"),
        log_y=True,
    )


def recall_curves(
    distances: Sequence[int],
    recall: Mapping[str, Sequence[float]],
    *,
    seeds: Mapping[str, Mapping[int, Sequence[float]]],
    chance: float,
) -> Figure:
    """Draw the accuracy of recall against the distance of the symbol recalled.

    Args:
        distances: distances measured.
        recall: name of a network -> accuracy at each distance, the lines.
        seeds: name of a network -> distance -> accuracy of each seed, the bands.
        chance: accuracy of guessing.
    """
    _, ax = new_figure(6.4, 3.4)
    names = _network_names(recall)
    bands = {
        names[kind]: (
            [min(seeds[kind][distance]) for distance in distances],
            [max(seeds[kind][distance]) for distance in distances],
        )
        for kind in recall
    }
    figure = line_chart(
        distances,
        {names[kind]: values for kind, values in recall.items()},
        bands=bands,
        colors={names[kind]: NETWORKS[kind] for kind in recall},
        ax=ax,
        x_label=label("history.axis-distance"),
        y_label=label("common.accuracy"),
    )
    ax.axhline(chance, color=COLORS["muted"], linestyle=":", linewidth=1.2, zorder=0)
    ax.text(
        distances[0], chance - 0.02, label("history.chance"), va="top", size=SMALL_SIZE
    )
    ax.set_ylim(0, 1.05)
    return figure


def chain_curves(lengths: Sequence[int], chains: Mapping[str, Sequence[int]]) -> Figure:
    """Draw the number of operations that must follow one another."""
    _, ax = new_figure(6.4, 3.4)
    names = _network_names(chains)
    return line_chart(
        lengths,
        {names[kind]: values for kind, values in chains.items()},
        colors={names[kind]: NETWORKS[kind] for kind in chains},
        ax=ax,
        x_label=label("history.axis-length"),
        y_label=label("history.axis-chain"),
        log_x=True,
        log_y=True,
    )


def _network_names(kinds: Mapping[str, object]) -> dict[str, str]:
    return {kind: label(f"history.network-{kind}") for kind in kinds}


def two_paths() -> Figure:
    """Draw the path from the first word to the last: a chain, and direct links."""
    words = label("history.sentence").split()
    figure, ax = diagram(6.8, 3.1)
    gap = 0.98
    for top, title in ((2.85, "history.path-chain"), (1.8, "history.path-attention")):
        ax.text(0.4, top, label(title), size=TEXT_SIZE, weight="bold")
    for i, word in enumerate(words):
        x = 0.75 + gap * i
        for y, color in ((2.4, "key"), (0.25, "query")):
            ax.text(
                x,
                y,
                word,
                ha="center",
                va="center",
                size=TEXT_SIZE,
                bbox={
                    "boxstyle": "round,pad=0.3",
                    "facecolor": "none",
                    "edgecolor": COLORS[color],
                    "linewidth": 1.4,
                },
            )
        if i:
            _curve(ax, (x - gap + 0.36, 2.4), (x - 0.36, 2.4), 0.0, 1.6, "key")
    last = 0.75 + gap * (len(words) - 1)
    strengths = [float(s) for s in label("history.path-strengths").split()]
    for i, strength in enumerate(strengths):
        start = (0.75 + gap * i, 0.44)
        width = 0.8 + 4.0 * strength
        _curve(ax, start, (last, 0.44), -0.3, width, "query")
    return figure


def _curve(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    bend: float,
    width: float,
    color: str,
) -> None:
    arrow = FancyArrowPatch(
        start,
        end,
        arrowstyle="-|>",
        mutation_scale=9,
        connectionstyle=f"arc3,rad={bend}",
        color=COLORS[color],
        linewidth=width,
        shrinkA=0,
        shrinkB=0,
    )
    ax.add_patch(arrow)
