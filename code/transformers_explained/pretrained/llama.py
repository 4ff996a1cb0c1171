"""Llama's weights in the book's own modules: what a decoder is today.

RMSNorm, gated feed-forward networks, grouped queries, rotary positions, no biases:
`LanguageModel` with these choices is Llama, and SmolLM2 (`smollm2`).
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.pretrained.weight_copy import Target, copy_weights


def llama_config(
    *,
    vocab_size: int,
    d_model: int,
    num_heads: int,
    num_kv_heads: int,
    num_layers: int,
    d_ff: int,
    max_len: int,
    norm_eps: float,
    rotary_base: float,
    tied: bool,
) -> LanguageModelConfig:
    """The choices that make a `LanguageModel` a Llama, with these sizes."""
    return LanguageModelConfig(
        vocab_size=vocab_size,
        d_model=d_model,
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        num_layers=num_layers,
        d_ff=d_ff,
        max_len=max_len,
        norm_eps=norm_eps,
        rotary_base=rotary_base,
        tied=tied,
        dropout=0.0,
        positions="rotary",
        norm="pre",
        norm_kind="rms",
        gated=True,
        attention_bias=False,
    )


def llama_from_weights(
    config: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> LanguageModel:
    """Our `LanguageModel` from the configuration and the tensors of a Hugging Face
    `LlamaForCausalLM`.

    Raises:
        ValueError: if the configuration describes a model that ours is not, or the
            weights do not fit it.
    """
    _check(config)
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads") or heads
    rope = config.get("rope_parameters") or {}
    base = rope.get("rope_theta", config.get("rope_theta", 10_000.0))
    tied = bool(config.get("tie_word_embeddings", False))
    model = LanguageModel(
        llama_config(
            vocab_size=config["vocab_size"],
            d_model=config["hidden_size"],
            num_heads=heads,
            num_kv_heads=kv_heads,
            num_layers=config["num_hidden_layers"],
            d_ff=config["intermediate_size"],
            max_len=config["max_position_embeddings"],
            norm_eps=config["rms_norm_eps"],
            rotary_base=float(base),
            tied=tied,
        )
    )
    ordered = {
        name: neighbouring_pairs(tensor, heads if "q_proj" in name else kv_heads)
        if name.endswith(("q_proj.weight", "k_proj.weight"))
        else tensor
        for name, tensor in weights.items()
    }
    copy_weights(
        model.to(next(iter(weights.values())).dtype),
        ordered,
        llama_targets(model.config.num_layers, tied=tied),
        ignored=r"lm_head\.weight" if tied else r"",
    )
    return model.eval()


def _check(config: Mapping[str, Any]) -> None:
    """Refuse what our modules do not compute."""
    head_dim = config["hidden_size"] // config["num_attention_heads"]
    rope = config.get("rope_parameters") or {}
    expected = {
        "model_type": ("llama", config.get("model_type")),
        "hidden_act": ("silu", config.get("hidden_act", "silu")),
        "attention_bias": (False, config.get("attention_bias", False)),
        "mlp_bias": (False, config.get("mlp_bias", False)),
        "head_dim": (head_dim, config.get("head_dim") or head_dim),
        "rope_scaling": (None, config.get("rope_scaling")),
        "rope_type": ("default", rope.get("rope_type", "default")),
    }
    for name, (wanted, got) in expected.items():
        if got != wanted:
            raise ValueError(
                f"{name} must be {wanted!r} in the configuration; got {got!r}"
            )


def llama_targets(num_layers: int, *, tied: bool) -> dict[str, Target]:
    """Hugging Face's names of the tensors of a Llama, and ours."""
    names = {"model.embed_tokens": "tokens", "model.norm": "decoder.final_norm"}
    if not tied:
        names["lm_head"] = "output"
    for i in range(num_layers):
        theirs, ours = f"model.layers.{i}", f"decoder.layers.{i}"
        names |= {
            f"{theirs}.self_attn.q_proj": f"{ours}.attention.q_proj",
            f"{theirs}.self_attn.k_proj": f"{ours}.attention.k_proj",
            f"{theirs}.self_attn.v_proj": f"{ours}.attention.v_proj",
            f"{theirs}.self_attn.o_proj": f"{ours}.attention.out_proj",
            f"{theirs}.mlp.gate_proj": f"{ours}.feed_forward.gate_proj",
            f"{theirs}.mlp.up_proj": f"{ours}.feed_forward.up_proj",
            f"{theirs}.mlp.down_proj": f"{ours}.feed_forward.down_proj",
            f"{theirs}.input_layernorm": f"{ours}.norm1",
            f"{theirs}.post_attention_layernorm": f"{ours}.norm2",
        }
    return {f"{t}.weight": Target((f"{o}.weight",)) for t, o in names.items()}


def neighbouring_pairs(weight: Tensor, num_heads: int) -> Tensor:
    """Reorder the rows of a projection of queries or keys, (heads · D, d_model).

    Hugging Face's Llama turns feature i with feature i + D/2 of a head, where we turn
    neighbours (2i, 2i + 1), as the paper does. The rows follow: the products of queries
    and keys stay the same.
    """
    width = weight.shape[1]
    halves = weight.view(num_heads, 2, -1, width)  # (heads, 2, D/2, d_model)
    return halves.transpose(1, 2).reshape(-1, width)


def split_halves(weight: Tensor, num_heads: int) -> Tensor:
    """Undo `neighbouring_pairs`."""
    width = weight.shape[1]
    pairs = weight.view(num_heads, -1, 2, width)  # (heads, D/2, 2, d_model)
    return pairs.transpose(1, 2).reshape(-1, width)
