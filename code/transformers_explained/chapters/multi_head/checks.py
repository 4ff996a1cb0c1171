"""Self-checks of the chapter "Multi-head attention"."""

import torch

from transformers_explained.attention import scaled_dot_product_attention
from transformers_explained.lesson.check import Attempt, register


@register("multi-head.shared-keys")
def shared_keys(attempt: Attempt) -> None:
    """How many numbers attention learns when the heads share keys and values."""
    for d_model, num_heads in ((512, 8), (768, 12), (768, 1)):
        got = attempt.call(d_model=d_model, num_heads=num_heads)
        head_dim = d_model // num_heads
        full, shared = d_model**2 + d_model, d_model * head_dim + head_dim
        attempt.expect_close(got, 2 * full + 2 * shared, tolerance=0.0)


@register("multi-head.split-heads")
def split_heads(attempt: Attempt) -> None:
    """(B, T, d_model) into (B, H, T, D), neighbouring features together."""
    x = torch.arange(2 * 3 * 8, dtype=torch.float32).view(2, 3, 8)
    for num_heads in (2, 4):
        wanted = x.view(2, 3, num_heads, 8 // num_heads).transpose(1, 2)
        attempt.expect_close(attempt.call(x=x, num_heads=num_heads), wanted)


@register("multi-head.scale")
def scale(attempt: Attempt) -> None:
    """Attention inside heads, scaled by the width of a head."""
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(1, 2, n, 3, generator=generator) for n in (4, 5, 5))
    wanted, _ = scaled_dot_product_attention(q, k, v)
    attempt.expect_close(attempt.call(q=q, k=k, v=v), wanted)
