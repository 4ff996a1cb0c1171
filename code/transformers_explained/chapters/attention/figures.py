"""The figures of the chapter `attention`."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.drawing import (
    COLORS,
    arrow,
    attention_heatmap,
    box,
    diagram,
    line_chart,
    new_figure,
    note,
)
from transformers_explained.drawing.style import SMALL_SIZE
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number


def soft_lookup(
    angles: Tensor,
    answers: Mapping[float, Tensor],
    exact: Tensor,
    keys: Mapping[str, float],
) -> Figure:
    """Draw what a lookup answers while the query turns, exact and soft.

    Args:
        angles: (N,) direction of the query, in degrees.
        answers: sharpness -> (N,) what the soft lookup answers.
        exact: (N,) the value of the nearest key.
        keys: name -> direction of its key, in degrees.
    """
    _, ax = new_figure(5.6, 3.2)
    for name, angle in keys.items():
        ax.axvline(angle, color=COLORS["key"], linewidth=1.0, linestyle=":")
        ax.annotate(
            name,
            (angle, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            size=SMALL_SIZE,
            color=COLORS["key"],
        )
    series = {label("attention.lookup-exact"): exact}
    colors = {label("attention.lookup-exact"): "muted"}
    for (sharpness, curve), color in zip(
        answers.items(), ("query", "accent", "value"), strict=False
    ):
        name = label("attention.lookup-soft", sharpness=sharpness)
        series[name], colors[name] = curve, color
    ax.set_ylim(0, 18)
    return line_chart(
        angles,
        series,
        colors=colors,
        ax=ax,
        x_label=label("attention.lookup-angle"),
        y_label=label("attention.lookup-years"),
        markers=False,
    )


def shapes() -> Figure:
    """Draw the matrices of attention to scale: T = 3 queries, S = 5 keys, D = 4."""
    figure, ax = diagram(5.5, 3.5)
    unit = 0.2
    T, S, D, Dv = 3, 5, 4, 2

    def matrix(center: tuple[float, float], rows: int, columns: int, **options: str):  # type: ignore[no-untyped-def]
        return box(
            ax,
            center,
            options["text"],
            width=columns * unit,
            height=rows * unit,
            color=options["color"],
            rounding=0.02,
        )

    top, low = 2.65, 0.95
    q = matrix((0.5, top), T, D, text="$Q$", color="query")
    k = matrix((1.65, top), D, S, text=r"$K^{\top}$", color="key")
    scores = matrix((3.1, top), T, S, text="$QK^{\\top}$", color="muted")
    weights = matrix((3.1, low), T, S, text="$A$", color="accent")
    v = matrix((4.15, low), S, Dv, text="$V$", color="value")
    output = matrix((5.1, low), T, Dv, text="$O$", color="decoder")
    for at, sign in (((1.03, top), "×"), ((2.38, top), "="), ((3.78, low), "×")):
        note(ax, at, sign, color="text")
    note(ax, (4.63, low), "=", color="text")
    for part, size in (
        (q, "$T × D$"),
        (k, "$D × S$"),
        (scores, "$T × S$"),
        (weights, "$T × S$"),
        (v, "$S × D_v$"),
        (output, "$T × D_v$"),
    ):
        note(ax, (part.x, part.bottom[1] - 0.16), size)
    arrow(ax, (3.1, scores.bottom[1] - 0.3), (3.1, weights.top[1] + 0.06))
    note(ax, (2.98, 1.72), label("attention.shapes-softmax"), align="right")
    note(ax, (q.x, q.top[1] + 0.28), label("attention.shapes-queries"), color="query")
    note(ax, (k.x, k.top[1] + 0.18), label("attention.shapes-keys"), color="key")
    note(ax, (scores.x, k.top[1] + 0.18), label("attention.shapes-scores"))
    note(ax, (v.x, v.top[1] + 0.18), label("attention.shapes-values"), color="value")
    note(
        ax,
        (output.x, v.top[1] + 0.18),
        label("attention.shapes-output"),
        color="decoder",
    )
    note(
        ax,
        (weights.left[0] - 0.12, low),
        label("attention.shapes-weights"),
        color="accent",
        align="right",
    )
    return figure


def average(
    words: Sequence[str], values: Tensor, weights: Tensor, output: Tensor, start: int
) -> Figure:
    """Draw a weighted average of words in the plane "living being – device".

    Args:
        words: S texts.
        values: (S, 2) where they stand.
        weights: (S,) of the words in the average.
        output: (2,) the average.
        start: the word that asks; an arrow leads from it to the output.
    """
    figure, ax = new_figure(5.6, 3.6)
    points = [(float(x), float(y)) for x, y in values]
    end = (float(output[0]), float(output[1]))
    for i, (word, point, weight) in enumerate(
        zip(words, points, weights.tolist(), strict=True)
    ):
        ax.plot(
            *zip(point, end, strict=True),
            color=COLORS["value"],
            linewidth=1 + 8 * weight,
            linestyle="-",
            alpha=0.35,
            solid_capstyle="round",
            zorder=1,
        )
        ink = COLORS["query" if i == start else "value"]
        ax.plot(*point, marker="o", markersize=8, color=ink, linestyle="", zorder=3)
        text = label("attention.average-word", word=word, weight=weight)
        _name(ax, text, point, ink, above=point[1] >= end[1] or i == start)
    ax.annotate(
        "",
        end,
        points[start],
        arrowprops={
            "arrowstyle": "-|>",
            "color": COLORS["query"],
            "linewidth": 1.6,
            "shrinkA": 6,
            "shrinkB": 6,
            "connectionstyle": "arc3,rad=-0.25",
        },
        zorder=2,
    )
    ax.plot(*end, marker="*", markersize=15, color=COLORS["decoder"], zorder=4)
    ax.annotate(
        label("attention.average-after"),
        end,
        xytext=(11, 7),
        textcoords="offset points",
        size=SMALL_SIZE,
        color=COLORS["decoder"],
    )
    ax.plot([0, 4.4], [0, 4.4], color=COLORS["grid"], linewidth=1, linestyle=":")
    ax.set(
        xlim=(-0.35, 5.2),
        ylim=(-0.6, 4.6 if values[:, 1].max() > 2 else 2.2),
        xlabel=label("attention.average-living"),
        ylabel=label("attention.average-device"),
    )
    return figure


def _name(
    ax: Axes, text: str, at: tuple[float, float], ink: str, *, above: bool
) -> None:
    ax.annotate(
        text,
        at,
        xytext=(0, 10 if above else -10),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        size=SMALL_SIZE,
        color=ink,
        zorder=5,
    )


def with_and_without_projections(
    raw: Tensor, projected: Tensor, tokens: Sequence[str]
) -> Figure:
    """Draw two (T, T) heat maps of a sentence side by side."""
    figure, axes = new_figure(5.6, 3.4, columns=2)
    titles = ("attention.heat-raw", "attention.heat-projected")
    for ax, weights, title in zip(axes, (raw, projected), titles, strict=True):
        attention_heatmap(weights, tokens, ax=ax, title=label(title), values=False)
    axes[1].set_ylabel("")
    axes[1].set_yticklabels([])
    return figure


def variance(sizes: Sequence[int], variances: Sequence[float]) -> Figure:
    """Draw the measured variance of q·k against d_k, beside the line y = d_k."""
    figure, ax = new_figure(5.2, 3.2)
    ax.plot(
        sizes,
        sizes,
        color=COLORS["muted"],
        linestyle="--",
        linewidth=1.4,
        label=label("attention.variance-theory"),
    )
    ax.plot(
        sizes,
        variances,
        color=COLORS["query"],
        linestyle="",
        marker="o",
        markersize=7,
        label=label("attention.variance-measured"),
    )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ticks = list(sizes)
    written = [format_number(size) for size in ticks]
    ax.set_xticks(ticks, written)
    ax.set_yticks(ticks, written)
    ax.minorticks_off()
    ax.legend(loc="upper left")
    ax.set(
        xlabel=label("attention.variance-x"),
        ylabel=label("attention.variance-y"),
    )
    return figure


def saturation(
    sizes: Sequence[int],
    largest: Mapping[str, Sequence[float]],
    gradient: Mapping[str, Sequence[float]],
) -> Figure:
    """Draw the largest weight and the gradient, raw and scaled, against d_k.

    Args:
        sizes: values of d_k.
        largest: "raw" and "scaled" -> mean largest weight for each d_k.
        gradient: the same keys -> median norm of the softmax's Jacobian.
    """
    figure, axes = new_figure(6.0, 3.0, columns=2)
    colors = {"raw": "bad", "scaled": "query"}
    styles = {"raw": (0, (5, 1.5)), "scaled": "-"}
    markers = {"raw": "s", "scaled": "o"}
    for ax, curves, text in (
        (axes[0], largest, "attention.saturation-largest"),
        (axes[1], gradient, "attention.saturation-gradient"),
    ):
        for name, curve in curves.items():
            ax.plot(
                sizes,
                curve,
                color=COLORS[colors[name]],
                linestyle=styles[name],
                marker=markers[name],
                label=label(f"attention.saturation-{name}"),
            )
        ax.set_xscale("log", base=2)
        ax.set_xticks(sizes[::2], [format_number(size) for size in sizes[::2]])
        ax.minorticks_off()
        ax.set(xlabel="$d_k$", title=label(text))
    axes[0].set_ylim(0, 1)
    axes[1].set_yscale("log")
    axes[1].legend(loc="lower left")
    return figure


def three_masks(
    padding: Tensor, causal: Tensor, both: Tensor, tokens: Sequence[str]
) -> Figure:
    """Draw three (T, T) masks: allowed cells in colour, the others hatched."""
    figure, axes = new_figure(5.8, 2.6, columns=3)
    for ax, mask, title in zip(
        axes,
        (padding, causal, both),
        ("attention.mask-padding", "attention.mask-causal", "attention.mask-both"),
        strict=True,
    ):
        attention_heatmap(
            mask.float() * 0.55,
            tokens,
            mask=mask,
            ax=ax,
            title=label(title),
            x_label="",
            y_label="",
            values=False,
        )
        for text in ax.get_xticklabels() + ax.get_yticklabels():
            text.set_size(8)
    axes[0].set_ylabel(label("common.query-position"))
    for ax in axes[1:]:
        ax.set_yticklabels([])
    return figure


def cost(lengths: Sequence[int], seconds: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the time of additive and dot-product attention against length.

    Args:
        lengths: T = S.
        seconds: "additive" and "dot" -> seconds for each length.
    """
    figure, ax = new_figure(5.8, 3.0)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(lengths, [format_number(length) for length in lengths])
    ax.minorticks_off()
    line_chart(
        lengths,
        {
            label(f"attention.cost-{name}"): [1000 * value for value in values]
            for name, values in seconds.items()
        },
        colors={
            label("attention.cost-additive"): "bad",
            label("attention.cost-dot"): "query",
        },
        ax=ax,
        x_label=label("attention.cost-length"),
        y_label=label("attention.cost-milliseconds"),
        markers=True,
    )
    return figure
