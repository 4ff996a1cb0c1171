"""The layers of a Transformer: attention, then a feed-forward network, each inside a
residual connection with a normalization.

Where the normalization stands is the great divide between 2017 and today:

    post-norm (2017):  x = LayerNorm(x + sublayer(x))
    pre-norm (since):  x = x + sublayer(LayerNorm(x))

Every module returns `(output, weights)`, where the attention weights are None unless
`return_weights=True`, as `MultiHeadAttention` does.

Each part has a file of its own: `sublayers`, `encoder` and `decoder`; and for what has
changed since, `rms_norm`, `gated`, `grouped_query` and, together, `since_2017`.
"""

from transformers_explained.layers.decoder import (
    Decoder,
    DecoderCache,
    DecoderLayer,
    DecoderWeights,
)
from transformers_explained.layers.encoder import Encoder, EncoderLayer
from transformers_explained.layers.gated import GatedFeedForward
from transformers_explained.layers.grouped_query import GroupedQueryAttention
from transformers_explained.layers.rms_norm import RMSNorm
from transformers_explained.layers.since_2017 import (
    Changes,
    ModernLayer,
    NormKind,
    make_norm,
)
from transformers_explained.layers.sublayers import (
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
    "Changes",
    "Decoder",
    "DecoderCache",
    "DecoderLayer",
    "DecoderWeights",
    "Encoder",
    "EncoderLayer",
    "FeedForward",
    "GatedFeedForward",
    "GroupedQueryAttention",
    "LayerNorm",
    "LayerOptions",
    "ModernLayer",
    "Norm",
    "NormKind",
    "RMSNorm",
    "make_norm",
]
