"""The decoder: layers that also attend to the encoder's output, and their stack.

Axes: B batch, H heads, T target positions, S source positions.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Unpack

from torch import Tensor, nn

from transformers_explained.attention import MultiHeadAttention
from transformers_explained.cache import KeyValueCache, attend_with
from transformers_explained.layers.sublayers import (
    Activation,
    FeedForward,
    LayerNorm,
    LayerOptions,
    Norm,
    check_norm,
    check_num_layers,
    make_final_norm,
)
from transformers_explained.positions import RotaryPositions


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
        """Keep these sequences of the batch, in this order (see `KeyValueCache`)."""
        self.self_attention.select(rows)
        self.cross_attention.select(rows)


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention to the encoder's output, feed-forward network.

    The three attentions of the Transformer are the encoder's self-attention and the
    two here. Nothing makes the self-attention causal but its mask: give it one.

    Args:
        d_model: features of a token.
        num_heads: must divide `d_model`.
        d_ff: features inside the feed-forward network.
        dropout: probability of dropping, in training: attention weights, and features
            of what each sublayer adds.
        activation: "relu" (the 2017 paper), "gelu" or "gelu_tanh".
        norm: "post" (the 2017 paper) or "pre".
        norm_eps: ε of the normalizations.
        rotary: rotary positions for the self-attention.

    Raises:
        ValueError: if an argument is out of its range.

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
        self.norm = check_norm(norm)
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
            x: the target.
            memory: the encoder's output.
            mask: for the target: `causal_mask(T)`, and padding if any.
            memory_mask: for the source: its padding.
            cache: keys and values of earlier tokens and of the memory.
            return_weights: also return the attention weights.

        Returns:
            The output (B, T, d_model), and the weights of both attentions or None.
        """
        self_cache, cross_cache = cache if cache is not None else (None, None)
        attend_self = partial(
            attend_with(self_cache, self.self_attention),
            mask=mask,
            return_weights=return_weights,
        )
        attend_memory = partial(
            attend_with(cross_cache, self.cross_attention),
            key=memory,
            mask=memory_mask,
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


class Decoder(nn.Module):
    """A stack of decoder layers.

    Args:
        d_model: features of a token.
        num_heads: must divide `d_model`.
        d_ff: features inside the feed-forward networks.
        final_norm: whether to normalize the output; unless given, True with "pre".
        options: of each layer: see `DecoderLayer`.

    Raises:
        ValueError: if an argument is out of its range.
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
            for _ in range(check_num_layers(num_layers))
        )
        self.final_norm = make_final_norm(d_model, final_norm, options)

    def make_cache(self, max_len: int) -> list[DecoderCache]:
        """Empty caches, one pair per layer, for at most `max_len` target tokens."""
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
            x: the target.
            memory: the encoder's output.
            mask: for the target: `causal_mask(T)`, and padding if any.
            memory_mask: for the source: its padding.
            cache: one pair of caches per layer, from `make_cache`.
            return_weights: also return the attention weights.

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
