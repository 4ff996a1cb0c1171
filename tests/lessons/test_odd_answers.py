"""Odd answers to every self-check: no exception comes through, and none is right."""

import importlib
import itertools
import math
import re
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from transformers_explained import chapters
from transformers_explained.lesson.check import evaluate
from transformers_explained.lesson.first_cell import use_language

FOLDER = Path(chapters.__path__[0])
NAMES = [
    name
    for path in sorted(FOLDER.glob("*/checks.py"))
    for name in re.findall(r'@register\("(.+?)"\)', path.read_text("utf-8"))
]
itself: list[Any] = []
itself.append(itself)


class Rude:
    """Everything that can be asked of it fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise SystemExit(3)

    def __iter__(self) -> Any:
        raise ValueError("no")

    def __eq__(self, other: object) -> bool:
        raise TypeError("no")

    __hash__ = None  # type: ignore[assignment]


class RudeError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def raises(error: BaseException) -> Any:
    raise error


def fails_late() -> Any:
    yield 0.5
    raise ValueError("late")


# Made anew for each check: a generator is read only once.
ODD: dict[str, Any] = {
    "None": lambda: None,
    "zero": lambda: 0,
    "huge": lambda: 10**400,
    "NaN": lambda: math.nan,
    "infinity": lambda: -math.inf,
    "complex": lambda: 1 + 2j,
    "true": lambda: True,
    "fraction": lambda: Fraction(1, 3),
    "text": lambda: "0,2",
    "empty text": lambda: "",
    "backquotes": lambda: "```\n<script>$x$",
    "bytes": lambda: b"\xff",
    "surrogate": lambda: "\ud800",
    "empty list": list,
    "list of texts": lambda: ["0.2", "0.6", "0.2"],
    "list of None": lambda: [None, None, None],
    "ragged": lambda: [[1, 2], [3]],
    "ragged deeper": lambda: [[1, [2]], [[3], 4], "x"],
    "list of NaN": lambda: [math.nan] * 3,
    "list of infinity": lambda: [math.inf, 1.0, 2.0, 3.0],
    "list of dicts": lambda: [{}, {"a": 1}],
    "list of tensors": lambda: [torch.ones(2), torch.ones(3)],
    "a list in itself": lambda: itself,
    "tuple of two": lambda: (torch.ones(2, 3), "x"),
    "set": lambda: {0.2, 0.6},
    "dictionary": lambda: {"a": [1]},
    "range": lambda: range(3),
    "generator": lambda: (x / 7 for x in range(3)),
    "fails late": fails_late,
    "class": lambda: Rude,
    "rude": Rude,
    "list of rude": lambda: [Rude(), Rude(), Rude()],
    "module": lambda: sys,
    "array of objects": lambda: np.array([None, "x", 3], dtype=object),
    "array of texts": lambda: np.array(["a", "b", "c"]),
    "array of nothing": lambda: np.zeros((0, 3)),
    "array of no axis": lambda: np.array(0.25),
    "array of dates": lambda: np.array(["2026-01-01"], dtype="datetime64[D]"),
    "complex array": lambda: np.ones((3, 3)) * 1j,
    "bool tensor": lambda: torch.zeros(5, 5, dtype=torch.bool),
    "half": lambda: torch.ones(3, dtype=torch.float16),
    "bfloat16": lambda: torch.full((3,), 0.33, dtype=torch.bfloat16),
    "float8": lambda: torch.ones(3).to(torch.float8_e4m3fn),
    "int8": lambda: torch.ones(3, 3, dtype=torch.int8),
    "complex tensor": lambda: torch.ones(3, dtype=torch.complex64).conj(),
    "meta": lambda: torch.empty(3, device="meta"),
    "sparse": lambda: torch.eye(3).to_sparse(),
    "gradient": lambda: torch.ones(3, requires_grad=True) * 2,
    "many axes": lambda: torch.zeros(1, 1, 1, 1, 1, 0),
    "parameter": lambda: torch.nn.Parameter(torch.tensor(3.5)),
}
ERRORS: dict[str, Any] = {
    "raises": lambda: raises(ZeroDivisionError("x\n`y` $z$")),
    "raises rudely": lambda: raises(RudeError()),
    "exits": lambda: sys.exit(1),
    "has no end": lambda: raises(RecursionError()),
    "stops": lambda: raises(StopIteration()),
    "closes": lambda: raises(GeneratorExit()),
}


@pytest.mark.parametrize("name", NAMES)
def test_no_odd_answer_comes_through(name: str) -> None:
    for odd, make in ODD.items():
        for language, answer in (("fr", make()), ("en", lambda *_, make=make: make())):
            use_language(language)
            feedback = evaluate(name, answer)
            assert feedback.verdict == "not-yet", odd
            assert feedback.title == {"fr": "Pas encore.", "en": "Not yet."}[language]
            assert feedback.hint, odd
            assert feedback.as_text(), odd
            assert feedback.as_markdown(), odd
    for error in ERRORS.values():
        assert evaluate(name, lambda *_, e=error: e()).verdict == "not-yet"
    # Fewer parameters than there are inputs: an error of Python's own.
    assert evaluate(name, lambda: 1).verdict == "not-yet"


@pytest.mark.parametrize("name", ["attention.predict", "history.rnn-chain"])
def test_what_has_no_end_is_cut(name: str) -> None:
    assert evaluate(name, itertools.count()).verdict == "not-yet"
    assert evaluate(name, lambda *_: itertools.count()).verdict == "not-yet"


def test_every_chapter_was_asked() -> None:
    for path in FOLDER.glob("*/checks.py"):
        importlib.import_module(f"{chapters.__name__}.{path.parent.name}.checks")
    assert len(NAMES) >= 25


def test_who_interrupts_is_let_go() -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluate("attention.scores", lambda *_: raises(KeyboardInterrupt()))


WEIGHTS = torch.tensor([1.0, 2.0, 1.0]).softmax(dim=0)


def scores(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    return query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5


def window(length: int, width: int) -> torch.Tensor:
    return torch.ones(length, length, dtype=torch.bool).tril().triu(1 - width)


def parameters(d_model: int, d_ff: int) -> int:
    return 4 * d_model**2 + 9 * d_model + 2 * d_model * d_ff + d_ff


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("attention.predict", WEIGHTS),
        ("attention.predict", WEIGHTS.tolist()),
        ("attention.predict", tuple(WEIGHTS.tolist())),
        ("attention.predict", WEIGHTS.numpy()),
        ("attention.predict", WEIGHTS.half()),
        ("attention.predict", WEIGHTS.to(torch.bfloat16)),
        ("attention.predict", list(WEIGHTS)),
        ("attention.predict", [np.float32(x) for x in WEIGHTS.tolist()]),
        ("attention.predict", (x for x in WEIGHTS.tolist())),
        ("attention.scores", lambda q, k: scores(q, k).double()),
        ("attention.scores", lambda q, k: scores(q, k).numpy()),
        ("attention.scores", lambda q, k: scores(q, k).tolist()),
        ("attention.window", lambda n, w: window(n, w).numpy()),
        ("attention.window", lambda n, w: window(n, w).tolist()),
        ("bert.segments", torch.tensor([0, 0, 0, 0, 0, 1, 1, 1])),
        ("bert.segments", np.array([0, 0, 0, 0, 0, 1, 1, 1], dtype=np.int8)),
        ("fine-tuning.count", (198, 770)),
        ("history.accuracies", np.array([0.5, 0.25, 1.0])),
        ("history.accuracies", [1, 0.5, 0.25]),
        ("encoder.parameters", lambda d, h: torch.tensor(parameters(d, h))),
        ("encoder.parameters", lambda d, h: float(parameters(d, h))),
        ("translation.by-hand", torch.tensor([[1, 5, 8, 6], [5, 8, 6, 2]])),
    ],
)
def test_a_right_answer_of_another_kind_is_right(name: str, answer: object) -> None:
    feedback = evaluate(name, answer)
    assert feedback.verdict == "right", feedback.as_text()


def test_whole_numbers_are_compared_exactly() -> None:
    for more in (1, -1, 8):
        feedback = evaluate(
            "encoder.parameters", lambda d, h, m=more: parameters(d, h) + m
        )
        assert feedback.verdict == "not-yet"
