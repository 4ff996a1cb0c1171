"""Self-checks of the chapter "Predicting the next word"."""

import math

import torch

from transformers_explained.decoding import keep_top_p
from transformers_explained.lesson.check import Attempt, register


@register("language-model.shift")
def shift(attempt: Attempt) -> None:
    """Inputs and targets, shifted by one."""
    for rows, length in ((2, 5), (3, 7)):
        ids = torch.arange(rows * length).reshape(rows, length) % 11
        got = attempt.call(ids=ids)
        attempt.expect_type(got, tuple)
        attempt.require(len(got) == 2, "language-model.probe-pair")
        attempt.expect_close(got[0], ids[:, :-1])
        attempt.expect_close(got[1], ids[:, 1:])


@register("language-model.bits")
def bits(attempt: Attempt) -> None:
    """Bits per byte from a loss per token."""
    for loss, tokens, size in ((2.0, 10, 30), (4.5, 700, 1600)):
        wanted = loss * tokens / math.log(2) / size
        attempt.expect_close(attempt.call(loss=loss, tokens=tokens, size=size), wanted)


@register("language-model.top-p")
def top_p(attempt: Attempt) -> None:
    """The nucleus of a distribution, renormalized."""
    for seed, p in ((0, 0.5), (1, 0.8), (2, 0.95)):
        generator = torch.Generator().manual_seed(seed)
        chances = torch.randn(6, generator=generator).softmax(dim=0)
        wanted = keep_top_p(chances.log(), p).softmax(dim=0)
        attempt.expect_close(attempt.call(chances=chances, p=p), wanted)


@register("language-model.cache")
def cache(attempt: Attempt) -> None:
    """How many bytes a cache takes."""
    for layers, heads, size, tokens in ((2, 4, 16, 10), (30, 3, 64, 1000)):
        wanted = 2 * layers * heads * size * tokens * 4
        got = attempt.call(layers=layers, heads=heads, size=size, tokens=tokens)
        attempt.expect_close(got, wanted)
