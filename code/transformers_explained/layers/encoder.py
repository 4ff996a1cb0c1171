"""The encoder: layers of self-attention and feed-forward network, and their stack.

Axes: B batch, H heads, T query positions, S key positions.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Unpack

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


class EncoderLayer(nn.Module):
    """Self-attention, then a feed-forward network.

    With a causal mask, it is also the layer of a decoder-only model such as GPT, which
    has no encoder to attend to.

    Args:
        d_model: features of a token.
        num_heads: must divide `d_model`.
        d_ff: features inside the feed-forward network.
        dropout: probability of dropping, in training: attention weights, and features
            of what each sublayer adds.
        activation: "relu" (the 2017 paper), "gelu" (BERT) or "gelu_tanh" (GPT-2).
        norm: "post" (the 2017 paper, BERT) or "pre" (GPT-2 and most since).
        norm_eps: ε of the normalizations.
        rotary: rotary positions for the self-attention.

    Raises:
        ValueError: if an argument is out of its range.

    Reference: Vaswani et al. (2017), section 3.1 and figure 1. `nn.
    TransformerEncoderLayer` also drops inside the feed-forward network; the paper
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
        self.norm = check_norm(norm)
        self.attention = MultiHeadAttention(
            d_model, num_heads, dropout=dropout, rotary=rotary
        )
        self.feed_forward: nn.Module = FeedForward(d_model, d_ff, activation=activation)
        self.norm1: nn.Module = LayerNorm(d_model, eps=norm_eps)
        self.norm2: nn.Module = LayerNorm(d_model, eps=norm_eps)
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
            mask: boolean, broadcastable to (B, H, T, S), True = may attend.
            cache: keys and values of earlier tokens; those of x are appended.
            return_weights: also return the attention weights.

        Returns:
            The output (B, T, d_model), and the weights (B, H, T, S) or None.
        """
        attend = partial(
            attend_with(cache, self.attention),
            mask=mask,
            return_weights=return_weights,
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


class Encoder(nn.Module):
    """A stack of encoder layers.

    Args:
        d_model: features of a token.
        num_heads: must divide `d_model`.
        d_ff: features inside the feed-forward networks.
        final_norm: whether to normalize the output. Pre-norm needs it, since nothing
            else normalizes the sum of the residuals; post-norm has it already. Unless
            given, True with "pre". (`nn.Transformer` adds it in both.)
        layer: what makes a layer from d_model, num_heads, d_ff and the options.
        options: of each layer: see `EncoderLayer`.

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
        layer: Callable[..., EncoderLayer] = EncoderLayer,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            layer(d_model, num_heads, d_ff, **options)
            for _ in range(check_num_layers(num_layers))
        )
        self.final_norm: nn.Module | None = make_final_norm(
            d_model, final_norm, options
        )

    def make_cache(self, max_len: int) -> list[KeyValueCache]:
        """Empty caches, one per layer, for at most `max_len` positions."""
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
            mask: boolean, broadcastable to (B, H, T, S), True = may attend.
            cache: one cache per layer, from `make_cache`.
            return_weights: also return the attention weights.

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
