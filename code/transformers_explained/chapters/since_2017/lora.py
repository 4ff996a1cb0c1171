"""LoRA: two thin matrices learn beside one that stays as it is."""

import math

import torch
from torch import Tensor, nn


class LoRA(nn.Module):
    """y = x Wᵀ + b + scale · (x Aᵀ) Bᵀ, where only A and B learn.

    B starts at 0, so that at first nothing changes.

    Args:
        linear: the layer whose W and b stay.
        rank: rows of A, columns of B.
        scale: what their product is multiplied by (α / r in the paper).

    Reference: Hu et al. (2022), section 4.1. There A starts from a Gaussian whose
    deviation is not given; here it is 1 / √(number of inputs).
    """

    def __init__(self, linear: nn.Linear, rank: int, scale: float = 2.0) -> None:
        super().__init__()
        self.linear, self.scale = linear.requires_grad_(False), scale
        inputs, outputs = linear.in_features, linear.out_features
        self.A = nn.Parameter(torch.randn(rank, inputs) / math.sqrt(inputs))
        self.B = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(x) + self.scale * (x @ self.A.T) @ self.B.T
        return y

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """One plain layer that computes the same."""
        plain = nn.Linear(self.linear.in_features, self.linear.out_features)
        plain.weight.copy_(self.linear.weight + self.scale * self.B @ self.A)
        plain.bias.copy_(self.linear.bias)
        return plain
