"""Attention: each query looks up, softly, the values whose keys resemble it.

Axes: B batch, H heads, T query positions, S key positions, D features of one head.
Masks are boolean, **True = may attend** (see ``masks``). A query that may attend to
nothing gets zeros, never NaN.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.cache import KeyValueCache
from transformers_explained.checks import check_attention, check_dropout, check_heads
from transformers_explained.positions import RotaryPositions

__all__ = [
    "KeyValueCache",
    "MultiHeadAttention",
    "additive_attention",
    "masked_softmax",
    "scaled_dot_product_attention",
]


def masked_softmax(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Softmax over the keys that a query may attend to; the others weigh exactly 0.

    Args:
        scores: (..., T, S)
        mask: Boolean, broadcastable to (..., T, S), True = may attend.

    Returns:
        (..., T, S) weights. Each row sums to 1, or to 0 if its mask allows nothing.
    """
    if mask is None:
        return scores.softmax(dim=-1)
    # The most negative finite number and not -inf: a row of -inf would become NaN.
    # It makes a forbidden row uniform instead, and the second line clears it.
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
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

    Two paths compute the same function. With ``return_weights=True`` the formula runs
    as it is written; otherwise PyTorch's fused kernel runs it without ever storing the
    (T, S) weights.

    Args:
        query: (..., T, D)
        key: (..., S, D)
        value: (..., S, Dv)
        mask: Boolean, broadcastable to (..., T, S), of two axes or more; True = may
            attend.
        dropout: Probability of dropping a weight. Applied whenever it is not 0: pass 0
            outside training.
        return_weights: Also return the weights, before dropout.

    Returns:
        The output (..., T, Dv), and the weights (..., T, S) or None.

    Raises:
        TypeError: If the mask is not boolean, or if query, key and value do not share
            a dtype (under autocast they need not).
        ValueError: If the shapes of query, key, value and mask do not fit together.

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
        output = F.scaled_dot_product_attention(query, key, value, mask, dropout)
        return output, None

    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., T, S)
    weights = masked_softmax(scores, mask)  # (..., T, S)
    output = F.dropout(weights, dropout) @ value  # (..., T, Dv)
    return output, weights


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
        query: (..., T, Dq), in the paper the decoder's state, T = 1.
        key: (..., S, Dk), in the paper the encoder's annotations.
        value: (..., S, Dv), in the paper the annotations again.
        w_query: (A, Dq) weights, laid out as ``nn.Linear`` does.
        w_key: (A, Dk) weights.
        v: (A,) weights.
        mask: Boolean, broadcastable to (..., T, S), True = may attend.

    Returns:
        The output (..., T, Dv) and the weights (..., T, S).

    Raises:
        TypeError: If the mask is not boolean, or if query, key and value do not share
            a dtype.
        ValueError: If a shape does not fit, or the three weights do not share A.

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
    """MultiHead(Q, K, V) = Concat(head_1, …, head_H) W_O.

    where head_h = Attention(Q W_Q_h, K W_K_h, V W_V_h). The H projections of the paper
    lie side by side in one matrix: ``q_proj`` computes the queries of all heads, and
    each head takes its ``head_dim = d_model / num_heads`` columns. So the number of
    weights, 4·d_model², does not depend on the number of heads.

    Args:
        d_model: Features of a token.
        num_heads: Number of heads; must divide ``d_model``.
        dropout: Probability of dropping an attention weight, in training.
        bias: Whether the four projections add a bias.
        rotary: Rotates queries and keys by their positions (self-attention only).

    Raises:
        ValueError: If ``d_model`` is below 1, if ``num_heads`` does not divide it, or
            if ``dropout`` does not lie in [0, 1).

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
        self.d_model = d_model
        self.num_heads = num_heads
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
        key: Tensor | None = None,  # (B, S, d_model)
        value: Tensor | None = None,  # (B, S, d_model)
        mask: Tensor | None = None,  # broadcastable to (B, H, T, S)
        *,
        cache: KeyValueCache | None = None,
        return_weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend from ``query`` to ``key``, or to itself without a ``key``.

        Args:
            query: (B, T, d_model)
            key: (B, S, d_model): cross-attention. None: self-attention, key = query.
            value: (B, S, d_model); ``key`` unless given.
            mask: Boolean, (T, S) or four axes that broadcast to (B, H, T, S), True =
                may attend. With a cache, S counts the cached positions too.
            cache: Earlier keys and values: appended to in self-attention, filled once
                in cross-attention (see ``KeyValueCache``).
            return_weights: Also return the weights, before dropout.

        Returns:
            The output (B, T, d_model), and the weights (B, H, T, S) or None.

        Raises:
            TypeError: If the mask is not boolean, or if query, key and value do not
                share a dtype.
            ValueError: If the shapes do not fit.
        """
        self._check(query, key, value, mask, cache)
        if key is None:
            q, k, v = self._project(query, cache)  # (B, H, T, D) each
            past = 0 if cache is None else cache.length
            if self.rotary is not None:
                q, k = self.rotary(q, past), self.rotary(k, past)
            if cache is not None:
                k, v = cache.append(k, v)  # (B, H, S, D)
        else:
            q = self._split_heads(self.q_proj(query))  # (B, H, T, D)
            k, v = self._keys_and_values(key, value, cache)  # (B, H, S, D)
        output, weights = scaled_dot_product_attention(
            q,
            k,
            v,
            mask,
            dropout=self.dropout if self.training else 0.0,
            return_weights=return_weights,
        )
        return self.out_proj(self._join_heads(output)), weights

    def _project(
        self, x: Tensor, cache: KeyValueCache | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of x: (B, T, d_model) -> (B, H, T, D) each."""
        projections = (self.q_proj, self.k_proj, self.v_proj)
        if cache is None or torch.is_grad_enabled():
            q, k, v = (self._split_heads(project(x)) for project in projections)
            return q, k, v
        # A single token is so little work that calling three products takes longer than
        # computing them. So the three matrices are laid side by side, once per cache.
        if cache.joined is None:
            biases = tuple(p.bias for p in projections if p.bias is not None)
            cache.joined = (
                torch.cat(tuple(p.weight for p in projections)),  # (3·d_model, d_model)
                torch.cat(biases) if biases else None,
            )
        B, T, _ = x.shape
        qkv = F.linear(x, *cache.joined).view(B, T, 3, self.num_heads, self.head_dim)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()
        return q, k, v

    def _keys_and_values(
        self, key: Tensor, value: Tensor | None, cache: KeyValueCache | None
    ) -> tuple[Tensor, Tensor]:
        """Those of cross-attention: projected, or at later calls from the cache."""
        stored = None if cache is None else cache.stored()
        if stored is not None:
            return stored
        k = self._split_heads(self.k_proj(key))  # (B, H, S, D)
        v = self._split_heads(self.v_proj(key if value is None else value))
        if cache is not None:
            cache.store(k, v)
        return k, v

    def _split_heads(self, x: Tensor) -> Tensor:
        """(B, T, d_model) -> (B, H, T, D), without copying."""
        B, T, _ = x.shape
        return x.view(B, T, self.num_heads, self.head_dim).transpose(1, 2)

    def _join_heads(self, x: Tensor) -> Tensor:
        """(B, H, T, D) -> (B, T, d_model)."""
        B, _, T, _ = x.shape
        return x.transpose(1, 2).reshape(B, T, self.d_model)

    def _check(
        self,
        query: Tensor,
        key: Tensor | None,
        value: Tensor | None,
        mask: Tensor | None,
        cache: KeyValueCache | None,
    ) -> None:
        for name, x in (("query", query), ("key", key), ("value", value)):
            if x is not None and (x.dim() != 3 or x.shape[-1] != self.d_model):
                raise ValueError(
                    f"{name} must have the shape (B, length, d_model={self.d_model}); "
                    f"got {tuple(x.shape)}"
                )
        if value is not None and key is None:
            raise ValueError("value needs a key: without a key, attention is to query")
        if key is not None and self.rotary is not None:
            raise ValueError("rotary positions apply to self-attention: give no key")
        if key is not None and (cache is None or cache.length == 0):
            # Before a cache is filled with them; a filled one takes no others.
            check_attention(query, key, key if value is None else value)
        if mask is not None and mask.dim() == 3:
            raise ValueError(
                "mask must broadcast to (B, H, T, S): give (T, S) or four axes, as in "
                f"mask[:, None]; got shape {tuple(mask.shape)}"
            )
