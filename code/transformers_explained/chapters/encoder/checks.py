"""Self-checks of the chapter "The encoder"."""

import torch

from transformers_explained.layers import EncoderLayer, LayerNorm
from transformers_explained.lesson.check import Attempt, register


@register("encoder.by-hand")
def by_hand(attempt: Attempt) -> None:
    """The vector (2, 4, 4, 6), normalized."""
    attempt.expect_type(attempt.value(), list)
    wanted = LayerNorm(4)(torch.tensor([2.0, 4.0, 4.0, 6.0])).detach()
    attempt.expect_close(
        attempt.value(), wanted, tolerance=5e-3
    )  # two decimals by hand


@register("encoder.normalize")
def normalize(attempt: Attempt) -> None:
    """Normalization with the biased variance and ε under the root."""
    x = torch.tensor([[1.0, 2.0, 4.0], [0.0, 0.001, 0.002]])
    for eps in (1e-5, 0.1):
        attempt.expect_close(
            attempt.call(x=x, eps=eps), LayerNorm(3, eps=eps)(x).detach()
        )


@register("encoder.parameters")
def parameters(attempt: Attempt) -> None:
    """The number of parameters of one encoder layer."""
    for d_model, d_ff in ((8, 32), (12, 20), (768, 3072)):
        with torch.device("meta"):
            layer = EncoderLayer(d_model, 4, d_ff)
        wanted = sum(p.numel() for p in layer.parameters())
        got = attempt.call(d_model=d_model, d_ff=d_ff)
        attempt.expect_close(got, wanted, tolerance=0.0)
