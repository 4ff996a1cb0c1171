"""From an image to a sequence: squares, each projected to a vector.

Axes: B images, C channels, N patches, P their side in pixels, D features.
"""

import torch
from torch import Tensor, nn

from transformers_explained.arguments import check_sizes


def cut_patches(images: Tensor, size: int) -> Tensor:
    """Cut images into squares, in reading order, and write each as one row of numbers.

    Args:
        images: (B, C, height, width).
        size: P, the side of a square in pixels.

    Returns:
        (B, N, C·P·P), N = (height / P) · (width / P).

    Raises:
        ValueError: if the images have other axes, or P does not divide their sides.
    """
    if images.dim() != 4:
        raise ValueError(
            "images must have the axes (B, C, height, width); "
            f"got shape {tuple(images.shape)}"
        )
    B, C, height, width = images.shape
    if size < 1 or height % size or width % size:
        raise ValueError(
            f"size must divide the sides of the images; got {size} for "
            f"{height} × {width} pixels"
        )
    rows, columns = height // size, width // size
    squares = images.reshape(B, C, rows, size, columns, size)
    squares = squares.permute(0, 2, 4, 1, 3, 5)  # (B, rows, columns, C, P, P)
    return squares.reshape(B, rows * columns, C * size * size)


class PatchEmbedding(nn.Module):
    """One vector per patch: what an embedding table is to words.

    It is the convolution whose kernel and whose stride are the side of a patch, written
    as a cut and a matrix.

    Args:
        size: side of a patch in pixels.
        channels: numbers per pixel, 1 in grey images, 3 in colour.
        d_model: features of a token.

    Reference: Dosovitskiy et al. (2021), equation 1.
    """

    def __init__(self, size: int, channels: int, d_model: int) -> None:
        super().__init__()
        check_sizes(size=size, channels=channels, d_model=d_model)
        self.size = size
        self.projection = nn.Linear(channels * size * size, d_model)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, height, width) -> (B, N, D)."""
        vectors: Tensor = self.projection(cut_patches(images, self.size))
        return vectors

    @torch.no_grad()
    def as_convolution(self) -> nn.Conv2d:
        """The convolution that computes the same, with a copy of the weights."""
        weight = self.projection.weight
        channels = weight.shape[1] // self.size**2
        convolution = nn.Conv2d(channels, len(weight), self.size, stride=self.size)
        convolution = convolution.to(weight.device, weight.dtype)
        convolution.weight.copy_(weight.view_as(convolution.weight))
        convolution.bias.copy_(self.projection.bias)  # type: ignore[union-attr]
        return convolution
