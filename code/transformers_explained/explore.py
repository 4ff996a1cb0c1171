"""An explorer of attention: choose a token, see where each head looks.

It works wherever a notebook's output is shown: in the page of the book, from a file on
a disk, in Jupyter and in Colab; by mouse, by touch and by keyboard. Without JavaScript
and on paper, a drawing of the starting head takes its place. It asks no server for
anything and needs no library.

Every output carries the same short script, because Colab shows each output in a frame
of its own; the script defines the element once per page.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from torch import Tensor

from transformers_explained.labels import NO_BREAK_SPACE, current_language, label
from transformers_explained.outputs import show
from transformers_explained.plotting import attention_heatmap
from transformers_explained.style import WEIGHTS, render

Array = np.ndarray[Any, np.dtype[Any]]

MAX_WEIGHTS = 40_000
_SLACK = 1e-3  # rounding in half precision may lift a weight a little above 1


def explore_attention(
    weights: Tensor | Array | Sequence[Tensor | Array],
    tokens: Sequence[str],
    key_tokens: Sequence[str] | None = None,
    *,
    title: str = "",
    layer: int = 0,
    head: int = 0,
    query: int = 0,
) -> None:
    """Show attention weights for the reader to explore.

    Args:
        weights: (layers, H, T, S) or (H, T, S); or a list with one tensor per layer,
            (H, T, S) or (1, H, T, S), as models return them.
        tokens: T texts, the positions that ask.
        key_tokens: S texts, the positions looked at; ``tokens`` by default.
        title: what is shown.
        layer, head, query: where to start, counted from 0. The drawing on paper shows
            this layer and this head.

    Raises:
        ValueError: if sizes disagree, a weight is outside [0, 1] or not finite, the
            start does not exist, or there are more than 40,000 weights.
    """
    queries = list(tokens)
    keys = list(tokens if key_tokens is None else key_tokens)
    stack = _stack(weights, len(queries), len(keys))
    start = {"layer": layer, "head": head, "query": query}
    for (name, index), size in zip(start.items(), stack.shape[:3], strict=True):
        if not 0 <= index < size:
            raise ValueError(f"{name} must be from 0 to {size - 1}; got {index}")
    shown_title = title or label("attention-support.title")
    alternative = _alternative(stack[layer, head], queries, keys, layer, head)
    figure = attention_heatmap(
        stack[layer, head], queries, keys, title=_where(layer, head)
    )
    picture = base64.b64encode(render(figure, "pdf")).decode()
    page = _element(stack, queries, keys, shown_title, start, alternative)
    show(
        {
            "text/html": f"{page}\n{_script()}",
            "application/pdf": picture,
            "text/plain": f"{shown_title}\n{alternative}",
        }
    )


def _stack(weights: Any, queries: int, keys: int) -> Array:
    """Return weights as a checked (layers, H, T, S) array."""
    layers = weights if isinstance(weights, list | tuple) else None
    if layers is not None:
        if not layers:
            raise ValueError("weights must have at least one layer; got an empty list")
        arrays = [_array(part) for part in layers]
        arrays = [a[0] if a.ndim == 4 and len(a) == 1 else a for a in arrays]
        if any(a.shape != arrays[0].shape for a in arrays):
            shapes = sorted({a.shape for a in arrays})
            raise ValueError(f"layers must have one shape; got {shapes}")
        stack = np.stack(arrays)
    else:
        stack = _array(weights)
        stack = stack[None] if stack.ndim == 3 else stack
    if stack.ndim != 4 or stack.shape[2:] != (queries, keys):
        raise ValueError(
            f"weights must have shape (layers, H, {queries}, {keys}) or "
            f"(H, {queries}, {keys}), for {queries} asking and {keys} looked-at "
            f"tokens; got {stack.shape}"
        )
    if 0 in stack.shape:
        raise ValueError(f"weights must not be empty; got shape {stack.shape}")
    if stack.size > MAX_WEIGHTS:
        raise ValueError(
            f"at most {MAX_WEIGHTS} weights fit in a page; got {stack.size}: "
            f"choose some layers, weights[:2], or a shorter text"
        )
    if not np.isfinite(stack).all() or stack.min() < 0 or stack.max() > 1 + _SLACK:
        raise ValueError(
            f"weights must be finite and between 0 and 1; got values from "
            f"{stack.min():.4g} to {stack.max():.4g}"
        )
    return stack


def _array(values: Tensor | Array) -> Array:
    if isinstance(values, Tensor):
        return values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=float)


def _element(
    stack: Array,
    queries: list[str],
    keys: list[str],
    title: str,
    start: dict[str, int],
    alternative: str,
) -> str:
    """Return the element: the data in an attribute, a drawing as its content."""
    data = {
        "layers": stack.shape[0],
        "heads": stack.shape[1],
        "queries": queries,
        "keys": keys,
        "at": start,
        "weights": _thousandths(stack).ravel().tolist(),
        "text": _texts(title),
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    attribute = html.escape(text, quote=False).replace("'", "&#39;")
    drawing = _drawing(
        stack[start["layer"], start["head"]],
        queries,
        keys,
        f"{title}. {alternative}",
    )
    caption = f"{title} ({_where(start['layer'], start['head'])})"
    return (
        f"<attention-explorer lang='{current_language()}' data-json='{attribute}'>"
        f"<figure>{drawing}<figcaption>{html.escape(caption)}</figcaption></figure>"
        f"</attention-explorer>"
    )


def _texts(title: str) -> dict[str, str]:
    def text(key: str, *names: str) -> str:
        # The script fills the placeholders: each stands for itself here.
        return label(f"attention-support.{key}", **{n: f"{{{n}}}" for n in names})

    return {
        "title": title,
        "layer": text("layer"),
        "head": text("head", "head"),
        "asking": text("asking"),
        "looks": text("looks", "head"),
        "looksOne": text("looks-one"),
        "heads": text("heads"),
        "help": text("help"),
        "two": text("two", "token", "first", "share1", "second", "share2"),
        "tie": text("tie", "token", "first", "second", "share1"),
        "equal": text("equal", "token", "number", "share1"),
        "one": text("one", "token", "first", "share1"),
        "none": text("none", "token"),
        "percent": _percent_sign(),
    }


def _percent_sign() -> str:
    return f"{NO_BREAK_SPACE}%" if current_language() == "fr" else "%"


def _thousandths(weights: Array) -> Array:
    """Return the integers that the page holds and that the sentences compare."""
    kept: Array = np.rint(weights * 1000).astype(int)
    return kept


def _percent(thousandths: int) -> str:
    whole = "<1" if 0 < thousandths < 5 else str(int(thousandths / 10 + 0.5))
    return f"{whole}{_percent_sign()}"


def _where(layer: int, head: int) -> str:
    return label("attention-support.where", layer=layer + 1, head=head + 1)


def _alternative(
    grid: Array, queries: list[str], keys: list[str], layer: int, head: int
) -> str:
    """Say in words what the drawing shows: where each token looks most."""
    sentences = [
        _sentence(token, row, keys)
        for token, row in zip(queries, _thousandths(grid), strict=True)
    ]
    return label(
        "attention-support.alternative",
        where=_where(layer, head),
        sentences=" ".join(sentences),
    )


def _sentence(token: str, row: Array, keys: list[str]) -> str:
    """Say where one token looks, as the script does: most, only, or equally."""
    order = np.argsort(-row, kind="stable")
    seen = [(keys[i], row[i]) for i in order if row[i]]
    if not seen:
        return label("attention-support.none", token=token)
    (first, most), (second, next_most) = seen[0], (seen[1:] or [("", 0)])[0]
    named = {"token": token, "share1": _percent(most)}
    if len(seen) == 1:
        return label("attention-support.one", first=first, **named)
    if len(seen) > 2 and most == seen[-1][1]:
        return label("attention-support.equal", number=str(len(seen)), **named)
    named |= {"first": first, "second": second}
    if most == next_most:
        return label("attention-support.tie", **named)
    return label("attention-support.two", share2=_percent(next_most), **named)


def _drawing(grid: Array, queries: list[str], keys: list[str], alternative: str) -> str:
    """Return a small SVG heat map, lighter than a figure: words stay text."""
    cell, size = 26, 12
    left = 10 + 7.5 * max(map(len, queries))
    top = 10 + 7.5 * max(map(len, keys))
    width, height = left + cell * len(keys) + 4, top + cell * len(queries) + 4
    parts = [
        f'<svg role="img" aria-label="{html.escape(alternative)}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'style="max-width:100%;height:auto" font-size="{size}" fill="currentColor">'
    ]
    for column, token in enumerate(keys):
        x, y = left + cell * (column + 0.5) + 4, top - 6
        parts.append(
            f'<text transform="translate({x:g} {y:g}) rotate(-90)">'
            f"{html.escape(token)}</text>"
        )
    for row, token in enumerate(queries):
        y = top + cell * row
        parts.append(
            f'<text x="{left - 6:g}" y="{y + 17:g}" text-anchor="end">'
            f"{html.escape(token)}</text>"
        )
        for column in range(len(keys)):
            fill = to_hex(WEIGHTS(float(grid[row, column])))
            parts.append(
                f'<rect x="{left + cell * column:g}" y="{y:g}" width="{cell - 2}" '
                f'height="{cell - 2}" fill="{fill}"/>'
            )
    return "".join(parts) + "</svg>"


@cache
def _script() -> str:
    """Return the script element, style included, without comments and indentation."""
    folder = files(__package__) / "assets"
    script = (folder / "explorer.js").read_text(encoding="utf-8")
    style = (folder / "explorer.css").read_text(encoding="utf-8")
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    style = re.sub(r"\s+", " ", style).strip()
    lines = [line.strip() for line in script.splitlines()]
    code = "\n".join(line for line in lines if line and not line.startswith("//"))
    return (
        "<script data-attention-explorer>{\n"
        f"const CSS = {json.dumps(style)};\n{code}\n}}</script>"
    )
