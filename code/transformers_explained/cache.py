"""The cache that makes generating token by token affordable.

Axes: B batch, H heads, T new positions, S source positions, D features of one head.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.arguments import check_multi_head
from transformers_explained.attention import MultiHeadAttention

Attend = Callable[..., tuple[Tensor, Tensor | None]]


class KeyValueCache:
    """The keys and values that one attention module has already computed.

    Generating token by token, each step needs the keys and values of *all* earlier
    tokens. They do not change, so they are kept. One cache serves one module, and a
    fresh one starts a new sequence. Instead of `attention(x)`:

    - self-attention, `cache.attend(attention, x)`, **appends** the keys and values of
      x, the new tokens, and attends to all those seen so far;
    - cross-attention, `cache.attend(attention, x, memory)`, computes those of the
      memory **once**, at the first call, and reuses them afterwards.

    Keys and values lie in buffers of `max_len` positions, allocated at the first call,
    so that a step copies only what is new. The cache is for generation, under
    `torch.no_grad()`, with weights that stay as they are: it keeps no gradients.

    Args:
        max_len: most positions that self-attention may append. Cross-attention fills
            the cache once, whatever the length of its memory.

    Raises:
        ValueError: if `max_len` is below 1.
    """

    def __init__(self, max_len: int) -> None:
        if max_len < 1:
            raise ValueError(f"max_len must be at least 1; got {max_len}")
        self.max_len = max_len
        self.length = 0  # positions filled so far
        self._key: Tensor | None = None  # (B, H, max_len, D)
        self._value: Tensor | None = None  # (B, H, max_len, D)
        # The weights and biases of the three projections, side by side.
        self._joined: tuple[Tensor, Tensor | None] | None = None

    def attend(
        self,
        attention: MultiHeadAttention,
        query: Tensor,  # (B, T, d_model)
        key: Tensor | None = None,  # (B, S, d_model); None: self-attention
        value: Tensor | None = None,  # (B, S, d_model); None: `key`
        mask: Tensor | None = None,  # S counts the positions kept too
        *,
        return_weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # (B, T, d_model), (B, H, T, S)
        """What `attention` gives, by way of the cache; its errors are the same."""
        check_multi_head(
            query,
            key,
            value,
            mask,
            attention.d_model,
            rotated=attention.rotary is not None,
            filled=self.length > 0,
        )
        if key is None:
            q, k, v = self._project(attention, query)  # (B, H, T, D) each
            if attention.rotary is not None:
                past = self.length
                q, k = attention.rotary(q, past), attention.rotary(k, past)
            k, v = self.append(k, v)  # (B, H, S, D)
        else:
            q = attention.split_heads(attention.q_proj(query))  # (B, H, T, D)
            kept = self.stored()
            if kept is None:
                kept = (
                    attention.split_heads(attention.k_proj(key)),
                    attention.split_heads(
                        attention.v_proj(key if value is None else value)
                    ),
                )
                self.store(*kept)
            k, v = kept  # (B, H, S, D)
        return attention.attend(q, k, v, mask, return_weights)

    def _project(
        self, attention: MultiHeadAttention, x: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of x: (B, T, d_model) -> (B, H, T, D) each."""
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        # A projection may have been replaced by another module (by one of 8 bits, for
        # example): then its weights are not ours to lay out.
        plain = all(type(projection) is nn.Linear for projection in projections)
        if torch.is_grad_enabled() or not plain:
            q, k, v = (attention.split_heads(project(x)) for project in projections)
            return q, k, v
        # A single token is so little work that calling three products takes longer than
        # computing them. So the three matrices are laid side by side, once per cache.
        if self._joined is None:
            biases = tuple(p.bias for p in projections if p.bias is not None)
            self._joined = (
                torch.cat(tuple(p.weight for p in projections)),  # (heads·D, d_model)
                torch.cat(biases) if biases else None,
            )
        B, T, _ = x.shape
        D = attention.head_dim
        heads = [projection.out_features // D for projection in projections]
        qkv = F.linear(x, *self._joined).view(B, T, sum(heads), D)
        q, k, v = torch.split(qkv.transpose(1, 2), heads, dim=1)
        return q, k, v

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add (B, H, T, D) keys and values; return all, (B, H, length, D), as views.

        Raises:
            ValueError: if that makes more than `max_len` positions, or if the batch is
                not that of the earlier calls.
        """
        end = self.length + key.shape[2]
        if end > self.max_len:
            raise ValueError(
                f"the cache holds at most max_len={self.max_len} positions; got {end}"
            )
        if self._key is None or self._value is None:
            B, H, _, D = key.shape
            self._key = key.new_empty(B, H, self.max_len, D)
            self._value = value.new_empty(B, H, self.max_len, D)
        if key.shape[0] != self._key.shape[0]:
            raise ValueError(
                f"the cache holds a batch of {self._key.shape[0]}; got {key.shape[0]}"
            )
        if key.requires_grad or value.requires_grad:
            key, value = key.detach(), value.detach()
        self._key[:, :, self.length : end] = key
        self._value[:, :, self.length : end] = value
        self.length = end
        return self._key[:, :, :end], self._value[:, :, :end]

    def store(self, key: Tensor, value: Tensor) -> None:
        """Keep (B, H, S, D) keys and values as they are, for `stored`."""
        self._key, self._value = key.detach(), value.detach()
        self.length = key.shape[2]

    def stored(self) -> tuple[Tensor, Tensor] | None:
        """Return the keys and values filled so far, (B, H, length, D), or None."""
        if self._key is None or self._value is None:
            return None
        return self._key[:, :, : self.length], self._value[:, :, : self.length]

    def select(self, rows: Tensor) -> None:
        """Keep these sequences of the batch, in this order, for beam search.

        Args:
            rows: (B',) indices into the batch; one may occur several times.
        """
        if self._key is not None and self._value is not None:
            self._key = self._key.index_select(0, rows)
            self._value = self._value.index_select(0, rows)


def attend_with(cache: KeyValueCache | None, attention: MultiHeadAttention) -> Attend:
    """The module itself without a cache, by way of the cache with one."""
    return attention if cache is None else partial(cache.attend, attention)
