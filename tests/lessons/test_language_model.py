"""The language model equals GPT-2, never looks ahead, and its cache changes nothing."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.pretrained.weight_names import (
    gpt2_from_weights,
    gpt2_targets,
)

POSITIONS = ["learned", "sinusoidal", "rotary", "none"]
PAD = 0
# Pairwise different sizes: (B, T, H, head_dim, d_ff, layers)
SHAPES = [(2, 7, 3, 5, 11, 2), (3, 1, 1, 4, 6, 1), (1, 13, 2, 3, 17, 3)]
TOLERANCES = [(torch.float64, 1e-10), (torch.float32, 1e-5)]


def tiny(**changes: Any) -> LanguageModel:
    sizes: dict[str, Any] = {"vocab_size": 23, "d_model": 12, "num_heads": 3}
    sizes |= {"num_layers": 2, "d_ff": 10, "max_len": 17, "dropout": 0.0}
    torch.set_default_dtype(torch.float64)  # the tables of positions too
    try:
        model = LanguageModel(LanguageModelConfig(**(sizes | changes)))
    finally:
        torch.set_default_dtype(torch.float32)
    with torch.no_grad():  # large weights: every term shows
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


# ------------------------------------------------------------------ Hugging Face


def reference_gpt2(
    shape: tuple[int, ...], dtype: torch.dtype
) -> transformers.GPT2LMHeadModel:
    _, _, heads, head_dim, d_ff, layers = shape
    config = transformers.GPT2Config(
        vocab_size=31,
        n_embd=heads * head_dim,
        n_head=heads,
        n_layer=layers,
        n_inner=d_ff,
        n_positions=19,
        bos_token_id=1,
        eos_token_id=1,
        attn_implementation="eager",
    )
    model = transformers.GPT2LMHeadModel(config).to(dtype).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_gpt2(
    shape: tuple[int, ...], dtype: torch.dtype, tolerance: float
) -> None:
    torch.manual_seed(0)
    theirs = reference_gpt2(shape, dtype)
    ours = gpt2_from_weights(theirs.config.to_dict(), theirs.state_dict()).eval()
    ids = torch.randint(0, 31, shape[:2])
    # GPT-2 has no padding token: what stands behind a text's end is told by a mask, and
    # since no token looks ahead, ours needs none.
    real = torch.ones_like(ids)
    for row in range(1, shape[0]):
        real[row, max(1, shape[1] - 2 * row) :] = 0
    expected = theirs(ids, attention_mask=real, output_attentions=True)
    coefficients = torch.randn(*shape[:2], 31, dtype=dtype) * real[..., None]
    (expected.logits * coefficients).sum().backward()
    for return_weights in (False, True):
        ours.zero_grad()
        scores, weights = ours(ids, return_weights=return_weights)
        torch.testing.assert_close(
            scores[real == 1],
            expected.logits[real == 1],
            rtol=tolerance,
            atol=tolerance,
        )
        if return_weights:
            for mine, other in zip(weights, expected.attentions, strict=True):
                torch.testing.assert_close(
                    mine[0], other[0], rtol=tolerance, atol=tolerance
                )
        (scores * coefficients).sum().backward()
        assert_same_gradients(ours, theirs.transformer, shape[5], tolerance)


def assert_same_gradients(
    ours: nn.Module, theirs: nn.Module, num_layers: int, tolerance: float
) -> None:
    mine, other = dict(ours.named_parameters()), dict(theirs.named_parameters())
    targets = gpt2_targets(num_layers)
    assert set(targets) == set(other)
    largest = max(p.grad.abs().max().item() for p in mine.values())
    assert largest > 0
    for name, target in targets.items():
        gradient = torch.cat([mine[p].grad for p in target.parameters])
        expected = other[name].grad.T if target.transposed else other[name].grad
        assert (gradient - expected).abs().max() <= tolerance * largest, name


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
def test_left_padding_equals_gpt2_told_of_it(
    dtype: torch.dtype, tolerance: float
) -> None:
    torch.manual_seed(1)
    theirs = reference_gpt2(SHAPES[0], dtype)
    ours = gpt2_from_weights(theirs.config.to_dict(), theirs.state_dict()).eval()
    padded = LanguageModel(
        LanguageModelConfig(
            **{**vars(ours.config), "pad_id": PAD},
        )
    ).to(dtype)
    padded.load_state_dict(ours.state_dict())
    padded.eval()
    ids = torch.randint(1, 31, (3, 7))
    ids[1, :2] = PAD
    ids[2, :5] = PAD
    real = (ids != PAD).long()
    expected = theirs(
        ids,
        attention_mask=real,
        position_ids=(real.cumsum(1) - 1).clamp(min=0),
    ).logits
    for return_weights in (False, True):
        scores, _ = padded(ids, return_weights=return_weights)
        torch.testing.assert_close(
            scores[real == 1], expected[real == 1], rtol=tolerance, atol=tolerance
        )


# ------------------------------------------------------------------- invariants


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("return_weights", [True, False])
@pytest.mark.parametrize("positions", POSITIONS)
def test_no_gradient_from_the_future(
    positions: str, return_weights: bool, training: bool
) -> None:
    torch.manual_seed(2)
    model = tiny(positions=positions).train(training)
    ids = torch.arange(1, 8)[None]
    embedded: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        output.retain_grad()
        embedded.append(output)

    model.tokens.register_forward_hook(keep)
    scores, _ = model(ids, return_weights=return_weights)
    scores[0, 3].square().sum().backward()
    gradient = embedded[0].grad[0].abs().amax(dim=-1)  # (T,)
    assert (gradient[4:] == 0).all()
    assert (gradient[:4] > 0).all()


@pytest.mark.parametrize("positions", POSITIONS)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_cache_equals_recomputing(positions: str, data: st.DataObject) -> None:
    batch = data.draw(st.integers(1, 3))
    pieces = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    pieces = [size for i, size in enumerate(pieces) if sum(pieces[: i + 1]) <= 17]
    torch.manual_seed(data.draw(st.integers(0, 2**20)))
    padding = data.draw(st.integers(0, 2))
    model = tiny(positions=positions, pad_id=PAD).eval()
    ids = torch.randint(1, 23, (batch, sum(pieces)))
    ids[0, : min(padding, pieces[0] - 1)] = PAD
    with torch.no_grad():
        expected, _ = model(ids)
        cache = model.make_cache()
        parts = [model(part, cache=cache)[0] for part in ids.split(pieces, dim=1)]
    assert cache.length == ids.shape[1]
    real = ids != PAD
    torch.testing.assert_close(
        torch.cat(parts, dim=1)[real], expected[real], rtol=0, atol=1e-11
    )


def test_selected_rows_of_the_cache() -> None:
    torch.manual_seed(3)
    model = tiny(pad_id=PAD).eval()
    ids = torch.randint(1, 23, (3, 5))
    ids[1, :2] = PAD
    rows = torch.tensor([2, 1, 1])
    with torch.no_grad():
        cache = model.make_cache(max_len=5)
        model(ids[:, :4], cache=cache)
        cache.select(rows)
        scores, _ = model(ids[rows, 4:], cache=cache)
        expected, _ = model(ids[rows])
    torch.testing.assert_close(scores[:, 0], expected[:, -1], rtol=0, atol=1e-11)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_either_side_changes_nothing(positions: str, side: str) -> None:
    torch.manual_seed(4)
    model = tiny(positions=positions, pad_id=PAD).eval()
    ids = torch.randint(1, 23, (2, 5))
    padded = F.pad(ids, (3, 0) if side == "left" else (0, 3))
    real = slice(3, None) if side == "left" else slice(None, 5)
    expected, _ = model(ids)
    scores, _ = model(padded)
    torch.testing.assert_close(scores[:, real], expected, rtol=0, atol=1e-11)
    scores[:, real].square().sum().backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_order_matters_even_without_positions_but_only_by_the_mask() -> None:
    # The causal mask alone breaks the tie between two orders ... of all but the last
    # two tokens of a one-layer model, whose last token sees a set.
    torch.manual_seed(5)
    ids, swapped = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[2, 1, 3, 4]])
    one = tiny(positions="none", num_layers=1).eval()
    two = tiny(positions="none", num_layers=2).eval()
    torch.testing.assert_close(one(ids)[0][:, -1], one(swapped)[0][:, -1])
    assert (two(ids)[0][:, -1] - two(swapped)[0][:, -1]).abs().max() > 1e-3


@pytest.mark.parametrize("tied", [True, False])
def test_output_layer_is_tied_or_not(tied: bool) -> None:
    model = tiny(tied=tied)
    assert (model.output.weight is model.tokens.weight) == tied


@pytest.mark.parametrize("positions", POSITIONS)
def test_first_loss_is_the_logarithm_of_the_vocabulary(positions: str) -> None:
    torch.manual_seed(6)
    config = LanguageModelConfig(vocab_size=100, positions=positions)
    ids = torch.randint(0, 100, (8, 32))
    scores, _ = LanguageModel(config).eval()(ids[:, :-1])
    loss = F.cross_entropy(scores.flatten(0, 1), ids[:, 1:].flatten())
    assert loss.item() == pytest.approx(torch.tensor(100.0).log().item(), abs=0.15)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
def test_overfits_one_batch(positions: str) -> None:
    torch.manual_seed(7)
    config = LanguageModelConfig(
        vocab_size=23,
        d_model=16,
        num_heads=2,
        num_layers=2,
        d_ff=32,
        max_len=9,
        dropout=0.0,
        positions=positions,
    )
    model = LanguageModel(config)
    ids = torch.randint(0, 23, (4, 9))
    ids[:, 0] = torch.arange(4)  # the first token tells which text it is
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        scores, _ = model(ids[:, :-1])
        loss = F.cross_entropy(scores.flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05


def test_dropout_in_training_only() -> None:
    ids = torch.randint(1, 23, (2, 7))
    dropping = tiny(dropout=0.5)
    dropping.dropout.eval()  # that of the embeddings: what still varies are the layers
    assert not torch.equal(dropping(ids)[0], dropping(ids)[0])
    dropping.eval()
    assert torch.equal(dropping(ids)[0], dropping(ids)[0])
    still = tiny(dropout=0.0)
    assert torch.equal(still.train()(ids)[0], still.eval()(ids)[0])


@pytest.mark.parametrize("positions", POSITIONS)
def test_what_the_first_layer_reads(positions: str) -> None:
    """Tokens plus positions; beside sinusoids, the tokens are multiplied by √d_model.

    In training half of these features are dropped, the others doubled.
    """
    model = tiny(positions=positions, dropout=0.5).eval()
    ids = torch.randint(1, 23, (3, 7))
    read: list[Tensor] = []
    model.decoder.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    model(ids)
    model.train()(ids)
    expected = model.tokens.weight[ids]  # (B, T, D)
    if positions == "sinusoidal":
        zeros = torch.zeros(1, 7, 12, dtype=torch.float64)
        expected = expected * 12**0.5 + model.positions(zeros)
    elif positions == "learned":
        expected = expected + model.positions.weight[:7]
    whole, dropped = read
    torch.testing.assert_close(whole, expected)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], 2 * expected[kept])
    # 3 · 7 · 12 = 252 features: four standard deviations are 0.13.
    assert kept.double().mean().item() == pytest.approx(0.5, abs=0.13)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dropout": 2.0}, r"dropout must lie in \[0, 1\); got 2.0"),
        ({"dropout": -0.1}, r"dropout must lie in \[0, 1\); got -0.1"),
        ({"norm_eps": -1.0}, r"norm_eps must be above 0; got -1.0"),
        ({"norm": "foo"}, r"norm must be one of pre, post; got 'foo'"),
        (
            {"activation": "foo"},
            r"activation must be one of relu, gelu, gelu_tanh; got 'foo'",
        ),
        (
            {"positions": "rotary", "d_model": 9, "num_heads": 3},
            r"even d_model / num_heads; got 3",
        ),
        *(
            ({name: 0}, f"{name} must be at least 1; got 0")
            for name in ("d_model", "num_heads", "num_layers", "d_ff", "max_len")
        ),
    ],
)
def test_configuration_is_checked(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LanguageModelConfig(**{"vocab_size": 5, **wrong})


def test_ids_are_checked() -> None:
    model, ids = tiny(), torch.ones(2, 5, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"^ids must have .*\(B, length\).* \(5,\)$"):
        model(ids[0])
    with pytest.raises(ValueError, match=r"^ids must have .* \(2, 5, 1\)$"):
        model(ids[..., None])
    with pytest.raises(TypeError, match=r"^ids must .* got torch.float32$"):
        model(ids.float())
    torch.testing.assert_close(model(ids.int())[0], model(ids)[0])


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="positions must be one of learned, sinus"):
        LanguageModelConfig(vocab_size=5, positions="absolute")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="vocab_size must be at least 1; got 0"):
        LanguageModelConfig(vocab_size=0)
    with pytest.raises(ValueError, match="pad_id=5, vocab_size=5"):
        LanguageModelConfig(vocab_size=5, pad_id=5)
    with pytest.raises(ValueError, match="d_model=12, num_heads=5"):
        LanguageModelConfig(vocab_size=5, d_model=12, num_heads=5)
    model = tiny()
    with pytest.raises(ValueError, match="at most max_len=17 tokens; got 18"):
        model(torch.zeros(1, 18, dtype=torch.int64))
    cache = model.make_cache()
    model(torch.zeros(1, 10, dtype=torch.int64), cache=cache)
    with pytest.raises(ValueError, match="at most max_len=17 tokens; got 18"):
        model(torch.zeros(1, 8, dtype=torch.int64), cache=cache)
