"""Self-checks: tell the reader what is right, and what is not right yet.

A check lives in `chapters/<slug>/checks.py`. It tries the reader's answer and states
what it expects; the first expectation that fails ends it:

    @register("attention.scaled-scores")
    def scaled_scores(attempt: Attempt) -> None:
        query, key = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])
        scores = attempt.call(query=query, key=key)
        attempt.expect_close(scores, query @ key.T / 2**0.5)

The label `<slug>.hint-<key>` (here `attention.hint-scaled-scores`) holds the one
hint that follows an answer that is not right. Feedback names the inputs on which the
answer was tried, and never prints a solution: for a function, it shows the value that
was expected on these inputs; for a number or a tensor that *is* the answer, it does
not show the value expected.
"""

from __future__ import annotations

import copy
import html
import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from transformers_explained.lesson.display import show
from transformers_explained.lesson.labels import label

Verdict = Literal["right", "not-yet", "your-turn"]

_NAME = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_CHECKS: dict[str, Callable[[Attempt], None]] = {}
_SHOWN_ELEMENTS = 60
_MOST = 1_000_000  # elements that are taken from a generator, which may have no end
_DEPTH = 32  # lists in one another; a list may hold itself
_LIKE: dict[type, tuple[type, ...]] = {
    list: (list, tuple, np.ndarray, Tensor),
    tuple: (tuple, list),
    float: (float, int, np.floating, np.integer),
}

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What the reader is told about an answer.

    Attributes:
        verdict: "right", "not-yet" or "your-turn" (nothing written yet).
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
            f"{_escape(caption)}\n\n{_fence(text)}text\n{text}\n{_fence(text)}"
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
            result = _listed(self._answer(*arguments))
        except KeyboardInterrupt:  # the reader does not want to wait
            raise
        except BaseException as error:  # anything may go wrong, `exit()` too
            raise _NotYetError(
                label("common.check-raised"),
                details=[self._tried(), ("", _message(error))],
            ) from error
        if _is_starter(result):
            raise _YourTurnError
        return result

    def value(self) -> Any:
        """Return the answer itself, when it is a value rather than a function: a
        tensor, an array or a tuple of numbers as a list of Python's numbers."""
        return _plain(self._answer)

    def expect_type(self, got: object, wanted: type) -> None:
        """Expect a type. A list may come as a tuple, an array or a tensor, a tuple as a
        list, a float as any real number."""
        if not isinstance(got, _LIKE.get(wanted, wanted)) or (
            wanted is float and isinstance(got, bool)
        ):
            raise _NotYetError(
                label("common.check-type", wanted=_type_name(wanted), got=_kind(got)),
                details=[self._tried()],
            )

    def expect_shape(self, got: object, wanted: Sequence[int]) -> None:
        """Expect a tensor of a shape; lists and arrays of numbers are as good."""
        self._array(got, wanted)

    def tensor(self, got: object, shape: Sequence[int]) -> Tensor:
        """Expect a shape, and return the numbers as a tensor of float64."""
        return torch.from_numpy(self._array(got, shape).astype(np.float64))

    def _array(self, got: object, shape: Sequence[int]) -> Array:
        found = _as_array(got)
        if found is None:
            raise _NotYetError(
                label("common.check-type", wanted="torch.Tensor", got=_kind(got)),
                details=[self._tried()],
            )
        if found.shape != tuple(shape):
            wanted = _shape(shape)
            raise _NotYetError(
                label("common.check-shape", wanted=wanted, got=_shape(found.shape)),
                details=[self._tried()],
            )
        return found

    def expect_dtype(self, got: Tensor, wanted: torch.dtype) -> None:
        """Expect a tensor's element type; of a list or an array, its like."""
        found = got if isinstance(got, Tensor) else _as_tensor(got)
        if found is None:
            self.expect_type(got, Tensor)
        elif found.dtype != wanted:
            raise _NotYetError(
                label("common.check-dtype", wanted=str(wanted), got=str(found.dtype)),
                details=[self._tried()],
            )

    def expect_close(
        self, got: object, wanted: Any, *, tolerance: float = 1e-5
    ) -> None:
        """Expect a number, tensor or array: shape first, then values. Where whole
        numbers are wanted, they must be equal.

        Args:
            got: what the reader's code gave.
            wanted: what it should give; its type says which type is expected.
            tolerance: largest difference allowed, relative to the largest value
                expected (absolute when that is below 1).
        """
        found, target = _as_array(got), _as_array(wanted)
        assert target is not None  # the check's own number
        if isinstance(wanted, Tensor | np.ndarray) and target.ndim:
            found = self._array(got, target.shape)
        elif isinstance(got, bool) or found is None or found.ndim:
            raise _NotYetError(
                label("common.check-number", got=_kind(got)), details=[self._tried()]
            )
        if target.dtype.kind in "iub" or isinstance(wanted, int):
            same = bool(np.all(found == target))
        else:
            allowed = tolerance * max(1.0, float(np.abs(target).max(initial=0.0)))
            with np.errstate(all="ignore"):
                difference = np.abs(found.astype(np.float64) - target)
                same = bool(np.all(difference <= allowed))  # not of NaN
        if not same:
            self._differ(got, wanted)

    def expect_equal(self, got: object, wanted: object) -> None:
        """Expect exactly a value: text, integers, a list, a boolean mask."""
        if isinstance(wanted, Tensor | np.ndarray):
            target = _as_array(wanted)
            assert target is not None  # the check's own
            same = bool(np.all(self._array(got, target.shape) == target))
        else:
            self.expect_type(got, type(wanted))
            same = bool(_plain(got) == _plain(wanted))
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
    """Register a check under `"<slug>.<key>"`.

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
        name: the exercise, `"<slug>.<key>"`.
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
    """Try an answer and return the feedback that `check` shows."""
    function = _find(name)
    try:
        answer = _listed(answer)
        if _is_starter(answer):
            return _your_turn()
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
    except (Exception, SystemExit):  # an answer such as no check foresees
        return Feedback(
            verdict="not-yet",
            title=label("common.check-not-yet"),
            lines=(label("common.check-odd", got=_kind(answer)),),
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
    chapter = slug.replace("-", "_")
    chapters = files("transformers_explained") / "chapters"
    if (chapters / chapter / "checks.py").is_file():
        importlib.import_module(f"transformers_explained.chapters.{chapter}.checks")
    if name not in _CHECKS:
        known = sorted(other for other in _CHECKS if other.startswith(f"{slug}."))
        raise ValueError(
            f"no check is registered as {name!r}; this chapter has "
            f"{', '.join(known) or 'none'}"
        )
    return _CHECKS[name]


def _is_starter(value: object, depth: int = 0) -> bool:
    """Tell whether a value is `...`, or holds it."""
    if isinstance(value, tuple | list) and depth < _DEPTH:
        return any(_is_starter(item, depth + 1) for item in value)
    return value is ...


def _copy(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    return copy.deepcopy(value)


def _listed(value: Any) -> Any:
    """A generator, or what is like it, as a list of a million elements at most."""
    return list(islice(value, _MOST)) if isinstance(value, Iterator) else value


def _plain(value: Any, depth: int = 0) -> Any:
    """Tensors, arrays and tuples as lists of Python's numbers; the rest as it is."""
    if isinstance(value, Tensor | np.ndarray | np.generic):
        array = _as_array(value)
        return value if array is None else array.tolist()
    if isinstance(value, tuple | list | range) and depth < _DEPTH:
        return [_plain(item, depth + 1) for item in value]
    return value


def _as_array(value: Any) -> Array | None:
    """Real numbers as an array, from whatever holds them; None if they are none."""
    if isinstance(value, str | bytes | dict | set | frozenset | type):
        return None
    try:
        if isinstance(value, Tensor):
            value = value.detach().to_dense().resolve_conj().cpu()
            if value.dtype.is_floating_point and value.dtype != torch.float64:
                value = value.float()  # NumPy knows fewer types
            array = value.numpy()
        else:
            array = np.asarray(_plain(value))
    except Exception:  # ragged, on no device, of no known type
        return None
    return array if array.dtype.kind in "iufb" else None


def _as_tensor(value: Any) -> Tensor | None:
    array = _as_array(value)
    return None if array is None else torch.from_numpy(np.array(array))


def _message(error: BaseException) -> str:
    """An error's type and what it says, if it can say it."""
    name = type(error).__name__
    try:
        message = " ".join(str(error).split())
    except Exception:  # its own text fails
        message = ""
    return f"{name}: {message}" if message else name


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
        if array is None:
            return _kind(value)
        if array.size > _SHOWN_ELEMENTS:
            return label("common.check-tensor-of-shape", shape=_shape(array.shape))
        return np.array2string(array, precision=4, suppress_small=True, separator=", ")
    if isinstance(value, float):
        return f"{value:.6g}"
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    try:
        text = repr(value)
    except Exception:  # a class of the reader's, not finished yet
        text = _kind(value)
    return text if len(text) <= 400 else f"{text[:399]}…"


def _fence(text: str) -> str:
    """Backquotes enough to enclose a text, whatever stands in it."""
    return "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)


def _escape(text: str) -> str:
    """Keep a text from being read as Markdown or HTML; `code` stays code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # an unpaired backquote is a plain character
        parts = [text.replace("`", r"\`")]
    for i in range(0, len(parts), 2):
        escaped = html.escape(parts[i], quote=False)
        parts[i] = re.sub(r"([\\*_\[\]$#])", r"\\\1", escaped)
    return "`".join(parts)
