"""Attention and encoder layer against PyTorch and Hugging Face.

Both sides get the same weights and the same input, and their outputs are compared
before anything is timed. Dropout is 0, so that both compute the same numbers. Training
is a forward and a backward pass, to the input and to every parameter.
"""

from collections.abc import Callable, Iterator

import torch
from tests.lessons.parity import (
    Pair,
    attention_pairs,
    bert_layer_pairs,
    copy_weights,
    encoder_layer_pairs,
)
from torch import Tensor, nn
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLayer

from benchmarks.timing import Row, compare
from transformers_explained.attention import MultiHeadAttention
from transformers_explained.layers import EncoderLayer

D_MODEL, NUM_HEADS, D_FF = 256, 8, 1024
SHAPES = ((8, 128, 40), (4, 512, 20))  # B, T, pairs of timings

Forward = Callable[[Tensor], Tensor]


def _contestants() -> Iterator[
    tuple[str, str, nn.Module, Forward, nn.Module, Forward, list[Pair]]
]:
    """Module and forward function, ours and theirs, and the weights they share."""
    attention = MultiHeadAttention(D_MODEL, NUM_HEADS)
    torch_attention = nn.MultiheadAttention(D_MODEL, NUM_HEADS, batch_first=True)
    yield (
        "multi-head attention",
        "`nn.MultiheadAttention`",
        attention,
        lambda x: attention(x)[0],
        torch_attention,
        lambda x: torch_attention(x, x, x, need_weights=False)[0],
        attention_pairs(attention, torch_attention),
    )
    layer = EncoderLayer(D_MODEL, NUM_HEADS, D_FF, dropout=0.0)
    torch_layer = nn.TransformerEncoderLayer(
        D_MODEL, NUM_HEADS, D_FF, dropout=0.0, batch_first=True
    )
    yield (
        "encoder layer",
        "`nn.TransformerEncoderLayer`",
        layer,
        lambda x: layer(x)[0],
        torch_layer,
        torch_layer,
        encoder_layer_pairs(layer, torch_layer),
    )
    gelu_layer = EncoderLayer(
        D_MODEL, NUM_HEADS, D_FF, dropout=0.0, activation="gelu", norm_eps=1e-12
    )
    bert_layer = BertLayer(
        BertConfig(
            hidden_size=D_MODEL,
            num_attention_heads=NUM_HEADS,
            intermediate_size=D_FF,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            attn_implementation="sdpa",
        )
    )
    yield (
        "encoder layer",
        "`BertLayer` (sdpa)",
        gelu_layer,
        lambda x: gelu_layer(x)[0],
        bert_layer,
        lambda x: _first(bert_layer(x)),
        bert_layer_pairs(gelu_layer, bert_layer),
    )


def _first(output: Tensor | tuple[Tensor, ...]) -> Tensor:
    """Hugging Face's layers return a tensor or a tuple, depending on the version."""
    return output if isinstance(output, Tensor) else output[0]


def _inference(forward: Forward, x: Tensor) -> Callable[[], object]:
    def run() -> object:
        with torch.inference_mode():
            return forward(x)

    return run


def _training(module: nn.Module, forward: Forward, x: Tensor) -> Callable[[], object]:
    inputs = x.clone().requires_grad_()
    upstream = torch.randn_like(x)

    def run() -> object:
        inputs.grad = None
        module.zero_grad()
        forward(inputs).backward(upstream)
        return None

    return run


def rows() -> Iterator[Row]:
    """Time all: two shapes, inference and training."""
    for what, reference, ours, forward, theirs, their_forward, pairs in _contestants():
        copy_weights(pairs)
        for batch, length, repeats in SHAPES:
            x = torch.randn(batch, length, D_MODEL)
            for mode in ("inference", "training"):
                for module in (ours, theirs):
                    module.train(mode == "training")
                torch.testing.assert_close(
                    forward(x), their_forward(x), rtol=1e-4, atol=1e-5
                )
                yield Row(
                    what=what,
                    reference=reference,
                    mode=mode,
                    shape=f"B{batch} T{length}",
                    comparison=compare(
                        _inference(forward, x)
                        if mode == "inference"
                        else _training(ours, forward, x),
                        _inference(their_forward, x)
                        if mode == "inference"
                        else _training(theirs, their_forward, x),
                        pairs=repeats,
                    ),
                )
