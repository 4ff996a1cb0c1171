"""Masks: True = may attend."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from transformers_explained.masks import causal_mask, combine, padding_mask

lengths = st.integers(1, 12)


@given(T=lengths, past=st.integers(0, 5))
def test_causal_mask_allows_the_past_and_the_present(T: int, past: int) -> None:
    mask = causal_mask(T, past + T)
    assert mask.shape == (T, past + T)
    assert mask.dtype == torch.bool
    for t in range(T):
        for s in range(past + T):
            assert mask[t, s].item() == (s <= past + t)


def test_causal_mask_is_square_unless_told_otherwise() -> None:
    expected = torch.tensor([[1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=torch.bool)
    assert torch.equal(causal_mask(3), expected)
    assert torch.equal(causal_mask(1), torch.tensor([[True]]))


def test_last_query_sees_everything_unlike_is_causal() -> None:
    """PyTorch's `is_causal` aligns the first query with the first key."""
    assert causal_mask(1, 7).all()
    assert torch.equal(causal_mask(2, 4)[0], torch.tensor([True, True, True, False]))


@pytest.mark.parametrize(("T", "S"), [(0, None), (3, 2), (0, 4)])
def test_causal_mask_refuses(T: int, S: int | None) -> None:
    with pytest.raises(ValueError, match=f"1 <= T <= S; got T={T}, S={S or T}"):
        causal_mask(T, S)


def test_causal_mask_device() -> None:
    assert causal_mask(2, device="meta").device.type == "meta"
    assert causal_mask(2).device == torch.zeros(1).device


def test_padding_mask() -> None:
    ids = torch.tensor([[5, 7, 9], [7, 5, 9]])
    mask = padding_mask(ids, pad_id=9)
    assert mask.shape == (2, 1, 1, 3)
    assert mask.dtype == torch.bool
    assert mask[:, 0, 0].tolist() == [[True, True, False], [True, True, False]]
    assert padding_mask(ids, pad_id=5)[:, 0, 0].tolist() == [
        [False, True, True],
        [True, False, True],
    ]


def test_padding_mask_refuses_one_axis() -> None:
    with pytest.raises(ValueError, match=r"axes \(B, S\); got shape \(3,\)"):
        padding_mask(torch.tensor([1, 2, 3]), pad_id=0)


@given(T=lengths, data=st.data())
def test_combine_is_and(T: int, data: st.DataObject) -> None:
    bits = st.lists(st.integers(0, 4), min_size=2 * T, max_size=2 * T)
    ids = torch.tensor(data.draw(bits)).view(2, T)
    causal, padding = causal_mask(T), padding_mask(ids, 0)
    both = combine(causal, padding)
    assert both is not None
    assert both.shape == (2, 1, T, T)
    for b in range(2):
        for t in range(T):
            for s in range(T):
                allowed = s <= t and ids[b, s].item() != 0
                assert both[b, 0, t, s].item() == allowed


def test_combine_passes_over_none() -> None:
    mask = causal_mask(3)
    assert combine() is None
    assert combine(None, None) is None
    for same in (combine(mask), combine(None, mask), combine(mask, None)):
        assert same is not None
        assert torch.equal(same, mask)
    # What follows a None counts.
    last = combine(torch.ones(3, 3, dtype=torch.bool), None, mask)
    assert last is not None
    assert torch.equal(last, mask)


@pytest.mark.parametrize("shapes", [[(3, 3), (2, 1, 1, 4)], [(2, 1, 3), (3, 1, 3)]])
def test_combine_refuses_what_does_not_broadcast(shapes: list[tuple[int, ...]]) -> None:
    masks = [torch.ones(shape, dtype=torch.bool) for shape in shapes]
    with pytest.raises(ValueError, match="must broadcast to one shape; got ") as error:
        combine(*masks)
    assert str(error.value).endswith(f"got {shapes[0]} and {shapes[1]}")


def test_combine_refuses_numbers() -> None:
    """An attention mask of ones and zeros is not ours: `&` would accept it."""
    with pytest.raises(TypeError, match=r"boolean, True = may attend; got torch.int64"):
        combine(torch.ones(2, 2, dtype=torch.int64))
