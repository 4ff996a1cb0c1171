"""Attention: each query looks up, softly, the values whose keys resemble it.

Axes: B batch, H heads, T query positions, S key positions, D features of one head.
Masks are boolean, **True = may attend** (see `masks`). A query that may attend to
nothing gets zeros, never NaN.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.arguments import (
    check_attention,
    check_dropout,
    check_heads,
    check_multi_head,
)
from transformers_explained.positions import RotaryPositions

__all__ = [
    "MultiHeadAttention",
    "additive_attention",
    "masked_softmax",
    "scaled_dot_product_attention",
]


def masked_softmax(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Softmax over the keys that a query may attend to; the others weigh exactly 0.

    Args:
        scores: (..., T, S)
        mask: boolean, broadcastable to (..., T, S), True = may attend.

    Returns:
        (..., T, S) weights. Each row sums to 1, or to 0 if its mask allows nothing.
    """
    if mask is None:
        return scores.softmax(dim=-1)
    # Added to the scores, not written over them: a NaN stays in sight.
    barrier = torch.zeros_like(scores).masked_fill(~mask, -math.inf)
    # A row of -inf alone would become NaN: where nothing is allowed it is made zeros,
    # and the last line clears the weights that these give.
    nothing = ~mask.any(dim=-1, keepdim=True)
    scores = (scores + barrier).masked_fill(nothing, 0.0)
    return scores.softmax(dim=-1).masked_fill(~mask, 0.0)


def scaled_dot_product_attention(
    query: Tensor,  # (..., T, D)
    key: Tensor,  # (..., S, D)
    value: Tensor,  # (..., S, Dv)
    mask: Tensor | None = None,  # broadcastable to (..., T, S)
    *,
    dropout: float = 0.0,
    return_weights: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention(Q, K, V) = softmax(Q Kᵀ / √D) V.

    Two paths compute the same function. With `return_weights=True` the formula runs
    as it is written; otherwise PyTorch's fused kernel runs it without ever storing the
    (T, S) weights.

    Args:
        mask: boolean, of two axes or more; True = may attend.
        dropout: probability of dropping a weight. Applied whenever it is not 0: pass 0
            outside training.
        return_weights: also return the weights, before dropout.

    Returns:
        The output (..., T, Dv), and the weights (..., T, S) or None.

    Raises:
        TypeError: if the mask is not boolean, or if query, key and value do not share a
            dtype (under autocast they need not).
        ValueError: if the shapes of query, key, value and mask do not fit together.

    Reference: Vaswani et al. (2017), equation 1. The paper does not say what a query
    does that may attend to nothing; here it gets zeros.
    """
    check_attention(query, key, value, mask)
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(
            "query and key must have the same number of features; got "
            f"{query.shape[-1]} and {key.shape[-1]}"
        )

    if not return_weights:
        return _fused(query, key, value, mask, dropout), None

    # Half types hold three digits: like the kernels, add up in float32, round once.
    dtype = query.dtype
    query, key, value = (x.to(working_dtype(x)) for x in (query, key, value))
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., T, S)
    weights = masked_softmax(scores, mask)  # (..., T, S)
    output = F.dropout(weights, dropout) @ value  # (..., T, Dv)
    return output.to(dtype), weights.to(dtype)


def _fused(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: float
) -> Tensor:
    """PyTorch's kernel, (..., T, Dv); zeros for a query that may attend to nothing.

    Its kernels for the processor give these zeros by themselves. Its default one on a
    graphics card, in half types, does not (cuDNN's; seen with torch 2.11 on an H200):
    such a query gets a mean of the values that it may not see, and NaN as gradient. So
    there it may attend to everything, and what it gets is cleared.
    """
    if mask is None or is_known_to_give_zeros(query):
        return F.scaled_dot_product_attention(query, key, value, mask, dropout)
    nothing = ~mask.any(dim=-1, keepdim=True)  # (..., T, 1)
    mask = mask | nothing
    if mask.shape[-1] < key.shape[-2]:  # kernels for graphics cards want all S keys
        mask = mask.expand(*mask.shape[:-1], key.shape[-2]).contiguous()
    output = F.scaled_dot_product_attention(query, key, value, mask, dropout)
    return output.masked_fill(nothing, 0.0)


def is_known_to_give_zeros(query: Tensor) -> bool:
    """Whether every kernel for this device and type gives zeros to empty rows.

    Looking twice costs about 1 % of a training step on a processor, and about 10 % on a
    graphics card in bfloat16 (`benchmarks/cuda.md`).
    """
    return query.device.type == "cpu" and query.dtype in (torch.float32, torch.float64)


def working_dtype(x: Tensor) -> torch.dtype:
    """What sums are computed in: `float32` for half types, else the type itself."""
    return torch.promote_types(x.dtype, torch.float32)


def additive_attention(
    query: Tensor,  # (..., T, Dq)
    key: Tensor,  # (..., S, Dk)
    value: Tensor,  # (..., S, Dv)
    w_query: Tensor,  # (A, Dq)
    w_key: Tensor,  # (A, Dk)
    v: Tensor,  # (A,)
    mask: Tensor | None = None,  # broadcastable to (..., T, S)
) -> tuple[Tensor, Tensor]:
    """Additive attention: score(q, k) = v · tanh(W_q q + W_k k).

    A small network compares a query with a key, where later attention takes their dot
    product. It needs memory for T·S·A numbers where the dot product needs T·S.

    Args:
        query: in the paper the decoder's state, T = 1.
        key: in the paper the encoder's annotations.
        value: in the paper the annotations again.
        w_query, w_key: weights, laid out as `nn.Linear` does.
        mask: boolean, True = may attend.

    Returns:
        The output (..., T, Dv) and the weights (..., T, S).

    Raises:
        TypeError: if the mask is not boolean, or if query, key and value do not share a
            dtype.
        ValueError: if a shape does not fit, or the three weights do not share A.

    Reference: Bahdanau, Cho and Bengio (2015), section 3.1 and appendix A.1.2.
    """
    check_attention(query, key, value, mask)
    if not (w_query.shape[0] == w_key.shape[0] == v.shape[0]):
        raise ValueError(
            "w_query, w_key and v must share their first size; got "
            f"{w_query.shape[0]}, {w_key.shape[0]} and {v.shape[0]}"
        )
    Dq, Dk = query.shape[-1], key.shape[-1]
    if w_query.shape[1:] != (Dq,) or w_key.shape[1:] != (Dk,) or v.dim() != 1:
        raise ValueError(
            f"w_query, w_key and v must have the shapes (A, Dq={Dq}), (A, Dk={Dk}) and "
            f"(A,); got {tuple(w_query.shape)}, {tuple(w_key.shape)} and "
            f"{tuple(v.shape)}"
        )
    queries = F.linear(query, w_query).unsqueeze(-2)  # (..., T, 1, A)
    keys = F.linear(key, w_key).unsqueeze(-3)  # (..., 1, S, A)
    scores = torch.tanh(queries + keys) @ v  # (..., T, S)
    weights = masked_softmax(scores, mask)  # (..., T, S)
    return weights @ value, weights


class MultiHeadAttention(nn.Module):
    """MultiHead(Q, K, V) = Concat(head_1, …, head_H) W_O,

    where head_h = Attention(Q W_Q_h, K W_K_h, V W_V_h). The H projections of the paper
    lie side by side in one matrix: `q_proj` computes the queries of all heads, and each
    head takes its `head_dim` = d_model / num_heads columns. So the number of weights,
    4·d_model², does not depend on the number of heads.

    To write token by token without computing the same keys and values again, see
    `cache.KeyValueCache`.

    Args:
        d_model: features of a token.
        num_heads: must divide `d_model`.
        dropout: probability of dropping an attention weight, in training.
        bias: whether the four projections add a bias.
        rotary: rotates queries and keys by their positions (self-attention only).

    Raises:
        ValueError: if an argument is out of its range.

    Reference: Vaswani et al. (2017), section 3.2.2. The paper's projections have no
    bias; dropout of the weights is in its authors' code, not in its text.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        *,
        dropout: float = 0.0,
        bias: bool = True,
        rotary: RotaryPositions | None = None,
    ) -> None:
        super().__init__()
        check_heads(d_model, num_heads)
        check_dropout(dropout)
        self.d_model, self.num_heads = d_model, num_heads
        self.head_dim = d_model // num_heads
        self.dropout = dropout
        self.rotary = rotary
        self.q_proj = nn.Linear(d_model, d_model, bias=bias)
        self.k_proj = nn.Linear(d_model, d_model, bias=bias)
        self.v_proj = nn.Linear(d_model, d_model, bias=bias)
        self.out_proj = nn.Linear(d_model, d_model, bias=bias)
        for projection in (self.q_proj, self.k_proj, self.v_proj, self.out_proj):
            nn.init.xavier_uniform_(projection.weight)
            if bias:
                nn.init.zeros_(projection.bias)

    def forward(
        self,
        query: Tensor,  # (B, T, d_model)
        key: Tensor | None = None,  # (B, S, d_model); None: self-attention, `query`
        value: Tensor | None = None,  # (B, S, d_model); None: `key`
        mask: Tensor | None = None,  # (T, S), or broadcastable to (B, H, T, S)
        *,
        return_weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # (B, T, d_model), (B, H, T, S)
        """Attend from `query` to `key`, or to itself.

        Raises:
            TypeError: if the mask is not boolean, or the others do not share a dtype.
            ValueError: if the shapes do not fit.
        """
        rotated = self.rotary is not None
        check_multi_head(query, key, value, mask, self.d_model, rotated=rotated)
        key = query if key is None else key
        value = key if value is None else value
        q = self.split_heads(self.q_proj(query))  # (B, H, T, D)
        k = self.split_heads(self.k_proj(key))  # (B, H, S, D)
        v = self.split_heads(self.v_proj(value))  # (B, H, S, D)
        if self.rotary is not None:
            q, k = self.rotary(q), self.rotary(k)
        return self.attend(q, k, v, mask, return_weights)

    def split_heads(self, x: Tensor) -> Tensor:
        """(B, T, d_model) -> (B, H, T, D), without copying."""
        B, T, _ = x.shape
        return x.view(B, T, self.num_heads, self.head_dim).transpose(1, 2)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Look up in every head, join what they found, (B, T, d_model), and mix it."""
        dropout = self.dropout if self.training else 0.0
        found, weights = scaled_dot_product_attention(
            q, k, v, mask, dropout=dropout, return_weights=return_weights
        )  # (B, H, T, D), (B, H, T, S)
        return self.out_proj(found.transpose(1, 2).flatten(2)), weights
