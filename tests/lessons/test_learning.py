"""What the chapter on learning computes by itself: a graph, an oven, its floor."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from transformers_explained.chapters.learning.graph import Node
from transformers_explained.chapters.learning.oven import bake, chance_of_good, entropy
from transformers_explained.training import cross_entropy

numbers = st.floats(-3, 3)


def test_two_paths_add_up() -> None:
    """The graph of the page: h acts on z directly and through g."""
    w, v = Node(3.0), Node(-0.5)
    h = w * Node(2.0)
    gap = h + v * h - Node(1.0)
    (gap * gap).backward()
    assert (h.slope, w.slope, v.slope) == (2.0, 4.0, 24.0)


@given(numbers, numbers, numbers)
def test_a_graph_has_the_derivatives_of_torch(a: float, b: float, c: float) -> None:
    nodes = [Node(value) for value in (a, b, c)]
    ours = _shared(*nodes)
    ours.backward()
    leaves = [
        torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for value in (a, b, c)
    ]
    theirs = _shared(*leaves)
    theirs.backward()
    assert abs(ours.value - theirs.item()) < 1e-10
    for node, leaf in zip(nodes, leaves, strict=True):
        assert leaf.grad is not None
        assert abs(node.slope - leaf.grad.item()) < 1e-10


def _shared(a: Any, b: Any, c: Any) -> Any:
    """An expression whose parts are used several times."""
    d = (a * b + c).tanh()
    e = d * d - a * d
    return e * c + e.tanh() - b


def test_a_second_backward_does_not_add_to_the_first() -> None:
    w = Node(3.0)
    square = w * w
    square.backward()
    square.backward()
    assert w.slope == 6.0


def test_a_long_chain_needs_no_deep_stack() -> None:
    start = end = Node(1.0)
    for _ in range(5000):
        end = end + Node(0.0)
    end.backward()
    assert start.slope == 1.0


def test_cross_entropy_is_mean_surprise() -> None:
    """The package's loss, over examples drawn as often as p says, is H(p, q)."""
    p, q = torch.tensor([0.2, 0.5, 0.3]), torch.tensor([0.1, 0.7, 0.2])
    labels = torch.repeat_interleave(torch.arange(3), (10 * p).round().int())
    total, number = cross_entropy(q.log().expand(10, 3), labels, ignore_id=-1)
    expected = -(p * q.log()).sum()
    torch.testing.assert_close(total / number, expected)
    floor, _ = cross_entropy(p.log().expand(10, 3), labels, ignore_id=-1)
    assert floor < total


def test_entropy_is_largest_where_both_are_equally_likely() -> None:
    assert entropy(np.array(0.5)) == pytest.approx(math.log(2))
    values = entropy(np.linspace(0.01, 0.99, 99))
    assert values.argmax() == 49
    np.testing.assert_allclose(values, values[::-1])


def test_loaves_are_good_as_often_as_their_chance_says() -> None:
    loaves = bake(20_000, seed=3)
    np.testing.assert_array_equal(loaves.chance, chance_of_good(loaves.x))
    assert set(loaves.y) == {0.0, 1.0}
    for low in (0.0, 0.25, 0.5, 0.75):
        some = (low <= loaves.chance) & (loaves.chance < low + 0.25)
        error = loaves.y[some].mean() - loaves.chance[some].mean()
        assert abs(error) < 4 * 0.5 / math.sqrt(some.sum())
    surprise = -np.log(np.where(loaves.y == 1, loaves.chance, 1 - loaves.chance))
    assert abs(surprise.mean() - loaves.entropy) < 4 * surprise.std() / math.sqrt(
        20_000
    )


def test_the_same_seed_bakes_the_same_loaves() -> None:
    np.testing.assert_array_equal(bake(7, 1).x, bake(7, 1).x)
    assert not np.array_equal(bake(7, 1).x, bake(7, 2).x)
    with pytest.raises(ValueError, match="number must be positive; got 0"):
        bake(0, 1)
