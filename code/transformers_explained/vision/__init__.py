"""Images: cut into patches that a Transformer reads as it reads words.

`patches` cuts and projects, `vision_transformer` adds the class token, the positions
and the book's encoder; `convolution` is the small network to compare with.
"""

from transformers_explained.vision.convolution import SmallConvolution
from transformers_explained.vision.patches import PatchEmbedding, cut_patches
from transformers_explained.vision.vision_transformer import (
    VisionTransformer,
    VisionTransformerConfig,
)

__all__ = [
    "PatchEmbedding",
    "SmallConvolution",
    "VisionTransformer",
    "VisionTransformerConfig",
    "cut_patches",
]
