"""The encoder layer with what has changed since 2017, each change by itself.

With all of them and a causal mask it is the layer of Llama, and of SmolLM2.
"""

from typing import Literal, TypedDict, Unpack, get_args

from torch import nn

from transformers_explained.arguments import check_choice
from transformers_explained.attention import MultiHeadAttention
from transformers_explained.layers.encoder import EncoderLayer
from transformers_explained.layers.gated import GatedFeedForward
from transformers_explained.layers.grouped_query import GroupedQueryAttention
from transformers_explained.layers.rms_norm import RMSNorm
from transformers_explained.layers.sublayers import LayerNorm, LayerOptions

NormKind = Literal["layer", "rms"]


class Changes(TypedDict, total=False):
    """What may differ from the layer of 2017.

    norm_kind: "layer" or "rms".
    gated: whether the feed-forward network is gated.
    num_kv_heads: heads of keys and values; None, as many as of queries.
    attention_bias: whether the projections of the attention add a bias.
    """

    norm_kind: NormKind
    gated: bool
    num_kv_heads: int | None
    attention_bias: bool


def make_norm(kind: NormKind, d_model: int, eps: float) -> nn.Module:
    """The normalization of that name.

    Raises:
        ValueError: if there is none.
    """
    check_choice("norm_kind", kind, get_args(NormKind))
    return RMSNorm(d_model, eps=eps) if kind == "rms" else LayerNorm(d_model, eps=eps)


class ModernLayer(EncoderLayer):
    """An `EncoderLayer` of which parts are exchanged; what it does with them stays.

    Args:
        d_model, num_heads, d_ff: as in `EncoderLayer`.
        changes: see `Changes`.
        options: as in `EncoderLayer`. A gated network has its own activation.

    Raises:
        ValueError: if an argument is out of its range.

    Reference: Touvron et al. (2023), section 2.2, for RMSNorm, SwiGLU and rotary
    positions together; Ainslie et al. (2023) for grouped queries.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        d_ff: int,
        changes: Changes,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(d_model, num_heads, d_ff, **options)
        bias = changes.get("attention_bias", True)
        dropout, rotary = self.attention.dropout, self.attention.rotary
        num_kv_heads = changes.get("num_kv_heads")
        if num_kv_heads is not None:
            self.attention = GroupedQueryAttention(
                d_model,
                num_heads,
                num_kv_heads,
                dropout=dropout,
                bias=bias,
                rotary=rotary,
            )
        elif not bias:
            self.attention = MultiHeadAttention(
                d_model, num_heads, dropout=dropout, bias=False, rotary=rotary
            )
        if changes.get("gated", False):
            self.feed_forward = GatedFeedForward(d_model, d_ff)
        kind, eps = changes.get("norm_kind", "layer"), options.get("norm_eps", 1e-5)
        self.norm1 = make_norm(kind, d_model, eps)
        self.norm2 = make_norm(kind, d_model, eps)
