"""Self-checks: tell the reader what is right, and what is not right yet.

A check lives in ``exercise_checks/<slug>.py``. It tries the reader's answer and states
what it expects; the first expectation that fails ends it::

    @register("attention.scaled-scores")
    def scaled_scores(attempt: Attempt) -> None:
        query, key = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])
        scores = attempt.call(query=query, key=key)
        attempt.expect_close(scores, query @ key.T / 2**0.5)

The label ``<slug>.hint-<key>`` (here ``attention.hint-scaled-scores``) holds the one
hint that follows an answer that is not right. Feedback names the inputs on which the
answer was tried, and never prints a solution: for a function, it shows the value that
was expected on these inputs; for a number or a tensor that *is* the answer, it does
not show the value expected.
"""

from __future__ import annotations

import copy
import html
import importlib
import importlib.util
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from transformers_explained.labels import label
from transformers_explained.outputs import show

Verdict = Literal["right", "not-yet", "your-turn"]

_NAME = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_CHECKS: dict[str, Callable[[Attempt], None]] = {}
_SHOWN_ELEMENTS = 60


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What the reader is told about an answer.

    Attributes:
        verdict: ``"right"``, ``"not-yet"`` or ``"your-turn"`` (nothing written yet).
        title: the verdict in words.
        lines: what was found and what was expected, one sentence each.
        details: values to compare, as (caption, text on one or several lines).
        hint: one hint, or an empty string.
    """

    verdict: Verdict
    title: str
    lines: tuple[str, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    hint: str = ""

    def as_text(self) -> str:
        """Return the feedback as plain text."""
        blocks = [" ".join((self.title, *self.lines))]
        blocks += [f"{caption}\n{text}" for caption, text in self.details]
        if self.hint:
            blocks.append(f"{label('common.check-hint')} {self.hint}")
        return "\n".join(blocks)

    def as_markdown(self) -> str:
        """Return the feedback as Markdown."""
        lines = " ".join(_escape(line) for line in self.lines)
        blocks = [f"**{_escape(self.title)}** {lines}".rstrip()]
        blocks += [
            f"{_escape(caption)}\n\n```text\n{text}\n```"
            for caption, text in self.details
        ]
        if self.hint:
            hint = _escape(self.hint)
            blocks.append(f"**{_escape(label('common.check-hint'))}** {hint}")
        return "\n\n".join(blocks)


class Attempt:
    """The reader's answer, and what a check may ask of it."""

    def __init__(self, answer: object) -> None:
        self._answer = answer
        self._inputs: dict[str, object] = {}

    def call(self, **inputs: Any) -> Any:
        """Call the reader's function on named inputs and return what it returns.

        The inputs are passed in order, as copies: the reader may rename parameters,
        and a function that changes its inputs does not spoil the comparison.
        """
        if not callable(self._answer):
            raise _NotYetError(
                label("common.check-not-a-function", got=_kind(self._answer))
            )
        self._inputs = inputs
        arguments = [_copy(value) for value in inputs.values()]
        try:
            result = self._answer(*arguments)
        except Exception as error:  # anything may go wrong in the reader's code
            message = " ".join(str(error).split())
            name = type(error).__name__
            text = f"{name}: {message}" if message else name
            raise _NotYetError(
                label("common.check-raised"), details=[self._tried(), ("", text)]
            ) from error
        if _is_starter(result):
            raise _YourTurnError
        return result

    def value(self) -> Any:
        """Return the answer itself, when it is a value rather than a function."""
        return self._answer

    def expect_type(self, got: object, wanted: type) -> None:
        """Expect a type."""
        if not isinstance(got, wanted):
            raise _NotYetError(
                label("common.check-type", wanted=_type_name(wanted), got=_kind(got)),
                details=[self._tried()],
            )

    def expect_shape(self, got: object, wanted: Sequence[int]) -> None:
        """Expect a tensor, or an array, of a shape."""
        if not isinstance(got, Tensor | np.ndarray):
            self.expect_type(got, Tensor)
        elif tuple(got.shape) != tuple(wanted):
            raise _NotYetError(
                label(
                    "common.check-shape",
                    wanted=_shape(wanted),
                    got=_shape(got.shape),
                ),
                details=[self._tried()],
            )

    def expect_dtype(self, got: Tensor, wanted: torch.dtype) -> None:
        """Expect a tensor's element type."""
        self.expect_type(got, Tensor)
        if got.dtype != wanted:
            raise _NotYetError(
                label("common.check-dtype", wanted=str(wanted), got=str(got.dtype)),
                details=[self._tried()],
            )

    def expect_close(
        self, got: object, wanted: Any, *, tolerance: float = 1e-5
    ) -> None:
        """Expect a number, tensor or array: shape first, then values.

        Args:
            got: what the reader's code gave.
            wanted: what it should give; its type says which type is expected.
            tolerance: largest difference allowed, relative to the largest value
                expected (absolute when that is below 1).
        """
        if isinstance(wanted, Tensor | np.ndarray):
            self.expect_shape(got, wanted.shape)
        elif isinstance(got, bool) or not _is_number(got):
            raise _NotYetError(
                label("common.check-number", got=_kind(got)), details=[self._tried()]
            )
        found, target = _as_array(got), _as_array(wanted)
        allowed = tolerance * max(1.0, float(np.abs(target).max(initial=0.0)))
        if not np.allclose(found, target, rtol=0.0, atol=allowed, equal_nan=False):
            self._differ(got, wanted)

    def expect_equal(self, got: object, wanted: object) -> None:
        """Expect exactly a value: text, integers, a list, a boolean mask."""
        if isinstance(wanted, Tensor | np.ndarray):
            self.expect_shape(got, wanted.shape)
            same = np.array_equal(_as_array(got), _as_array(wanted))
        else:
            self.expect_type(got, type(wanted))
            same = bool(got == wanted)
        if not same:
            self._differ(got, wanted)

    def require(self, condition: bool, identifier: str, **values: object) -> None:
        """Expect a condition; the label says what was expected, without solving."""
        if not condition:
            raise _NotYetError(label(identifier, **values), details=[self._tried()])

    def _differ(self, got: object, wanted: object) -> None:
        if not self._inputs:
            raise _NotYetError(label("common.check-value-hidden"))
        raise _NotYetError(
            label("common.check-value"),
            details=[
                self._tried(),
                (label("common.check-expected"), _show(wanted)),
                (label("common.check-got"), _show(got)),
            ],
        )

    def _tried(self) -> tuple[str, str]:
        if not self._inputs:
            return ("", "")
        shown = "\n".join(f"{name} = {_show(v)}" for name, v in self._inputs.items())
        return (label("common.check-tried"), shown)


Check = Callable[[Attempt], None]


def register(name: str) -> Callable[[Check], Check]:
    """Register a check under ``"<slug>.<key>"``.

    Raises:
        ValueError: if the name is malformed or taken by another function.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f'name must be "<slug>.<key>"; got {name!r}')

    def keep(function: Check) -> Check:
        known = _CHECKS.get(name)
        if known is not None and known.__qualname__ != function.__qualname__:
            raise ValueError(f"check {name!r} is already registered")
        _CHECKS[name] = function
        return function

    return keep


def check(name: str, answer: object) -> None:
    """Try an answer and tell the reader, in their language, how it went.

    Args:
        name: the exercise, ``"<slug>.<key>"``.
        answer: the function that the reader wrote, or a value.

    Raises:
        ValueError: if there is no such check.
    """
    feedback = evaluate(name, answer)
    show(
        {"text/markdown": feedback.as_markdown(), "text/plain": feedback.as_text()},
        metadata={"exercise": {"name": name, "verdict": feedback.verdict}},
    )


def evaluate(name: str, answer: object) -> Feedback:
    """Try an answer and return the feedback that :func:`check` shows."""
    function = _find(name)
    if _is_starter(answer):
        return _your_turn()
    try:
        function(Attempt(answer))
    except _YourTurnError:
        return _your_turn()
    except _NotYetError as found:
        return Feedback(
            verdict="not-yet",
            title=label("common.check-not-yet"),
            lines=(found.line,),
            details=tuple(detail for detail in found.details if detail[1]),
            hint=label(name.replace(".", ".hint-")),
        )
    return Feedback(verdict="right", title=label("common.check-right"))


class _NotYetError(Exception):
    """An expectation failed."""

    def __init__(self, line: str, *, details: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(line)
        self.line = line
        self.details = details


class _YourTurnError(Exception):
    """The starter is still as it was given."""


def _your_turn() -> Feedback:
    return Feedback(
        verdict="your-turn",
        title=label("common.check-your-turn"),
        lines=(label("common.check-replace-dots"),),
    )


def _find(name: str) -> Check:
    if not _NAME.fullmatch(name):
        raise ValueError(f'name must be "<slug>.<key>"; got {name!r}')
    slug = name.split(".")[0]
    module = f"{__package__}.exercise_checks.{slug.replace('-', '_')}"
    if importlib.util.find_spec(module) is not None:
        importlib.import_module(module)
    if name not in _CHECKS:
        known = sorted(other for other in _CHECKS if other.startswith(f"{slug}."))
        raise ValueError(
            f"no check is registered as {name!r}; this chapter has "
            f"{', '.join(known) or 'none'}"
        )
    return _CHECKS[name]


def _is_starter(value: object) -> bool:
    """Tell whether a value is ``...``, or holds it."""
    if isinstance(value, tuple | list):
        return any(_is_starter(item) for item in value)
    return value is ...


def _copy(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    return copy.deepcopy(value)


def _is_number(value: object) -> bool:
    if isinstance(value, Tensor | np.ndarray):
        return value.ndim == 0
    return isinstance(value, int | float | np.number)


def _as_array(value: Any) -> np.ndarray[Any, np.dtype[Any]]:
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        if value.dtype == torch.bfloat16:
            value = value.float()
        value = value.numpy()
    return np.asarray(value)


def _kind(value: object) -> str:
    return "None" if value is None else _type_name(type(value))


def _type_name(kind: type) -> str:
    return "torch.Tensor" if issubclass(kind, Tensor) else kind.__name__


def _shape(shape: Sequence[int]) -> str:
    return str(tuple(int(size) for size in shape))


def _show(value: object) -> str:
    """Write a value for comparison, shortened when it is long."""
    if isinstance(value, Tensor | np.ndarray):
        array = _as_array(value)
        if array.size > _SHOWN_ELEMENTS:
            return label("common.check-tensor-of-shape", shape=_shape(array.shape))
        return np.array2string(array, precision=4, suppress_small=True, separator=", ")
    if isinstance(value, float):
        return f"{value:.6g}"
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:399]}…"


def _escape(text: str) -> str:
    """Keep a text from being read as Markdown or HTML; `code` stays code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # an unpaired backquote is a plain character
        parts = [text.replace("`", r"\`")]
    for i in range(0, len(parts), 2):
        escaped = html.escape(parts[i], quote=False)
        parts[i] = re.sub(r"([\\*_\[\]$#])", r"\\\1", escaped)
    return "`".join(parts)
