"""Positions: the tables against the formulas, digit by digit, and their properties."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from transformers_explained.positions import (
    LearnedPositions,
    RotaryPositions,
    SinusoidalPositions,
)


@given(d_model=st.integers(1, 13), max_len=st.integers(1, 17))
def test_sinusoids_are_the_formula(d_model: int, max_len: int) -> None:
    """Odd sizes too."""
    table = SinusoidalPositions(d_model, max_len).table
    assert table.shape == (max_len, d_model)
    for pos in range(max_len):
        for feature in range(d_model):
            two_i = feature // 2 * 2
            angle = pos / 10_000 ** (two_i / d_model)
            wave = math.sin(angle) if feature % 2 == 0 else math.cos(angle)
            assert table[pos, feature].item() == pytest.approx(wave, abs=1e-7)


def test_sinusoids_stay_exact_far_away() -> None:
    table = SinusoidalPositions(4, 100_000).table
    expected = torch.tensor([99_999 / 1.0, 99_999 / 100.0], dtype=torch.float64).sin()
    torch.testing.assert_close(table[99_999, ::2].double(), expected, atol=1e-7, rtol=0)


def test_sinusoids_follow_the_default_dtype() -> None:
    torch.set_default_dtype(torch.float64)
    try:
        double = SinusoidalPositions(3, 5).table
        cos = RotaryPositions(2, 5).cos
    finally:
        torch.set_default_dtype(torch.float32)
    assert double.dtype == cos.dtype == torch.float64
    assert double[3, 0].item() == pytest.approx(math.sin(3), abs=1e-15)
    assert SinusoidalPositions(3, 5).table.dtype == torch.float32


def test_shift_is_a_rotation_of_sinusoids() -> None:
    """PE(pos + k) is a rotation of PE(pos) that depends on k alone (section 3.5)."""
    d_model, k = 8, 5
    table = SinusoidalPositions(d_model, 40).table
    for i in range(0, d_model, 2):
        turn = k / 10_000 ** (i / d_model)
        cos, sin = math.cos(turn), math.sin(turn)
        rotation = torch.tensor([[cos, sin], [-sin, cos]])
        torch.testing.assert_close(
            table[:-k, i : i + 2] @ rotation.T, table[k:, i : i + 2]
        )


@pytest.mark.parametrize("kind", [SinusoidalPositions, LearnedPositions])
def test_added_from_the_offset(
    kind: type[SinusoidalPositions] | type[LearnedPositions],
) -> None:
    module = kind(5, 11)
    table = module.table if isinstance(module, SinusoidalPositions) else module.weight
    x = torch.randn(3, 7, 5)
    torch.testing.assert_close(module(x), x + table[:7])
    torch.testing.assert_close(module(x, 4), x + table[4:11])
    torch.testing.assert_close(module(x[:, :1], 10), x[:, :1] + table[10])


@pytest.mark.parametrize("kind", [SinusoidalPositions, LearnedPositions])
def test_each_sequence_has_its_own_offset(
    kind: type[SinusoidalPositions] | type[LearnedPositions],
) -> None:
    """Padded on the left by two, the first word still stands at position 0."""
    module = kind(5, 11)
    x = torch.randn(3, 7, 5)
    placed = module(x, torch.tensor([0, 4, -2]))
    torch.testing.assert_close(placed[0], module(x)[0])
    torch.testing.assert_close(placed[1], module(x, 4)[1])
    torch.testing.assert_close(placed[2, 2:], module(x[:, 2:])[2])
    # The padding gets some position: the first.
    torch.testing.assert_close(placed[2, :2], x[2, :2] + module(x[:, :1])[2] - x[2, :1])


@pytest.mark.parametrize("kind", [SinusoidalPositions, LearnedPositions])
def test_positions_outside_the_table_are_refused(
    kind: type[SinusoidalPositions] | type[LearnedPositions],
) -> None:
    module, x = kind(5, 11), torch.zeros(2, 7, 5)
    with pytest.raises(
        ValueError, match=r"in \[0, max_len=11\); got 7 positions from offset=5"
    ):
        module(x, 5)
    with pytest.raises(ValueError, match="got 7 positions from offset=-1"):
        module(x, -1)
    if x.device.type == "cpu":  # a graphics card is not asked for its numbers
        with pytest.raises(ValueError, match="got 7 positions from offset=5"):
            module(x, torch.tensor([5, 0]))
    assert module(x, torch.tensor([4, 0])).shape == (2, 7, 5)
    assert module(x, torch.tensor([-9, -8])).shape == (2, 7, 5)
    full = torch.zeros(2, 11, 5)
    assert module(full, torch.tensor([-1, -2])).shape == (2, 11, 5)


@pytest.mark.parametrize("kind", [SinusoidalPositions, LearnedPositions])
@pytest.mark.parametrize(("d_model", "max_len"), [(0, 3), (3, 0)])
def test_sizes_are_checked(
    kind: type[SinusoidalPositions] | type[LearnedPositions],
    d_model: int,
    max_len: int,
) -> None:
    with pytest.raises(
        ValueError, match=f"at least 1; got d_model={d_model}, max_len={max_len}"
    ):
        kind(d_model, max_len)
    assert kind(1, 1)(torch.zeros(1, 1, 1)).shape == (1, 1, 1)


def test_what_is_learned_and_saved() -> None:
    assert list(SinusoidalPositions(3, 5).parameters()) == []
    assert list(SinusoidalPositions(3, 5).state_dict()) == []
    assert list(RotaryPositions(4, 5).state_dict()) == []
    learned = LearnedPositions(300, 500)
    assert list(learned.state_dict()) == ["weight"]
    assert isinstance(learned.weight, nn.Parameter)
    assert learned.weight.std().item() == pytest.approx(0.02, rel=0.02)
    learned(torch.zeros(1, 3, 300)).sum().backward()
    assert learned.weight.grad is not None
    assert learned.weight.grad[:3].eq(1).all()
    assert learned.weight.grad[3:].eq(0).all()


@given(
    half=st.integers(1, 5),
    length=st.integers(1, 7),
    offset=st.integers(0, 4),
)
def test_rotary_is_multiplication_by_a_unit_complex_number(
    half: int, length: int, offset: int
) -> None:
    """Seen as a complex number, each pair of features is multiplied by e^(i·p·θ)."""
    x = torch.randn(2, 3, length, 2 * half)
    turned = RotaryPositions(2 * half, 11)(x, offset)
    theta = 10_000.0 ** (-torch.arange(half) / half)
    position = torch.arange(offset, offset + length)
    factor = torch.polar(torch.ones(length, half), position[:, None] * theta)
    pairs = torch.view_as_complex(x.unflatten(-1, (half, 2)).contiguous())
    expected = torch.view_as_real(pairs * factor).flatten(-2)
    torch.testing.assert_close(turned, expected, atol=1e-5, rtol=1e-5)


@given(shift=st.integers(0, 20), distance=st.integers(0, 10))
def test_rotary_dot_product_depends_on_the_distance_only(
    shift: int, distance: int
) -> None:
    rotary = RotaryPositions(6, 32)
    query, key = torch.randn(1, 6), torch.randn(1, 6)
    near = rotary(query, distance) @ rotary(key, 0).T
    far = rotary(query, distance + shift) @ rotary(key, shift).T
    torch.testing.assert_close(near, far, atol=1e-4, rtol=1e-4)


def test_rotary_keeps_lengths_and_position_zero() -> None:
    rotary, x = RotaryPositions(8, 5), torch.randn(5, 8)
    torch.testing.assert_close(rotary(x).norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(rotary(x)[0], x[0])
    assert not torch.allclose(rotary(x)[1], x[1])


def test_rotary_refuses() -> None:
    for head_dim in (5, 0, 1):
        with pytest.raises(ValueError, match=f"head_dim must be even; got {head_dim}"):
            RotaryPositions(head_dim, 7)
    with pytest.raises(ValueError, match="max_len must be at least 1; got 0"):
        RotaryPositions(4, 0)
    rotary = RotaryPositions(4, 7)
    with pytest.raises(ValueError, match=r"max_len=7\); got 3 positions from offset=5"):
        rotary(torch.zeros(3, 4), 5)
    assert RotaryPositions(2, 1)(torch.ones(1, 2)).shape == (1, 2)
    assert rotary(torch.zeros(3, 4), 4).shape == (3, 4)


# --- devices ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SinusoidalPositions, RotaryPositions])
def test_tables_survive_a_start_without_memory(kind: type[nn.Module]) -> None:
    """Made on "meta", given memory, then loaded: how a large model starts."""
    ours = kind(6, 11)
    with torch.device("meta"):
        late = kind(6, 11)
    assert all(buffer.is_meta for buffer in late.buffers())
    late.to_empty(device=torch.zeros(1).device)
    for buffer in late.buffers():
        buffer.fill_(torch.nan)  # what memory may hold
    nn.Sequential(late).load_state_dict(nn.Sequential(ours).state_dict())
    x = torch.randn(2, 5, 6)
    assert torch.equal(late(x, 3), ours(x, 3))


@pytest.mark.parametrize(
    "kind", [SinusoidalPositions, LearnedPositions, RotaryPositions]
)
@pytest.mark.parametrize("features", [1, 5, 12])
def test_positions_refuse_other_features(kind: type[nn.Module], features: int) -> None:
    """A last axis of 1 would broadcast in silence."""
    with pytest.raises(ValueError, match=r"=6\); got \(2, 3, "):
        kind(6, 11)(torch.zeros(2, 3, features))
