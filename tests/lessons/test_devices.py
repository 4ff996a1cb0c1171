"""Every model on the device "meta", compiled and exported: nothing assumes a processor,
nothing branches on a number that a graphics card would have to be asked for."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from transformers_explained.bert import (
    Bert,
    BertConfig,
    BertForPretraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
)
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.seq2seq import Transformer, TransformerConfig

# Pairwise different sizes; a batch with and without padding.
B, S, T = 2, 5, 7
SIZES = {"d_model": 12, "num_heads": 3, "d_ff": 10, "max_len": 17, "dropout": 0.0}


def language_model(**changes: Any) -> nn.Module:
    config = LanguageModelConfig(vocab_size=23, num_layers=2, **SIZES, **changes)
    return LanguageModel(config)


def bert(**changes: Any) -> Bert:
    return Bert(BertConfig(vocab_size=23, num_layers=2, **SIZES, **changes))


def translator(**changes: Any) -> nn.Module:
    config = TransformerConfig(
        vocab_size=23, num_encoder_layers=2, num_decoder_layers=1, **SIZES, **changes
    )
    return Transformer(config)


MODELS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "language model": (language_model, 1),
    "language model with padding": (lambda: language_model(pad_id=0), 1),
    "language model, sinusoids": (
        lambda: language_model(pad_id=0, positions="sinusoidal"),
        1,
    ),
    "language model, rotary": (lambda: language_model(positions="rotary"), 1),
    "llama": (
        lambda: language_model(
            positions="rotary",
            norm_kind="rms",
            gated=True,
            num_kv_heads=1,
            attention_bias=False,
        ),
        1,
    ),
    "bert": (bert, 1),
    "bert to pretrain": (lambda: BertForPretraining(bert()), 1),
    "bert classifier": (lambda: BertForSequenceClassification(bert(), 3), 1),
    "bert for questions": (lambda: BertForQuestionAnswering(bert()), 1),
    "translator": (translator, 2),
    "translator, rotary": (lambda: translator(positions="rotary"), 2),
}
each_model = pytest.mark.parametrize("name", MODELS)


def inputs(count: int, device: str | None = None) -> tuple[Tensor, ...]:
    """Ids (B, T), or (B, S) and (B, T): the second text is shorter, filled with 0."""
    texts = []
    for length in (T,) if count == 1 else (S, T):
        ids = torch.randint(1, 23, (B, length), device=device)
        ids[1, -2:] = 0
        texts.append(ids)
    return tuple(texts)


def tensors(output: Any) -> list[Tensor]:
    """The tensors of an output, whatever holds them."""
    if isinstance(output, Tensor):
        return [output]
    return [x for part in output if part is not None for x in tensors(part)]


@each_model
def test_on_a_device_without_numbers(name: str) -> None:
    make, count = MODELS[name]
    with torch.device("meta"):
        model = make().eval()
    for x in (*model.parameters(), *model.buffers()):
        assert x.is_meta
    for x in tensors(model(*inputs(count, "meta"))):
        assert x.is_meta


@each_model
def test_after_a_start_without_memory(name: str) -> None:
    make, count = MODELS[name]
    ours = make().eval()
    with torch.device("meta"):
        late = make().eval()
    late.to_empty(device=torch.zeros(1).device)
    for x in (*late.parameters(), *late.buffers()):
        x.data.fill_(torch.nan)  # what memory may hold
    late.load_state_dict(ours.state_dict())
    for a, b in zip(
        tensors(ours(*inputs(count))), tensors(late(*inputs(count))), strict=True
    ):
        assert a.shape == b.shape
        assert b.isfinite().all()
    ids = inputs(count)
    for a, b in zip(tensors(ours(*ids)), tensors(late(*ids)), strict=True):
        assert torch.equal(a, b)


@each_model
def test_compiled_whole(name: str) -> None:
    """In one graph, outputs and gradients."""
    make, count = MODELS[name]
    model = make().eval()
    ids = inputs(count)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    wanted, got = tensors(model(*ids)), tensors(compiled(*ids))
    weight = max(model.parameters(), key=torch.numel)
    for a, b in zip(wanted, got, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
    gradients = [
        torch.autograd.grad(sum(x.square().sum() for x in outputs), weight)[0]
        for outputs in (wanted, got)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


@each_model
def test_exported(name: str) -> None:
    make, count = MODELS[name]
    model = make().eval()
    ids = inputs(count)
    exported = torch.export.export(model, ids).module()
    for a, b in zip(tensors(model(*ids)), tensors(exported(*ids)), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
