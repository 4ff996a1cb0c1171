"""Masks: who may attend to whom.

One convention in the whole package: boolean tensors, **True = may attend**, whose
shape broadcasts to the attention weights, (B, H, T, S).

The same words mean other things elsewhere:

========================================  ==============================
`F.scaled_dot_product_attention`        True = may attend (as here)
`nn.MultiheadAttention`                 True = may **not** attend
Hugging Face `attention_mask`           1 = may attend
========================================  ==============================

Axes: B batch, H heads, T query positions, S key positions.
"""

import torch
from torch import Tensor


def causal_mask(
    T: int,
    S: int | None = None,
    *,
    device: torch.device | str | None = None,
) -> Tensor:
    """Let each position attend to itself and to the positions before it.

    With `S > T` the T queries are the *last* T of S positions, as when decoding with
    a cache: query t stands at position S - T + t. (`is_causal=True` in PyTorch aligns
    the first query with the first key instead, and lets the newest token see almost
    nothing.)

    Args:
        T: number of queries.
        S: number of keys; T unless given.
        device: where to put the mask.

    Returns:
        (T, S) boolean, True = may attend.

    Raises:
        ValueError: if T < 1 or S < T.

    Reference: Vaswani et al. (2017), section 3.2.3, "masked" self-attention.
    """
    S = T if S is None else S
    if T < 1 or S < T:
        raise ValueError(f"causal_mask needs 1 <= T <= S; got T={T}, S={S}")
    return torch.ones(T, S, dtype=torch.bool, device=device).tril(S - T)


def padding_mask(ids: Tensor, pad_id: int) -> Tensor:
    """Let every query attend to every key that is not padding.

    Args:
        ids: (B, S) token ids of the keys.
        pad_id: the id that fills up short sequences.

    Returns:
        (B, 1, 1, S) boolean, True = may attend: the same for each head and query.

    Raises:
        ValueError: if `ids` does not have the two axes (B, S).
    """
    if ids.dim() != 2:
        raise ValueError(f"ids must have the axes (B, S); got shape {tuple(ids.shape)}")
    return (ids != pad_id)[:, None, None, :]


def combine(*masks: Tensor | None) -> Tensor | None:
    """Allow what every mask allows: their logical *and*, by broadcasting.

    Args:
        masks: boolean masks, True = may attend; None allows everything.

    Returns:
        The combined mask, or None if every mask is None.

    Raises:
        TypeError: if a mask is not boolean.
        ValueError: if two masks do not broadcast.
    """
    combined: Tensor | None = None
    for mask in masks:
        if mask is None:
            continue
        if mask.dtype != torch.bool:
            raise TypeError(
                f"masks must be boolean, True = may attend; got {mask.dtype}"
            )
        if combined is None:
            combined = mask
            continue
        for axis in range(-min(combined.dim(), mask.dim()), 0):
            a, b = combined.shape[axis], mask.shape[axis]
            if a != b and 1 not in (a, b):
                raise ValueError(
                    "masks must broadcast to one shape; got "
                    f"{tuple(combined.shape)} and {tuple(mask.shape)}"
                )
        combined = combined & mask
    return combined
