"""Show the package's own source in a page, so that it is never pasted."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from transformers_explained.lesson.display import show


def show_source(
    obj: type | Callable[..., Any] | ModuleType,
    *,
    only: Sequence[str] = (),
    docstring: bool = True,
) -> None:
    """Show the source of a function, a class or a module of this package.

    The first line is a comment that says where it comes from, for example
    `# transformers_explained/attention.py`.

    Args:
        obj: what to show.
        only: of a class or a module, the names of the methods, functions or classes to
            show; `# …` stands where others are left out. Everything by default.
        docstring: False leaves the docstrings out.

    Raises:
        TypeError: if `obj` is not a function, class or module.
        ValueError: if it comes from elsewhere than this package, or `only` names what
            it does not define.
    """
    text = source_text(obj, only=only, docstring=docstring)
    show({"text/markdown": f"```python\n{text}\n```", "text/plain": text})


def source_text(
    obj: type | Callable[..., Any] | ModuleType,
    *,
    only: Sequence[str] = (),
    docstring: bool = True,
) -> str:
    """Return what `show_source` shows, as text."""
    target = inspect.unwrap(obj) if callable(obj) else obj
    if not (inspect.isroutine(target) or inspect.isclass(target)) and not isinstance(
        target, ModuleType
    ):
        raise TypeError(
            f"obj must be a function, a class or a module; got {type(obj).__name__}"
        )
    name = target.__name__ if isinstance(target, ModuleType) else target.__module__
    package = __name__.split(".")[0]
    if name.split(".")[0] != package:
        raise ValueError(f"obj must come from {package}; got one from {name}")
    text = textwrap.dedent(inspect.getsource(target)).rstrip()
    if only:
        text = _only(text, only)
    if not docstring:
        text = _without_docstrings(text)
    return f"# {name.replace('.', '/')}.py\n{text}"


def _only(text: str, names: Sequence[str]) -> str:
    """Keep the first line of a class and some of its parts, or some of a module's."""
    tree: ast.Module | ast.ClassDef = ast.parse(text)
    lines = text.splitlines()
    kept: list[str] = []
    first = tree.body[0]
    if len(tree.body) == 1 and isinstance(first, ast.ClassDef):
        tree = first
        kept = lines[: _start(tree.body[0])]
    parts = {
        getattr(node, "name", ""): node for node in tree.body if hasattr(node, "name")
    }
    unknown = [name for name in names if name not in parts]
    if unknown:
        raise ValueError(f"only must name {', '.join(parts)}; got {unknown}")
    margin = " " * 4 if tree is first else ""
    for shown, nodes in itertools.groupby(
        tree.body, key=lambda node: getattr(node, "name", "") in names
    ):
        for node in nodes if shown else ():
            kept += [*lines[_start(node) : node.end_lineno], ""]
        if not shown:
            kept += [f"{margin}# …", ""]
    return "\n".join(kept).rstrip()


def _start(node: ast.stmt) -> int:
    """Return the line, from 0, where a statement begins with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    return min(int(part.lineno) for part in [node, *decorators]) - 1


def _without_docstrings(text: str) -> str:
    """Cut the docstrings out by line; comments and layout stay as written."""
    lines = text.splitlines()
    cut: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ):
            continue
        first = node.body[0] if node.body else None
        if len(node.body) < 2 or ast.get_docstring(node) is None or first is None:
            continue  # a body that is only its docstring needs it to be valid
        end = first.end_lineno or first.lineno
        # The blank line that set the docstring apart goes with it.
        if end < len(lines) and not lines[end].strip():
            end += 1
        cut.update(range(first.lineno - 1, end))
    return "\n".join(line for i, line in enumerate(lines) if i not in cut).strip("\n")
