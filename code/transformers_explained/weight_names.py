"""Hugging Face's names for the tensors of BERT, DistilBERT and GPT-2, and ours.

Each model has an explicit table, which `weight_copy` follows to the letter.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.weight_copy import (
    Target,
    copy_weights,
    weights_and_biases,
)

# ------------------------------------------------------------------- BERT


def bert_from_weights(config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Bert:
    """Our `Bert` from the configuration and the tensors of a `BertModel`, or of a
    model that contains one (its names then start with "bert.").

    Raises:
        ValueError: if the configuration describes another model, or the weights do
            not fit it.
    """
    _require(
        config,
        model_type="bert",
        hidden_act="gelu",
        position_embedding_type="absolute",
        is_decoder=False,
        add_cross_attention=False,
    )
    model = Bert(
        BertConfig(
            vocab_size=config["vocab_size"],
            d_model=config["hidden_size"],
            num_heads=config["num_attention_heads"],
            num_layers=config["num_hidden_layers"],
            d_ff=config["intermediate_size"],
            max_len=config["max_position_embeddings"],
            num_segments=config["type_vocab_size"],
            dropout=config["hidden_dropout_prob"],
            norm_eps=config["layer_norm_eps"],
            pad_id=config["pad_token_id"],
        )
    )
    copy_weights(
        model.to(_dtype(weights)),
        {_modern(name): tensor for name, tensor in weights.items()},
        bert_targets(model.config.num_layers),
        ignored=r"cls\..*|embeddings\.position_ids",
    )
    return model


def bert_targets(num_layers: int) -> dict[str, Target]:
    """Hugging Face's names of the tensors of a BERT, and ours."""
    modules = {
        "embeddings.LayerNorm": "embeddings.norm",
        "pooler.dense": "pooler",
    }
    for i in range(num_layers):
        theirs, ours = f"encoder.layer.{i}", f"encoder.layers.{i}"
        modules |= {
            f"{theirs}.attention.self.query": f"{ours}.attention.q_proj",
            f"{theirs}.attention.self.key": f"{ours}.attention.k_proj",
            f"{theirs}.attention.self.value": f"{ours}.attention.v_proj",
            f"{theirs}.attention.output.dense": f"{ours}.attention.out_proj",
            f"{theirs}.attention.output.LayerNorm": f"{ours}.norm1",
            f"{theirs}.intermediate.dense": f"{ours}.feed_forward.linear1",
            f"{theirs}.output.dense": f"{ours}.feed_forward.linear2",
            f"{theirs}.output.LayerNorm": f"{ours}.norm2",
        }
    embeddings = {"word_embeddings": "tokens.weight"}
    embeddings |= {"position_embeddings": "positions.weight"}
    embeddings |= {"token_type_embeddings": "segments.weight"}
    tables = {
        f"embeddings.{theirs}.weight": Target((f"embeddings.{ours}",))
        for theirs, ours in embeddings.items()
    }
    return tables | weights_and_biases(modules)


def _modern(name: str) -> str:
    """BERT's first release called a LayerNorm's parameters gamma and beta."""
    name = name.removeprefix("bert.")
    return name.replace("Norm.gamma", "Norm.weight").replace("Norm.beta", "Norm.bias")


# ------------------------------------------------------------- DistilBERT


def distilbert_from_weights(
    config: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> Bert:
    """Our `Bert` from a `DistilBertModel`; see `bert_from_weights`.

    Sinusoidal positions need no care: the file holds their table, as if learned.
    """
    _require(config, model_type="distilbert", activation="gelu")
    model = Bert(
        BertConfig(
            vocab_size=config["vocab_size"],
            d_model=config["dim"],
            num_heads=config["n_heads"],
            num_layers=config["n_layers"],
            d_ff=config["hidden_dim"],
            max_len=config["max_position_embeddings"],
            num_segments=0,
            pooler=False,
            dropout=config["dropout"],
            pad_id=config["pad_token_id"],
        )
    )
    copy_weights(
        model.to(_dtype(weights)),
        {name.removeprefix("distilbert."): tensor for name, tensor in weights.items()},
        distilbert_targets(model.config.num_layers),
        ignored=r"vocab_.*|(pre_)?classifier\..*|qa_outputs\..*",
    )
    return model


def distilbert_targets(num_layers: int) -> dict[str, Target]:
    """Hugging Face's names of the tensors of a DistilBERT, and ours."""
    modules = {"embeddings.LayerNorm": "embeddings.norm"}
    for i in range(num_layers):
        theirs, ours = f"transformer.layer.{i}", f"encoder.layers.{i}"
        modules |= {
            f"{theirs}.attention.q_lin": f"{ours}.attention.q_proj",
            f"{theirs}.attention.k_lin": f"{ours}.attention.k_proj",
            f"{theirs}.attention.v_lin": f"{ours}.attention.v_proj",
            f"{theirs}.attention.out_lin": f"{ours}.attention.out_proj",
            f"{theirs}.sa_layer_norm": f"{ours}.norm1",
            f"{theirs}.ffn.lin1": f"{ours}.feed_forward.linear1",
            f"{theirs}.ffn.lin2": f"{ours}.feed_forward.linear2",
            f"{theirs}.output_layer_norm": f"{ours}.norm2",
        }
    tables = {
        "embeddings.word_embeddings.weight": Target(("embeddings.tokens.weight",)),
        "embeddings.position_embeddings.weight": Target(
            ("embeddings.positions.weight",)
        ),
    }
    return tables | weights_and_biases(modules)


# ------------------------------------------------------------------ GPT-2


def gpt2_from_weights(
    config: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> LanguageModel:
    """Our `LanguageModel` from a `GPT2Model`; see `bert_from_weights`.

    The output layer is the embedding: a file in which they differ is refused.
    """
    _require(
        config,
        model_type="gpt2",
        activation_function="gelu_new",
        scale_attn_weights=True,
        scale_attn_by_inverse_layer_idx=False,
        reorder_and_upcast_attn=False,
        add_cross_attention=False,
        tie_word_embeddings=True,
    )
    weights = {name.removeprefix("transformer."): t for name, t in weights.items()}
    output, embedding = weights.get("lm_head.weight"), weights.get("wte.weight")
    if not (output is None or embedding is None or torch.equal(output, embedding)):
        raise ValueError(
            "lm_head.weight must equal wte.weight, as tie_word_embeddings says; "
            "got two different tensors"
        )
    d_model = config["n_embd"]
    model = LanguageModel(
        LanguageModelConfig(
            vocab_size=config["vocab_size"],
            d_model=d_model,
            num_heads=config["n_head"],
            num_layers=config["n_layer"],
            d_ff=config.get("n_inner") or 4 * d_model,
            max_len=config["n_positions"],
            dropout=config["resid_pdrop"],
            norm_eps=config["layer_norm_epsilon"],
            positions="learned",
            activation="gelu_tanh",
        )
    )
    copy_weights(
        model.to(_dtype(weights)),
        weights,
        gpt2_targets(model.config.num_layers),
        # The output layer is the embedding; the buffers hold the causal mask.
        ignored=r"lm_head\.weight|h\.\d+\.attn\.(masked_)?bias",
    )
    return model


def gpt2_targets(num_layers: int) -> dict[str, Target]:
    """Hugging Face's names of the tensors of a GPT-2, and ours.

    GPT-2 keeps the queries', keys' and values' projections in one matrix, and all its
    matrices transposed.
    """
    norms: dict[str, str | tuple[str, ...]] = {"ln_f": "decoder.final_norm"}
    linears: dict[str, str | tuple[str, ...]] = {}
    for i in range(num_layers):
        theirs, ours = f"h.{i}", f"decoder.layers.{i}"
        norms |= {
            f"{theirs}.ln_1": f"{ours}.norm1",
            f"{theirs}.ln_2": f"{ours}.norm2",
        }
        linears |= {
            f"{theirs}.attn.c_attn": (
                f"{ours}.attention.q_proj",
                f"{ours}.attention.k_proj",
                f"{ours}.attention.v_proj",
            ),
            f"{theirs}.attn.c_proj": f"{ours}.attention.out_proj",
            f"{theirs}.mlp.c_fc": f"{ours}.feed_forward.linear1",
            f"{theirs}.mlp.c_proj": f"{ours}.feed_forward.linear2",
        }
    tables = {
        "wte.weight": Target(("tokens.weight",)),
        "wpe.weight": Target(("positions.weight",)),
    }
    return (
        tables
        | weights_and_biases(norms)
        | weights_and_biases(linears, transposed=True)
    )


def _require(config: Mapping[str, Any], **expected: str | bool) -> None:
    """Refuse what our modules do not compute.

    The kind of the model must be said. The other settings expected are Hugging Face's
    defaults: a configuration may leave them out.
    """
    said = {**expected, "model_type": None, **config}
    for name, value in expected.items():
        if said[name] != value:
            raise ValueError(
                f"{name} must be {value!r} in the configuration; got {said[name]!r}"
            )


def _dtype(weights: Mapping[str, Tensor]) -> torch.dtype:
    """The floating-point type of the weights: a half-precision file stays so."""
    types = {t.dtype for t in weights.values() if t.is_floating_point()}
    return next(iter(types)) if len(types) == 1 else torch.get_default_dtype()
