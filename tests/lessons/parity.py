"""Compare a module of the package with a reference: copied weights, outputs, gradients.

`pairs` functions list which parameter of ours corresponds to which rows of which
parameter of the reference. The same list serves to copy the weights and to compare all
the gradients, so no parameter can be forgotten in one of the two.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from transformers_explained.attention import MultiHeadAttention
from transformers_explained.layers import DecoderLayer, EncoderLayer, FeedForward
from transformers_explained.seq2seq import Transformer

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
EVERY_ROW = slice(None)


class Pair(NamedTuple):
    """A parameter of ours, and the rows of the reference's parameter that it equals."""

    ours: Tensor
    theirs: Tensor
    rows: slice = EVERY_ROW


def copy_weights(pairs: Iterable[Pair]) -> None:
    """Copy the reference's weights into ours."""
    with torch.no_grad():
        for ours, theirs, rows in pairs:
            assert ours.shape == theirs[rows].shape
            ours.copy_(theirs[rows])


def assert_pairs_cover(pairs: Iterable[Pair], *modules: nn.Module) -> None:
    """Each parameter of these modules occurs in the pairs."""
    paired = {id(tensor) for pair in pairs for tensor in (pair.ours, pair.theirs)}
    for module in modules:
        for name, parameter in module.named_parameters():
            assert id(parameter) in paired, name


def assert_same(
    ours: Tensor, theirs: Tensor, *, largest: float | None = None, what: str = "output"
) -> None:
    """Equal within the tolerance of their type, relative to the largest number."""
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    tolerance = TOLERANCE[ours.dtype]
    scale = theirs.abs().max().item() if largest is None else largest
    difference = (ours - theirs).abs().max().item()
    assert difference <= tolerance * scale, (
        f"{what}: differs by {difference:.2e}, largest {scale:.2e}"
    )


def assert_same_gradients(pairs: Iterable[Pair]) -> None:
    """All gradients equal, relative to the largest of them all.

    (Not each to its own largest: some are zero but for rounding, such as that of the
    keys' bias, which shifts all scores of a row alike.)
    """
    pairs = list(pairs)
    gradients = []
    for ours, theirs, rows in pairs:
        assert ours.grad is not None
        assert theirs.grad is not None
        gradients.append((ours.grad, theirs.grad[rows]))
    largest = max(theirs.abs().max().item() for _, theirs in gradients)
    assert largest > 0
    for ours_grad, theirs_grad in gradients:
        assert_same(ours_grad, theirs_grad, largest=largest, what="gradient")


def _same_parameters(ours: nn.Module, theirs: nn.Module) -> list[Pair]:
    """Modules whose parameters have the same names: linear, normalization."""
    references = dict(theirs.named_parameters())
    mine = dict(ours.named_parameters())
    assert mine.keys() == references.keys()
    return [Pair(mine[name], references[name]) for name in mine]


def attention_pairs(
    ours: MultiHeadAttention, theirs: nn.MultiheadAttention
) -> list[Pair]:
    """PyTorch packs the three projections, one below the other."""
    d = ours.d_model
    pairs = _same_parameters(ours.out_proj, theirs.out_proj)
    for index, projection in enumerate((ours.q_proj, ours.k_proj, ours.v_proj)):
        rows = slice(index * d, (index + 1) * d)
        pairs.append(Pair(projection.weight, theirs.in_proj_weight, rows))
        if projection.bias is not None:
            pairs.append(Pair(projection.bias, theirs.in_proj_bias, rows))
    return pairs


def _feed_forward_pairs(ours: FeedForward, theirs: nn.Module) -> list[Pair]:
    return _same_parameters(ours.linear1, theirs.linear1) + _same_parameters(
        ours.linear2, theirs.linear2
    )


def encoder_layer_pairs(
    ours: EncoderLayer, theirs: nn.TransformerEncoderLayer
) -> list[Pair]:
    return (
        attention_pairs(ours.attention, theirs.self_attn)
        + _feed_forward_pairs(ours.feed_forward, theirs)
        + _same_parameters(ours.norm1, theirs.norm1)
        + _same_parameters(ours.norm2, theirs.norm2)
    )


def decoder_layer_pairs(
    ours: DecoderLayer, theirs: nn.TransformerDecoderLayer
) -> list[Pair]:
    return (
        attention_pairs(ours.self_attention, theirs.self_attn)
        + attention_pairs(ours.cross_attention, theirs.multihead_attn)
        + _feed_forward_pairs(ours.feed_forward, theirs)
        + _same_parameters(ours.norm1, theirs.norm1)
        + _same_parameters(ours.norm2, theirs.norm2)
        + _same_parameters(ours.norm3, theirs.norm3)
    )


def transformer_pairs(ours: Transformer, theirs: nn.Transformer) -> list[Pair]:
    """The two stacks; `nn.Transformer` has neither embeddings nor an output layer."""
    pairs = []
    for mine, reference in zip(ours.encoder.layers, theirs.encoder.layers, strict=True):
        pairs += encoder_layer_pairs(mine, reference)
    for mine, reference in zip(ours.decoder.layers, theirs.decoder.layers, strict=True):
        pairs += decoder_layer_pairs(mine, reference)
    if ours.encoder.final_norm is not None:
        pairs += _same_parameters(ours.encoder.final_norm, theirs.encoder.norm)
        pairs += _same_parameters(ours.decoder.final_norm, theirs.decoder.norm)
    return pairs


def bert_layer_pairs(ours: EncoderLayer, theirs: nn.Module) -> list[Pair]:
    """Hugging Face's `BertLayer`."""
    attention = theirs.attention
    return (
        _same_parameters(ours.attention.q_proj, attention.self.query)
        + _same_parameters(ours.attention.k_proj, attention.self.key)
        + _same_parameters(ours.attention.v_proj, attention.self.value)
        + _same_parameters(ours.attention.out_proj, attention.output.dense)
        + _same_parameters(ours.norm1, attention.output.LayerNorm)
        + _same_parameters(ours.feed_forward.linear1, theirs.intermediate.dense)
        + _same_parameters(ours.feed_forward.linear2, theirs.output.dense)
        + _same_parameters(ours.norm2, theirs.output.LayerNorm)
    )


def randomize(module: nn.Module) -> None:
    """Give every parameter, biases and normalizations too, a value of its own."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
