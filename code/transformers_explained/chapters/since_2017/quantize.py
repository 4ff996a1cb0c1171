"""Few bits for each weight: numbers in blocks, each block with a scale of its own."""

import torch
from torch import Tensor

from transformers_explained.pretrained.blocks import BLOCK


def quantize(weights: Tensor, bits: int, size: int = BLOCK) -> tuple[Tensor, Tensor]:
    """Whole numbers (blocks, size) from -h to h, and a scale of each block (blocks, 1),
    where h = 2^(bits - 1) - 1: the largest number of a block becomes h or -h."""
    blocks = weights.reshape(-1, size)
    highest = 2 ** (bits - 1) - 1
    scales = blocks.abs().amax(dim=1, keepdim=True) / highest
    whole = torch.round(blocks / scales.clamp(min=1e-12)).to(torch.int8)
    return whole, scales


def restore(whole: Tensor, scales: Tensor, like: Tensor) -> Tensor:
    """The numbers again, in the shape of `like`."""
    return (whole * scales).view_as(like)


def pack(whole: Tensor, scales: Tensor) -> Tensor:
    """Blocks of 18 bytes, as `pretrained.blocks` reads them: the scale in 16 bits, then
    two numbers of 4 bits in each byte, i and i + 16."""
    nibbles = (whole + 8).to(torch.uint8)  # 1 to 15
    low, high = nibbles[:, : BLOCK // 2], nibbles[:, BLOCK // 2 :]
    head = scales.half().view(torch.uint8)  # (blocks, 2)
    return torch.cat([head, low | (high << 4)], dim=1)


def relative_error(weights: Tensor, bits: int, size: int = BLOCK) -> float:
    """The length of what is lost, as a share of the length of the weights."""
    whole, scales = quantize(weights, bits, size)
    lost = restore(whole, scales, weights) - weights
    return float(lost.norm() / weights.norm())
