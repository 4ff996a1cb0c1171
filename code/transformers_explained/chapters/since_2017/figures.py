"""The figures of the chapter "What has changed since 2017"."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from transformers_explained.drawing import (
    PHONE_WIDTH,
    SMALL_SIZE,
    arrow,
    box,
    diagram,
    line_chart,
    new_figure,
    note,
    phone_variant,
)
from transformers_explained.drawing.charts import seed_rows
from transformers_explained.lesson.labels import label

OLD = ("attention", "norm", "network", "norm")
NEW = ("rms", "grouped", "rms", "gated")


@phone_variant
def layers(narrow: bool) -> Figure:
    """Draw the layer of 2017 and that of Llama, side by side."""
    width = PHONE_WIDTH if narrow else 5.6
    figure, ax = diagram(width, 4.6)
    for side, parts in ((-1, OLD), (1, NEW)):
        x = width / 2 + side * width / 4
        old = side < 0
        note(ax, (x, 4.4), label(f"since-2017.layer-{'old' if old else 'new'}"))
        below = (x, 0.15)
        for row, part in enumerate(parts):
            y = 0.75 + 0.95 * row
            changed = not old
            placed = box(
                ax,
                (x, y),
                label(f"since-2017.part-{part}"),
                width=1.3 if narrow else 1.8,
                height=0.5,
                color="value" if changed else "query",
                size=SMALL_SIZE,
            )
            arrow(ax, below, placed.bottom)
            below = placed.top
        arrow(ax, below, (x, 4.2))
        edge = x - (0.73 if narrow else 1.1)
        for first in (0, 2):  # the residual connections
            start = 0.75 + 0.95 * first - 0.38
            end = start + (0.95 if old else 1.9)
            if not old:
                end -= 0.02
            for a, b, head in (
                ((x, start), (edge, start), False),
                ((edge, start), (edge, end), False),
                ((edge, end), (x, end), True),
            ):
                arrow(ax, a, b, color="muted", head=head, width=1.0)
    return figure


@phone_variant
def bits(
    narrow: bool, numbers: Sequence[int], errors: Mapping[str, Sequence[float]]
) -> Figure:
    """Draw the relative error against the number of bits.

    Args:
        errors: "blocks", "whole" -> one error for each number of bits, in per cent.
    """
    figure, ax = new_figure(*((PHONE_WIDTH, 2.9) if narrow else (5.6, 3.0)))
    line_chart(
        numbers,
        {label(f"since-2017.scale-{name}"): found for name, found in errors.items()},
        ax=ax,
        log_y=True,
        x_label=label("since-2017.axis-bits"),
        y_label=label("since-2017.axis-error"),
    )
    ax.set_yticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    ax.minorticks_off()
    return figure


@phone_variant
def step_seeds(narrow: bool, gaps: Mapping[str, Sequence[float]]) -> Figure:
    """Draw how far each step stays above the floor: a point per seed.

    Args:
        gaps: the name of a step -> nats a word, for each seed.
    """
    figure, ax = new_figure(*((PHONE_WIDTH, 3.2) if narrow else (6.2, 3.0)))
    seed_rows(ax, {label(f"since-2017.step-{k}"): row for k, row in gaps.items()})
    ax.set_xlim(left=0)
    ax.set_xlabel(label("since-2017.axis-gap"))
    return figure


@phone_variant
def preferences(
    narrow: bool, written: Mapping[str, Mapping[str, Sequence[float]]]
) -> Figure:
    """Draw the length of the sentences, and how many the grammar allows, before and
    after the model has learned from the judge: a point per seed.

    Args:
        written: "length", "allowed" -> "before", "large", "small" -> numbers.
    """
    size = (PHONE_WIDTH, 3.6) if narrow else (6.6, 2.0)
    figure, panels = new_figure(
        *size, rows=2 if narrow else 1, columns=1 if narrow else 2
    )
    for number, (ax, (measure, rows)) in enumerate(
        zip(panels, written.items(), strict=True)
    ):
        factor = 1 if measure == "length" else 100
        named = {
            label(f"since-2017.judge-{key}"): [factor * value for value in values]
            for key, values in rows.items()
        }
        seed_rows(ax, named)
        ax.set_xlim(left=-0.03 * factor * max(max(row) for row in rows.values()))
        ax.set_xlabel(label(f"since-2017.axis-{measure}"))
        if number and not narrow:
            ax.set_yticklabels([])
    return figure
