"""Attention: against PyTorch's, path against path, and what must hold for any input."""

import itertools
import math
import re

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from parity import (
    assert_pairs_cover,
    assert_same,
    assert_same_gradients,
    attention_pairs,
    copy_weights,
    randomize,
)
from torch import Tensor, nn

from transformers_explained.attention import (
    MultiHeadAttention,
    additive_attention,
    masked_softmax,
    scaled_dot_product_attention,
)
from transformers_explained.cache import KeyValueCache
from transformers_explained.masks import causal_mask, combine, padding_mask
from transformers_explained.positions import RotaryPositions

sizes = st.integers(1, 6)

# Batch, heads, queries, keys, features of a head: no two alike, so that no two axes
# can be exchanged unnoticed.
B, H, T, S, D = 2, 3, 5, 7, 4
D_MODEL = H * D


def random_mask(*shape: int, allowed: float = 0.6) -> Tensor:
    """Any mask, but for one key that each query may attend to."""
    mask = torch.rand(shape) < allowed
    mask[..., 0] = True
    return mask


# --- the formula --------------------------------------------------------------------


def test_formula_number_by_number() -> None:
    """Equation 1 with loops and scalars."""
    query, key, value = torch.randn(T, D), torch.randn(S, D), torch.randn(S, 6)
    output, weights = scaled_dot_product_attention(
        query, key, value, return_weights=True
    )
    assert weights is not None
    for t in range(T):
        scores = [
            sum(query[t, d].item() * key[s, d].item() for d in range(D)) / math.sqrt(D)
            for s in range(S)
        ]
        total = sum(math.exp(score) for score in scores)
        for s in range(S):
            assert weights[t, s].item() == pytest.approx(
                math.exp(scores[s]) / total, rel=1e-5
            )
        for d in range(6):
            mean = sum(weights[t, s].item() * value[s, d].item() for s in range(S))
            assert output[t, d].item() == pytest.approx(mean, rel=1e-4, abs=1e-6)


@given(b=sizes, h=sizes, t=sizes, s=sizes, d=sizes, masked=st.booleans())
def test_both_paths_agree(b: int, h: int, t: int, s: int, d: int, masked: bool) -> None:
    """Outputs and gradients, rows that may attend to nothing included."""
    mask = torch.rand(b, 1, t, s) < 0.5 if masked else None
    tensors = [torch.randn(b, h, n, d, dtype=torch.float64) for n in (t, s, s)]
    upstream = torch.randn(b, h, t, d, dtype=torch.float64)
    results = []
    for return_weights in (True, False):
        leaves = [x.clone().requires_grad_() for x in tensors]
        output, weights = scaled_dot_product_attention(
            *leaves, mask, return_weights=return_weights
        )
        assert (weights is not None) is return_weights
        results.append((output, *torch.autograd.grad(output, leaves, upstream)))
    for explicit, fused in zip(*results, strict=True):
        torch.testing.assert_close(explicit, fused, rtol=0, atol=1e-10)


@given(t=sizes, s=sizes, shift=st.floats(-50, 50))
def test_masked_softmax_is_a_distribution_over_what_is_allowed(
    t: int, s: int, shift: float
) -> None:
    scores = torch.randn(t, s, dtype=torch.float64) * 10
    mask = torch.rand(t, s) < 0.5
    weights = masked_softmax(scores, mask)
    assert weights[~mask].eq(0).all()
    assert weights.ge(0).all()
    torch.testing.assert_close(weights.sum(-1), mask.any(-1).double())
    torch.testing.assert_close(masked_softmax(scores + shift, mask), weights)
    for row, allowed, expected in zip(scores, mask, weights, strict=True):
        torch.testing.assert_close(row[allowed].softmax(-1), expected[allowed])
    torch.testing.assert_close(masked_softmax(scores), scores.softmax(-1))


def test_low_scores_survive_the_mask() -> None:
    """A finite "minus infinity" such as -1e9 must not outweigh real scores."""
    scores = torch.tensor([[-2e9, -2e9, 0.0]])
    weights = masked_softmax(scores, torch.tensor([[True, True, False]]))
    assert weights.tolist() == [[0.5, 0.5, 0.0]]


@pytest.mark.parametrize("low", [torch.float16, torch.bfloat16])
def test_mask_in_half_precision(low: torch.dtype) -> None:
    weights = masked_softmax(
        torch.zeros(1, 3, dtype=low), torch.tensor([True] * 2 + [False])
    )
    assert weights.dtype == low
    assert weights.tolist() == [[0.5, 0.5, 0.0]]


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.parametrize("return_weights", [True, False])
@pytest.mark.parametrize("rank", [2, 3, 4])
def test_fully_masked_rows_give_zeros_and_finite_gradients(
    return_weights: bool, rank: int
) -> None:
    lead = (2, 3)[: rank - 2]
    mask = torch.ones(T, S, dtype=torch.bool)
    mask[1] = False
    q, k, v = (torch.randn(*lead, n, D, requires_grad=True) for n in (T, S, S))
    output, weights = scaled_dot_product_attention(
        q, k, v, mask, return_weights=return_weights
    )
    assert output[..., 1, :].eq(0).all()
    assert output.isfinite().all()
    with torch.autograd.detect_anomaly(check_nan=True):
        output.square().sum().backward()
    for leaf in (q, k, v):
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()
        assert leaf.grad.abs().sum() > 0
    assert q.grad is not None
    assert q.grad[..., 1, :].eq(0).all()
    if weights is not None:
        assert weights[..., 1, :].eq(0).all()


@pytest.mark.parametrize("return_weights", [True, False])
def test_masked_keys_get_no_gradient(return_weights: bool) -> None:
    mask = random_mask(B, 1, 1, S)
    mask[0, ..., -1] = mask[1, ..., -2] = False
    q, k, v = (torch.randn(B, H, n, D, requires_grad=True) for n in (T, S, S))
    output, _ = scaled_dot_product_attention(
        q, k, v, mask, return_weights=return_weights
    )
    output.square().sum().backward()
    blocked = ~mask[:, 0, 0]  # (B, S)
    for leaf in (k, v):
        assert leaf.grad is not None
        gradient = leaf.grad.transpose(1, 2)  # (B, S, H, D)
        assert gradient[blocked].eq(0).all()
        assert gradient[~blocked].ne(0).any(-1).all()


def test_gradcheck() -> None:
    mask = random_mask(T, S)
    mask[2] = False
    leaves = [
        torch.randn(B, n, D, dtype=torch.float64, requires_grad=True) for n in (T, S, S)
    ]
    for return_weights in (True, False):
        assert torch.autograd.gradcheck(
            lambda q, k, v, explicit=return_weights: scaled_dot_product_attention(
                q, k, v, mask, return_weights=explicit
            )[0],
            leaves,
        )


@pytest.mark.parametrize("return_weights", [True, False])
def test_dropout_drops_weights_and_rescales(return_weights: bool) -> None:
    """With values of one, the output is the sum of the weights that were kept."""
    n = 2_000
    q, k, v = torch.zeros(n, 1), torch.zeros(4, 1), torch.ones(4, 1)
    output, weights = scaled_dot_product_attention(
        q, k, v, dropout=0.25, return_weights=return_weights
    )
    # Each of four weights of 1/4 is dropped, or divided by 0.75.
    kept = output.squeeze() * 0.75 * 4
    torch.testing.assert_close(kept, kept.round(), atol=1e-4, rtol=0)
    assert kept.mean().item() / 4 == pytest.approx(0.75, abs=0.03)
    if weights is not None:
        assert weights.eq(0.25).all()  # those before dropout
    still, _ = scaled_dot_product_attention(q, k, v, return_weights=return_weights)
    torch.testing.assert_close(still, torch.ones(n, 1))


def test_attention_refuses() -> None:
    q, k, v = torch.zeros(2, T, D), torch.zeros(2, S, D), torch.zeros(2, S, 6)
    with pytest.raises(ValueError, match="number of features; got 4 and 3"):
        scaled_dot_product_attention(q, k[..., :3], v)
    with pytest.raises(ValueError, match="number of positions; got 7 and 6"):
        scaled_dot_product_attention(q, k, v[:, :6])
    with pytest.raises(
        TypeError, match=r"True = may attend; got a mask of torch.int64"
    ):
        scaled_dot_product_attention(q, k, v, torch.ones(T, S, dtype=torch.int64))
    with pytest.raises(TypeError, match=r"mask of torch.float32"):
        scaled_dot_product_attention(q, k, v, torch.zeros(T, S))


@pytest.mark.parametrize("return_weights", [True, False])
@pytest.mark.parametrize(
    ("lead", "mask"),
    [
        ((), (2, T, S)),  # an axis too many: it would add one to the output
        ((1,), (2, T, S)),  # it would repeat the batch
        ((2, 3), (S,)),
        ((2, 3), ()),
        ((2, 3), (1, 2, 3, T, S)),
        ((2, 3), (T, S - 1)),
        ((2, 3), (T - 1, S)),
        ((2, 3), (S, T)),
        ((2, 3), (3, 1, T, S)),
        ((2, 3), (2, 2, 1, S)),
    ],
)
def test_masks_of_other_shapes_are_refused_on_both_paths(
    lead: tuple[int, ...], mask: tuple[int, ...], return_weights: bool
) -> None:
    q, k = torch.zeros(*lead, T, D), torch.zeros(*lead, S, D)
    weights = ", ".join(str(n) for n in (*lead, T, S))
    got = re.escape(str(mask))
    with pytest.raises(
        ValueError, match=rf"^mask must .* the weights, \({weights}\); got {got}$"
    ):
        scaled_dot_product_attention(
            q, k, k, torch.ones(mask, dtype=torch.bool), return_weights=return_weights
        )


@pytest.mark.parametrize(
    "mask", [(T, S), (1, S), (T, 1), (1, 1), (3, T, S), (2, 1, 1, S), (1, 3, T, 1)]
)
def test_masks_that_broadcast_are_taken_on_both_paths(mask: tuple[int, ...]) -> None:
    q, k = torch.randn(2, 3, T, D), torch.randn(2, 3, S, D)
    allowed = random_mask(*mask)
    explicit, weights = scaled_dot_product_attention(
        q, k, k, allowed, return_weights=True
    )
    fused, _ = scaled_dot_product_attention(q, k, k, allowed)
    assert weights is not None
    assert weights.shape == (2, 3, T, S)
    torch.testing.assert_close(explicit, fused)


@pytest.mark.parametrize("return_weights", [True, False])
@pytest.mark.parametrize(
    ("query", "key", "value"),
    [
        ((D,), (S, D), (S, D)),
        ((), (), ()),
        ((D,), (D,), (D,)),
        ((T, D), (2, S, D), (2, S, D)),
        ((2, T, D), (3, S, D), (3, S, D)),
        ((2, T, D), (2, S, D), (1, S, D)),
        ((2, 3, T, D), (2, 1, S, D), (2, 1, S, D)),
    ],
)
def test_other_shapes_are_refused_on_both_paths(
    query: tuple[int, ...],
    key: tuple[int, ...],
    value: tuple[int, ...],
    return_weights: bool,
) -> None:
    with pytest.raises(ValueError, match="same sizes in place of the dots; got ") as e:
        scaled_dot_product_attention(
            torch.zeros(query),
            torch.zeros(key),
            torch.zeros(value),
            return_weights=return_weights,
        )
    assert str(e.value).endswith(f"got {query}, {key} and {value}")


@pytest.mark.parametrize("return_weights", [True, False])
def test_mixed_dtypes_are_refused_but_under_autocast(return_weights: bool) -> None:
    x = torch.randn(2, T, D)
    for inputs in ((x.double(), x, x), (x, x.double(), x), (x, x, x.double())):
        got = "{}, {} and {}".format(*(y.dtype for y in inputs))
        with pytest.raises(TypeError, match=f"must have the same dtype; got {got}"):
            scaled_dot_product_attention(*inputs, return_weights=return_weights)
    # Rotary positions turn queries and keys back to single precision, not values.
    attention = MultiHeadAttention(D_MODEL, H, rotary=RotaryPositions(D, T))
    with torch.autocast(x.device.type, torch.bfloat16):
        output, _ = attention(torch.randn(B, T, D_MODEL), return_weights=return_weights)
    assert output.dtype == torch.bfloat16


# --- additive attention -------------------------------------------------------------


def test_additive_formula_number_by_number() -> None:
    """Three sizes that differ: of queries, keys and the hidden layer."""
    query, key, value = torch.randn(2, T, 3), torch.randn(2, S, D), torch.randn(2, S, 8)
    w_query, w_key, v = torch.randn(6, 3), torch.randn(6, D), torch.randn(6)
    mask = random_mask(2, T, S)
    output, weights = additive_attention(query, key, value, w_query, w_key, v, mask)
    assert output.shape == (2, T, 8)
    for b in range(2):
        for t in range(T):
            scores = [
                (v @ torch.tanh(w_query @ query[b, t] + w_key @ key[b, s])).exp().item()
                * mask[b, t, s].item()
                for s in range(S)
            ]
            for s in range(S):
                expected = scores[s] / sum(scores)
                assert weights[b, t, s].item() == pytest.approx(expected, rel=1e-4)
    torch.testing.assert_close(output, weights @ value)


def test_additive_gradcheck_and_empty_rows() -> None:
    mask = random_mask(T, S)
    mask[3] = False
    shapes = [(T, 3), (S, D), (S, 2), (6, 3), (6, D), (6,)]
    leaves = [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes]
    assert torch.autograd.gradcheck(
        lambda *xs: additive_attention(*xs, mask)[0], leaves
    )
    output, weights = additive_attention(*leaves, mask)
    assert output[3].eq(0).all()
    assert weights[3].eq(0).all()
    free, _ = additive_attention(*leaves)
    assert free[3].ne(0).any()


def test_additive_refuses() -> None:
    x = torch.zeros(T, 3)
    w = torch.zeros(6, 3)
    for bad in ((w[:5], w, w[:, 0]), (w, w[:5], w[:, 0]), (w, w, w[:5, 0])):
        got = f"got {bad[0].shape[0]}, {bad[1].shape[0]} and {bad[2].shape[0]}"
        with pytest.raises(ValueError, match=got):
            additive_attention(x, x, x, *bad)
    with pytest.raises(TypeError, match=r"got a mask of torch.float32"):
        additive_attention(x, x, x, w, w, w[:, 0], torch.zeros(T, T))
    ones = torch.ones(2, T, T, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"the weights, \(5, 5\); got \(2, 5, 5\)"):
        additive_attention(x, x, x, w, w, w[:, 0], ones)
    with pytest.raises(ValueError, match="same sizes in place of the dots"):
        additive_attention(x, x[None], x[None], w, w, w[:, 0])
    with pytest.raises(ValueError, match="number of positions; got 5 and 4"):
        additive_attention(x, x, x[:4], w, w, w[:, 0])
    with pytest.raises(TypeError, match="same dtype"):
        additive_attention(x, x.double(), x, w, w, w[:, 0])
    for bad in ((w[:, :2], w, w[:, 0]), (w, w[:, :2], w[:, 0]), (w, w, w[:, :1])):
        got = re.escape("got {}, {} and {}".format(*(tuple(y.shape) for y in bad)))
        with pytest.raises(ValueError, match=rf"\(A, Dq=3\), \(A, Dk=3\).*{got}"):
            additive_attention(x, x, x, *bad)


# --- many heads ---------------------------------------------------------------------


def both(
    dtype: torch.dtype, *, bias: bool = True
) -> tuple[MultiHeadAttention, nn.MultiheadAttention]:
    """Ours and PyTorch's, with the same random weights."""
    ours = MultiHeadAttention(D_MODEL, H, bias=bias).to(dtype)
    theirs = nn.MultiheadAttention(D_MODEL, H, bias=bias, batch_first=True).to(dtype)
    randomize(theirs)
    pairs = attention_pairs(ours, theirs)
    assert_pairs_cover(pairs, ours, theirs)
    copy_weights(pairs)
    return ours, theirs


@pytest.mark.parametrize("return_weights", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["self", "cross", "memory"])
@pytest.mark.parametrize(
    ("b", "t", "s"), [(B, T, S), (1, T, S), (B, 1, S), (B, T, 1), (1, 1, 1), (5, 11, 3)]
)
def test_equals_pytorch(
    dtype: torch.dtype,
    return_weights: bool,
    bias: bool,
    kind: str,
    b: int,
    t: int,
    s: int,
) -> None:
    """Outputs, weights, gradients of the inputs and of every parameter."""
    ours, theirs = both(dtype, bias=bias)
    s = t if kind == "self" else s
    lengths = {"self": (t,), "cross": (t, s), "memory": (t, s, s)}[kind]
    mine = [torch.randn(b, n, D_MODEL, dtype=dtype) for n in lengths]
    reference = [x.clone() for x in mine]
    for x in (*mine, *reference):
        x.requires_grad_()
    # Padding for each sequence, and a mask for each pair of positions.
    keep = random_mask(b, s)
    allowed = random_mask(t, s)

    output, weights = ours(
        *mine,
        mask=combine(keep[:, None, None, :], allowed),
        return_weights=return_weights,
    )
    q, k, v = (reference * 3)[:3] if kind == "self" else (*reference, reference[-1])[:3]
    expected, expected_weights = theirs(
        q, k, v, key_padding_mask=~keep, attn_mask=~allowed, average_attn_weights=False
    )
    assert_same(output, expected)
    assert (weights is not None) is return_weights
    if weights is not None:
        assert_same(weights, expected_weights, what="weights")

    upstream = torch.randn(output.shape, dtype=dtype)
    output.backward(upstream)
    expected.backward(upstream)
    pairs = attention_pairs(ours, theirs)
    assert_same_gradients(pairs)
    largest = max(x.grad.abs().max().item() for x in reference if x.grad is not None)
    for x, y in zip(mine, reference, strict=True):
        assert x.grad is not None
        assert y.grad is not None
        assert_same(x.grad, y.grad, largest=largest, what="input's gradient")


def test_weights_are_returned_on_demand_only() -> None:
    x = torch.randn(B, T, D_MODEL)
    assert scaled_dot_product_attention(x, x, x)[1] is None
    assert MultiHeadAttention(D_MODEL, H)(x)[1] is None


def test_key_equal_to_query_is_self_attention() -> None:
    attention, x = MultiHeadAttention(D_MODEL, H), torch.randn(B, T, D_MODEL)
    torch.testing.assert_close(attention(x)[0], attention(x, x)[0])
    torch.testing.assert_close(attention(x, x)[0], attention(x, x, x)[0])
    other = torch.randn(B, T, D_MODEL)
    assert not torch.allclose(attention(x, x, other)[0], attention(x)[0])


@given(b=sizes, t=st.integers(2, 7))
def test_permutation_equivariance(b: int, t: int) -> None:
    """Without positions and masks, shuffling the tokens shuffles the outputs."""
    attention = MultiHeadAttention(D_MODEL, H).double()
    x = torch.randn(b, t, D_MODEL, dtype=torch.float64)
    order = torch.randperm(t)
    for return_weights in (True, False):
        output, weights = attention(x, return_weights=return_weights)
        shuffled, shuffled_weights = attention(
            x[:, order], return_weights=return_weights
        )
        assert (weights is not None) is return_weights
        torch.testing.assert_close(shuffled, output[:, order])
        if weights is not None:
            torch.testing.assert_close(
                shuffled_weights, weights[:, :, order][..., order]
            )


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("return_weights", [True, False])
def test_causality(training: bool, return_weights: bool) -> None:
    """No output depends on a later token: the gradient is 0, not just small."""
    attention = MultiHeadAttention(D_MODEL, H, dropout=0.3).train(training)
    for t in range(T):
        x = torch.randn(B, T, D_MODEL, requires_grad=True)
        output, _ = attention(x, mask=causal_mask(T), return_weights=return_weights)
        (gradient,) = torch.autograd.grad(output[:, t].square().sum(), x)
        assert gradient[:, t + 1 :].eq(0).all()
        assert gradient[:, t].ne(0).any()
    x = torch.randn(B, T, D_MODEL)
    whole, _ = attention.eval()(x, mask=causal_mask(T), return_weights=return_weights)
    part, _ = attention(x[:, :3], mask=causal_mask(3), return_weights=return_weights)
    torch.testing.assert_close(whole[:, :3], part)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("return_weights", [True, False])
def test_padding_does_not_matter(training: bool, return_weights: bool) -> None:
    attention = MultiHeadAttention(D_MODEL, H, dropout=0.3).train(training)
    ids = torch.tensor([[1, 2, 3, 4, 5], [1, 2, 3, 0, 0]])
    mask = padding_mask(ids, 0)
    x = torch.randn(2, 5, D_MODEL, requires_grad=True)
    output, _ = attention(x, mask=mask, return_weights=return_weights)
    (gradient,) = torch.autograd.grad(output[1, :3].square().sum(), x)
    assert gradient[1, 3:].eq(0).all()
    assert gradient[0].eq(0).all()
    assert gradient[1, :3].ne(0).any(-1).all()
    attention.eval()
    output, _ = attention(x, mask=mask, return_weights=return_weights)
    alone, _ = attention(x[1:, :3], return_weights=return_weights)
    torch.testing.assert_close(output[1:, :3], alone)


@pytest.mark.parametrize("return_weights", [True, False])
def test_token_that_sees_nothing_gets_the_output_bias(return_weights: bool) -> None:
    """The heads give zeros; what remains is the bias of the output projection."""
    attention = MultiHeadAttention(D_MODEL, H)
    randomize(attention)
    mask = torch.ones(T, T, dtype=torch.bool)
    mask[2] = False
    x = torch.randn(B, T, D_MODEL, requires_grad=True)
    output, _ = attention(x, mask=mask, return_weights=return_weights)
    torch.testing.assert_close(output[:, 2], attention.out_proj.bias.expand(B, -1))
    output.square().sum().backward()
    for tensor in (x, *attention.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()


def test_dropout_only_in_training() -> None:
    attention = MultiHeadAttention(D_MODEL, H, dropout=0.5)
    x = torch.randn(B, T, D_MODEL)
    for return_weights in (True, False):
        attention.train()
        first, _ = attention(x, return_weights=return_weights)
        second, _ = attention(x, return_weights=return_weights)
        assert not torch.allclose(first, second)
        attention.eval()
        first, _ = attention(x, return_weights=return_weights)
        second, _ = attention(x, return_weights=return_weights)
        assert torch.equal(first, second)
    silent = MultiHeadAttention(D_MODEL, H).train()  # none unless asked for
    assert torch.equal(silent(x)[0], silent(x)[0])


def test_parameters() -> None:
    """4·d_model² weights whatever the number of heads; Xavier-uniform; biases 0."""
    for heads in (1, 2, 4):
        attention = MultiHeadAttention(64, heads, bias=False)
        assert sum(p.numel() for p in attention.parameters()) == 4 * 64**2
    names = [n for n, _ in MultiHeadAttention(4, 2).named_parameters()]
    projections = ("q_proj", "k_proj", "v_proj", "out_proj")
    assert names == [f"{p}.{kind}" for p in projections for kind in ("weight", "bias")]
    attention = MultiHeadAttention(64, 4)
    bound = math.sqrt(6 / (64 + 64))
    for name in projections:
        projection = attention.get_submodule(name)
        assert 0.98 * bound < projection.weight.abs().max().item() <= bound
        assert projection.bias.eq(0).all()
    assert attention.head_dim == 16


@pytest.mark.parametrize(("d_model", "num_heads"), [(8, 3), (8, 0), (8, -2), (4, 8)])
def test_heads_must_divide(d_model: int, num_heads: int) -> None:
    with pytest.raises(
        ValueError,
        match=f"divide d_model; got d_model=8, num_heads={num_heads}"
        if d_model == 8
        else "got d_model=4, num_heads=8",
    ):
        MultiHeadAttention(d_model, num_heads)


@pytest.mark.parametrize("d_model", [0, -2])
def test_features_are_needed(d_model: int) -> None:
    with pytest.raises(ValueError, match=f"d_model must be at least 1; got {d_model}"):
        MultiHeadAttention(d_model, 1)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, 1.5])
def test_dropout_is_checked(dropout: float) -> None:
    with pytest.raises(
        ValueError, match=rf"dropout must lie in \[0, 1\); got {dropout}"
    ):
        MultiHeadAttention(8, 2, dropout=dropout)


def test_shapes_are_checked() -> None:
    attention = MultiHeadAttention(D_MODEL, H)
    x = torch.zeros(B, T, D_MODEL)
    wrong = torch.zeros(B, T, D_MODEL - 1)
    for name, inputs in (
        ("query", (wrong,)),
        ("key", (x, wrong)),
        ("value", (x, x, wrong)),
        ("query", (x[0],)),
    ):
        got = ", ".join(str(n) for n in inputs[-1].shape)
        with pytest.raises(
            ValueError, match=rf"{name} must have the shape .*=12\); got \({got}\)"
        ):
            attention(*inputs)
    with pytest.raises(
        ValueError, match=r"^value needs a key: without a key, attention is to query$"
    ):
        attention(x, value=x)
    with pytest.raises(
        ValueError,
        match=r"^mask must .*\(B, H, T, S\).*four axes, as in mask.*\(2, 5, 5\)$",
    ):
        attention(x, mask=torch.ones(B, T, T, dtype=torch.bool))
    with pytest.raises(TypeError, match="boolean"):
        attention(x, mask=torch.ones(T, T))
    for sizes in ((T,), (T, T + 1), (B + 1, 1, 1, T), (1, B, H, T, T)):
        with pytest.raises(ValueError, match=r"^mask must .* weights, \(2, 3, 5, 5\)"):
            attention(x, mask=torch.ones(sizes, dtype=torch.bool))


def test_keys_are_checked_before_a_cache_keeps_them() -> None:
    attention = MultiHeadAttention(D_MODEL, H)
    x, memory = torch.zeros(B, T, D_MODEL), torch.zeros(B, S, D_MODEL)
    cache = KeyValueCache(S)
    with pytest.raises(ValueError, match=r"got \(2, .*\), \(1, .*\) and \(1, 7, 12\)"):
        cache.attend(attention, x, memory[:1])
    with pytest.raises(ValueError, match=r"got \(2, .*\), \(2, .*\) and \(1, 7, 12\)"):
        cache.attend(attention, x, memory, memory[:1])
    with pytest.raises(ValueError, match="number of positions; got 7 and 6"):
        cache.attend(attention, x, memory, memory[:, :6])
    with pytest.raises(TypeError, match=r"same dtype; got torch\.float32, torch"):
        cache.attend(attention, x, memory.double())
    assert cache.stored() is None
    cache.attend(attention, x, memory)
    cache.attend(attention, x, memory[:1])  # not read: the cache is filled
    with pytest.raises(ValueError, match="same sizes in place of the dots"):
        cache.attend(attention, x[:1], memory)


# --- rotary positions inside --------------------------------------------------------


def test_rotary_turns_queries_and_keys() -> None:
    attention = MultiHeadAttention(D_MODEL, H, rotary=RotaryPositions(D, 16))
    x = torch.randn(B, T, D_MODEL)
    for return_weights in (True, False):
        output, _ = attention(x, mask=causal_mask(T), return_weights=return_weights)
        q, k, v = (
            proj(x).view(B, T, H, D).transpose(1, 2)
            for proj in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        assert attention.rotary is not None
        heads = F.scaled_dot_product_attention(
            attention.rotary(q), attention.rotary(k), v, causal_mask(T)
        )
        expected = attention.out_proj(heads.transpose(1, 2).reshape(B, T, D_MODEL))
        torch.testing.assert_close(output, expected)
    with pytest.raises(
        ValueError, match=r"^rotary positions apply to self-attention: give no key$"
    ):
        attention(x, x)


# --- the cache ----------------------------------------------------------------------


@pytest.mark.parametrize("rotary", [True, False])
@pytest.mark.parametrize("return_weights", [True, False])
@given(steps=st.lists(st.integers(1, 3), min_size=1, max_size=5))
def test_cached_self_attention_equals_uncached(
    rotary: bool, return_weights: bool, steps: list[int]
) -> None:
    """Fed in any portions, with one projection of each token."""
    total = sum(steps)
    attention = MultiHeadAttention(
        D_MODEL, H, rotary=RotaryPositions(D, total) if rotary else None
    ).double()
    x = torch.randn(B, total, D_MODEL, dtype=torch.float64)
    expected, _ = attention(x, mask=causal_mask(total))
    cache, outputs = KeyValueCache(total), []
    with torch.no_grad():
        for step in steps:
            portion = x[:, cache.length : cache.length + step]
            mask = causal_mask(step, cache.length + step)
            output, weights = cache.attend(
                attention, portion, mask=mask, return_weights=return_weights
            )
            outputs.append(output)
            assert (weights is not None) is return_weights
            if weights is not None:
                assert weights.shape == (B, H, step, cache.length)
    assert cache.length == total
    torch.testing.assert_close(torch.cat(outputs, 1), expected, rtol=0, atol=1e-10)


def test_cached_cross_attention_computes_once() -> None:
    attention = MultiHeadAttention(D_MODEL, H)
    x, memory = torch.randn(B, T, D_MODEL), torch.randn(B, S, D_MODEL)
    expected, _ = attention(x, memory)
    calls = []
    for projection in (attention.k_proj, attention.v_proj):
        projection.register_forward_hook(lambda *_: calls.append(1))
    cache = KeyValueCache(1)  # of self-attention: the memory may be longer
    with torch.no_grad():
        outputs = [
            cache.attend(attention, x[:, t : t + 1], memory)[0] for t in range(T)
        ]
    assert len(calls) == 2
    assert cache.length == S
    torch.testing.assert_close(torch.cat(outputs, 1), expected)
    # The keys and values are those of the first call, whatever is given later.
    again, _ = cache.attend(attention, x, memory + 1)
    torch.testing.assert_close(again, expected)


@pytest.mark.parametrize("bias", [True, False])
def test_projections_joined_once(bias: bool) -> None:
    """Without gradients, one product instead of three; with them, each its own."""
    attention = MultiHeadAttention(D_MODEL, H, bias=bias)
    randomize(attention)
    x = torch.randn(B, T, D_MODEL)
    expected, _ = attention(x)
    calls = []
    for projection in (attention.q_proj, attention.k_proj, attention.v_proj):
        projection.register_forward_hook(lambda *_: calls.append(1))
    cache = KeyValueCache(2 * T)
    with torch.no_grad():
        torch.testing.assert_close(cache.attend(attention, x)[0], expected)
        assert cache._joined is not None
        joined = cache._joined[0]
        cache.attend(attention, x[:, :1])
    assert calls == []
    assert cache._joined[0] is joined
    assert (cache._joined[1] is not None) is bias
    fresh = KeyValueCache(T)
    torch.testing.assert_close(fresh.attend(attention, x)[0], expected)
    assert len(calls) == 3
    assert fresh._joined is None


def test_a_replaced_projection_is_asked() -> None:
    """Its weights may not be what it computes with."""

    class Doubled(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * super().forward(x)

    attention = MultiHeadAttention(D_MODEL, H)
    attention.v_proj = Doubled(D_MODEL, D_MODEL)
    x = torch.randn(B, T, D_MODEL)
    with torch.no_grad():
        found, _ = KeyValueCache(T).attend(attention, x)
        torch.testing.assert_close(found, attention(x)[0])


def test_cache_does_not_copy_what_it_has() -> None:
    cache = KeyValueCache(6)
    first, _ = cache.append(torch.zeros(B, H, 2, D), torch.zeros(B, H, 2, D))
    key, value = cache.append(torch.ones(B, H, 3, D), torch.ones(B, H, 3, D) * 2)
    assert first.data_ptr() == key.data_ptr()
    assert key.shape == value.shape == (B, H, 5, D)
    assert key[:, :, :2].eq(0).all()
    assert key[:, :, 2:].eq(1).all()
    assert value[:, :, 2:].eq(2).all()
    stored = cache.stored()
    assert stored is not None
    assert torch.equal(stored[0], key)
    assert torch.equal(stored[1], value)


def test_cache_keeps_no_gradients() -> None:
    attention = MultiHeadAttention(D_MODEL, H)
    x, memory = torch.randn(B, 2, D_MODEL), torch.randn(B, S, D_MODEL)
    own, cross = KeyValueCache(2), KeyValueCache(2)
    own.attend(attention, x)
    cross.attend(attention, x, memory)
    half = KeyValueCache(2)
    new = torch.randn(B, H, 1, D)
    half.append(new, new.clone().requires_grad_())
    half.append(new.clone().requires_grad_(), new)
    for cache in (own, cross, half):
        stored = cache.stored()
        assert stored is not None
        assert not stored[0].requires_grad
        assert not stored[1].requires_grad


def test_cache_selects_sequences() -> None:
    """A beam may be kept twice, another dropped, and the batch grow."""
    attention = MultiHeadAttention(D_MODEL, H)
    x = torch.randn(3, 4, D_MODEL)
    rows = torch.tensor([2, 0, 2, 1, 1])
    cache = KeyValueCache(4)
    cache.select(rows)  # nothing to select yet
    with torch.no_grad():
        cache.attend(attention, x[:, :3], mask=causal_mask(3))
        cache.select(rows)
        output, _ = cache.attend(attention, x[rows, 3:])
    expected, _ = attention(x, mask=causal_mask(4))
    torch.testing.assert_close(output, expected[rows, 3:])


def test_cache_refuses() -> None:
    with pytest.raises(ValueError, match="max_len must be at least 1; got 0"):
        KeyValueCache(0)
    cache = KeyValueCache(3)
    assert cache.stored() is None
    new = torch.zeros(B, H, 2, D)
    cache.append(new, new)
    with pytest.raises(ValueError, match="at most max_len=3 positions; got 4"):
        cache.append(new, new)
    with pytest.raises(ValueError, match="a batch of 2; got 1"):
        cache.append(new[:1, :, :1], new[:1, :, :1])
    assert cache.length == 2  # as before the calls that failed
    cache.append(new[:, :, :1], new[:, :, :1])
    assert cache.length == 3
    assert KeyValueCache(1).max_len == 1


# --- one contract on every path and type ---------------------------------------------

HALF = (torch.float16, torch.bfloat16)


def exact(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Equation 1 in float64, row by row over the allowed keys; nothing allowed: 0."""
    q, k, v = q.double(), k.double(), v.double()
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    allowed = torch.ones_like(scores, dtype=torch.bool)
    if mask is not None:
        allowed = mask.expand_as(scores)
    output = torch.zeros(*scores.shape[:-1], v.shape[-1], dtype=torch.float64)
    for index in itertools.product(*map(range, scores.shape[:-1])):
        keys = allowed[index]
        if keys.any():
            weights = scores[index][keys].softmax(-1)
            output[index] = weights @ v[index[:-1]][keys]
    return output


@pytest.mark.parametrize("return_weights", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("scale", [1.0, 40.0, 300.0])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, *HALF])
def test_each_type_is_right_within_its_rounding(
    dtype: torch.dtype, scale: float, masked: bool, return_weights: bool
) -> None:
    """A query of 300 times a key of 300 overflows half types, unless summed wider."""
    q, k = (scale * torch.randn(B, H, n, D) for n in (T, S))
    q, k, v = (x.to(dtype) for x in (q, k, torch.randn(B, H, S, 6)))
    mask = None
    if masked:
        mask = torch.rand(B, 1, T, S) < 0.5
        mask[0, 0, 1] = False
    output, weights = scaled_dot_product_attention(
        q, k, v, mask, return_weights=return_weights
    )
    assert output.dtype == dtype
    assert weights is None or weights.dtype == dtype
    # One rounding of a mean of values below 4 in a half type. In the full ones a score
    # is off by its own rounding, and a weight by as much: scale² · D · ε / √D.
    eps = torch.finfo(dtype).eps
    sums = torch.finfo(torch.promote_types(dtype, torch.float32)).eps
    tolerance = 4 * eps + 4 * scale**2 * math.sqrt(D) * sums
    torch.testing.assert_close(
        output.double(), exact(q, k, v, mask), rtol=0, atol=tolerance
    )


def test_scores_that_overflow_half_a_float() -> None:
    """40 · 40 · 64 / 8 fits float16; what softmax needs, the sum before, does not."""
    query = torch.full((1, 1, 2, 64), 40.0).half()
    key = query.clone()
    key[..., 1, :] *= 0.5
    _, weights = scaled_dot_product_attention(query, key, query, return_weights=True)
    assert weights is not None
    assert weights.tolist() == [[[[1.0, 0.0], [1.0, 0.0]]]]


def test_the_lowest_score_outweighs_what_is_forbidden() -> None:
    lowest = torch.finfo(torch.float32).min
    weights = masked_softmax(
        torch.tensor([[lowest, 0.0]]), torch.tensor([[True, False]])
    )
    assert weights.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("where", ["key", "value"])
@pytest.mark.parametrize("accident", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [torch.float32, *HALF])
def test_accidents_are_as_visible_on_both_paths(
    dtype: torch.dtype, accident: float, where: str
) -> None:
    """A mask hides numbers, not a NaN: it would hide the mistake that made it."""
    if torch.zeros(1).device.type != "cpu" and math.isinf(accident):
        accident = math.nan  # kernels of graphics cards differ on infinity - infinity
    q, k, v = (torch.randn(1, 1, n, D).to(dtype) for n in (T, S, S))
    (k if where == "key" else v)[..., 2, 0] = accident
    mask = torch.ones(T, S, dtype=torch.bool)
    mask[0, 2] = False
    explicit, _ = scaled_dot_product_attention(q, k, v, mask, return_weights=True)
    fused, _ = scaled_dot_product_attention(q, k, v, mask)
    torch.testing.assert_close(
        explicit, fused, equal_nan=True, rtol=0, atol=8 * torch.finfo(dtype).eps
    )
    assert not explicit.isfinite().all()


@pytest.mark.parametrize("dtype", HALF)
def test_a_kernel_that_fills_empty_rows_is_corrected(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    """Stand in for cuDNN's kernel: an empty row gives a mean of hidden values, and its
    gradient is NaN."""

    def kernel(
        query: Tensor, key: Tensor, value: Tensor, mask: Tensor, dropout: float
    ) -> Tensor:
        scores = query @ key.transpose(-2, -1)
        # -inf alone in a row: a softmax of NaN, whose gradient is NaN.
        weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
        return weights.masked_fill(weights.isnan(), 1 / S) @ value

    monkeypatch.setattr(F, "scaled_dot_product_attention", kernel)
    mask = random_mask(T, S)
    mask[1] = False
    q, k, v = (torch.randn(B, H, n, D).to(dtype).requires_grad_() for n in (T, S, S))
    assert kernel(q, k, v, mask, 0.0)[..., 1, :].ne(0).all()  # what it is there for
    output, _ = scaled_dot_product_attention(q, k, v, mask)
    assert output[..., 1, :].eq(0).all()
    assert output[..., 0, :].ne(0).any()
    for gradient in torch.autograd.grad(output.float().square().sum(), (q, k, v)):
        assert gradient.isfinite().all()
    for gradient in torch.autograd.grad(
        scaled_dot_product_attention(q, k, v, mask)[0][..., 1, :].sum(), (q, k, v)
    ):
        assert gradient.eq(0).all()
