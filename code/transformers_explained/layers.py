"""The layers of a Transformer: attention, then a feed-forward network, each inside a
residual connection with a normalization.

Where the normalization stands is the great divide between 2017 and today:

    post-norm (2017):  x = LayerNorm(x + sublayer(x))
    pre-norm (since):  x = x + sublayer(LayerNorm(x))

Every module returns ``(output, weights)``, where the attention weights are None unless
``return_weights=True``, as ``MultiHeadAttention`` does.

Each part has a file of its own: ``sublayers``, ``encoder`` and ``decoder``.
"""

from transformers_explained.decoder import (
    Decoder,
    DecoderCache,
    DecoderLayer,
    DecoderWeights,
)
from transformers_explained.encoder import Encoder, EncoderLayer
from transformers_explained.sublayers import (
    ACTIVATIONS,
    Activation,
    FeedForward,
    LayerNorm,
    LayerOptions,
    Norm,
)

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Decoder",
    "DecoderCache",
    "DecoderLayer",
    "DecoderWeights",
    "Encoder",
    "EncoderLayer",
    "FeedForward",
    "LayerNorm",
    "LayerOptions",
    "Norm",
]
