"""Self-checks: what a reader is told, in both languages, and what they are not."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from transformers_explained import chapters, check
from transformers_explained.lesson import check as exercises
from transformers_explained.lesson.check import Attempt, Feedback, register
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.labels import label

# A page without exercises has no checks.
CHAPTERS = sorted(
    module.name
    for module in pkgutil.iter_modules(chapters.__path__)
    if importlib.util.find_spec(f"{chapters.__name__}.{module.name}.checks")
)
# Imported here, so that the real registry holds them: a test that imports one for the
# first time would leave its checks in the registry of that test.
for _chapter in CHAPTERS:
    importlib.import_module(f"{chapters.__name__}.{_chapter}.checks")

QUERY = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
FACTOR = 2.0


@pytest.fixture(autouse=True)
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three checks of a chapter that does not exist, and their hints."""
    monkeypatch.setattr(exercises, "_CHECKS", {})

    def with_hints(identifier: str, /, **values: object) -> str:
        if identifier.startswith("demo."):
            return f"<{identifier}>"
        return label(identifier, **values)

    monkeypatch.setattr(exercises, "label", with_hints)

    @register("demo.double")
    def double(attempt: Attempt) -> None:
        result = attempt.call(query=QUERY, factor=FACTOR)
        attempt.expect_close(result, FACTOR * QUERY)

    @register("demo.answer")
    def answer(attempt: Attempt) -> None:
        attempt.expect_close(attempt.value(), 54321.0)

    @register("demo.word")
    def word(attempt: Attempt) -> None:
        attempt.expect_equal(attempt.call(n=3), "trois")

    yield
    use_language("en")


def told(name: str, answer: object) -> Feedback:
    return exercises.evaluate(name, answer)


def test_a_right_answer_is_right_and_needs_no_hint() -> None:
    feedback = told("demo.double", lambda q, factor: factor * q)
    assert (feedback.verdict, feedback.hint) == ("right", "")
    assert told("demo.answer", 54321.0).verdict == "right"
    assert told("demo.answer", torch.tensor(54321.0)).verdict == "right"
    assert told("demo.word", lambda n: "trois").verdict == "right"


def starter(query: Tensor, factor: float) -> Any:
    """What a chapter gives the reader to begin with."""
    return ...


@pytest.mark.parametrize("answer", [starter, ..., lambda q, f: (q, ...)])
def test_an_untouched_starter_is_no_error(answer: object) -> None:
    feedback = told("demo.double", answer)
    assert feedback.verdict == "your-turn"
    assert feedback.as_text() == (
        "Your turn. Replace the `...` with your answer, then run the cell again."
    )


@pytest.mark.parametrize(
    ("answer", "english"),
    [
        (lambda q, f: f * q.T, "shape is `(3, 2)`; yours is `(2, 3)`"),
        (lambda q, f: None, "type `torch.Tensor` is expected; yours is of type `None`"),
        (lambda q, f: q.tolist(), "The shape is right, but the values differ."),
        (lambda q, f: "abc", "yours is of type `str`"),
        (lambda q, f: q, "The shape is right, but the values differ."),
        (lambda q, f: f * q + float("nan"), "but the values differ."),
        (lambda q, f: q @ q, "stops with an error"),
        (lambda: 3, "stops with an error"),
        (QUERY, "A function is expected here; the answer is of type `torch.Tensor`"),
    ],
)
def test_a_wrong_answer_is_told_what_was_expected(answer: object, english: str) -> None:
    feedback = told("demo.double", answer)
    assert feedback.verdict == "not-yet"
    assert english in feedback.as_text()
    assert feedback.as_text().endswith("Hint: <demo.hint-double>")


def test_feedback_names_the_inputs_and_shows_both_values() -> None:
    text = told("demo.double", lambda q, f: q).as_text()
    assert "query = [[1., 2.]" in text
    assert "factor = 2" in text
    assert text.index("Expected:\n[[ 2.,  4.]") < text.index("Got:\n[[1., 2.]")


def test_an_error_is_reported_by_its_type_and_message() -> None:
    def faulty(q: Tensor, f: float) -> Tensor:
        raise KeyError("no\nkey *here*")

    feedback = told("demo.double", faulty)
    assert feedback.details[-1] == ("", "KeyError: 'no\\nkey *here*'")
    assert "KeyError" in feedback.as_markdown()


def test_a_value_that_is_the_answer_is_never_shown() -> None:
    for wrong in (1.0, "no", None, torch.zeros(3), True):
        feedback = told("demo.answer", wrong)
        assert feedback.verdict == "not-yet"
        for text in (feedback.as_text(), feedback.as_markdown()):
            assert "54321" not in text


def test_a_function_that_changes_its_inputs_changes_copies() -> None:
    before = QUERY.clone()
    assert told("demo.double", lambda q, f: q.mul_(f)).verdict == "right"
    assert torch.equal(before, QUERY)


def test_feedback_speaks_the_reader_s_language() -> None:
    use_language("fr")
    text = told("demo.double", lambda q, f: f * q.T).as_text()
    assert text.startswith("Pas encore. La forme attendue est `(3, 2)`\u00a0; ")
    assert "Essayé avec\u00a0:" in text
    assert told("demo.double", lambda q, f: f * q).as_text() == "C’est juste."


HIDDEN = "this is not the expected value"
EXPECTATIONS: dict[str, tuple[Callable[[Attempt, Any], None], Any, Any, str]] = {
    "type": (
        lambda attempt, x: attempt.expect_type(x, dict),
        {},
        [],
        "type `dict` is expected",
    ),
    "shape": (
        lambda attempt, x: attempt.expect_shape(x, (3, 5)),
        torch.ones(3, 5),
        torch.ones(5, 3),
        "yours is `(5, 3)`",
    ),
    "dtype": (
        lambda attempt, x: attempt.expect_dtype(x, torch.bool),
        torch.ones(2) > 0,
        torch.ones(2),
        "element type is `torch.bool`; yours is `torch.float",
    ),
    "equal array": (
        lambda attempt, x: attempt.expect_equal(x, np.array([1, 2])),
        np.array([1, 2]),
        np.array([2, 1]),
        HIDDEN,
    ),
    "equal list": (
        lambda attempt, x: attempt.expect_equal(x, [1, 2]),
        [1, 2],
        [2, 1],
        HIDDEN,
    ),
    "condition": (
        lambda attempt, x: attempt.require(x > 2, "common.loss"),
        3,
        1,
        "loss",
    ),
    "close to a small number": (
        lambda attempt, x: attempt.expect_close(x, 0.5, tolerance=0.1),
        0.59,
        0.61,
        HIDDEN,
    ),
    "close to a large number": (
        lambda attempt, x: attempt.expect_close(x, 100.0, tolerance=0.1),
        109.0,
        111.0,
        HIDDEN,
    ),
}


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_each_expectation_passes_and_fails(name: str) -> None:
    expect, good, bad, message = EXPECTATIONS[name]

    @register("demo.one")
    def one(attempt: Attempt) -> None:
        expect(attempt, attempt.value())

    assert told("demo.one", good).verdict == "right"
    feedback = told("demo.one", bad)
    assert feedback.verdict == "not-yet"
    assert message in feedback.as_text()


def test_long_values_are_told_by_their_shape() -> None:
    @register("demo.one")
    def one(attempt: Attempt) -> None:
        attempt.expect_close(attempt.call(x=torch.zeros(7, 11)), torch.ones(7, 11))

    assert "x = tensor of shape (7, 11)" in told("demo.one", lambda x: x).as_text()


def test_markdown_keeps_the_reader_s_text_as_it_is() -> None:
    feedback = Feedback(verdict="not-yet", title="A_b", lines=("<b> `x_y` *z* $q$",))
    assert feedback.as_markdown() == r"**A\_b** &lt;b&gt; `x_y` \*z\* \$q\$"


def test_unknown_and_doubled_checks_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"registered as 'demo.none'; this chapter has"
    ):
        check("demo.none", 1)
    with pytest.raises(ValueError, match="this chapter has none"):
        check("no-such-chapter.x", 1)
    with pytest.raises(ValueError, match=r'name must be "<slug>\.<key>"'):
        check("demo", 1)
    with pytest.raises(ValueError, match=r"'demo\.word' is already registered"):
        register("demo.word")(lambda attempt: None)


def test_a_terminal_prints_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    check("demo.word", lambda n: "trois")
    assert capsys.readouterr().out == "That is right.\n"


@pytest.mark.parametrize("module", CHAPTERS)
def test_every_check_of_a_chapter_has_its_hint_and_is_no_one_else_s(
    module: str,
) -> None:
    # Read anew: the module may have been imported before, for another registry.
    importlib.reload(importlib.import_module(f"{chapters.__name__}.{module}.checks"))
    slug = module.replace("_", "-")
    names = [n for n in exercises._CHECKS if not n.startswith("demo.")]
    assert names
    for name in names:
        assert name.startswith(f"{slug}."), f"{name} belongs to another chapter"
        assert label(name.replace(".", ".hint-"))
