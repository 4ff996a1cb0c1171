"""The layers of a Transformer: attention, then a feed-forward network, each inside a
residual connection with a normalization.

Where the normalization stands is the great divide between 2017 and today:

    post-norm (2017):  x = LayerNorm(x + sublayer(x))
    pre-norm (since):  x = x + sublayer(LayerNorm(x))

Every module returns ``(output, weights)``, where the attention weights are None unless
``return_weights=True``, as ``MultiHeadAttention`` does.

Axes: B batch, H heads, T query positions, S key positions.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple, TypedDict, Unpack

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.attention import KeyValueCache, MultiHeadAttention
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
    """What can be chosen for a layer: the options of ``EncoderLayer``, by name."""

    dropout: float
    activation: Activation
    norm: Norm
    norm_eps: float
    rotary: RotaryPositions | None


class LayerNorm(nn.Module):
    """LayerNorm(x) = (x - mean) / √(variance + ε) · weight + bias, token by token.

    The variance is the biased one (divided by d_model, not by d_model - 1), and ε
    stands under the root. Two paths compute the same function: PyTorch's fused kernel,
    or with ``fused=False`` the formula as it is written.

    Args:
        d_model: Features of a token, over which mean and variance are taken.
        eps: ε, keeps the root away from 0.
        fused: Whether to use the fused kernel.

    Raises:
        ValueError: If ``d_model`` is below 1.

    Reference: Ba, Kiros and Hinton (2016), equations 3 and 4; ε is in its authors'
    code, not in its equations.
    """

    def __init__(self, d_model: int, *, eps: float = 1e-5, fused: bool = True) -> None:
        super().__init__()
        if d_model < 1:
            raise ValueError(f"d_model must be at least 1; got {d_model}")
        self.eps = eps
        self.fused = fused
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (..., d_model) over its last axis."""
        if self.fused:
            return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
        mean = x.mean(dim=-1, keepdim=True)  # (..., 1)
        variance = (x - mean).square().mean(dim=-1, keepdim=True)  # (..., 1)
        return (x - mean) / torch.sqrt(variance + self.eps) * self.weight + self.bias


class FeedForward(nn.Module):
    """FFN(x) = activation(x W_1 + b_1) W_2 + b_2, the same network for each token.

    Args:
        d_model: Features of a token.
        d_ff: Features between the two layers, often 4·d_model.
        activation: "relu" (the 2017 paper), "gelu" (BERT) or "gelu_tanh" (GPT-2).

    Raises:
        ValueError: If there is no such activation.

    Reference: Vaswani et al. (2017), equation 2.
    """

    def __init__(
        self, d_model: int, d_ff: int, *, activation: Activation = "relu"
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"activation must be one of {', '.join(ACTIVATIONS)}; "
                f"got {activation!r}"
            )
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


class EncoderLayer(nn.Module):
    """Self-attention, then a feed-forward network.

    With a causal mask, it is also the layer of a decoder-only model such as GPT, which
    has no encoder to attend to.

    Args:
        d_model: Features of a token.
        num_heads: Number of heads; must divide ``d_model``.
        d_ff: Features inside the feed-forward network.
        dropout: Probability of dropping, in training: attention weights, and features
            of what each sublayer adds.
        activation: "relu" (the 2017 paper), "gelu" (BERT) or "gelu_tanh" (GPT-2).
        norm: "post" (the 2017 paper, BERT) or "pre" (GPT-2 and most since).
        norm_eps: ε of the normalizations.
        rotary: Rotary positions for the self-attention.

    Raises:
        ValueError: If an argument is out of its range.

    Reference: Vaswani et al. (2017), section 3.1 and figure 1. ``nn.
    TransformerEncoderLayer`` also drops inside the feed-forward network; the paper
    does not, nor do BERT and GPT-2.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        d_ff: int,
        *,
        dropout: float = 0.1,
        activation: Activation = "relu",
        norm: Norm = "post",
        norm_eps: float = 1e-5,
        rotary: RotaryPositions | None = None,
    ) -> None:
        super().__init__()
        self.norm = _check_norm(norm)
        self.attention = MultiHeadAttention(
            d_model, num_heads, dropout=dropout, rotary=rotary
        )
        self.feed_forward = FeedForward(d_model, d_ff, activation=activation)
        self.norm1 = LayerNorm(d_model, eps=norm_eps)
        self.norm2 = LayerNorm(d_model, eps=norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,  # (B, T, d_model)
        mask: Tensor | None = None,  # broadcastable to (B, H, T, S)
        *,
        cache: KeyValueCache | None = None,
        return_weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Transform each token, seeing the others through attention.

        Args:
            x: (B, T, d_model)
            mask: Boolean, broadcastable to (B, H, T, S), True = may attend.
            cache: Keys and values of earlier tokens; those of x are appended.
            return_weights: Also return the attention weights.

        Returns:
            The output (B, T, d_model), and the weights (B, H, T, S) or None.
        """
        attend = partial(
            self.attention, mask=mask, cache=cache, return_weights=return_weights
        )
        if self.norm == "pre":
            attended, weights = attend(self.norm1(x))
            x = x + self.dropout(attended)
            x = x + self.dropout(self.feed_forward(self.norm2(x)))
        else:
            attended, weights = attend(x)
            x = self.norm1(x + self.dropout(attended))
            x = self.norm2(x + self.dropout(self.feed_forward(x)))
        return x, weights  # (B, T, d_model)


class DecoderWeights(NamedTuple):
    """The attention weights of one decoder layer."""

    self_attention: Tensor  # (B, H, T, T)
    cross_attention: Tensor  # (B, H, T, S)


class DecoderCache(NamedTuple):
    """The caches of one decoder layer: one grows with each step, one is filled once."""

    self_attention: KeyValueCache
    cross_attention: KeyValueCache

    @property
    def length(self) -> int:
        """Target positions seen so far."""
        return self.self_attention.length

    def select(self, rows: Tensor) -> None:
        """Keep these sequences of the batch, in this order (see ``KeyValueCache``)."""
        self.self_attention.select(rows)
        self.cross_attention.select(rows)


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention to the encoder's output, feed-forward network.

    The three attentions of the Transformer are the encoder's self-attention and the
    two here. Nothing makes the self-attention causal but its mask: give it one.

    Args:
        d_model: Features of a token.
        num_heads: Number of heads; must divide ``d_model``.
        d_ff: Features inside the feed-forward network.
        dropout: Probability of dropping, in training: attention weights, and features
            of what each sublayer adds.
        activation: "relu" (the 2017 paper), "gelu" or "gelu_tanh".
        norm: "post" (the 2017 paper) or "pre".
        norm_eps: ε of the normalizations.
        rotary: Rotary positions for the self-attention.

    Raises:
        ValueError: If an argument is out of its range.

    Reference: Vaswani et al. (2017), section 3.1 and figure 1.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        d_ff: int,
        *,
        dropout: float = 0.1,
        activation: Activation = "relu",
        norm: Norm = "post",
        norm_eps: float = 1e-5,
        rotary: RotaryPositions | None = None,
    ) -> None:
        super().__init__()
        self.norm = _check_norm(norm)
        self.self_attention = MultiHeadAttention(
            d_model, num_heads, dropout=dropout, rotary=rotary
        )
        self.cross_attention = MultiHeadAttention(d_model, num_heads, dropout=dropout)
        self.feed_forward = FeedForward(d_model, d_ff, activation=activation)
        self.norm1 = LayerNorm(d_model, eps=norm_eps)
        self.norm2 = LayerNorm(d_model, eps=norm_eps)
        self.norm3 = LayerNorm(d_model, eps=norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,  # (B, T, d_model)
        memory: Tensor,  # (B, S, d_model)
        mask: Tensor | None = None,  # broadcastable to (B, H, T, T)
        memory_mask: Tensor | None = None,  # broadcastable to (B, H, T, S)
        *,
        cache: DecoderCache | None = None,
        return_weights: bool = False,
    ) -> tuple[Tensor, DecoderWeights | None]:
        """Transform each target token, seeing earlier ones and the source.

        Args:
            x: (B, T, d_model), the target.
            memory: (B, S, d_model), the encoder's output.
            mask: For the target: ``causal_mask(T)``, and padding if any.
            memory_mask: For the source: its padding.
            cache: Keys and values of earlier tokens and of the memory.
            return_weights: Also return the attention weights.

        Returns:
            The output (B, T, d_model), and the weights of both attentions or None.
        """
        self_cache, cross_cache = cache if cache is not None else (None, None)
        attend_self = partial(
            self.self_attention,
            mask=mask,
            cache=self_cache,
            return_weights=return_weights,
        )
        attend_memory = partial(
            self.cross_attention,
            key=memory,
            mask=memory_mask,
            cache=cross_cache,
            return_weights=return_weights,
        )
        if self.norm == "pre":
            attended, self_weights = attend_self(self.norm1(x))
            x = x + self.dropout(attended)
            attended, cross_weights = attend_memory(self.norm2(x))
            x = x + self.dropout(attended)
            x = x + self.dropout(self.feed_forward(self.norm3(x)))
        else:
            attended, self_weights = attend_self(x)
            x = self.norm1(x + self.dropout(attended))
            attended, cross_weights = attend_memory(x)
            x = self.norm2(x + self.dropout(attended))
            x = self.norm3(x + self.dropout(self.feed_forward(x)))
        if self_weights is None or cross_weights is None:
            return x, None
        return x, DecoderWeights(self_weights, cross_weights)


class Encoder(nn.Module):
    """A stack of encoder layers.

    Args:
        num_layers: Number of layers.
        d_model: Features of a token.
        num_heads: Number of heads; must divide ``d_model``.
        d_ff: Features inside the feed-forward networks.
        final_norm: Whether to normalize the output. Pre-norm needs it, since nothing
            else normalizes the sum of the residuals; post-norm has it already. Unless
            given, True with "pre". (``nn.Transformer`` adds it in both.)
        options: Of each layer: see ``EncoderLayer``.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        num_layers: int,
        d_model: int,
        num_heads: int,
        d_ff: int,
        *,
        final_norm: bool | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(d_model, num_heads, d_ff, **options)
            for _ in range(_check_num_layers(num_layers))
        )
        self.final_norm = _final_norm(d_model, final_norm, options)

    def make_cache(self, max_len: int) -> list[KeyValueCache]:
        """Empty caches, one per layer, for at most ``max_len`` positions."""
        return [KeyValueCache(max_len) for _ in self.layers]

    def forward(
        self,
        x: Tensor,  # (B, T, d_model)
        mask: Tensor | None = None,  # broadcastable to (B, H, T, S)
        *,
        cache: Sequence[KeyValueCache] | None = None,
        return_weights: bool = False,
    ) -> tuple[Tensor, list[Tensor] | None]:
        """Apply the layers one after the other, each with the same mask.

        Args:
            x: (B, T, d_model)
            mask: Boolean, broadcastable to (B, H, T, S), True = may attend.
            cache: One cache per layer, from ``make_cache``.
            return_weights: Also return the attention weights.

        Returns:
            The output (B, T, d_model), and the weights (B, H, T, S) of each layer or
            None.
        """
        all_weights: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            x, weights = layer(
                x,
                mask,
                cache=None if cache is None else cache[index],
                return_weights=return_weights,
            )
            if return_weights:
                all_weights.append(weights)
        if self.final_norm is not None:
            x = self.final_norm(x)
        return x, all_weights if return_weights else None


class Decoder(nn.Module):
    """A stack of decoder layers.

    Args:
        num_layers: Number of layers.
        d_model: Features of a token.
        num_heads: Number of heads; must divide ``d_model``.
        d_ff: Features inside the feed-forward networks.
        final_norm: Whether to normalize the output; unless given, True with "pre".
        options: Of each layer: see ``DecoderLayer``.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        num_layers: int,
        d_model: int,
        num_heads: int,
        d_ff: int,
        *,
        final_norm: bool | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            DecoderLayer(d_model, num_heads, d_ff, **options)
            for _ in range(_check_num_layers(num_layers))
        )
        self.final_norm = _final_norm(d_model, final_norm, options)

    def make_cache(self, max_len: int) -> list[DecoderCache]:
        """Empty caches, one pair per layer, for at most ``max_len`` target tokens."""
        return [
            DecoderCache(KeyValueCache(max_len), KeyValueCache(max_len))
            for _ in self.layers
        ]

    def forward(
        self,
        x: Tensor,  # (B, T, d_model)
        memory: Tensor,  # (B, S, d_model)
        mask: Tensor | None = None,  # broadcastable to (B, H, T, T)
        memory_mask: Tensor | None = None,  # broadcastable to (B, H, T, S)
        *,
        cache: Sequence[DecoderCache] | None = None,
        return_weights: bool = False,
    ) -> tuple[Tensor, list[DecoderWeights] | None]:
        """Apply the layers one after the other, each with the same masks and memory.

        Args:
            x: (B, T, d_model), the target.
            memory: (B, S, d_model), the encoder's output.
            mask: For the target: ``causal_mask(T)``, and padding if any.
            memory_mask: For the source: its padding.
            cache: One pair of caches per layer, from ``make_cache``.
            return_weights: Also return the attention weights.

        Returns:
            The output (B, T, d_model), and the weights of each layer or None.
        """
        all_weights: list[DecoderWeights] = []
        for index, layer in enumerate(self.layers):
            x, weights = layer(
                x,
                memory,
                mask,
                memory_mask,
                cache=None if cache is None else cache[index],
                return_weights=return_weights,
            )
            if return_weights:
                all_weights.append(weights)
        if self.final_norm is not None:
            x = self.final_norm(x)
        return x, all_weights if return_weights else None


def _check_norm(norm: Norm) -> Norm:
    if norm not in ("pre", "post"):
        raise ValueError(f'norm must be "pre" or "post"; got {norm!r}')
    return norm


def _final_norm(
    d_model: int, final_norm: bool | None, options: LayerOptions
) -> LayerNorm | None:
    if final_norm is None:
        final_norm = options.get("norm") == "pre"
    return LayerNorm(d_model, eps=options.get("norm_eps", 1e-5)) if final_norm else None


def _check_num_layers(num_layers: int) -> int:
    if num_layers < 1:
        raise ValueError(f"num_layers must be at least 1; got {num_layers}")
    return num_layers
