"""Our `Transformer` with PyTorch's layers inside: the model to compare ours with.

Embeddings, positions and output layer stay ours; the two stacks become
`nn.TransformerEncoder` and `nn.TransformerDecoder`, with a copy of our weights.
"""

import re
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from transformers_explained.seq2seq import Transformer, TransformerConfig


def with_torch_layers(model: Transformer) -> Transformer:
    """A copy of the model whose two stacks are PyTorch's, with the same weights.

    It has no cache: decode with `use_cache=False`. Dropout must be 0 for the two to
    be equal in training, since PyTorch also drops inside the feed-forward network.

    Raises:
        ValueError: if the model is not post-norm, or drops, or has no sublayer that
            PyTorch has too (rotary positions, a final norm, GELU).
    """
    config = model.config
    expected = TransformerConfig(
        vocab_size=config.vocab_size,
        positions="none" if config.positions == "rotary" else config.positions,
        dropout=0.0,
    )
    for name in ("norm", "activation", "dropout", "final_norm", "positions"):
        if getattr(config, name) != getattr(expected, name):
            raise ValueError(
                f"PyTorch's layers are compared with {name}="
                f"{getattr(expected, name)!r} only; got {getattr(config, name)!r}"
            )
    copy = deepcopy(model)
    copy.encoder = _Stack(_encoder(config), model.encoder)  # type: ignore[assignment]
    copy.decoder = _Stack(_decoder(config), model.decoder)  # type: ignore[assignment]
    return copy


class _Stack(nn.Module):
    """A stack of PyTorch behind the interface of `Encoder` or `Decoder`."""

    def __init__(self, stack: nn.Module, ours: nn.Module) -> None:
        super().__init__()
        self.stack = stack
        self.stack.to(next(ours.parameters()))  # or copying would round
        self.stack.load_state_dict(torch_names(ours.state_dict()))

    def forward(
        self,
        x: Tensor,
        *memory_and_masks: Any,
        cache: None = None,
        return_weights: bool = False,
    ) -> tuple[Tensor, None]:
        # Masks are turned over on the way: there, True = may *not* attend.
        if len(memory_and_masks) == 1:
            (mask,) = memory_and_masks
            return self.stack(x, src_key_padding_mask=~mask[:, 0, 0]), None
        memory, mask, memory_mask = memory_and_masks
        output: Tensor = self.stack(
            x,
            memory,
            tgt_mask=None if mask is None else ~mask,
            memory_key_padding_mask=~memory_mask[:, 0, 0],
        )
        return output, None


def _sizes(config: TransformerConfig) -> dict[str, Any]:
    return {
        "d_model": config.d_model,
        "nhead": config.num_heads,
        "dim_feedforward": config.d_ff,
        "layer_norm_eps": config.norm_eps,
        "dropout": 0.0,
        "batch_first": True,
    }


def _encoder(config: TransformerConfig) -> nn.Module:
    layer = nn.TransformerEncoderLayer(**_sizes(config))
    return nn.TransformerEncoder(
        layer, config.num_encoder_layers, enable_nested_tensor=False
    )


def _decoder(config: TransformerConfig) -> nn.Module:
    layer = nn.TransformerDecoderLayer(**_sizes(config))
    return nn.TransformerDecoder(layer, config.num_decoder_layers)


def torch_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our weights under PyTorch's names; there, q, k and v are one stacked matrix."""
    renamed = {}
    for ours, tensor in weights.items():
        name = ours.replace("feed_forward.", "")
        name = name.replace("cross_attention.", "multihead_attn.")
        name = re.sub(r"\b(self_)?attention\.", "self_attn.", name)
        if "q_proj." in ours:
            three = [weights[ours.replace("q_proj", f"{x}_proj")] for x in "qkv"]
            renamed[name.replace("q_proj.", "in_proj_")] = torch.cat(three)
        elif "k_proj." not in ours and "v_proj." not in ours:
            renamed[name] = tensor
    return renamed
