"""The explorer of the page: every number of every step, one step at a time.

Its content is plain HTML, a list of steps with their tables, which stands where no
script runs, in a notebook that is not trusted, too. The script only shows one step and
hides the others. On paper the attention of the second layer takes its place: the strip
holds the numbers there.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

import torch
from torch import Tensor

from transformers_explained.drawing import attention_heads, render
from transformers_explained.drawing.style import localise
from transformers_explained.lesson.display import show
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.language import current_language
from transformers_explained.lesson.number_format import format_number

# The tables of each step, by the names under which the page keeps what they hold: those
# of `trace_layer`, behind the number of the layer.
HEAD = ("q", "k", "v", "masked", "weights", "found")
TAIL = ("joined", "mixed", "residual", "normed-2", "hidden", "fed", "out")
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("characters", ()),
    ("tokens", ()),
    ("ids", ()),
    ("embedding", ("embedding",)),
    ("position", ("position", "input")),
    ("normed", ("1-normed",)),
    ("queries", ("1-q-1", "1-k-1", "1-v-1")),
    ("scores", ("1-scores-1",)),
    ("mask", ("1-masked-1",)),
    ("weights", ("1-weights-1",)),
    ("found", ("1-found-1",)),
    ("head-2", tuple(f"1-{name}-2" for name in HEAD)),
    ("joined", ("1-joined", "1-mixed")),
    ("residual", ("1-residual",)),
    ("feed-forward", ("1-normed-2", "1-hidden", "1-fed")),
    ("layer-1", ("1-out",)),
    (
        "layer-2",
        (
            "2-normed",
            *(f"2-{name}-{head}" for head in (1, 2) for name in HEAD),
            *(f"2-{name}" for name in TAIL),
        ),
    ),
    ("final", ("final",)),
    ("logits", ("logits",)),
    ("chances", ("chances",)),
    ("word", ()),
)
# Tables with a row for each token that asks; the others have one for each feature.
BY_TOKEN = frozenset({"scores", "masked", "weights"})
ALL_WORDS = frozenset({"logits", "chances"})
LEAST = 1e-9  # a table of zeros has no largest number


def explore_sentence(
    text: str,
    tokens: Sequence[str],
    ids: Sequence[int],
    words: Sequence[str],
    kept: Mapping[str, Tensor],
    truth: Mapping[str, float],
) -> None:
    """Show the steps from a sentence to the probabilities of its next word.

    Args:
        text: the sentence as it is typed.
        tokens: the T tokens that the model reads.
        ids: their numbers.
        words: the vocabulary, V words.
        kept: what each step gave, by its name in `STEPS`.
        truth: the grammar's probability of each next word.
    """
    heads = torch.stack([kept["2-weights-1"], kept["2-weights-2"]])
    picture = attention_heads(heads, tokens)
    localise(picture)
    show(
        {
            "text/html": markup(text, tokens, ids, words, kept, truth),
            "application/pdf": base64.b64encode(render(picture, "pdf")).decode(),
            "text/plain": label("one-sentence.explorer"),
        }
    )


def markup(
    text: str,
    tokens: Sequence[str],
    ids: Sequence[int],
    words: Sequence[str],
    kept: Mapping[str, Tensor],
    truth: Mapping[str, float],
) -> str:
    """The explorer as HTML, its style and its script included."""
    special = {
        "characters": _line([sign.replace(" ", "␣") for sign in text]),
        "tokens": _line(tokens),
        "ids": _line([f"{t} {n}" for t, n in zip(tokens, ids, strict=True)]),
        "word": _outcome(words, kept["chances"][-1], truth),
    }
    items = []
    for key, names in STEPS:
        title = html.escape(label(f"one-sentence.step-{key}"))
        says = html.escape(label(f"one-sentence.says-{key}"))
        body = special.get(key, "") + "".join(
            _list(words, kept[name][-1], percent=name == "chances")
            if name in ALL_WORDS
            else _table(name, kept[name], tokens)
            for name in names
        )
        items.append(
            f'<li data-title="{title}"><p class="h">{title}</p><p>{says}</p>{body}</li>'
        )
    names_of_parts = " ".join(
        f'data-{part}="{html.escape(label(f"one-sentence.bar-{part}"))}"'
        for part in ("name", "back", "next", "step")
    )
    return (
        f'<sentence-explorer lang="{current_language()}" {names_of_parts}>'
        f"<style>{_style()}</style><ol>{''.join(items)}</ol></sentence-explorer>\n"
        f"<script data-sentence-explorer>{{\n{_script()}\n}}</script>"
    )


def _line(texts: Sequence[str]) -> str:
    return f"<p>{' · '.join(f'<code>{html.escape(text)}</code>' for text in texts)}</p>"


def parts(name: str) -> tuple[str, str]:
    """What a table holds, and the number of the head, if it belongs to one."""
    kind = re.sub(r"^\d-", "", name)
    found = re.fullmatch(r"(q|k|v|scores|masked|weights|found)-(\d)", kind)
    return (found[1], found[2]) if found else (kind, "")


def _table(name: str, numbers: Tensor, tokens: Sequence[str]) -> str:
    """A column for each token. A row is a feature, or, of scores, a token that asks."""
    kind, head = parts(name)
    rows = numbers if kind in BY_TOKEN else numbers.T
    known = numbers[numbers.isfinite()]
    largest = max(known.abs().max().item(), LEAST)
    top = "".join(f'<th scope="col">{html.escape(t)}</th>' for t in tokens)
    lines = []
    for place, row in enumerate(rows.tolist()):
        first = tokens[place] if kind in BY_TOKEN else str(place + 1)
        cells = "".join(_cell(number, largest) for number in row)
        lines.append(f'<tr><th scope="row">{html.escape(first)}</th>{cells}</tr>')
    caption = label(f"one-sentence.table-{kind}")
    if head:
        caption = label("one-sentence.of-head", head=int(head), table=caption)
    return (
        f"<table><caption>{html.escape(caption)}</caption>"
        f"<thead><tr><td></td>{top}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _cell(number: float, largest: float) -> str:
    if number == -float("inf"):
        return "<td>−∞</td>"
    kind = ' class="n"' if number < 0 else ""
    share = f"{abs(number) / largest:.2f}"
    return f'<td{kind} style="--s:{share}">{format_number(number, digits=2)}</td>'


def _list(words: Sequence[str], numbers: Tensor, *, percent: bool) -> str:
    """A number for each word of the vocabulary, in its order."""
    items = "".join(
        f"<li>{html.escape(word)} <b>{_percent(n) if percent else _plain(n)}</b></li>"
        for word, n in zip(words, numbers.tolist(), strict=True)
    )
    return f'<ul class="many">{items}</ul>'


def _outcome(
    words: Sequence[str], chances: Tensor, truth: Mapping[str, float], most: int = 6
) -> str:
    """The likeliest next words, the model's share of each and the grammar's."""
    best = chances.topk(most)
    head = "".join(
        f'<th scope="col">{html.escape(label(f"one-sentence.{name}"))}</th>'
        for name in ("next", "chance-short", "truth-short")
    )
    rows = "".join(
        f'<tr><th scope="row">{html.escape(words[place])}</th><td>{_percent(share)}'
        f"</td><td>{_percent(truth.get(words[place], 0.0))}</td></tr>"
        for share, place in zip(
            best.values.tolist(), best.indices.tolist(), strict=True
        )
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _plain(number: float) -> str:
    return format_number(number, digits=2)


def _percent(share: float) -> str:
    number = format_number(100 * share, digits=1)
    return label("one-sentence.percent", number=number)


def _style() -> str:
    style = re.sub(r"/\*.*?\*/", "", _own("steps.css"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", style).strip()


def _script() -> str:
    lines = [line.strip() for line in _own("steps.js").splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _own(name: str) -> str:
    folder = files("transformers_explained.chapters.one_sentence")
    return (folder / name).read_text(encoding="utf-8")
