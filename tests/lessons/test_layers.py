"""The layers against PyTorch's and Hugging Face's: outputs and all gradients."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from parity import (
    Pair,
    assert_pairs_cover,
    assert_same,
    assert_same_gradients,
    bert_layer_pairs,
    copy_weights,
    decoder_layer_pairs,
    encoder_layer_pairs,
    randomize,
)
from torch import Tensor, nn
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLayer

from transformers_explained.layers import (
    Decoder,
    DecoderLayer,
    Encoder,
    EncoderLayer,
    FeedForward,
    LayerNorm,
    Norm,
)
from transformers_explained.masks import causal_mask, combine, padding_mask
from transformers_explained.positions import RotaryPositions

# Batch, target, source, features, heads, hidden features: no two alike.
B, T, S, D_MODEL, HEADS, D_FF = 2, 5, 7, 12, 3, 20

norms = pytest.mark.parametrize("norm", ["pre", "post"])
shapes = pytest.mark.parametrize(
    ("b", "t", "s"), [(B, T, S), (1, T, S), (B, 1, S), (3, T, 1), (1, 1, 1)]
)


def backward_both(
    output: Tensor, expected: Tensor, inputs: list[tuple[Tensor, Tensor]]
) -> None:
    """The same gradient into both, and the inputs' gradients compared."""
    upstream = torch.randn(output.shape, dtype=output.dtype)
    output.backward(upstream)
    expected.backward(upstream)
    largest = max(y.grad.abs().max().item() for _, y in inputs if y.grad is not None)
    for x, y in inputs:
        assert x.grad is not None
        assert y.grad is not None
        assert_same(x.grad, y.grad, largest=largest, what="input's gradient")


def leaf_twice(*shape: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    x = torch.randn(*shape, dtype=dtype)
    return x.clone().requires_grad_(), x.clone().requires_grad_()


# --- normalization --------------------------------------------------------------------


@pytest.mark.parametrize("eps", [1e-5, 0.5])
@pytest.mark.parametrize("shape", [(7,), (3, 7), (2, 5, 7), (1, 1, 7)])
def test_layer_norm_equals_pytorch_on_both_paths(
    dtype: torch.dtype, eps: float, shape: tuple[int, ...]
) -> None:
    """ε is large once, so that its place under the root shows."""
    theirs = nn.LayerNorm(7, eps=eps).to(dtype)
    randomize(theirs)
    for fused in (True, False):
        theirs.zero_grad()
        ours = LayerNorm(7, eps=eps, fused=fused).to(dtype)
        pairs = [Pair(ours.weight, theirs.weight), Pair(ours.bias, theirs.bias)]
        assert_pairs_cover(pairs, ours, theirs)
        copy_weights(pairs)
        x, y = leaf_twice(*shape, dtype=dtype)
        output, expected = ours(x), theirs(y)
        assert_same(output, expected)
        backward_both(output, expected, [(x, y)])
        assert_same_gradients(pairs)


def test_layer_norm_number_by_number() -> None:
    row = [1.0, 2.0, 4.0, 9.0]
    mean = sum(row) / 4
    variance = sum((n - mean) ** 2 for n in row) / 4  # biased: divided by 4, not 3
    expected = [(n - mean) / math.sqrt(variance + 1e-5) for n in row]
    for fused in (True, False):
        norm = LayerNorm(4, fused=fused)
        assert norm(torch.tensor(row)).tolist() == pytest.approx(expected, abs=1e-6)


@given(d_model=st.integers(2, 9), shift=st.floats(-100, 100), scale=st.floats(0.5, 100))
def test_layer_norm_forgets_shift_and_scale(
    d_model: int, shift: float, scale: float
) -> None:
    norm = LayerNorm(d_model, eps=1e-12).double()
    x = torch.randn(3, d_model, dtype=torch.float64)
    normalized = norm(x)
    torch.testing.assert_close(norm(x * scale + shift), normalized, rtol=0, atol=1e-6)
    torch.testing.assert_close(
        normalized.mean(-1), torch.zeros(3).double(), rtol=0, atol=1e-9
    )


def test_layer_norm_gradcheck_and_defaults() -> None:
    x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    for fused in (True, False):
        assert torch.autograd.gradcheck(LayerNorm(5, fused=fused).double(), x)
    norm = LayerNorm(5)
    assert norm.fused
    assert norm.eps == nn.LayerNorm(5).eps == 1e-5
    assert norm.weight.eq(1).all()
    assert norm.bias.eq(0).all()
    assert LayerNorm(1)(torch.ones(2, 1)).eq(0).all()
    with pytest.raises(ValueError, match="d_model must be at least 1; got 0"):
        LayerNorm(0)
    for eps in (0.0, -1.0):
        with pytest.raises(ValueError, match=f"eps must be above 0; got {eps}"):
            LayerNorm(5, eps=eps)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 200.0])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_layer_norm_in_half_precision(
    dtype: torch.dtype, scale: float, fused: bool
) -> None:
    """At 200 the sum of squares overflows float16, unless it is taken wider."""
    norm = LayerNorm(64, fused=fused)
    with torch.no_grad():
        norm.weight.normal_()
        norm.bias.normal_()
    norm = norm.to(dtype)
    x = (scale * torch.randn(3, 5, 64)).to(dtype)
    weight, bias = norm.weight.double(), norm.bias.double()
    wanted = F.layer_norm(x.double(), (64,), weight, bias, norm.eps)
    output = norm(x)
    assert output.dtype == dtype
    # Rounded once, at values below 16: half of 8 ε.
    tolerance = 4 * torch.finfo(dtype).eps
    torch.testing.assert_close(output.double(), wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("shape", [(2, 1), (2, 5), (4, 1), ()])
def test_layer_norm_refuses_other_features(shape: tuple[int, ...], fused: bool) -> None:
    """A single feature would broadcast, on the path written out."""
    with pytest.raises(ValueError, match=r"shape \(\.\.\., d_model=4\); got ") as error:
        LayerNorm(4, fused=fused)(torch.zeros(shape))
    assert str(error.value).endswith(f"got {shape}")


# --- feed-forward ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("relu", torch.relu),
        ("gelu", lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2),
        (
            "gelu_tanh",
            lambda x: (
                x / 2 * (1 + torch.tanh((x + 0.044715 * x**3) * math.sqrt(2 / math.pi)))
            ),
        ),
    ],
)
def test_feed_forward_is_equation_2(activation: Any, function: Any) -> None:
    network = FeedForward(5, 11, activation=activation).double()
    randomize(network)
    x = torch.randn(2, 3, 5, dtype=torch.float64)
    hidden = function(x @ network.linear1.weight.T + network.linear1.bias)
    expected = hidden @ network.linear2.weight.T + network.linear2.bias
    torch.testing.assert_close(network(x), expected)
    # Token by token: the others do not matter.
    torch.testing.assert_close(network(x[:, 1:2]), expected[:, 1:2])
    assert torch.autograd.gradcheck(network, x.requires_grad_())


def test_feed_forward_defaults() -> None:
    network = FeedForward(64, 256)
    assert network(torch.zeros(1, 64)).eq(0).all()
    bound = math.sqrt(6 / (64 + 256))
    for linear in (network.linear1, network.linear2):
        assert 0.98 * bound < linear.weight.abs().max().item() <= bound
        assert linear.bias.eq(0).all()
    x = torch.randn(3, 64)
    expected = network.linear2(F.relu(network.linear1(x)))
    assert torch.equal(network(x), expected)
    with pytest.raises(ValueError, match="one of relu, gelu, gelu_tanh; got 'sigmoid'"):
        FeedForward(5, 11, activation="sigmoid")  # type: ignore[arg-type]
    for sizes, name in (((0, 11), "d_model"), ((5, 0), "d_ff")):
        with pytest.raises(ValueError, match=f"{name} must be at least 1; got 0"):
            FeedForward(*sizes)


# --- one layer ------------------------------------------------------------------------


@norms
@pytest.mark.parametrize("return_weights", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@shapes
def test_encoder_layer_equals_pytorch(
    dtype: torch.dtype,
    norm: Norm,
    return_weights: bool,
    activation: Any,
    b: int,
    t: int,
    s: int,
) -> None:
    ours = EncoderLayer(
        D_MODEL, HEADS, D_FF, dropout=0.0, activation=activation, norm=norm
    ).to(dtype)
    theirs = nn.TransformerEncoderLayer(
        D_MODEL,
        HEADS,
        D_FF,
        dropout=0.0,
        activation=activation,
        norm_first=norm == "pre",
        batch_first=True,
        dtype=dtype,
    )
    randomize(theirs)
    pairs = encoder_layer_pairs(ours, theirs)
    assert_pairs_cover(pairs, ours, theirs)
    copy_weights(pairs)
    ids = torch.randint(0, 3, (b, t))
    ids[:, 0] = 1  # everyone sees the first token
    mask = combine(padding_mask(ids, 0), causal_mask(t))
    x, y = leaf_twice(b, t, D_MODEL, dtype=dtype)
    output, weights = ours(x, mask, return_weights=return_weights)
    expected = theirs(y, src_mask=~causal_mask(t), src_key_padding_mask=ids == 0)
    assert_same(output, expected)
    assert (weights is not None) is return_weights
    if weights is not None:
        assert weights.shape == (b, HEADS, t, t)
    backward_both(output, expected, [(x, y)])
    assert_same_gradients(pairs)


@norms
@pytest.mark.parametrize("return_weights", [True, False])
@pytest.mark.parametrize(("activation", "norm_eps"), [("relu", 1e-5), ("gelu", 0.1)])
@shapes
def test_decoder_layer_equals_pytorch(
    dtype: torch.dtype,
    norm: Norm,
    return_weights: bool,
    activation: Any,
    norm_eps: float,
    b: int,
    t: int,
    s: int,
) -> None:
    ours = DecoderLayer(
        D_MODEL,
        HEADS,
        D_FF,
        dropout=0.0,
        activation=activation,
        norm=norm,
        norm_eps=norm_eps,
    ).to(dtype)
    theirs = nn.TransformerDecoderLayer(
        D_MODEL,
        HEADS,
        D_FF,
        dropout=0.0,
        activation=activation,
        layer_norm_eps=norm_eps,
        norm_first=norm == "pre",
        batch_first=True,
        dtype=dtype,
    )
    randomize(theirs)
    pairs = decoder_layer_pairs(ours, theirs)
    assert_pairs_cover(pairs, ours, theirs)
    copy_weights(pairs)
    source_ids = torch.randint(0, 3, (b, s))
    source_ids[:, 0] = 1
    x, y = leaf_twice(b, t, D_MODEL, dtype=dtype)
    memory, their_memory = leaf_twice(b, s, D_MODEL, dtype=dtype)
    output, weights = ours(
        x,
        memory,
        causal_mask(t),
        padding_mask(source_ids, 0),
        return_weights=return_weights,
    )
    expected = theirs(
        y,
        their_memory,
        tgt_mask=~causal_mask(t),
        memory_key_padding_mask=source_ids == 0,
    )
    assert_same(output, expected)
    assert (weights is not None) is return_weights
    if weights is not None:
        assert weights.self_attention.shape == (b, HEADS, t, t)
        assert weights.cross_attention.shape == (b, HEADS, t, s)
        assert weights.self_attention[..., ~causal_mask(t)].eq(0).all()
    backward_both(output, expected, [(x, y), (memory, their_memory)])
    assert_same_gradients(pairs)


@pytest.mark.parametrize("norm_eps", [1e-12, 0.1])
def test_encoder_layer_equals_bert(dtype: torch.dtype, norm_eps: float) -> None:
    """Hugging Face's layer, on which BERT and MiniLM stand."""
    ours = EncoderLayer(
        D_MODEL, HEADS, D_FF, dropout=0.0, activation="gelu", norm_eps=norm_eps
    ).to(dtype)
    config = BertConfig(
        hidden_size=D_MODEL,
        num_attention_heads=HEADS,
        intermediate_size=D_FF,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        layer_norm_eps=norm_eps,
        attn_implementation="sdpa",
    )
    theirs = BertLayer(config).to(dtype)
    randomize(theirs)
    pairs = bert_layer_pairs(ours, theirs)
    assert_pairs_cover(pairs, ours, theirs)
    copy_weights(pairs)
    x, y = leaf_twice(B, T, D_MODEL, dtype=dtype)
    mask = padding_mask(torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]), 0)
    output, _ = ours(x, mask)
    expected = theirs(y, attention_mask=mask.expand(B, 1, T, T))
    expected = expected if isinstance(expected, Tensor) else expected[0]
    assert_same(output, expected)
    backward_both(output, expected, [(x, y)])
    assert_same_gradients(pairs)


# --- what must hold for any input -----------------------------------------------------


@norms
@given(b=st.integers(1, 3), t=st.integers(2, 6))
def test_encoder_permutation_equivariance(norm: Norm, b: int, t: int) -> None:
    encoder = Encoder(2, D_MODEL, HEADS, D_FF, norm=norm).double().eval()
    x = torch.randn(b, t, D_MODEL, dtype=torch.float64)
    order = torch.randperm(t)
    torch.testing.assert_close(encoder(x[:, order])[0], encoder(x)[0][:, order])


@norms
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("return_weights", [True, False])
def test_causality_through_the_stack(
    norm: Norm, training: bool, return_weights: bool
) -> None:
    encoder = Encoder(2, D_MODEL, HEADS, D_FF, norm=norm).train(training)
    decoder = Decoder(2, D_MODEL, HEADS, D_FF, norm=norm).train(training)
    memory = torch.randn(B, S, D_MODEL)
    for t in range(T):
        x = torch.randn(B, T, D_MODEL, requires_grad=True)
        for output, _ in (
            encoder(x, causal_mask(T), return_weights=return_weights),
            decoder(x, memory, causal_mask(T), return_weights=return_weights),
        ):
            (gradient,) = torch.autograd.grad(output[:, t].square().sum(), x)
            assert gradient[:, t + 1 :].eq(0).all()
            assert gradient[:, : t + 1].ne(0).any(-1).all()


@norms
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("return_weights", [True, False])
def test_padding_through_the_stack(
    norm: Norm, training: bool, return_weights: bool
) -> None:
    """The mask holds in every layer, not in the first alone."""
    encoder = Encoder(3, D_MODEL, HEADS, D_FF, norm=norm).train(training)
    decoder = Decoder(3, D_MODEL, HEADS, D_FF, norm=norm).train(training)
    mask = padding_mask(torch.tensor([[1] * 7, [1] * 4 + [0] * 3]), 0)
    source = torch.randn(2, S, D_MODEL, requires_grad=True)
    target = torch.randn(2, T, D_MODEL)
    for output in (
        encoder(source, mask, return_weights=return_weights)[0][1, :4],
        decoder(target, source, None, mask, return_weights=return_weights)[0][1],
    ):
        (gradient,) = torch.autograd.grad(output.square().sum(), source)
        assert gradient[1, 4:].eq(0).all()
        assert gradient[0].eq(0).all()
        assert gradient[1, :4].ne(0).any(-1).all()
    encoder.eval()
    whole, _ = encoder(source, mask, return_weights=return_weights)
    alone, _ = encoder(source[1:, :4], return_weights=return_weights)
    torch.testing.assert_close(whole[1:, :4], alone)


@norms
@pytest.mark.parametrize("return_weights", [True, False])
def test_source_of_padding_alone(norm: Norm, return_weights: bool) -> None:
    """An empty sentence in the batch: finite outputs and gradients, no NaN."""
    encoder = Encoder(2, D_MODEL, HEADS, D_FF, norm=norm)
    decoder = Decoder(2, D_MODEL, HEADS, D_FF, norm=norm)
    mask = padding_mask(torch.tensor([[1] * 7, [0] * 7]), 0)
    source = torch.randn(2, S, D_MODEL, requires_grad=True)
    target = torch.randn(2, T, D_MODEL, requires_grad=True)
    memory, _ = encoder(source, mask, return_weights=return_weights)
    output, _ = decoder(
        target, memory, causal_mask(T), mask, return_weights=return_weights
    )
    output.square().sum().backward()
    for tensor in (source, target, *encoder.parameters(), *decoder.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
    assert source.grad is not None
    assert source.grad[1].eq(0).all()


@norms
def test_dropout_acts_in_training_only(norm: Norm) -> None:
    """On the attention's output, on the feed-forward's, and on the weights."""
    x, memory = torch.randn(B, T, D_MODEL), torch.randn(B, S, D_MODEL)
    for layer, inputs in (
        (EncoderLayer(D_MODEL, HEADS, D_FF, norm=norm, dropout=0.5), (x,)),
        (DecoderLayer(D_MODEL, HEADS, D_FF, norm=norm, dropout=0.5), (x, memory)),
    ):
        for name, module in layer.named_modules():
            if name.endswith("attention"):
                assert module.dropout == 0.5
        first = layer(*inputs)[0]
        assert not torch.allclose(first, layer(*inputs)[0])
        layer.eval()
        assert torch.equal(layer(*inputs)[0], layer(*inputs)[0])
        assert not torch.allclose(first, layer(*inputs)[0])
        # All else silenced, a layer with every sublayer dropped is the identity in
        # pre-norm, and normalizes again and again in post-norm.
        layer.train()
        layer.dropout.p = 1.0
        expected = x
        if norm == "post":
            for index in range(1, len(inputs) + 2):
                expected = layer.get_submodule(f"norm{index}")(expected)
        torch.testing.assert_close(layer(*inputs)[0], expected)


def test_default_options_are_those_of_2017() -> None:
    for layer in (
        EncoderLayer(D_MODEL, HEADS, D_FF),
        DecoderLayer(D_MODEL, HEADS, D_FF),
    ):
        assert layer.norm == "post"
        assert layer.dropout.p == 0.1
        assert layer.norm1.eps == 1e-5
        hidden = layer.feed_forward.activation(torch.tensor([-1.0, 2.0]))
        assert hidden.tolist() == [0.0, 2.0]
    for stack in (Encoder(1, D_MODEL, HEADS, D_FF), Decoder(1, D_MODEL, HEADS, D_FF)):
        assert stack.final_norm is None


# --- stacks and caches ----------------------------------------------------------------


@pytest.mark.parametrize("kind", [Encoder, Decoder])
def test_stack_is_its_layers_one_after_the_other(
    kind: type[Encoder] | type[Decoder],
) -> None:
    for options, final in (
        ({}, False),
        ({"norm": "post"}, False),
        ({"norm": "pre"}, True),
        ({"norm": "pre", "final_norm": False}, False),
        ({"norm": "post", "final_norm": True, "norm_eps": 0.1}, True),
    ):
        stack = kind(3, D_MODEL, HEADS, D_FF, **options).eval()  # type: ignore[arg-type]
        randomize(stack)
        assert len(stack.layers) == 3
        assert (stack.final_norm is not None) is final
        x = torch.randn(B, T, D_MODEL)
        memory = (torch.randn(B, S, D_MODEL),) if kind is Decoder else ()
        output, weights = stack(x, *memory, return_weights=True)
        expected, collected = x, []
        for layer in stack.layers:
            expected, of_layer = layer(expected, *memory, return_weights=True)
            collected.append(of_layer)
        if stack.final_norm is not None:
            expected = stack.final_norm(expected)
            assert stack.final_norm.eps == options.get("norm_eps", 1e-5)
            assert stack.layers[0].norm2.eps == stack.final_norm.eps
        torch.testing.assert_close(output, expected)
        assert weights is not None
        assert len(weights) == 3
        for ours, theirs in zip(weights, collected, strict=True):
            torch.testing.assert_close(ours, theirs)
        silent, none = stack(x, *memory)
        torch.testing.assert_close(silent, output)
        assert none is None
    assert len(kind(1, D_MODEL, HEADS, D_FF).layers) == 1


@norms
@pytest.mark.parametrize("rotary", [True, False])
@pytest.mark.parametrize("kind", [Encoder, Decoder])
@given(steps=st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_cached_equals_uncached(
    kind: type[Encoder] | type[Decoder], rotary: bool, norm: Norm, steps: list[int]
) -> None:
    total = sum(steps)
    stack = kind(
        2,
        D_MODEL,
        HEADS,
        D_FF,
        norm=norm,
        rotary=RotaryPositions(D_MODEL // HEADS, total + 1) if rotary else None,
    )
    stack = stack.double().eval()
    x = torch.randn(B, total, D_MODEL, dtype=torch.float64)
    memory, memory_mask = torch.randn(B, S, D_MODEL, dtype=torch.float64), None
    if kind is Decoder:
        memory_mask = padding_mask(torch.tensor([[1] * 7, [1] * 4 + [0] * 3]), 0)
    inputs = (memory,) if kind is Decoder else ()
    rest = {"memory_mask": memory_mask} if kind is Decoder else {}
    expected, _ = stack(x, *inputs, mask=causal_mask(total), **rest)
    cache = stack.make_cache(total)
    assert len(cache) == 2
    outputs = []
    with torch.no_grad():
        for step in steps:
            past = cache[0].length
            assert all(layer.length == past for layer in cache)
            output, _ = stack(
                x[:, past : past + step],
                *inputs,
                mask=causal_mask(step, past + step),
                cache=cache,
                **rest,
            )
            outputs.append(output)
    torch.testing.assert_close(torch.cat(outputs, 1), expected, rtol=0, atol=1e-10)
    with pytest.raises(ValueError, match=f"at most max_len={total} positions"):
        stack(x[:, :1], *inputs, cache=cache)


def test_decoder_cache_selects_both() -> None:
    decoder = Decoder(2, D_MODEL, HEADS, D_FF).eval()
    x, memory = torch.randn(3, T, D_MODEL), torch.randn(3, S, D_MODEL)
    expected, _ = decoder(x, memory, causal_mask(T))
    rows = torch.tensor([1, 1, 0, 2])
    cache = decoder.make_cache(T)
    with torch.no_grad():
        decoder(x[:, :-1], memory, causal_mask(T - 1), cache=cache)
        for layer in cache:
            layer.select(rows)
        output, _ = decoder(x[rows, -1:], memory[rows], cache=cache)
    torch.testing.assert_close(output, expected[rows, -1:])


def test_memory_is_projected_once() -> None:
    decoder = Decoder(2, D_MODEL, HEADS, D_FF).eval()
    calls = []
    for layer in decoder.layers:
        layer.cross_attention.k_proj.register_forward_hook(lambda *_: calls.append(1))
    x, memory = torch.randn(B, T, D_MODEL), torch.randn(B, S, D_MODEL)
    cache = decoder.make_cache(T)
    with torch.no_grad():
        for t in range(T):
            decoder(x[:, t : t + 1], memory, cache=cache)
    assert len(calls) == 2


def test_rotary_positions_reach_self_attention_only() -> None:
    rotary = RotaryPositions(D_MODEL // HEADS, T)
    encoder = Encoder(2, D_MODEL, HEADS, D_FF, rotary=rotary)
    decoder = Decoder(2, D_MODEL, HEADS, D_FF, rotary=rotary)
    for layer in encoder.layers:
        assert layer.attention.rotary is rotary
    for layer in decoder.layers:
        assert layer.self_attention.rotary is rotary
        assert layer.cross_attention.rotary is None


def test_weights_are_returned_on_demand_only() -> None:
    x = torch.randn(B, T, D_MODEL)
    assert EncoderLayer(D_MODEL, HEADS, D_FF)(x)[1] is None
    assert DecoderLayer(D_MODEL, HEADS, D_FF)(x, x)[1] is None


def test_layers_refuse() -> None:
    for kind in (EncoderLayer, DecoderLayer):
        with pytest.raises(ValueError, match='"pre" or "post"; got \'before\''):
            kind(8, 2, 16, norm="before")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="d_model=8, num_heads=3"):
            kind(8, 3, 16)
    for stack in (Encoder, Decoder):
        with pytest.raises(ValueError, match="num_layers must be at least 1; got 0"):
            stack(0, 8, 2, 16)
