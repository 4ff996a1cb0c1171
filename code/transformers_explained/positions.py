"""Positions: attention alone cannot tell two orders of its inputs apart.

Three ways to say where a token stands. `SinusoidalPositions` and
`LearnedPositions` are added to the embeddings, once, below the first layer;
`RotaryPositions` turn queries and keys, inside each attention.

All count from 0, and take an `offset`: the position of the first token they are
given, which is not 0 when decoding with a cache.

Axes: B batch, H heads, T positions, D features of one head.
"""

import math

import torch
from torch import Tensor, nn

from transformers_explained.arguments import readable


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
    _check_range(0, length, table.shape[0])
    if readable(offset):  # elsewhere the indexing below refuses what is out of range
        _check_range(max(int(offset.max()), 0), length, table.shape[0])
    steps = torch.arange(length, device=offset.device)
    return table[(offset[:, None] + steps).clamp(min=0)]  # (B, T, D)


def _check_features(x: Tensor, name: str, features: int) -> None:
    if x.dim() < 2 or x.shape[-1] != features:
        raise ValueError(
            f"x must have the shape (..., T, {name}={features}); got {tuple(x.shape)}"
        )


def sinusoids(max_len: int, d_model: int) -> Tensor:
    """The table (max_len, d_model) of `SinusoidalPositions`, in double precision.

    At position 10,000 single precision would be wrong in the fourth digit. Made on the
    processor: not every graphics card computes in double precision.
    """
    feature = torch.arange(d_model, device="cpu")  # (d_model,)
    # 2i is the same for the sine and the cosine of a pair.
    pair = (feature - feature % 2).double()
    position = torch.arange(max_len, device="cpu").double()
    angle = position[:, None] / 10_000 ** (pair / d_model)  # (max_len, d_model)
    return torch.where(feature % 2 == 0, angle.sin(), angle.cos())


def rotary_angles(max_len: int, head_dim: int, base: float = 10_000.0) -> Tensor:
    """The angles (max_len, head_dim / 2) of `RotaryPositions`, in double precision."""
    pair = torch.arange(0, head_dim, 2, device="cpu").double()  # 2i
    position = torch.arange(max_len, device="cpu").double()
    return position[:, None] * base ** (-pair / head_dim)


class _Tabled(nn.Module):
    """A module with tables that are computed, not learned, and so are not saved.

    They are filled at the start, and again after `load_state_dict`: a model made on the
    device "meta" and then given memory by `to_empty` would have chance in its tables.
    """

    def compute_tables(self) -> dict[str, Tensor]:
        """What each buffer holds, by name."""
        raise NotImplementedError

    def keep_tables(self) -> None:
        """Make the buffers and fill them; called once, when the sizes are known."""
        for name, table in self.compute_tables().items():
            # In the default type, on the device of the moment.
            self.register_buffer(name, torch.empty(table.shape), persistent=False)
        _fill_tables(self)
        self.register_load_state_dict_post_hook(_fill_tables)  # type: ignore[no-untyped-call]


def _fill_tables(module: _Tabled, *_: object) -> None:
    for name, table in module.compute_tables().items():
        getattr(module, name).copy_(table)


class SinusoidalPositions(_Tabled):
    """Add fixed sinusoids: sine in the even features, cosine in the odd ones.

        PE(pos, 2i)     = sin(pos / 10000^(2i / d_model))
        PE(pos, 2i + 1) = cos(pos / 10000^(2i / d_model))

    Args:
        d_model: features of a token. May be odd: the last feature is then a sine.
        max_len: number of positions in the table.

    Raises:
        ValueError: if a size is below 1.

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
        self.d_model, self.max_len = d_model, max_len
        self.keep_tables()

    def compute_tables(self) -> dict[str, Tensor]:
        """What each buffer holds."""
        return {"table": sinusoids(self.max_len, self.d_model)}

    def forward(self, x: Tensor, offset: int | Tensor = 0) -> Tensor:
        """Return x + PE.

        Args:
            x: (B, T, d_model)
            offset: position of the first token; (B,) gives each sequence its own.

        Returns:
            (B, T, d_model)

        Raises:
            ValueError: if a position is negative or not below `max_len`, or x has
                another number of features.
        """
        _check_features(x, "d_model", self.d_model)
        return x + _rows(self.table, offset, x.shape[-2])


class LearnedPositions(nn.Module):
    """Add one learned vector per position, as BERT and GPT do.

    Args:
        d_model: features of a token.
        max_len: number of positions. There is no vector beyond.

    Raises:
        ValueError: if a size is below 1.

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
            offset: position of the first token; (B,) gives each sequence its own.

        Returns:
            (B, T, d_model)

        Raises:
            ValueError: if a position is negative or not below `max_len`, or x has
                another number of features.
        """
        _check_features(x, "d_model", self.weight.shape[1])
        return x + _rows(self.weight, offset, x.shape[-2])


class RotaryPositions(_Tabled):
    """Turn each pair of features by an angle proportional to the position.

        [x_2i, x_2i+1] at position p is turned by p · base^(-2i / head_dim)

    Applied to queries and keys, it makes their dot product depend on content and on
    the *difference* of their positions only.

    Args:
        head_dim: features of one head; even.
        max_len: number of positions in the tables.
        base: how much slower the last pair turns than the first, about.

    Raises:
        ValueError: if `head_dim` is odd, a size is below 1, or `base` not above 1.

    Reference: Su et al. (2021), RoFormer, equations 15 and 34. Many implementations
    pair feature i with i + head_dim / 2 instead of its neighbour; it is the same up to
    a permutation of the features.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, head_dim: int, max_len: int, *, base: float = 10_000.0) -> None:
        super().__init__()
        if head_dim < 2 or head_dim % 2 != 0:
            raise ValueError(f"head_dim must be even; got {head_dim}")
        if max_len < 1:
            raise ValueError(f"max_len must be at least 1; got {max_len}")
        if not 1.0 < base < math.inf:
            raise ValueError(f"base must be above 1 and finite; got {base}")
        self.head_dim, self.max_len, self.base = head_dim, max_len, base
        self.keep_tables()

    def compute_tables(self) -> dict[str, Tensor]:
        """What each buffer holds."""
        angles = rotary_angles(self.max_len, self.head_dim, self.base)
        return {"cos": angles.cos(), "sin": angles.sin()}

    def forward(self, x: Tensor, offset: int = 0) -> Tensor:
        """Return x, turned.

        Args:
            x: (..., T, head_dim) queries or keys.
            offset: position of the first of them.

        Returns:
            (..., T, head_dim)

        Raises:
            ValueError: if a position is negative or not below `max_len`, or x has
                another number of features.
        """
        _check_features(x, "head_dim", self.head_dim)
        length = x.shape[-2]
        _check_range(offset, length, self.max_len)
        cos = self.cos[offset : offset + length]  # (T, D/2)
        sin = self.sin[offset : offset + length]
        even, odd = x[..., 0::2], x[..., 1::2]  # (..., T, D/2)
        turned = (even * cos - odd * sin, even * sin + odd * cos)
        return torch.stack(turned, dim=-1).flatten(-2)  # (..., T, D)
