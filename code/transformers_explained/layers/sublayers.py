"""What the layers are made of, besides attention: normalization and feed-forward.

Axes: D = d_model features of a token.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal, TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.arguments import (
    check_choice,
    check_features,
    check_positive,
    check_sizes,
)
from transformers_explained.positions import RotaryPositions

Norm = Literal["pre", "post"]
Activation = Literal["relu", "gelu", "gelu_tanh"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    # In place: nothing else needs what it overwrites, and at d_ff features per token
    # a copy is the layer's largest tensor.
    "relu": partial(F.relu, inplace=True),  # the 2017 paper
    "gelu": F.gelu,  # BERT
    "gelu_tanh": partial(F.gelu, approximate="tanh"),  # GPT-2
}


class LayerOptions(TypedDict, total=False):
    """What can be chosen for a layer: the options of `EncoderLayer`, by name."""

    dropout: float
    activation: Activation
    norm: Norm
    norm_eps: float
    rotary: RotaryPositions | None


class LayerNorm(nn.Module):
    """LayerNorm(x) = (x - mean) / √(variance + ε) · weight + bias, token by token.

    The variance is the biased one (divided by d_model, not by d_model - 1), and ε
    stands under the root. Two paths compute the same function: PyTorch's fused kernel,
    or with `fused=False` the formula as it is written.

    Args:
        d_model: features of a token, over which mean and variance are taken.
        eps: ε, keeps the root away from 0.
        fused: whether to use the fused kernel.

    Raises:
        ValueError: if `d_model` is below 1, or `eps` not above 0.

    Reference: Ba, Kiros and Hinton (2016), equations 3 and 4; ε is in its authors'
    code, not in its equations.
    """

    def __init__(self, d_model: int, *, eps: float = 1e-5, fused: bool = True) -> None:
        super().__init__()
        check_sizes(d_model=d_model)
        check_positive(eps=eps)
        self.eps = eps
        self.fused = fused
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (..., d_model) over its last axis; ValueError if it is another."""
        check_features(x, len(self.weight))
        if self.fused:
            return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
        dtype = x.dtype
        x = x.to(torch.promote_types(dtype, torch.float32))  # half types: as kernels do
        mean = x.mean(dim=-1, keepdim=True)  # (..., 1)
        variance = (x - mean).square().mean(dim=-1, keepdim=True)  # (..., 1)
        normal = (x - mean) / torch.sqrt(variance + self.eps)  # (..., d_model)
        return (normal * self.weight + self.bias).to(dtype)


class FeedForward(nn.Module):
    """FFN(x) = activation(x W_1 + b_1) W_2 + b_2, the same network for each token.

    Args:
        d_model: features of a token.
        d_ff: features between the two layers, often 4·d_model.
        activation: "relu" (the 2017 paper), "gelu" (BERT) or "gelu_tanh" (GPT-2).

    Raises:
        ValueError: if there is no such activation, or a size is below 1.

    Reference: Vaswani et al. (2017), equation 2.
    """

    def __init__(
        self, d_model: int, d_ff: int, *, activation: Activation = "relu"
    ) -> None:
        super().__init__()
        check_sizes(d_model=d_model, d_ff=d_ff)
        check_choice("activation", activation, ACTIVATIONS)
        self.activation = ACTIVATIONS[activation]
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        for linear in (self.linear1, self.linear2):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) -> (..., d_model)."""
        x = self.activation(self.linear1(x))  # (..., d_ff)
        x = self.linear2(x)  # (..., d_model)
        return x


def check_norm(norm: Norm) -> Norm:
    """Return `norm` if it is one; ValueError otherwise."""
    if norm not in ("pre", "post"):
        raise ValueError(f'norm must be "pre" or "post"; got {norm!r}')
    return norm


def make_final_norm(
    d_model: int, final_norm: bool | None, options: LayerOptions
) -> LayerNorm | None:
    """What normalizes the output of a stack: by default, of a pre-norm one only."""
    if final_norm is None:
        final_norm = options.get("norm") == "pre"
    return LayerNorm(d_model, eps=options.get("norm_eps", 1e-5)) if final_norm else None


def check_num_layers(num_layers: int) -> int:
    """Return `num_layers` if it is at least 1; ValueError otherwise."""
    check_sizes(num_layers=num_layers)
    return num_layers
