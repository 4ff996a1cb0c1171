"""The whole Transformer against `nn.Transformer`, and its options."""

import dataclasses
import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity import (
    Pair,
    assert_pairs_cover,
    assert_same,
    assert_same_gradients,
    copy_weights,
    randomize,
    transformer_pairs,
)
from torch import Tensor, nn

from transformers_explained.masks import causal_mask
from transformers_explained.positions import LearnedPositions, SinusoidalPositions
from transformers_explained.seq2seq import Transformer, TransformerConfig

B, T, S, V, TARGET_V = 2, 5, 7, 11, 13
SMALL: dict[str, Any] = {
    "vocab_size": V,
    "d_model": 12,
    "num_heads": 3,
    "num_encoder_layers": 2,
    "num_decoder_layers": 3,
    "d_ff": 20,
    "max_len": 17,
}
SOURCE = torch.tensor([[3, 4, 5, 6, 7, 8, 9], [9, 3, 5, 4, 0, 0, 0]])
TARGET = torch.tensor([[1, 4, 6, 8, 10], [1, 9, 7, 0, 0]])

every_position = pytest.mark.parametrize(
    "positions", ["sinusoidal", "learned", "rotary", "none"]
)
norms = pytest.mark.parametrize("norm", ["pre", "post"])


def small(**options: Any) -> Transformer:
    return Transformer(TransformerConfig(**{**SMALL, **options}))


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@norms
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("return_weights", [True, False])
def test_equals_pytorch(
    dtype: torch.dtype, norm: Any, activation: Any, return_weights: bool
) -> None:
    """`nn.Transformer` between the embeddings and the output layer of the paper.

    It normalizes the output of both stacks, in post-norm too, which the paper does
    not: hence `final_norm`.
    """
    ours = small(norm=norm, activation=activation, final_norm=True, dropout=0.0)
    ours = ours.to(dtype)
    theirs = nn.Transformer(
        12,
        3,
        num_encoder_layers=2,
        num_decoder_layers=3,
        dim_feedforward=20,
        dropout=0.0,
        activation=activation,
        norm_first=norm == "pre",
        batch_first=True,
        dtype=dtype,
    )
    embedding = nn.Embedding(V, 12, dtype=dtype)
    randomize(theirs)
    randomize(embedding)
    pairs = [
        *transformer_pairs(ours, theirs),
        Pair(ours.source_embedding.weight, embedding.weight),
    ]
    assert_pairs_cover(pairs, ours, theirs, embedding)
    copy_weights(pairs)

    logits, weights = ours(SOURCE, TARGET, return_weights=return_weights)

    waves = SinusoidalPositions(12, 17).to(dtype)
    padding = SOURCE == 0
    hidden = theirs(
        waves(embedding(SOURCE) * math.sqrt(12)),
        waves(embedding(TARGET) * math.sqrt(12)),
        tgt_mask=~causal_mask(T),
        src_key_padding_mask=padding,
        memory_key_padding_mask=padding,
    )
    expected = hidden @ embedding.weight.T
    assert_same(logits, expected)
    assert (weights is not None) is return_weights

    upstream = torch.randn(B, T, V, dtype=dtype)
    logits.backward(upstream)
    expected.backward(upstream)
    assert_same_gradients(pairs)


def test_weights_of_the_three_attentions() -> None:
    _, weights = small().eval()(SOURCE, TARGET, return_weights=True)
    assert weights is not None
    assert [w.shape for w in weights.encoder] == [(B, 3, S, S)] * 2
    assert [w.self_attention.shape for w in weights.decoder] == [(B, 3, T, T)] * 3
    assert [w.cross_attention.shape for w in weights.decoder] == [(B, 3, T, S)] * 3
    for layer in weights.encoder:
        assert layer[1, ..., 4:].eq(0).all()
    for layer in weights.decoder:
        assert layer.self_attention[..., ~causal_mask(T)].eq(0).all()
        assert layer.cross_attention[1, ..., 4:].eq(0).all()


@every_position
@norms
@pytest.mark.parametrize("training", [True, False])
def test_causality_and_padding(positions: Any, norm: Any, training: bool) -> None:
    """By gradient to the embedded tokens: exactly 0 where nothing may pass."""
    model = small(positions=positions, norm=norm, share_embeddings=False).train(
        training
    )
    embedded: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        output.retain_grad()
        embedded.append(output)

    model.source_embedding.register_forward_hook(keep)
    model.target_embedding.register_forward_hook(keep)
    for t in range(T):
        embedded.clear()
        logits, _ = model(SOURCE, TARGET)
        logits[:, t].square().sum().backward()
        source, target = embedded
        assert source.grad is not None
        assert target.grad is not None
        assert source.grad[1, 4:].eq(0).all()
        assert source.grad[1, :4].ne(0).any(-1).all()
        assert target.grad[:, t + 1 :].eq(0).all()
        # (Dropout may silence a token; that of the last one passes the residuals.)
        assert target.grad[:, t].ne(0).any(-1).all()


@every_position
def test_padding_does_not_change_the_logits(positions: Any) -> None:
    model = small(positions=positions).eval()
    whole, _ = model(SOURCE, TARGET)
    alone, _ = model(SOURCE[1:, :4], TARGET[1:, :3])
    torch.testing.assert_close(whole[1:, :3], alone)


def test_order_matters_where_there_are_positions() -> None:
    swapped = SOURCE[:, [1, 0, 2, 3, 4, 5, 6]]
    for positions in ("sinusoidal", "learned", "rotary", "none"):
        model = small(positions=positions).eval()
        # Zeros teach nothing: make learned positions large enough to be seen.
        randomize(model)
        one, two = model(SOURCE, TARGET)[0], model(swapped, TARGET)[0]
        assert torch.allclose(one, two, atol=1e-4) is (positions == "none")


@every_position
@norms
@given(steps=st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_cached_decoding_equals_uncached(
    positions: Any, norm: Any, steps: list[int]
) -> None:
    model = small(positions=positions, norm=norm).double().eval()
    target = torch.randint(1, V, (B, sum(steps)))
    expected, _ = model(SOURCE, target)
    cache, outputs = model.make_cache(), []
    with torch.no_grad():
        memory, _ = model.encode(SOURCE)
        mask = model.memory_mask(SOURCE)
        for step in steps:
            past = cache[0].length
            logits, _ = model.decode(
                target[:, past : past + step], memory, mask, cache=cache
            )
            outputs.append(logits)
    torch.testing.assert_close(torch.cat(outputs, 1), expected, rtol=0, atol=1e-10)


@norms
def test_source_of_padding_alone(norm: Any) -> None:
    model = small(norm=norm)
    source = SOURCE.clone()
    source[1] = 0
    for return_weights in (True, False):
        model.zero_grad()
        logits, _ = model(source, TARGET, return_weights=return_weights)
        logits.square().sum().backward()
        assert logits.isfinite().all()
        for parameter in model.parameters():
            assert parameter.grad is not None
            assert parameter.grad.isfinite().all()


@pytest.mark.parametrize(("b", "t", "s"), [(1, 1, 1), (1, T, 1), (3, 1, S)])
def test_smallest_sizes(b: int, t: int, s: int) -> None:
    source, target = torch.ones(b, s, dtype=torch.long), torch.ones(b, t).long()
    assert small()(source, target)[0].shape == (b, t, V)


def test_defaults_are_the_base_model_of_2017() -> None:
    config = TransformerConfig(vocab_size=37_000)
    assert (config.d_model, config.num_heads, config.d_ff) == (512, 8, 2048)
    assert config.num_encoder_layers == config.num_decoder_layers == 6
    assert config.dropout == 0.1
    assert config.norm == "post"
    assert config.final_norm is None
    assert config.activation == "relu"
    assert config.positions == "sinusoidal"
    assert config.share_embeddings
    assert config.tie_output
    assert config.scale_embeddings
    with pytest.raises(dataclasses.FrozenInstanceError, match="d_model"):
        config.d_model = 8  # type: ignore[misc]


def test_number_of_parameters() -> None:
    """The base model's, by formula: the paper rounds it to 65 million."""
    d, d_ff, vocab = 512, 2048, 37_000
    with torch.device("meta"):
        model = Transformer(TransformerConfig(vocab_size=vocab))
    attention = 4 * (d * d + d)
    feed_forward = 2 * d * d_ff + d_ff + d
    encoder_layer = attention + feed_forward + 2 * 2 * d
    decoder_layer = 2 * attention + feed_forward + 3 * 2 * d
    expected = vocab * d + 6 * (encoder_layer + decoder_layer)
    assert sum(p.numel() for p in model.parameters()) == expected


def test_embeddings_shared_or_not() -> None:
    shared = small()
    assert shared.source_embedding.weight is shared.target_embedding.weight
    assert shared.output.weight is shared.target_embedding.weight
    apart = small(target_vocab_size=TARGET_V, share_embeddings=False, tie_output=False)
    weights = [
        apart.source_embedding.weight,
        apart.target_embedding.weight,
        apart.output.weight,
    ]
    assert len({id(weight) for weight in weights}) == 3
    assert [tuple(w.shape) for w in weights] == [
        (V, 12),
        (TARGET_V, 12),
        (TARGET_V, 12),
    ]
    assert apart(SOURCE, TARGET)[0].shape == (B, T, TARGET_V)
    half = small(target_vocab_size=TARGET_V, share_embeddings=False)
    assert half.output.weight is half.target_embedding.weight
    assert half.source_embedding.weight is not half.target_embedding.weight
    assert half.output.bias is None
    same = small(target_vocab_size=V)
    assert same.source_embedding.weight is same.target_embedding.weight


def test_how_weights_start() -> None:
    model = small(vocab_size=400, d_model=48, share_embeddings=False, tie_output=False)
    for embedding in (model.source_embedding, model.target_embedding):
        assert embedding.weight.std().item() == pytest.approx(48**-0.5, rel=0.03)
    bound = math.sqrt(6 / (400 + 48))
    assert 0.98 * bound < model.output.weight.abs().max().item() <= bound
    tied = small(vocab_size=400, d_model=48)
    assert tied.output.weight.std().item() == pytest.approx(48**-0.5, rel=0.03)


@pytest.mark.parametrize("scaled", [True, False])
def test_embeddings_are_multiplied_by_the_root_of_d_model(scaled: bool) -> None:
    """What enters the first layers, on both sides."""
    model = small(scale_embeddings=scaled).eval()
    entering: list[Tensor] = []
    for stack in (model.encoder, model.decoder):
        stack.register_forward_pre_hook(lambda _, args: entering.append(args[0]))
    model(SOURCE, TARGET)
    scale = math.sqrt(12) if scaled else 1.0
    waves = SinusoidalPositions(12, 17).table
    weight = model.source_embedding.weight
    torch.testing.assert_close(entering[0], weight[SOURCE] * scale + waves[:S])
    torch.testing.assert_close(entering[1], weight[TARGET] * scale + waves[:T])


def test_dropout_of_embeddings_in_training_only() -> None:
    """The sums of embeddings and positions, on both sides (section 5.4)."""
    model = small(dropout=0.5)
    entering: list[Tensor] = []
    for stack in (model.encoder, model.decoder):
        stack.register_forward_pre_hook(lambda _, args: entering.append(args[0]))
    model(SOURCE, TARGET)
    for x in entering:
        assert 0.2 < x.eq(0).float().mean().item() < 0.8
    entering.clear()
    model.eval()
    first, second = model(SOURCE, TARGET)[0], model(SOURCE, TARGET)[0]
    assert torch.equal(first, second)
    for x in entering:
        assert x.ne(0).all()
    assert small(dropout=0.25).encoder.layers[0].dropout.p == 0.25
    assert small(dropout=0.25).decoder.layers[0].dropout.p == 0.25


def test_options_reach_the_layers() -> None:
    model = small(norm="pre", activation="gelu", norm_eps=0.1, positions="rotary")
    for stack in (model.encoder, model.decoder):
        assert stack.final_norm is not None
        assert stack.final_norm.eps == 0.1
        for layer in stack.layers:
            assert layer.norm == "pre"
            assert layer.norm1.eps == 0.1
            assert layer.feed_forward.activation(torch.tensor(-1.0)).item() < 0
    assert model.encoder.layers[0].attention.rotary is not None
    assert model.decoder.layers[0].self_attention.rotary is not None
    assert model.decoder.layers[0].cross_attention.rotary is None
    assert model.source_positions is None
    assert isinstance(small().target_positions, SinusoidalPositions)
    learned = small(positions="learned")
    assert isinstance(learned.source_positions, LearnedPositions)
    assert learned.source_positions is not learned.target_positions
    bare = small(norm="pre", final_norm=False)
    assert bare.encoder.final_norm is None
    assert bare.decoder.final_norm is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        *(
            ({name: 0}, f"{name} must be at least 1; got 0")
            for name in (
                "vocab_size",
                "d_model",
                "num_heads",
                "num_encoder_layers",
                "num_decoder_layers",
                "d_ff",
                "max_len",
            )
        ),
        ({"num_heads": 5}, "divide d_model; got d_model=12, num_heads=5"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\); got 1.0"),
        ({"dropout": -0.1}, r"dropout must lie in \[0, 1\); got -0.1"),
        ({"norm_eps": 0.0}, "norm_eps must be above 0; got 0.0"),
        ({"norm": "after"}, "norm must be one of pre, post; got 'after'"),
        (
            {"activation": "tanh"},
            "activation must be one of relu, gelu, gelu_tanh; got 'tanh'",
        ),
        ({"positions": "alibi"}, "sinusoidal, learned, rotary, none; got 'alibi'"),
        ({"positions": "rotary", "num_heads": 4}, "even d_model / num_heads; got 3"),
        (
            {"target_vocab_size": TARGET_V},
            "one vocabulary; got vocab_size=11, target_vocab_size=13",
        ),
        ({"pad_id": 11}, r"pad_id must lie in \[0, 11\).*got 11"),
        ({"pad_id": -1}, r"pad_id must lie in \[0, 11\).*got -1"),
        (
            {"target_vocab_size": 9, "share_embeddings": False, "pad_id": 9},
            r"pad_id must lie in \[0, 9\)",
        ),
    ],
)
def test_configuration_is_checked(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TransformerConfig(**{**SMALL, **wrong})


def test_smallest_configuration() -> None:
    """Each lower bound is allowed."""
    names = set(SMALL) - {"vocab_size"}
    config = TransformerConfig(vocab_size=1, dropout=0.0, **dict.fromkeys(names, 1))
    ids = torch.zeros(1, 1, dtype=torch.long)
    assert Transformer(config)(ids, ids)[0].shape == (1, 1, 1)


def test_ids_are_checked() -> None:
    model = small(max_len=7)
    with pytest.raises(ValueError, match="same batch size; got 2 and 1"):
        model(SOURCE, TARGET[:1])
    with pytest.raises(ValueError, match=r"source_ids must have.*got shape \(7,\)"):
        model.encode(SOURCE[0])
    with pytest.raises(TypeError, match=r"source_ids must .* got torch.float32"):
        model.encode(SOURCE.float())
    memory, _ = model.encode(SOURCE)
    with pytest.raises(TypeError, match=r"target_ids must .* got torch.float64"):
        model.decode(TARGET.double(), memory)
    with pytest.raises(ValueError, match=r"target_ids must have.*got shape \(5,\)"):
        model.decode(TARGET[0], memory)
    for positions in ("sinusoidal", "none"):
        model = small(max_len=6, positions=positions)
        with pytest.raises(
            ValueError, match="source_ids may have at most max_len=6 positions; got 7"
        ):
            model.encode(SOURCE)
        with pytest.raises(
            ValueError, match="target_ids may have at most max_len=6 positions; got 10"
        ):
            model.decode(TARGET.repeat(1, 2), memory)
        cache = model.make_cache()
        model.decode(TARGET, memory, cache=cache)
        with pytest.raises(ValueError, match="at most max_len=6 positions; got 10"):
            model.decode(TARGET, memory, cache=cache)
        model.decode(TARGET[:, :1], memory, cache=cache)  # the sixth


def test_pad_id_is_the_configuration_s() -> None:
    assert small(pad_id=9).memory_mask(SOURCE)[:, 0, 0].tolist() == [
        [True] * 6 + [False],
        [False] + [True] * 6,
    ]
