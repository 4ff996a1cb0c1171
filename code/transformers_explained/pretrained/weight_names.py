"""Hugging Face's names for the tensors of BERT, DistilBERT and GPT-2, and ours.

Each model has an explicit table, which `weight_copy` follows to the letter.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.pretrained.weight_copy import (
    Target,
    copy_weights,
    weights_and_biases,
)

# Hugging Face's defaults, for what a configuration leaves out or says as null.
BERT_DEFAULTS: dict[str, int | float] = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "hidden_dropout_prob": 0.1,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
DISTILBERT_DEFAULTS: dict[str, int | float] = {
    "vocab_size": 30522,
    "dim": 768,
    "n_heads": 12,
    "n_layers": 6,
    "hidden_dim": 3072,
    "max_position_embeddings": 512,
    "dropout": 0.1,
    "pad_token_id": 0,
}
GPT2_DEFAULTS: dict[str, int | float] = {
    "vocab_size": 50257,
    "n_embd": 768,
    "n_head": 12,
    "n_layer": 12,
    "n_positions": 1024,
    "resid_pdrop": 0.1,
    "layer_norm_epsilon": 1e-5,
}

# The modules of one layer: Hugging Face's names, and ours.
BERT_LAYER = {
    "attention.self.query": "attention.q_proj",
    "attention.self.key": "attention.k_proj",
    "attention.self.value": "attention.v_proj",
    "attention.output.dense": "attention.out_proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "feed_forward.linear1",
    "output.dense": "feed_forward.linear2",
    "output.LayerNorm": "norm2",
}
DISTILBERT_LAYER = {
    "attention.q_lin": "attention.q_proj",
    "attention.k_lin": "attention.k_proj",
    "attention.v_lin": "attention.v_proj",
    "attention.out_lin": "attention.out_proj",
    "sa_layer_norm": "norm1",
    "ffn.lin1": "feed_forward.linear1",
    "ffn.lin2": "feed_forward.linear2",
    "output_layer_norm": "norm2",
}
# And those of a file of 4 bits (see `quantized`), with Hugging Face's.
E5_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def _placed(layer: Mapping[str, str], theirs: str, ours: str) -> dict[str, str]:
    """The names of a layer, where that layer stands in either model."""
    return {f"{theirs}.{a}": f"{ours}.{b}" for a, b in layer.items()}


# ------------------------------------------------------------------- BERT


def bert_from_weights(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], *, pooler: bool = True
) -> Bert:
    """Our `Bert` from the configuration and the tensors of a `BertModel`, or of a
    model that contains one (its names then start with "bert."), with its pooler or,
    where the weights come without one, without.

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
    config = _numbers(config, BERT_DEFAULTS)
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
            pooler=pooler,
        )
    )
    copy_weights(
        model.to(_dtype(weights)),
        {_modern(name): tensor for name, tensor in weights.items()},
        bert_targets(model.config.num_layers, pooler=pooler),
        ignored=r"cls\..*|embeddings\.position_ids",
    )
    return model


def bert_targets(num_layers: int, *, pooler: bool = True) -> dict[str, Target]:
    """Hugging Face's names of the tensors of a BERT, and ours."""
    modules = {"embeddings.LayerNorm": "embeddings.norm"}
    if pooler:
        modules["pooler.dense"] = "pooler"
    for i in range(num_layers):
        modules |= _placed(BERT_LAYER, f"encoder.layer.{i}", f"encoder.layers.{i}")
    embeddings = {"word_embeddings": "tokens.weight"}
    embeddings |= {"position_embeddings": "positions.weight"}
    embeddings |= {"token_type_embeddings": "segments.weight"}
    tables = {
        f"embeddings.{theirs}.weight": Target((f"embeddings.{ours}",))
        for theirs, ours in embeddings.items()
    }
    return tables | weights_and_biases(modules)


def e5_names(num_layers: int) -> dict[str, str]:
    """The names of the tensors in a file of 4 bits (see `quantized`), and in Hugging
    Face's models."""
    modules = {"emb.ln": "embeddings.LayerNorm"}
    for i in range(num_layers):
        modules |= _placed(E5_LAYER, f"l{i}", f"encoder.layer.{i}")
    tables = {"word": "word", "pos": "position", "type": "token_type"}
    names = {
        f"emb.{ours}": f"embeddings.{theirs}_embeddings.weight"
        for ours, theirs in tables.items()
    }
    for ours, theirs in modules.items():
        names |= {f"{ours}.w": f"{theirs}.weight", f"{ours}.b": f"{theirs}.bias"}
    return names


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
    config = _numbers(config, DISTILBERT_DEFAULTS)
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
        layer = f"transformer.layer.{i}"
        modules |= _placed(DISTILBERT_LAYER, layer, f"encoder.layers.{i}")
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
    sizes = _numbers(config, GPT2_DEFAULTS)
    d_model = sizes["n_embd"]
    d_ff = _numbers(config, {"n_inner": 4 * d_model})["n_inner"]
    model = LanguageModel(
        LanguageModelConfig(
            vocab_size=sizes["vocab_size"],
            d_model=d_model,
            num_heads=sizes["n_head"],
            num_layers=sizes["n_layer"],
            d_ff=d_ff,
            max_len=sizes["n_positions"],
            dropout=sizes["resid_pdrop"],
            norm_eps=sizes["layer_norm_epsilon"],
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
    given = {name: value for name, value in config.items() if value is not None}
    said = {**expected, "model_type": None, **given}
    for name, value in expected.items():
        if said[name] != value:
            raise ValueError(
                f"{name} must be {value!r} in the configuration; got {said[name]!r}"
            )


def _numbers(
    config: Mapping[str, Any], defaults: Mapping[str, int | float]
) -> dict[str, Any]:
    """The numbers of a configuration, each of the kind of its default.

    Raises:
        ValueError: naming the one that is not.
    """
    numbers: dict[str, Any] = {}
    for name, default in defaults.items():
        value = config.get(name)
        value = default if value is None else value
        kinds = (int,) if isinstance(default, int) else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds):
            wanted = "a whole number" if isinstance(default, int) else "a number"
            raise ValueError(
                f"{name} must be {wanted} in the configuration; got {value!r}"
            )
        numbers[name] = value
    return numbers


def _dtype(weights: Mapping[str, Tensor]) -> torch.dtype:
    """The floating-point type of the weights: a half-precision file stays so."""
    types = {t.dtype for t in weights.values() if t.is_floating_point()}
    return next(iter(types)) if len(types) == 1 else torch.get_default_dtype()
