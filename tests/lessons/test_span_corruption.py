"""T5's exercise: what is taken out comes back, and as much as was asked for."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformers_explained.tasks.span_corruption import corrupt, draw_spans, restore

MARKS = [f"<{k}>" for k in range(200)]
mark = MARKS.__getitem__


def test_the_example_of_the_chapter() -> None:
    words = ["The", "black", "cat", "eats", "the", "mouse", "."]
    noise = [False, True, True, False, False, True, False]
    source, target = corrupt(words, noise, mark)
    assert " ".join(source) == "The <0> eats the <1> ."
    assert " ".join(target) == "<0> black cat <1> mouse <2>"


@given(st.lists(st.booleans(), max_size=40))
def test_whatever_is_taken_out_comes_back(noise: list[bool]) -> None:
    words = [str(k) for k in range(len(noise))]
    source, target = corrupt(words, noise, mark)
    assert restore(source, target, MARKS) == words
    spans = sum(b and not a for a, b in zip([False, *noise], noise, strict=False))
    assert len(source) == len(words) - sum(noise) + spans
    assert len(target) == sum(noise) + spans + 1


@given(
    length=st.integers(2, 400),
    share=st.floats(0.05, 0.6),
    mean_span=st.floats(1, 6),
    seed=st.integers(0, 99),
)
def test_as_much_is_taken_out_as_was_asked_for(
    length: int, share: float, mean_span: float, seed: int
) -> None:
    noise = draw_spans(length, random.Random(seed), share=share, mean_span=mean_span)
    assert len(noise) == length
    assert not noise[0]
    taken = min(max(round(length * share), 1), length - 1)
    assert sum(noise) == taken
    spans = sum(b and not a for a, b in pairwise(noise))
    assert spans == min(max(round(taken / mean_span), 1), taken, length - taken)


def test_every_place_but_the_first_is_taken_now_and_then() -> None:
    draw = random.Random(0)
    seen = [0] * 40
    for _ in range(2_000):
        for place, hidden in enumerate(draw_spans(40, draw)):
            seen[place] += hidden
    assert seen[0] == 0
    assert min(seen[1:]) > 0
    assert seen[-1] == 2_000  # as in the authors' code


def test_bad_input() -> None:
    draw = random.Random(0)
    with pytest.raises(ValueError, match="length must be at least 2; got 1"):
        draw_spans(1, draw)
    with pytest.raises(ValueError, match="share must lie between 0 and 1"):
        draw_spans(5, draw, share=1.0)
    with pytest.raises(ValueError, match="mean_span be at least 1"):
        draw_spans(5, draw, mean_span=0.5)
    with pytest.raises(ValueError, match="as long as tokens, 2; got 1"):
        corrupt(["a", "b"], [True], mark)
    with pytest.raises(ValueError, match="'<1>' is missing"):
        restore(["a", "<1>"], ["<0>", "b"], MARKS)
