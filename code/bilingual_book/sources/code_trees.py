"""Compare code as syntax trees, up to comments and text strings."""

import ast
from dataclasses import dataclass
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

# The first argument of these is an identifier, not a text: it must be equal.
IDENTIFIED = frozenset({"label", "report", "check", "register"})


@dataclass(frozen=True)
class CodeDifference:
    """Where two pieces of code first differ: lines from 0, and what stands there."""

    lines: tuple[int, int]
    shown: tuple[str, str]


def parse_code(source: str) -> ast.Module:
    """The tree of a cell; lines that start with % or ! are allowed.

    Raises:
        SyntaxError: If the code is not Python.
    """
    if any(line.lstrip().startswith(("%", "!")) for line in source.splitlines()):
        manager = TransformerManager()  # type: ignore[no-untyped-call]
        source = manager.transform_cell(source)
    return ast.parse(source)


def called_name(node: ast.AST) -> str:
    """The last name of what a call calls, else an empty string."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


class _Blank(ast.NodeTransformer):
    """Empties the texts and keeps the identifiers."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        kept = node.args[0] if called_name(node) in IDENTIFIED and node.args else None
        if not isinstance(kept, ast.Constant | ast.JoinedStr):
            kept = None
        self.generic_visit(node)
        if kept is not None:
            node.args[0] = kept
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            return ast.copy_location(ast.Constant(""), node)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        parts = [p for p in node.values if isinstance(p, ast.FormattedValue)]
        for part in parts:
            part.value = self.visit(part.value)
        return ast.copy_location(ast.JoinedStr(list(parts)), node)


def blank(source: str) -> ast.Module:
    """The tree of a piece of code with its texts emptied."""
    tree = parse_code(source)
    blanked: ast.Module = ast.fix_missing_locations(_Blank().visit(tree))
    return blanked


def code_key(source: str) -> str:
    """Equal for two pieces of code that differ in comments and texts only."""
    return ast.dump(blank(source))


def first_difference(one: str, other: str) -> CodeDifference | None:
    """Where two pieces of code first differ, or None."""
    found = _compare(blank(one), blank(other), (None, None))
    if found is None:
        return None
    nodes = found
    lines = tuple(getattr(node, "lineno", 1) - 1 for node in nodes)
    shown = tuple(
        _line(source, line, node)
        for source, line, node in zip((one, other), lines, nodes, strict=True)
    )
    return CodeDifference((lines[0], lines[1]), (shown[0], shown[1]))


def _line(source: str, line: int, node: Any) -> str:
    if node is None:
        return "(nothing)"
    lines = source.splitlines()
    return lines[line].strip() if line < len(lines) else "(the end)"


def _compare(one: Any, other: Any, near: tuple[Any, Any]) -> tuple[Any, Any] | None:
    """The innermost pair of nodes with a line that holds the first difference."""
    if isinstance(one, ast.AST) and isinstance(other, ast.AST):
        if hasattr(one, "lineno") and hasattr(other, "lineno"):
            near = (one, other)
        if type(one) is not type(other):
            return near
        for name in one._fields:
            found = _compare(getattr(one, name, None), getattr(other, name, None), near)
            if found:
                return found
        return None
    if isinstance(one, list) and isinstance(other, list):
        for left, right in zip(one, other, strict=False):
            found = _compare(left, right, near)
            if found:
                return found
        if len(one) != len(other):
            count = min(len(one), len(other))
            left = one[count] if len(one) > count else None
            right = other[count] if len(other) > count else None
            if isinstance(left or right, ast.AST) and hasattr(left or right, "lineno"):
                return (left, right)
            return near
        return None
    same = type(one) is type(other) and one == other
    return None if same else near
