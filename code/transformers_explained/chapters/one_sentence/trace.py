"""All that a layer computes, under the names that the page and its explorer give it."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from transformers_explained.layers import EncoderLayer


@torch.no_grad()
def trace_layer(layer: EncoderLayer, x: Tensor) -> dict[str, Tensor]:
    """Compute a pre-norm layer under a causal mask, operation by operation.

    Args:
        layer: of a language model with GELU in its feed-forward networks.
        x: what enters, (T, D).

    Returns:
        "normed"; for each head h, counted from 1, "q-h", "k-h", "v-h", "scores-h",
        "masked-h", "weights-h" and "found-h"; then "joined", "mixed", "residual",
        "normed-2", "hidden", "fed" and "out".
    """
    attention, network = layer.attention, layer.feed_forward
    allowed = torch.ones(len(x), len(x)).tril().bool()
    kept = {"normed": layer.norm1(x)}
    heads = []
    for h in range(1, attention.num_heads + 1):
        part = slice((h - 1) * attention.head_dim, h * attention.head_dim)
        q, k, v = (
            projection(kept["normed"])[:, part]
            for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        scores = q @ k.T / math.sqrt(attention.head_dim)
        masked = scores.masked_fill(~allowed, -torch.inf)
        weights = masked.softmax(dim=-1)
        heads.append(weights @ v)
        names = ("q", "k", "v", "scores", "masked", "weights", "found")
        values = (q, k, v, scores, masked, weights, heads[-1])
        kept |= {f"{name}-{h}": n for name, n in zip(names, values, strict=True)}
    kept["joined"] = torch.cat(heads, dim=1)
    kept["mixed"] = attention.out_proj(kept["joined"])
    kept["residual"] = x + kept["mixed"]
    kept["normed-2"] = layer.norm2(kept["residual"])
    inside = network.get_submodule("linear1")(kept["normed-2"])
    kept["hidden"] = F.gelu(inside, approximate="tanh")
    kept["fed"] = network.get_submodule("linear2")(kept["hidden"])
    kept["out"] = kept["residual"] + kept["fed"]
    return kept
