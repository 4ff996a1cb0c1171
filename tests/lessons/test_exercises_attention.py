"""The self-checks of the chapter `attention` accept what is right, and only that."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from transformers_explained.lesson.check import evaluate
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.language import LANGUAGES

KEYS = ("predict", "scores", "bug", "window")


def scaled_scores(query: Tensor, key: Tensor) -> Tensor:
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    scores = scaled_scores(query, key).masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1) @ value


def window(length: int, width: int) -> Tensor:
    behind = torch.arange(length)[:, None] - torch.arange(length)[None, :]
    return (behind >= 0) & (behind < width)


RIGHT: dict[str, object] = {
    "predict": [0.21, 0.58, 0.21],
    "scores": scaled_scores,
    "bug": attention,
    "window": window,
}


def unscaled(query: Tensor, key: Tensor) -> Tensor:
    return query @ key.transpose(-2, -1)


def scaled_by_keys(query: Tensor, key: Tensor) -> Tensor:
    return query @ key.transpose(-2, -1) / math.sqrt(key.shape[-2])


def transposes_all_axes(query: Tensor, key: Tensor) -> Tensor:
    flipped = key.permute(*reversed(range(key.dim())))
    return query @ flipped / math.sqrt(query.shape[-1])


def as_given(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    return (scaled_scores(query, key).softmax(dim=-2) * mask) @ value


def only_axis_mended(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    return (scaled_scores(query, key).softmax(dim=-1) * mask) @ value


def only_mask_mended(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    scores = scaled_scores(query, key).masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-2) @ value


def no_mask(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    return scaled_scores(query, key).softmax(dim=-1) @ value


def inverted(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    scores = scaled_scores(query, key).masked_fill(mask, -1e9)
    return scores.softmax(dim=-1) @ value


def sees_the_future(length: int, width: int) -> Tensor:
    behind = torch.arange(length)[:, None] - torch.arange(length)[None, :]
    return behind.abs() < width


def one_too_wide(length: int, width: int) -> Tensor:
    return window(length, width + 1)


def of_floats(length: int, width: int) -> Tensor:
    return window(length, width).float()


WRONG: list[tuple[str, object]] = [
    ("predict", [0.58, 0.21, 0.21]),
    ("predict", [0.25, 0.5, 0.25]),
    ("predict", [0.21, 0.58]),
    ("predict", 0.58),
    ("scores", unscaled),
    ("scores", scaled_by_keys),
    ("scores", transposes_all_axes),
    ("scores", 3.0),
    ("bug", as_given),
    ("bug", only_axis_mended),
    ("bug", only_mask_mended),
    ("bug", no_mask),
    ("bug", inverted),
    ("window", sees_the_future),
    ("window", one_too_wide),
    ("window", of_floats),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", KEYS)
def test_right_answers_pass(key: str, language: str) -> None:
    use_language(language)
    assert evaluate(f"attention.{key}", RIGHT[key]).verdict == "right"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("key", "answer"), WRONG)
def test_wrong_answers_get_a_hint(key: str, answer: object, language: str) -> None:
    use_language(language)
    feedback = evaluate(f"attention.{key}", answer)
    assert feedback.verdict == "not-yet"
    assert feedback.hint
    assert feedback.lines


@pytest.mark.parametrize("key", ["scores", "bug", "window"])
def test_starters_are_the_readers_turn(key: str) -> None:
    def starter(*_: object) -> object:
        return ...

    assert evaluate(f"attention.{key}", starter).verdict == "your-turn"
    assert evaluate("attention.predict", [..., ..., ...]).verdict == "your-turn"


def test_a_wrong_number_is_not_corrected() -> None:
    """The weights that are asked for do not appear in what a wrong answer gets."""
    use_language("en")
    text = evaluate("attention.predict", [0.3, 0.3, 0.4]).as_text()
    assert "0.58" not in text
    assert "0.57" not in text


@pytest.mark.parametrize("axis", [-1, -2])
def test_only_rows_that_sum_to_one_pass(axis: int) -> None:
    """The probe with values of 1 tells the axis of the softmax."""

    def along(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        scores = scaled_scores(query, key).masked_fill(~mask, -math.inf)
        return scores.softmax(dim=axis) @ value

    function: Callable[..., Tensor] = along
    verdict = evaluate("attention.bug", function).verdict
    assert verdict == ("right" if axis == -1 else "not-yet")
