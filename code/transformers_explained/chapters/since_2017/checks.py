"""Self-checks of the chapter "What has changed since 2017"."""

import torch
import torch.nn.functional as F

from transformers_explained.chapters.since_2017.quantize import quantize
from transformers_explained.lesson.check import Attempt, register


@register("since-2017.rms")
def rms(attempt: Attempt) -> None:
    """RMSNorm as a function, over the last axis."""
    generator = torch.Generator().manual_seed(0)
    for shape in ((5,), (2, 3, 7)):
        x = 3 * torch.randn(*shape, generator=generator) + 1
        weight = torch.rand(shape[-1], generator=generator) + 0.5
        got = attempt.call(x=x, weight=weight, eps=0.1)
        attempt.expect_close(got, F.rms_norm(x, shape[-1:], weight, 0.1))


@register("since-2017.block")
def block(attempt: Attempt) -> None:
    """The whole numbers of a block, and its scale."""
    generator = torch.Generator().manual_seed(1)
    for bits in (4, 3):
        numbers = torch.randn(16, generator=generator)
        whole, scales = quantize(numbers, bits, size=16)
        got = attempt.call(numbers=numbers, bits=bits)
        attempt.expect_type(got, tuple)
        attempt.require(len(got) == 2, "since-2017.probe-two")
        attempt.expect_close(got[0], whole[0].float())
        attempt.expect_close(got[1], scales[0, 0])


@register("since-2017.count")
def count(attempt: Attempt) -> None:
    """The numbers that LoRA adds to SmolLM2-135M."""
    d_model, kv_width, layers, rank = 576, 3 * 64, 30, 8
    added = layers * rank * ((d_model + d_model) + (d_model + kv_width))
    attempt.expect_equal(attempt.value(), added)
