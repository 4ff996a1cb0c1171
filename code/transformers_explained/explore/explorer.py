"""An explorer of attention: choose a token, see where each head looks.

It works wherever a notebook's output is shown: in the page of the book, from a file on
a disk, in Jupyter and in Colab; by mouse, by touch and by keyboard. Without JavaScript
and on paper, a drawing of the starting head takes its place. It asks no server for
anything and needs no library.
"""

from __future__ import annotations

import base64
import html
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from torch import Tensor

from transformers_explained.drawing import attention_heatmap
from transformers_explained.drawing.style import WEIGHTS, render
from transformers_explained.explore.element import element
from transformers_explained.lesson.display import show
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.language import signs
from transformers_explained.lesson.number_format import format_number

Array = np.ndarray[Any, np.dtype[Any]]

_QUOTED = re.compile(r'"([^"]*)"')
_HOLE = re.compile(r"\{(\w+)\}")
_SMALL = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
MAX_WEIGHTS = 40_000
_SLACK = 1e-3  # rounding in half precision may lift a weight a little above 1


def explore_attention(
    weights: Tensor | Array | Sequence[Tensor | Array],
    tokens: Sequence[str],
    key_tokens: Sequence[str] | None = None,
    *,
    title: str = "",
    head_names: Sequence[str] = (),
    setting: str = "",
    settings: Sequence[float] = (),
    layer: int = 0,
    head: int = 0,
    query: int = 0,
) -> None:
    """Show attention weights for the reader to explore.

    Layers are chosen by buttons. Where the first axis of the weights is no layer but a
    number that was varied (a sharpness, a base), name it: a slider takes their place.

    Args:
        weights: (layers, H, T, S) or (H, T, S); or a list with one tensor per layer,
            (H, T, S) or (1, H, T, S), as models return them. One that is NaN has no
            bar, an empty cell in the drawing, and says so.
        tokens: T texts, the positions that ask.
        key_tokens: S texts, the positions looked at; `tokens` by default.
        title: what is shown.
        head_names: H names, where heads have better ones than their numbers.
        setting: the name of what was varied along the first axis.
        settings: its values, one for each "layer".
        layer, head, query: where to start, counted from 0. The drawing on paper shows
            this layer (or setting) and this head.

    Raises:
        ValueError: if sizes disagree, a weight is outside [0, 1], the start does not
            exist, or there are more than 40,000 weights.
    """
    queries = _told_apart(list(tokens))
    keys = _told_apart(list(tokens if key_tokens is None else key_tokens))
    stack = _stack(weights, len(queries), len(keys))
    start = {"layer": layer, "head": head, "query": query}
    for (name, index), size in zip(start.items(), stack.shape[:3], strict=True):
        if not 0 <= index < size:
            raise ValueError(f"{name} must be from 0 to {size - 1}; got {index}")
    names = _Names.checked(stack, head_names, setting, settings)
    shown_title = title or label("attention-support.title")
    where = names.where(layer, head)
    alternative = _alternative(stack[layer, head], queries, keys, where)
    figure = attention_heatmap(stack[layer, head], queries, keys, title=where)
    picture = base64.b64encode(render(figure, "pdf")).decode()
    texts = _texts(shown_title)
    if (queries, keys) != (list(tokens), list(key_tokens or tokens)):
        texts["help"] += " " + label("attention-support.repeated")
    page = _element(stack, queries, keys, texts, names, start, alternative)
    show(
        {
            "text/html": page,
            "application/pdf": picture,
            "text/plain": f"{shown_title}\n{alternative}",
        }
    )


@dataclass(frozen=True, kw_only=True)
class _Names:
    """What the first two axes of the weights are called; numbers where it is empty."""

    sizes: tuple[int, int]  # layers, heads
    heads: Sequence[str]
    setting: str
    settings: Sequence[str]

    @classmethod
    def checked(
        cls,
        stack: Array,
        heads: Sequence[str],
        setting: str,
        settings: Sequence[float],
    ) -> _Names:
        """Return the names, their numbers compared with the sizes of the weights."""
        given: list[tuple[str, Sequence[Any], int]] = [
            ("head_names", heads, stack.shape[1]),
            ("settings", settings, stack.shape[0]),
        ]
        for name, values, size in given:
            if len(values) not in {0, size}:
                raise ValueError(f"{name} must have {size} values; got {len(values)}")
        if bool(setting) != bool(len(settings)):
            raise ValueError(
                f"setting and settings go together; got {setting!r} with "
                f"{len(settings)} values"
            )
        return cls(
            sizes=(stack.shape[0], stack.shape[1]),
            heads=list(heads),
            setting=setting,
            settings=[format_number(value) for value in settings],
        )

    def where(self, layer: int, head: int) -> str:
        """Say which layer, or setting, and which head."""
        parts = []
        if self.settings:
            parts.append(f"{self.setting} = {self.settings[layer]}")
        elif self.sizes[0] > 1 or not self.heads:
            parts.append(label("attention-support.where-layer", layer=layer + 1))
        if self.heads:
            parts.append(self.heads[head])
        elif self.sizes[1] > 1 or not self.settings:
            parts.append(label("attention-support.where-head", head=head + 1))
        return ", ".join(parts)


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
    known = stack[~np.isnan(stack)]
    if known.size and not (known.min() >= 0 and known.max() <= 1 + _SLACK):
        raise ValueError(
            f"weights must be between 0 and 1, or NaN; got values from "
            f"{known.min():.4g} to {known.max():.4g}"
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
    texts: dict[str, str],
    names: _Names,
    start: dict[str, int],
    alternative: str,
) -> str:
    """Return the element: the data in an attribute, a drawing as its content."""
    data = {
        "names": names.heads,
        "setting": names.setting,
        "settings": names.settings,
        "layers": stack.shape[0],
        "heads": stack.shape[1],
        "queries": queries,
        "keys": keys,
        "at": start,
        "weights": [
            None if np.isnan(kept) else int(kept)  # JSON has no NaN
            for kept in _thousandths(stack).ravel()
        ],
        "text": texts,
    }
    drawing = _drawing(
        stack[start["layer"], start["head"]],
        queries,
        keys,
        f"{texts['title']}. {alternative}",
    )
    caption = f"{texts['title']} ({names.where(start['layer'], start['head'])})"
    return element("attention", data, drawing, caption)


def _texts(title: str) -> dict[str, str]:
    def text(key: str, *names: str) -> str:
        # The script fills the placeholders: each stands for itself here.
        return _say(key, **{n: f"{{{n}}}" for n in names})

    return {
        "title": title,
        "layer": text("layer"),
        "head": text("head", "head"),
        "asking": text("asking"),
        "looks": text("looks", "head"),
        "looksNamed": text("looks-named", "head"),
        "looksOne": text("looks-one"),
        "heads": text("heads"),
        "headsNamed": text("heads-named"),
        "help": text("help"),
        "two": text("two", "token", "first", "share1", "second", "share2"),
        "thenTies": text("then-ties", "token", "first", "share1", "tied", "share2"),
        "ties": text("ties", "token", "tied", "share1"),
        "quoted": text("quoted", "token"),
        "and": text("and", "some", "last"),
        "tie": text("tie", "token", "first", "second", "share1"),
        "equal": text("equal", "token", "number", "share1"),
        "one": text("one", "token", "first", "share1"),
        "none": text("none", "token"),
        "nan": text("nan", "token"),
        "nanSome": text("nan-some", "token", "tied"),
        "percent": signs().percent,
    }


def _told_apart(tokens: list[str]) -> list[str]:
    """Return the tokens, those that come more than once with their place, from 1."""
    counts = Counter(tokens)
    return [
        token + str(place).translate(_SMALL) if counts[token] > 1 else token
        for place, token in enumerate(tokens, start=1)
    ]


def _thousandths(weights: Array) -> Array:
    """Return the whole numbers that the page holds and that the sentences compare; a
    weight that is NaN stays so."""
    kept: Array = np.rint(weights * 1000)
    return kept


def _percent(thousandths: float) -> str:
    whole = "<1" if 0 < thousandths < 5 else str(int(thousandths / 10 + 0.5))
    return f"{whole}{signs().percent}"


def _alternative(grid: Array, queries: list[str], keys: list[str], where: str) -> str:
    """Say in words what the drawing shows: where each token looks most."""
    sentences = [
        _sentence(token, row, keys)
        for token, row in zip(queries, _thousandths(grid), strict=True)
    ]
    return label(
        "attention-support.alternative",
        where=where,
        sentences=" ".join(sentences),
    )


def _say(key: str, **values: str) -> str:
    """Return a sentence with its quotation marks curled; those of a token stay."""
    holes = {name: f"{{{name}}}" for name in values}
    text = _QUOTED.sub(r"“\1”", label(f"attention-support.{key}", **holes))
    return _HOLE.sub(lambda hole: values[hole[1]], text)


def _sentence(token: str, row: Array, keys: list[str]) -> str:
    """Say where one token looks, as the script does: most, only, or equally."""
    if lost := [key for key, weight in zip(keys, row, strict=True) if np.isnan(weight)]:
        if len(lost) == len(keys):
            return _say("nan", token=token)
        return _say("nan-some", token=token, tied=_list(lost))
    order = np.argsort(-row, kind="stable")
    seen = [(keys[i], row[i]) for i in order if row[i]]
    if not seen:
        return _say("none", token=token)
    (first, most), (second, next_most) = seen[0], (seen[1:] or [("", 0)])[0]
    named = {"token": token, "share1": _percent(most)}
    if len(seen) == 1:
        return _say("one", first=first, **named)
    tied = [key for key, weight in seen if weight == next_most]
    if most > next_most:
        named |= {"first": first, "share2": _percent(next_most)}
        if len(tied) > 1:
            return _say("then-ties", tied=_list(tied), **named)
        return _say("two", second=second, **named)
    if len(seen) > 2 and len(tied) == len(seen):
        return _say("equal", number=str(len(seen)), **named)
    if len(tied) > 2:
        return _say("ties", tied=_list(tied), **named)
    return _say("tie", first=first, second=second, **named)


def _list(tokens: list[str]) -> str:
    """Name tokens: “a”, “b” and “c”."""
    *some, last = (_say("quoted", token=token) for token in tokens)
    return _say("and", some=", ".join(some), last=last) if some else last


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
        for column, weight in enumerate(grid[row]):
            x = left + cell * column
            fill = "none" if np.isnan(weight) else to_hex(WEIGHTS(float(weight)))
            parts.append(
                f'<rect x="{x:g}" y="{y:g}" width="{cell - 2}" '
                f'height="{cell - 2}" fill="{fill}"/>'
            )
            if np.isnan(weight):
                parts.append(
                    f'<text x="{x + cell / 2 - 1:g}" y="{y + 15:g}" font-size="9" '
                    f'text-anchor="middle">NaN</text>'
                )
    return "".join(parts) + "</svg>"
