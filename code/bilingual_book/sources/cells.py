"""What a cell of code is for, which decides what of it is seen at first.

A *lesson* is shown whole. *Evidence* (tag `evidence`) proves what the page says. A
*drawing* only calls for a figure and a *source* only shows code of the package: their
result is what counts. Long *imports* are there to be copied, not to be read.
"""

import ast
from collections.abc import Iterable
from enum import StrEnum

from bilingual_book.sources.code_trees import called_name, parse_code

# Calls that show something and teach nothing by themselves.
SHOWS_SOURCE = frozenset({"show_engine", "show_source"})
DRAWS = frozenset(
    f"explore_{what}"
    for what in ("attention", "descent", "teller", "tokens", "translator")
)
FIGURES = "figures"  # the module of a chapter's own figures
# Calls that only prepare the ground.
SETS_UP = frozenset({"use_language", "set_num_threads"})
LONGEST_IMPORTS = 3  # lines, blank ones left out; more are folded


class Kind(StrEnum):
    """What a cell is for."""

    LESSON = "lesson"
    EVIDENCE = "evidence"
    DRAWING = "drawing"
    SOURCE = "source"
    IMPORTS = "imports"


def cell_kind(source: str, tags: Iterable[str] = ()) -> Kind:
    """What a cell is for: its tags say, or its statements."""
    tagged = {Kind.EVIDENCE, Kind.DRAWING} & set(tags)
    if tagged:
        return Kind(min(tagged, key=lambda kind: kind != Kind.EVIDENCE))
    try:
        statements = parse_code(source).body
    except SyntaxError:  # the check of the code tells it better
        return Kind.LESSON
    shown = [s for s in statements if not is_set_up(s)]
    if shown:
        kinds = {shown_kind(statement) for statement in shown}
        return kinds.pop() if len(kinds) == 1 else Kind.LESSON
    lines = sum(1 for line in source.splitlines() if line.strip())
    return Kind.IMPORTS if statements and lines > LONGEST_IMPORTS else Kind.LESSON


def is_set_up(statement: ast.stmt) -> bool:
    """Whether a statement only prepares: an import, the language, the threads."""
    if isinstance(statement, ast.Expr):
        return called_name(statement.value) in SETS_UP
    return isinstance(statement, ast.Import | ast.ImportFrom)


def shown_kind(statement: ast.stmt) -> Kind:
    """What one statement shows, if it does nothing else."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return Kind.LESSON
    name, module = called_name(call), ""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        module = call.func.value.id
    if name in SHOWS_SOURCE:
        return Kind.SOURCE
    return Kind.DRAWING if module == FIGURES or name in DRAWS else Kind.LESSON


def count_checks(source: str) -> int:
    """How many checks a cell holds: `assert` statements and calls of `report`.

    They are counted as they are written: one in a loop counts once.
    """
    return sum(
        isinstance(node, ast.Assert) or called_name(node) == "report"
        for node in ast.walk(parse_code(source))
    )
