"""Explorers: of attention (where each head looks), of gradient descent."""

from transformers_explained.explore.descent import explore_descent
from transformers_explained.explore.explorer import explore_attention

__all__ = [
    "explore_attention",
    "explore_descent",
]
