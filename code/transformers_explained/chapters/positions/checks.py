"""Self-checks of the chapter "Positional encoding"."""

import math

import torch

from transformers_explained.lesson.check import Attempt, register
from transformers_explained.positions import SinusoidalPositions


@register("positions.read-clock")
def read_clock(attempt: Attempt) -> None:
    """The positions whose sinusoids of width 4 are given."""
    attempt.expect_type(attempt.value(), list)
    attempt.expect_close(attempt.value(), torch.tensor([3, 50]))


@register("positions.odd-sinusoids")
def odd_sinusoids(attempt: Attempt) -> None:
    """The table of sinusoids, for even and odd widths."""
    for max_len, d_model in ((5, 6), (7, 3), (4, 1)):
        table = SinusoidalPositions(d_model, max_len).table
        attempt.expect_close(attempt.call(max_len=max_len, d_model=d_model), table)


@register("positions.turn")
def turn(attempt: Attempt) -> None:
    """The rotation of a pair of features by a position times a frequency."""
    pair = torch.tensor([3.0, 4.0])
    for position, frequency in ((0, 1.0), (2, 0.5), (7, 0.1)):
        angle = position * frequency
        cos, sin = math.cos(angle), math.sin(angle)
        wanted = torch.tensor([3 * cos - 4 * sin, 3 * sin + 4 * cos])
        got = attempt.call(pair=pair, position=position, frequency=frequency)
        attempt.expect_close(got, wanted)
