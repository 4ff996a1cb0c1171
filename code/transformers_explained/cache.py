"""The cache that makes generating token by token affordable.

Axes: B batch, H heads, T new positions, S source positions, D features of one head.
"""

from torch import Tensor


class KeyValueCache:
    """The keys and values that one attention module has already computed.

    Generating token by token, each step needs the keys and values of *all* earlier
    tokens. They do not change, so they are kept. One cache serves one attention
    module; a fresh one starts a new sequence. The module that receives it decides:

    - self-attention (``attention(x, cache=cache)``) **appends** the keys and values of
      x, the new tokens, and attends to all those seen so far;
    - cross-attention (``attention(x, memory, cache=cache)``) computes those of the
      memory **once**, at the first call, and reuses them afterwards.

    Keys and values lie in buffers of ``max_len`` positions, allocated at the first
    call, so that a step copies only what is new. The cache is for generation, under
    ``torch.no_grad()``, with weights that stay as they are: it keeps no gradients.

    Args:
        max_len: Most positions that self-attention may append. Cross-attention fills
            the cache once, whatever the length of its memory.

    Raises:
        ValueError: If ``max_len`` is below 1.
    """

    def __init__(self, max_len: int) -> None:
        if max_len < 1:
            raise ValueError(f"max_len must be at least 1; got {max_len}")
        self.max_len = max_len
        self.length = 0  # positions filled so far
        self._key: Tensor | None = None  # (B, H, max_len, D)
        self._value: Tensor | None = None  # (B, H, max_len, D)
        # The weights and biases of the three projections, side by side.
        self.joined: tuple[Tensor, Tensor | None] | None = None

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add (B, H, T, D) keys and values; return all, (B, H, length, D), as views.

        Raises:
            ValueError: If that makes more than ``max_len`` positions, or if the batch
                is not that of the earlier calls.
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
        """Keep (B, H, S, D) keys and values as they are, for ``stored``."""
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
