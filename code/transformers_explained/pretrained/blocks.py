"""Numbers in 4 bits: blocks of 32 that share a scale.

A block has 18 bytes: the scale, an f16, then 16 bytes that hold two numbers each. The
low four bits of byte i (a nibble, 0 to 15) are number i, its high four bits number
i + 16. A number is scale · (nibble - 8): so 4.5 bits, where fp32 takes 32.

Two more kinds, which GGUF files have: with a least value after the scale, a number is
scale · nibble + least (5 bits each), and in 8 bits it is scale · byte (8.5 bits).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 32  # numbers that share a scale
BLOCK_BYTES = 2 + BLOCK // 2
PLAIN, QUANTIZED = 0, 1  # the kinds of tensors


def dequantize(blocks: Tensor) -> Tensor:
    """The numbers of blocks of 4 bits.

    Args:
        blocks: uint8, 18 for each 32 numbers.

    Returns:
        (32 · number of blocks), fp32.
    """
    blocks = blocks.view(-1, BLOCK_BYTES)  # (N, 18)
    scales = blocks[:, :2].contiguous().view(torch.float16)  # (N, 1)
    # In place: the largest table would otherwise stand in memory three times.
    return nibbles(blocks[:, 2:]).float().sub_(8).mul_(scales.float()).flatten()


def dequantize_4_1(blocks: Tensor) -> Tensor:
    """The numbers of blocks of 4 bits with a least value.

    Args:
        blocks: uint8, 20 for each 32 numbers: scale, least value, nibbles.

    Returns:
        (32 · number of blocks), fp32.
    """
    blocks = blocks.view(-1, BLOCK_BYTES + 2)  # (N, 20)
    head = blocks[:, :4].contiguous().view(torch.float16).float()  # (N, 2)
    numbers = nibbles(blocks[:, 4:]).float()  # (N, 32)
    return numbers.mul_(head[:, :1]).add_(head[:, 1:]).flatten()


def dequantize_8(blocks: Tensor) -> Tensor:
    """The numbers of blocks of 8 bits.

    Args:
        blocks: uint8, 34 for each 32 numbers: scale, then signed bytes.

    Returns:
        (32 · number of blocks), fp32.
    """
    blocks = blocks.view(-1, BLOCK + 2)  # (N, 34)
    scales = blocks[:, :2].contiguous().view(torch.float16).float()  # (N, 1)
    return blocks[:, 2:].contiguous().view(torch.int8).float().mul_(scales).flatten()


def nibbles(bytes_: Tensor) -> Tensor:
    """(N, 16) bytes -> (N, 32) numbers from 0 to 15: the low halves, then the high."""
    return torch.cat([bytes_ & 15, bytes_ >> 4], dim=1)


@dataclass(frozen=True, kw_only=True)
class StoredTensor:
    """A tensor as the file has it: flat, and of kind 1 still in blocks."""

    kind: int
    count: int  # of numbers
    data: bytes

    def numbers(self) -> Tensor:
        """In fp32, flat."""
        raw = torch.frombuffer(bytearray(self.data), dtype=torch.uint8)
        return dequantize(raw) if self.kind == QUANTIZED else raw.view(torch.float32)


def stored_size(kind: int, numbers: int) -> int:
    """The bytes that a tensor takes in the file; -1 if it cannot be of that kind."""
    if kind == PLAIN:
        return 4 * numbers
    if kind == QUANTIZED and numbers % BLOCK == 0:
        return numbers // BLOCK * BLOCK_BYTES
    return -1
