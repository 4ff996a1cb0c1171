"""The self-checks of the chapter `attention`."""

import math

import torch

from transformers_explained.attention import scaled_dot_product_attention
from transformers_explained.lesson.check import Attempt, register


@register("attention.predict")
def predict(attempt: Attempt) -> None:
    """Three weights worked out on paper, to two decimals."""
    weights = torch.as_tensor([1.0, 2.0, 1.0]).softmax(dim=0)
    answer = attempt.value()
    attempt.expect_type(answer, list)
    attempt.require(len(answer) == len(weights), "attention.probe-three")
    attempt.expect_close(answer, weights, tolerance=0.01)


@register("attention.scores")
def scores(attempt: Attempt) -> None:
    """Scaled scores, without and with leading axes, D different from T and S."""
    generator = torch.Generator().manual_seed(0)
    query = torch.tensor([[1.0, 2.0, 0.0, -1.0], [0.0, 1.0, 1.0, 3.0]])
    key = torch.tensor([[2.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.0, 3.0, 0.0, 2]])
    got = attempt.call(query=query, key=key)
    attempt.expect_close(got, query @ key.T / 2)
    query = torch.randn(2, 3, 5, 7, generator=generator)
    key = torch.randn(2, 3, 11, 7, generator=generator)
    got = attempt.call(query=query, key=key)
    attempt.expect_close(got, query @ key.transpose(-2, -1) / math.sqrt(7))


@register("attention.bug")
def bug(attempt: Attempt) -> None:
    """Attention with a mask that leaves each row of weights a sum of 1."""
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(3, 4, generator=generator)
    key = torch.randn(3, 4, generator=generator)
    value = torch.ones(3, 2)
    mask = torch.ones(3, 3, dtype=torch.bool).tril()
    inputs = {"query": query, "key": key, "value": value, "mask": mask}
    # With values that are all 1, the output is the sum of the weights.
    output = attempt.tensor(attempt.call(**inputs), (3, 2))
    attempt.require(bool((output - 1).abs().max() < 1e-5), "attention.probe-sums")
    value = torch.randn(3, 2, generator=generator)
    inputs["value"] = value
    wanted, _ = scaled_dot_product_attention(query, key, value, mask)
    attempt.expect_close(attempt.call(**inputs), wanted)


@register("attention.window")
def window(attempt: Attempt) -> None:
    """A causal mask that forgets what is too far behind."""
    for length, width in ((5, 2), (6, 1), (4, 9)):
        wanted = torch.ones(length, length, dtype=torch.bool).tril().triu(1 - width)
        got = attempt.call(length=length, width=width)
        attempt.expect_dtype(got, torch.bool)
        attempt.expect_equal(got, wanted)
