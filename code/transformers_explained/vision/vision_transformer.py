"""The Vision Transformer: patches for words, one more token for the whole image.

Axes: B images, N patches, T = N + 1 tokens, D features.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transformers_explained.arguments import (
    check_dropout,
    check_heads,
    check_positive,
    check_sizes,
)
from transformers_explained.layers import Encoder
from transformers_explained.positions import LearnedPositions
from transformers_explained.vision.patches import PatchEmbedding


@dataclass(frozen=True, kw_only=True)
class VisionTransformerConfig:
    """The sizes of a Vision Transformer; by default a small one, for 8 × 8 digits.

    Args:
        image_size, patch_size: sides in pixels.
        positions: whether a learned vector per place is added.

    Raises:
        ValueError: if a value is out of its range.
    """

    image_size: int = 8
    patch_size: int = 2
    channels: int = 1
    num_classes: int = 10
    d_model: int = 32
    num_heads: int = 4
    num_layers: int = 2
    d_ff: int = 64
    dropout: float = 0.0
    norm_eps: float = 1e-6
    positions: bool = True

    def __post_init__(self) -> None:
        check_sizes(
            image_size=self.image_size,
            patch_size=self.patch_size,
            channels=self.channels,
            num_classes=self.num_classes,
            num_layers=self.num_layers,
            d_ff=self.d_ff,
        )
        check_heads(self.d_model, self.num_heads)
        check_dropout(self.dropout)
        check_positive(norm_eps=self.norm_eps)
        if self.image_size % self.patch_size:
            raise ValueError(
                "image_size must be a multiple of patch_size; got "
                f"image_size={self.image_size}, patch_size={self.patch_size}"
            )

    @property
    def num_patches(self) -> int:
        """N."""
        return (self.image_size // self.patch_size) ** 2


class VisionTransformer(nn.Module):
    """Patches and a class token through the book's encoder; a head on the class token.

    Args:
        config: the sizes.

    Reference: Dosovitskiy et al. (2021), section 3.1: pre-norm, GELU, learned
    positions.
    """

    def __init__(self, config: VisionTransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.patches = PatchEmbedding(
            config.patch_size, config.channels, config.d_model
        )
        self.class_token = nn.Parameter(torch.empty(config.d_model))
        nn.init.normal_(self.class_token, std=0.02)
        self.positions: LearnedPositions | None = None
        if config.positions:
            self.positions = LearnedPositions(config.d_model, config.num_patches + 1)
        self.dropout = nn.Dropout(config.dropout)
        self.encoder = Encoder(
            config.num_layers,
            config.d_model,
            config.num_heads,
            config.d_ff,
            dropout=config.dropout,
            activation="gelu",
            norm="pre",
            norm_eps=config.norm_eps,
        )
        self.head = nn.Linear(config.d_model, config.num_classes)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(
        self, images: Tensor, *, return_weights: bool = False
    ) -> tuple[Tensor, list[Tensor] | None]:
        """Score the classes.

        Args:
            images: (B, C, height, width).
            return_weights: also return the attention weights.

        Returns:
            The scores (B, num_classes); and the weights (B, H, T, T) of each layer, or
            None. Token 0 is the class token.
        """
        x = self.patches(images)  # (B, N, D)
        first = self.class_token.expand(len(x), 1, -1)  # (B, 1, D)
        x = torch.cat([first, x], dim=1)  # (B, T, D)
        if self.positions is not None:
            x = self.positions(x)
        x, weights = self.encoder(self.dropout(x), return_weights=return_weights)
        return self.head(x[:, 0]), weights
