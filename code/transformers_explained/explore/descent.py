"""An explorer of gradient descent: drag the learning rate, see where the steps lead.

Every path was computed by the page that shows it; the script only chooses which one is
drawn, so that the explorer works from a file and asks no server for anything. Without
JavaScript and on paper, the drawing of the starting rate takes its place.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from transformers_explained.drawing import new_figure
from transformers_explained.drawing.style import COLORS, SMALL_SIZE, localise, render
from transformers_explained.explore.element import element
from transformers_explained.lesson.display import show
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number

Array = np.ndarray[Any, np.dtype[Any]]
Loss = Callable[[Array, Array], Array]
Window = tuple[tuple[float, float], tuple[float, float]]

MAX_POINTS = 4_000
WIDTH, HEIGHT, CURVE = 300, 200, 90  # units of the drawings: a surface, a curve
MARGIN = 22  # below and left of the surface, for the names of the axes
NEAR = 1.05  # times the lowest loss: there
LARGEST = 1e6  # a loss above it is said in words
LEVELS = 10


def explore_descent(
    loss: Loss,
    window: Window,
    lowest: tuple[float, float],
    rates: Sequence[float],
    paths: Tensor | Array | Sequence[Sequence[Array]],
    *,
    modes: Sequence[str] = ("",),
    names: tuple[str, str] = ("w", "b"),
    title: str = "",
    rate: int = 0,
    mode: int = 0,
) -> None:
    """Show paths of gradient descent on a surface, one per learning rate.

    Args:
        loss: gives the loss at points of the plane, from two arrays of one shape.
        window: the part of the plane that is drawn, (left, right) and (bottom, top).
        lowest: the point where the loss is lowest.
        rates: N learning rates, in the order of the slider.
        paths: (modes, N, steps + 1, 2), the points from the start on.
        modes: the name of each way to descend; one needs no name.
        names: of the two axes.
        title: what is shown.
        rate, mode: where to start, counted from 0; what paper shows.

    Raises:
        ValueError: if sizes disagree, the start does not exist, or there are more than
            4,000 points.
    """
    points = _checked(paths, len(modes), len(rates))
    for name, index, size in (("rate", rate, len(rates)), ("mode", mode, len(modes))):
        if not 0 <= index < size:
            raise ValueError(f"{name} must be from 0 to {size - 1}; got {index}")
    with np.errstate(all="ignore"):
        losses = loss(points[..., 0], points[..., 1])
    floor = float(loss(np.array(lowest[0]), np.array(lowest[1])))
    written = [format_number(value) for value in rates]
    says = [
        [_sentence(text, path, floor) for text, path in zip(written, of, strict=True)]
        for of in losses
    ]
    shown_title = title or label("descent-support.title")
    plane = _Plane(window)
    data = {
        "rates": written,
        "modes": list(modes),
        "at": {"rate": rate, "mode": mode},
        "paths": [[plane.points(path) for path in of] for of in points],
        "curves": [[_curve(path, losses, floor) for path in of] for of in losses],
        "says": says,
        "text": {
            "title": shown_title,
            "rate": label("descent-support.rate"),
            "mode": label("descent-support.mode"),
            "help": label("descent-support.help"),
        },
    }
    path, curve = data["paths"][mode][rate], data["curves"][mode][rate]  # type: ignore[index]
    way = modes[mode][:1].upper() + modes[mode][1:]
    where = f"{way}. {says[mode][rate]}" if way else says[mode][rate]
    alternative = f"{shown_title}. {label('descent-support.surface')} {where}"
    level_lines = _levels(loss, window, floor, points[0, 0, 0])
    surface = _surface(plane, level_lines, lowest, names, path)
    data["drawing"] = surface.format(role='aria-hidden="true"') + _chart(curve)
    described = f'role="img" aria-label="{html.escape(alternative)}"'
    drawing = surface.format(role=described)
    figure = _figure(level_lines, points[mode, rate], window, lowest, names)
    show(
        {
            "text/html": element("descent", data, drawing, f"{shown_title}. {where}"),
            "application/pdf": base64.b64encode(render(figure, "pdf")).decode(),
            "text/plain": f"{shown_title}\n{where}",
        }
    )


def _checked(paths: Any, modes: int, rates: int) -> Array:
    """Return the paths as a checked array; infinities stay."""
    if isinstance(paths, Tensor):
        paths = paths.detach().cpu().double().numpy()
    points = np.asarray(paths, dtype=float)
    if points.ndim != 4 or points.shape[:2] != (modes, rates) or points.shape[3] != 2:
        raise ValueError(
            f"paths must have shape (modes={modes}, rates={rates}, steps + 1, 2); "
            f"got {points.shape}"
        )
    if points.shape[2] < 2 or not points.size:
        raise ValueError(f"a path must have a step at least; got {points.shape}")
    if points.size // 2 > MAX_POINTS:
        raise ValueError(
            f"at most {MAX_POINTS} points fit in a page; got {points.size // 2}"
        )
    return points


def _sentence(rate: str, losses: Array, floor: float) -> str:
    """Say how a descent went: where it ended, and how."""
    steps, last = len(losses) - 1, float(losses[-1])
    near = losses <= NEAR * floor
    rises = int((losses[1:] > losses[:-1]).sum())
    values = {"rate": rate, "steps": steps}
    if not last <= losses[0]:
        huge = not last <= LARGEST
        number = label("descent-support.huge") if huge else _loss(last)
        return label("descent-support.away", loss=number, **values)
    if near[-1]:
        far = np.flatnonzero(~near)
        first = int(far[-1]) + 1 if len(far) else 0
        text = label(
            "descent-support.there", rate=rate, step=first, lowest=_loss(floor)
        )
    else:
        lowest = {"loss": _loss(last), "lowest": _loss(floor)}
        text = label("descent-support.on-its-way", **lowest, **values)
    if rises:
        rose = label("descent-support.rose", number=rises, **{"steps": steps})
        text = f"{text} {rose}"
    return text


def _loss(value: float) -> str:
    return format_number(value, digits=2 if value < 100 else 0)


class _Plane:
    """From the plane of the weights to the units of the drawing."""

    def __init__(self, window: Window) -> None:
        (self.left, self.right), (self.bottom, self.top) = window

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Return a point of the drawing; far away is as good as infinitely far."""
        wide, high = WIDTH - MARGIN, HEIGHT - MARGIN
        across = MARGIN + (x - self.left) / (self.right - self.left) * wide
        down = (self.top - y) / (self.top - self.bottom) * high
        return _near(across), _near(down)

    def points(self, path: Array) -> str:
        """Return the points of a path up to the first that is far outside."""
        written = []
        for x, y in path:
            if not (math.isfinite(x) and math.isfinite(y)):
                break
            at = self.at(x, y)
            written.append(f"{at[0]},{at[1]}")
            if max(map(abs, at)) > 3 * WIDTH:
                break
        return " ".join(written)


def _near(value: float) -> int:
    return round(min(max(value, -4.0 * WIDTH), 4.0 * WIDTH))


def _curve(path: Array, losses: Array, floor: float) -> str:
    """Return the points of a curve of the loss, on a logarithmic scale."""
    top = math.log(10 * losses[0, 0, 0] / floor)
    written = []
    for step, value in enumerate(path):
        high = math.log(value / floor) if value < math.inf else math.inf
        share = min(max(high / top, 0.0), 1.2) if not math.isnan(high) else 1.2
        x = MARGIN + step / (len(path) - 1) * (WIDTH - MARGIN - 6)
        written.append(f"{round(x)},{round((1 - share) * (CURVE - MARGIN - 4))}")
    return " ".join(written)


def _levels(loss: Loss, window: Window, floor: float, start: Array) -> list[Array]:
    """Return level lines of the surface, each (points, 2), lowest first."""
    axes = [np.linspace(low, high, 81) for low, high in window]
    x, y = np.meshgrid(*axes)
    values = loss(x, y)
    at_start = float(loss(np.array(start[0]), np.array(start[1])))
    # The square root makes neighbours of a bowl's levels equally far apart.
    roots = np.linspace(0, math.sqrt(max(at_start - floor, 1e-9)), LEVELS)[1:]
    _, ax = new_figure(3, 3)
    lines = ax.contour(x, y, values, levels=floor + roots**2)
    return [part for level in lines.allsegs for part in level]


def _surface(
    plane: _Plane,
    levels: list[Array],
    lowest: tuple[float, float],
    names: tuple[str, str],
    path: str,
) -> str:
    """Return an SVG of the surface with one path; `{role}` is left to fill."""
    lines = "".join(
        f'<polyline points="{" ".join(_pairs(plane, part))}"/>' for part in levels
    )
    x, y = plane.at(*lowest)
    dots = "".join("M{} {}h0".format(*point.split(",")) for point in path.split())
    ink = 'stroke="var(--path,#1f7fd1)"'
    return (
        f'<svg {{role}} viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        'style="max-width:100%;height:auto" font-size="13" fill="none" '
        'stroke="currentColor">'
        f'<g stroke-opacity=".4">{lines}</g>'
        f'<path d="M{x - 5} {y}h10M{x} {y - 5}v10" stroke-width="2"/>'
        f'<polyline class="path" points="{path}" {ink} stroke-width="1.6"/>'
        f'<path class="dots" d="{dots}" {ink} stroke-width="6" '
        'stroke-linecap="round"/>'
        f'<g fill="currentColor" stroke="none"><text x="{WIDTH - 12}" '
        f'y="{HEIGHT - 5}">{html.escape(names[0])}</text><text x="4" y="14">'
        f"{html.escape(names[1])}</text></g></svg>"
    )


def _pairs(plane: _Plane, line: Array) -> list[str]:
    """Return the points of a line, those that round to the one before left out."""
    written: list[str] = []
    for x, y in line:
        point = "{},{}".format(*plane.at(x, y))
        if point not in written[-1:]:
            written.append(point)
    return written


def _chart(curve: str) -> str:
    """Return an SVG of the loss against the steps; the line below is the lowest."""
    base = CURVE - MARGIN - 4
    loss, steps = label("descent-support.loss"), label("descent-support.steps")
    return (
        f'<svg aria-hidden="true" viewBox="0 -4 {WIDTH} {CURVE}" width="{WIDTH}" '
        'style="max-width:100%;height:auto" font-size="13" fill="none" '
        f'stroke="currentColor"><path d="M{MARGIN} {base}H{WIDTH}" '
        'stroke-opacity=".5"/>'
        f'<polyline class="curve" points="{curve}" stroke="var(--path,#1f7fd1)" '
        'stroke-width="2"/><g fill="currentColor" stroke="none">'
        f'<text x="4" y="8">{html.escape(loss)}</text>'
        f'<text x="{WIDTH - 4}" y="{CURVE - 9}" text-anchor="end">'
        f"{html.escape(steps)}</text></g></svg>"
    )


def _figure(
    levels: list[Array],
    path: Array,
    window: Window,
    lowest: tuple[float, float],
    names: tuple[str, str],
) -> Figure:
    """Return the drawing for paper."""
    figure, ax = new_figure(4.2, 3.2)
    for line in levels:
        ax.plot(*line.T, color=COLORS["muted"], linewidth=0.8, linestyle="-")
    (left, right), (bottom, top) = window
    inside = np.isfinite(path).all(axis=1) & (np.abs(path) < 1e3).all(axis=1)
    kept = path[: len(path) if inside.all() else int(np.argmin(inside))]
    ax.plot(*kept.T, color=COLORS["query"], linestyle="-", marker="o", markersize=3.5)
    ax.plot(*lowest, color=COLORS["text"], marker="+", markersize=9, linestyle="")
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel=names[0], ylabel=names[1])
    ax.xaxis.label.set_size(SMALL_SIZE)
    ax.grid(visible=False)
    localise(figure)
    return figure
