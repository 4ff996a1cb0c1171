"""T5's exercise: whole spans are taken out, and the decoder writes what is missing.

    the text   The black cat eats the mouse .
    input      The <0> eats the <1> .
    target     <0> black cat <1> mouse <2>

A sentinel, here <0>, stands in the input for each span; the target names it before the
words of that span, and one more sentinel closes it. Ids or words alike: this file only
moves them.
"""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

Token = TypeVar("Token")


def draw_spans(
    length: int,
    draw: random.Random,
    *,
    share: float = 0.15,
    mean_span: float = 3.0,
) -> list[bool]:
    """Which of `length` tokens are taken out: True = noise.

    The number of noisy tokens and that of the spans are fixed by the length; only where
    they are cut is drawn. What stays and what goes take turns: the first token stays,
    the last one goes, and no two spans touch.

    Raises:
        ValueError: if there are fewer than two tokens, the share does not lie between
            0 and 1, or a span would hold less than one token.

    Reference: Raffel et al. (2020), section 3.1.4; this way of drawing is that of the
    authors' code.
    """
    if length < 2:
        raise ValueError(f"length must be at least 2; got {length}")
    if not 0 < share < 1 or not mean_span >= 1:
        raise ValueError(
            "share must lie between 0 and 1 and mean_span be at least 1; got "
            f"{share} and {mean_span}"
        )
    noise = min(max(round(length * share), 1), length - 1)
    spans = min(max(round(noise / mean_span), 1), noise, length - noise)
    taken = _cut(noise, spans, draw)
    kept = _cut(length - noise, spans, draw)
    mask: list[bool] = []
    for before, span in zip(kept, taken, strict=True):
        mask += [False] * before + [True] * span
    return mask


def _cut(total: int, parts: int, draw: random.Random) -> list[int]:
    """Cut a length into parts of at least 1, each way as probable."""
    places = [0, *sorted(draw.sample(range(1, total), parts - 1)), total]
    return [b - a for a, b in pairwise(places)]


def corrupt(
    tokens: Sequence[Token], noise: Sequence[bool], sentinel: Callable[[int], Token]
) -> tuple[list[Token], list[Token]]:
    """The input with a sentinel for each span, and the target.

    Args:
        tokens: words or ids.
        noise: for each, whether it is taken out.
        sentinel: number of the span, from 0 on -> its mark.

    Raises:
        ValueError: if `noise` is not as long as `tokens`.
    """
    if len(noise) != len(tokens):
        raise ValueError(
            f"noise must be as long as tokens, {len(tokens)}; got {len(noise)}"
        )
    source: list[Token] = []
    target: list[Token] = []
    spans, inside = 0, False
    for token, hidden in zip(tokens, noise, strict=True):
        if not hidden:
            source.append(token)
        else:
            if not inside:
                source.append(sentinel(spans))
                target.append(sentinel(spans))
                spans += 1
            target.append(token)
        inside = hidden
    return source, [*target, sentinel(spans)]


def restore(
    source: Sequence[Token], target: Sequence[Token], sentinels: Sequence[Token]
) -> list[Token]:
    """Undo `corrupt`: put the spans of the target back into the input.

    Args:
        sentinels: all the marks that the two may hold, in order.

    Raises:
        ValueError: if the input holds a mark that the target does not fill.
    """
    marks = set(sentinels)
    spans: dict[Token, list[Token]] = {}
    current: list[Token] = []
    for token in target:
        if token in marks:
            current = spans.setdefault(token, [])
        else:
            current.append(token)
    text: list[Token] = []
    for token in source:
        if token not in marks:
            text.append(token)
        elif token in spans:
            text += spans[token]
        else:
            raise ValueError(f"the target must fill every mark; {token!r} is missing")
    return text
