"""Positions: attention alone cannot tell two orders of its inputs apart.

Three ways to say where a token stands. ``SinusoidalPositions`` and
``LearnedPositions`` are added to the embeddings, once, below the first layer;
``RotaryPositions`` turn queries and keys, inside each attention.

All count from 0, and take an ``offset``: the position of the first token they are
given, which is not 0 when decoding with a cache.

Axes: B batch, H heads, T positions, D features of one head.
"""

import torch
from torch import Tensor, nn


def _check_range(offset: int, length: int, max_len: int) -> None:
    if offset < 0 or offset + length > max_len:
        raise ValueError(
            f"positions must lie in [0, max_len={max_len}); got {length} positions "
            f"from offset={offset}"
        )


def _rows(table: Tensor, offset: int | Tensor, length: int) -> Tensor:
    """The rows of a (max_len, D) table for positions offset, …, offset + length - 1.

    A tensor of offsets (B,), one per sequence, gives (B, length, D). Left-padded
    sequences have negative offsets: the padding gets the row of position 0.
    """
    if isinstance(offset, int):
        _check_range(offset, length, table.shape[0])
        return table[offset : offset + length]  # (T, D)
    _check_range(max(int(offset.max()), 0), length, table.shape[0])
    steps = torch.arange(length, device=offset.device)
    return table[(offset[:, None] + steps).clamp(min=0)]  # (B, T, D)


class SinusoidalPositions(nn.Module):
    """Add fixed sinusoids: sine in the even features, cosine in the odd ones.

        PE(pos, 2i)     = sin(pos / 10000^(2i / d_model))
        PE(pos, 2i + 1) = cos(pos / 10000^(2i / d_model))

    Args:
        d_model: Features of a token. May be odd: the last feature is then a sine.
        max_len: Number of positions in the table.

    Raises:
        ValueError: If a size is below 1.

    Reference: Vaswani et al. (2017), section 3.5. The paper writes the features in
    pairs and so takes d_model to be even.
    """

    table: Tensor

    def __init__(self, d_model: int, max_len: int) -> None:
        super().__init__()
        if d_model < 1 or max_len < 1:
            raise ValueError(
                "d_model and max_len must be at least 1; got "
                f"d_model={d_model}, max_len={max_len}"
            )
        feature = torch.arange(d_model)  # (d_model,)
        # 2i is the same for the sine and the cosine of a pair. Double precision: at
        # position 10,000 single precision would be wrong in the fourth digit.
        pair = (feature - feature % 2).double()
        position = torch.arange(max_len).double()
        angle = position[:, None] / 10_000 ** (pair / d_model)  # (max_len, d_model)
        table = torch.where(feature % 2 == 0, angle.sin(), angle.cos())
        # Not a parameter, and not saved: it is computed, not learned.
        self.register_buffer(
            "table", table.to(torch.get_default_dtype()), persistent=False
        )

    def forward(self, x: Tensor, offset: int | Tensor = 0) -> Tensor:
        """Return x + PE.

        Args:
            x: (B, T, d_model)
            offset: Position of the first token; (B,) gives each sequence its own.

        Returns:
            (B, T, d_model)

        Raises:
            ValueError: If a position is negative or not below ``max_len``.
        """
        return x + _rows(self.table, offset, x.shape[-2])


class LearnedPositions(nn.Module):
    """Add one learned vector per position, as BERT and GPT do.

    Args:
        d_model: Features of a token.
        max_len: Number of positions. There is no vector beyond.

    Raises:
        ValueError: If a size is below 1.

    Reference: Gehring et al. (2017), section 3.1; Devlin et al. (2019), section 3.
    """

    def __init__(self, d_model: int, max_len: int) -> None:
        super().__init__()
        if d_model < 1 or max_len < 1:
            raise ValueError(
                "d_model and max_len must be at least 1; got "
                f"d_model={d_model}, max_len={max_len}"
            )
        self.weight = nn.Parameter(torch.empty(max_len, d_model))
        nn.init.normal_(self.weight, std=0.02)  # BERT's and GPT-2's

    def forward(self, x: Tensor, offset: int | Tensor = 0) -> Tensor:
        """Return x plus the vectors of its positions.

        Args:
            x: (B, T, d_model)
            offset: Position of the first token; (B,) gives each sequence its own.

        Returns:
            (B, T, d_model)

        Raises:
            ValueError: If a position is negative or not below ``max_len``.
        """
        return x + _rows(self.weight, offset, x.shape[-2])


class RotaryPositions(nn.Module):
    """Turn each pair of features by an angle proportional to the position.

        [x_2i, x_2i+1] at position p is turned by p · 10000^(-2i / head_dim)

    Applied to queries and keys, it makes their dot product depend on content and on
    the *difference* of their positions only.

    Args:
        head_dim: Features of one head; even.
        max_len: Number of positions in the tables.

    Raises:
        ValueError: If ``head_dim`` is odd, or a size is below 1.

    Reference: Su et al. (2021), RoFormer, equations 15 and 34. Many implementations
    pair feature i with i + head_dim / 2 instead of its neighbour; it is the same up to
    a permutation of the features.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, head_dim: int, max_len: int) -> None:
        super().__init__()
        if head_dim < 2 or head_dim % 2 != 0:
            raise ValueError(f"head_dim must be even; got {head_dim}")
        if max_len < 1:
            raise ValueError(f"max_len must be at least 1; got {max_len}")
        pair = torch.arange(0, head_dim, 2).double()  # 2i
        position = torch.arange(max_len).double()
        angle = position[:, None] * 10_000 ** (-pair / head_dim)  # (max_len, D/2)
        dtype = torch.get_default_dtype()
        self.register_buffer("cos", angle.cos().to(dtype), persistent=False)
        self.register_buffer("sin", angle.sin().to(dtype), persistent=False)

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """Return x, turned.

        Args:
            x: (..., T, head_dim) queries or keys.
            offset: Position of the first of them.

        Returns:
            (..., T, head_dim)

        Raises:
            ValueError: If a position is negative or not below ``max_len``.
        """
        length = x.shape[-2]
        _check_range(offset, length, self.cos.shape[0])
        cos = self.cos[offset : offset + length]  # (T, D/2)
        sin = self.sin[offset : offset + length]
        even, odd = x[..., 0::2], x[..., 1::2]  # (..., T, D/2)
        turned = (even * cos - odd * sin, even * sin + odd * cos)
        return torch.stack(turned, dim=-1).flatten(-2)  # (..., T, D)
