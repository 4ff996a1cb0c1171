"""Self-checks of the chapter "Positional encoding"."""

import math

import torch

from transformers_explained.exercises import Attempt, register
from transformers_explained.positions import SinusoidalPositions


@register("positions.by-hand")
def by_hand(attempt: Attempt) -> None:
    """The four features of position 2 when d_model is 4."""
    attempt.expect_type(attempt.value(), list)
    got = torch.as_tensor(attempt.value(), dtype=torch.float32)
    wanted = torch.tensor([math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)])
    attempt.expect_close(got, wanted, tolerance=2e-3)  # three decimals by hand


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
