"""What an argument must be: each function here raises an error that names the argument,
what was expected and what came, or does nothing.

Only shapes and types are looked at, never the numbers in a tensor: that would make the
processor wait for the graphics card.

Axes: B batch, T query positions, S key positions, D features.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def readable(x: Tensor) -> bool:
    """Whether a number of the tensor may be read at no cost.

    A graphics card would be waited for, on the device "meta" there are no numbers, and
    a compiled model cannot branch on them.
    """
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


def check_attention(
    query: Tensor,  # (..., T, Dq)
    key: Tensor,  # (..., S, Dk)
    value: Tensor,  # (..., S, Dv)
    mask: Tensor | None = None,  # broadcastable to (..., T, S)
) -> None:
    """The dots stand for the same sizes in all three, S for the same number in two.

    Raises:
        TypeError: if the mask is not boolean, or the others do not share a dtype.
        ValueError: if a shape does not fit.
    """
    lead = query.shape[:-2]
    if (
        not lead == key.shape[:-2] == value.shape[:-2]
        or min(query.dim(), key.dim(), value.dim()) < 2
    ):
        raise ValueError(
            "query, key and value must have the shapes (..., T, D), (..., S, D) and "
            "(..., S, Dv), with the same sizes in place of the dots; got "
            f"{tuple(query.shape)}, {tuple(key.shape)} and {tuple(value.shape)}"
        )
    if key.shape[-2] != value.shape[-2]:
        raise ValueError(
            "key and value must have the same number of positions; got "
            f"{key.shape[-2]} and {value.shape[-2]}"
        )
    # Autocast makes one dtype of them itself.
    if not query.dtype == key.dtype == value.dtype and not (
        torch.is_autocast_enabled(query.device.type)
    ):
        raise TypeError(
            "query, key and value must have the same dtype; got "
            f"{query.dtype}, {key.dtype} and {value.dtype}"
        )
    if mask is not None:
        check_mask(mask, (*lead, query.shape[-2], key.shape[-2]))


def check_multi_head(
    query: Tensor,  # (B, T, d_model)
    key: Tensor | None,  # (B, S, d_model)
    value: Tensor | None,  # (B, S, d_model)
    mask: Tensor | None,
    d_model: int,
    *,
    rotated: bool,
    filled: bool = False,
) -> None:
    """What multi-head attention takes; `filled`: a cache has its keys and values.

    Raises:
        TypeError: if query, key and value do not share a dtype.
        ValueError: if a shape does not fit, or what is given does not go together.
    """
    for name, x in (("query", query), ("key", key), ("value", value)):
        if x is not None and (x.dim() != 3 or x.shape[-1] != d_model):
            raise ValueError(
                f"{name} must have the shape (B, length, d_model={d_model}); "
                f"got {tuple(x.shape)}"
            )
    if value is not None and key is None:
        raise ValueError("value needs a key: without a key, attention is to query")
    if key is not None and rotated:
        raise ValueError("rotary positions apply to self-attention: give no key")
    if key is not None and not filled:
        check_attention(query, key, key if value is None else value)
    if mask is not None and mask.dim() == 3:
        raise ValueError(
            "mask must broadcast to (B, H, T, S): give (T, S) or four axes, as in "
            f"mask[:, None]; got shape {tuple(mask.shape)}"
        )


def check_mask(mask: Tensor, shape: tuple[int, ...]) -> None:
    """A boolean mask that broadcasts to `shape`, (..., T, S), and adds no axis.

    Raises:
        TypeError: if the mask is not boolean.
        ValueError: if it has another shape, or a single axis.
    """
    if mask.dtype != torch.bool:
        raise TypeError(
            f"mask must be boolean, True = may attend; got a mask of {mask.dtype}"
        )
    sizes = tuple(mask.shape)
    if not 2 <= len(sizes) <= len(shape) or any(
        size not in (1, full)
        for size, full in zip(sizes, shape[-len(sizes) :], strict=True)
    ):
        raise ValueError(
            "mask must have the axes (T, S), or more, and broadcast to the shape of "
            f"the weights, {shape}; got {sizes}"
        )


def check_ids(name: str, ids: Tensor) -> Tensor:
    """Token ids, (B, length), in a width that an embedding takes: 32 or 64 bits. That
    they lie in the vocabulary is left to the embedding.

    Raises:
        TypeError: if they are not integers.
        ValueError: if they have other axes.
    """
    if ids.dim() != 2:
        raise ValueError(
            f"{name} must have the axes (B, length); got shape {tuple(ids.shape)}"
        )
    if ids.dtype in (torch.int64, torch.int32):
        return ids
    if ids.dtype == torch.bool or ids.is_floating_point() or ids.is_complex():
        raise TypeError(f"{name} must be integers; got {ids.dtype}")
    return ids.long()


def check_features(x: Tensor, d_model: int) -> None:
    """ValueError unless the last axis of x, (..., d_model), is that of its features."""
    if x.shape[-1:] != (d_model,):
        raise ValueError(
            f"x must have the shape (..., d_model={d_model}); got {tuple(x.shape)}"
        )


def check_sizes(**sizes: int) -> None:
    """Sizes of a model: ValueError if one is below 1."""
    for name, size in sizes.items():
        if not 1 <= size < math.inf:
            raise ValueError(f"{name} must be at least 1; got {size}")


def check_heads(d_model: int, num_heads: int) -> None:
    """ValueError unless the heads share the features of a token evenly."""
    check_sizes(d_model=d_model)
    if num_heads < 1 or d_model % num_heads != 0:
        raise ValueError(
            "num_heads must divide d_model; got "
            f"d_model={d_model}, num_heads={num_heads}"
        )


def check_config(config: Any) -> None:
    """What every model's configuration must hold: ValueError if one does not."""
    check_sizes(
        vocab_size=config.vocab_size,
        d_model=config.d_model,
        num_heads=config.num_heads,
        d_ff=config.d_ff,
        max_len=config.max_len,
    )
    check_heads(config.d_model, config.num_heads)
    check_dropout(config.dropout)
    check_positive(norm_eps=config.norm_eps)


def check_rotary(head_dim: int) -> None:
    """ValueError unless the features of a head come in pairs."""
    if head_dim % 2 != 0:
        raise ValueError(
            f"rotary positions need an even d_model / num_heads; got {head_dim}"
        )


def check_dropout(dropout: float) -> None:
    """ValueError unless the probability of dropping lies in [0, 1)."""
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"dropout must lie in [0, 1); got {dropout}")


def check_positive(**numbers: float) -> None:
    """ValueError if a number is not above 0, or not finite. (No comparison holds for
    NaN: hence the `not`.)"""
    for name, number in numbers.items():
        if not number > 0.0:
            raise ValueError(f"{name} must be above 0; got {number}")
        if not number < math.inf:
            raise ValueError(f"{name} must be finite; got {number}")


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """ValueError unless the value is one of the choices."""
    choices = tuple(choices)
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
