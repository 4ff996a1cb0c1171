"""Attention in one file: the formula, then several heads (Vaswani et al. 2017).

    python attention.py --length 5 --num-heads 2

Shapes: B texts, H heads, T queries, S keys, D features of one head. d_model = H * D.
Masks are True where a query may attend.
"""

import argparse
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """softmax(q k^T / sqrt(D)) v, and the weights."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (B, H, T, S)
    if mask is None:
        weights = scores.softmax(dim=-1)  # (B, H, T, S), each row sums to 1
    else:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        # Again after the softmax: a query that may attend to nothing gets zeros.
        weights = scores.softmax(dim=-1).masked_fill(~mask, 0.0)
    return weights @ v, weights  # (B, H, T, D), (B, H, T, S)


def causal_mask(T: int) -> Tensor:
    """(T, T): each position sees itself and those before it."""
    return torch.ones(T, T, dtype=torch.bool).tril()


class MultiHeadAttention(nn.Module):
    """H attentions side by side, each on its own D features."""

    def __init__(self, d_model: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def split_heads(self, x: Tensor) -> Tensor:
        B, T, d_model = x.shape
        x = x.view(B, T, self.num_heads, d_model // self.num_heads)  # (B, T, H, D)
        return x.transpose(1, 2)  # (B, H, T, D)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """x (B, T, d_model) asks; memory (B, S, d_model), or x itself, answers."""
        q = self.split_heads(self.q_proj(x))  # (B, H, T, D)
        k = self.split_heads(self.k_proj(memory))  # (B, H, S, D)
        v = self.split_heads(self.v_proj(memory))  # (B, H, S, D)
        output, _ = attention(q, k, v, mask)  # (B, H, T, D)
        return self.out_proj(output.transpose(1, 2).flatten(2))  # (B, T, d_model)


def main() -> None:
    parser = argparse.ArgumentParser(description="Attention, with numbers to look at.")
    parser.add_argument("--length", type=int, default=5, help="tokens")
    parser.add_argument("--d-model", type=int, default=16, help="features of a token")
    parser.add_argument("--num-heads", type=int, default=2, help="must divide d-model")
    options = parser.parse_args()
    torch.manual_seed(0)
    q = k = v = torch.randn(1, 1, options.length, options.d_model)
    mask = causal_mask(options.length)
    output, weights = attention(q, k, v, mask)
    print("Who attends to whom (rows ask, columns answer):")
    print("\n".join("  ".join(f"{w:.2f}" for w in row) for row in weights[0, 0]))
    theirs = F.scaled_dot_product_attention(q, k, v, mask)
    print("Largest difference from PyTorch's:", f"{(output - theirs).abs().max():.0e}")
    y = MultiHeadAttention(options.d_model, options.num_heads)(v[0], v[0], mask)
    print(f"{options.num_heads} heads: {tuple(v[0].shape)} -> {tuple(y.shape)}")


if __name__ == "__main__":
    main()
