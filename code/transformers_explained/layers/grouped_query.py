"""Grouped-query attention: several heads of queries share one head of keys and values.

Axes: B batch, H heads of queries, K heads of keys, G = H / K queries in a group,
T query positions, S key positions, D features of one head.
"""

from torch import Tensor, nn

from transformers_explained.attention import (
    MultiHeadAttention,
    scaled_dot_product_attention,
)
from transformers_explained.positions import RotaryPositions


class GroupedQueryAttention(MultiHeadAttention):
    """Multi-head attention whose heads, in groups of H / K, share keys and values.

    What a model keeps of the tokens it has read (see `cache.KeyValueCache`) is K / H
    times as large. K = H is multi-head attention, K = 1 is multi-query attention.

    Args:
        d_model: features of a token.
        num_heads: heads of queries, H; must divide `d_model`.
        num_kv_heads: heads of keys and values, K; must divide `num_heads`.
        dropout: probability of dropping an attention weight, in training.
        bias: whether the four projections add a bias.
        rotary: rotates queries and keys by their positions (self-attention only).

    Raises:
        ValueError: if an argument is out of its range.

    Reference: Ainslie et al. (2023), section 2.2; Shazeer (2019) for K = 1.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        num_kv_heads: int,
        *,
        dropout: float = 0.0,
        bias: bool = True,
        rotary: RotaryPositions | None = None,
    ) -> None:
        super().__init__(d_model, num_heads, dropout=dropout, bias=bias, rotary=rotary)
        if num_kv_heads < 1 or num_heads % num_kv_heads != 0:
            raise ValueError(
                "num_kv_heads must divide num_heads; got "
                f"num_heads={num_heads}, num_kv_heads={num_kv_heads}"
            )
        self.num_kv_heads = num_kv_heads
        self.k_proj = nn.Linear(d_model, num_kv_heads * self.head_dim, bias=bias)
        self.v_proj = nn.Linear(d_model, num_kv_heads * self.head_dim, bias=bias)
        for projection in (self.k_proj, self.v_proj):
            nn.init.xavier_uniform_(projection.weight)
            if bias:
                nn.init.zeros_(projection.bias)

    def split_heads(self, x: Tensor) -> Tensor:
        """(B, T, heads · D) -> (B, heads, T, D), without copying; H heads, or K."""
        B, T, width = x.shape
        return x.view(B, T, width // self.head_dim, self.head_dim).transpose(1, 2)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Look up in every head, join what they found, (B, T, d_model), and mix it.

        Queries of a group look at the same keys, so they are laid one after the other,
        as if they were more positions: no key is copied.
        """
        (B, H, T, D), (K, S) = q.shape, k.shape[1:3]
        if mask is not None:
            mask = mask.expand(B, H, T, S).reshape(B, K, H // K * T, S)
        found, weights = scaled_dot_product_attention(
            q.reshape(B, K, H // K * T, D),
            k,  # (B, K, S, D)
            v,
            mask,
            dropout=self.dropout if self.training else 0.0,
            return_weights=return_weights,
        )  # (B, K, G·T, D), (B, K, G·T, S)
        if weights is not None:
            weights = weights.view(B, H, T, S)
        found = found.view(B, H, T, D)
        return self.out_proj(found.transpose(1, 2).flatten(2)), weights
