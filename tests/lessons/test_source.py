"""The package's own source, shown in a page."""

import ast
import json

import pytest

from transformers_explained import show_source
from transformers_explained.lesson import number_format
from transformers_explained.lesson.check import Attempt
from transformers_explained.lesson.number_format import format_number
from transformers_explained.lesson.show_source import source_text


def test_source_is_the_file_s_own_under_a_header() -> None:
    header, _, body = source_text(format_number).partition("\n")
    assert header == "# transformers_explained/lesson/number_format.py"
    assert body.startswith("def format_number(")
    with open(number_format.__file__, encoding="utf-8") as file:
        assert body in file.read()


@pytest.mark.parametrize("obj", [format_number, Attempt, number_format])
def test_docstrings_and_only_they_can_be_left_out(obj: object) -> None:
    whole = source_text(obj)  # type: ignore[arg-type]
    bare = source_text(obj, docstring=False)  # type: ignore[arg-type]
    assert '"""' in whole
    assert '"""' not in bare
    assert [line for line in bare.splitlines() if line] == [
        line for line in whole.splitlines() if line in set(bare.splitlines()) and line
    ]

    def code(text: str) -> str:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and _is_text(body[0]):
                del body[0]
        return ast.dump(tree)

    assert code(whole) == code(bare)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_a_method_is_shown_without_its_indentation() -> None:
    assert source_text(Attempt.call).splitlines()[1].startswith("def call(")


def test_what_is_not_ours_or_has_no_source_is_refused() -> None:
    with pytest.raises(ValueError, match="must come from transformers_explained; got"):
        show_source(json.dumps)
    with pytest.raises(TypeError, match="function, a class or a module; got int"):
        show_source(3)  # type: ignore[arg-type]


def test_a_terminal_shows_the_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    show_source(format_number)
    assert capsys.readouterr().out == source_text(format_number) + "\n"


def test_parts_of_a_class_are_shown_under_its_first_line() -> None:
    shown = source_text(Attempt, only=["call"])
    header, first, *rest = shown.splitlines()
    assert header == "# transformers_explained/lesson/check.py"
    whole = source_text(Attempt).splitlines()
    assert first == whole[1]
    assert "    # …" in rest
    code = [line for line in rest if line.strip() not in {"", "# …"}]
    assert [line for line in whole if line in code][: len(code)]
    names = [node.name for node in ast.walk(ast.parse(shown)) if _is_function(node)]
    assert names == ["call"]


def test_parts_of_a_module_are_shown_in_its_order() -> None:
    shown = source_text(number_format, only=["format_number"], docstring=False)
    assert "# …" in shown.splitlines()
    names = [n.name for n in ast.parse(shown).body if _is_function(n)]
    assert names == ["format_number"]


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef)


def test_a_part_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"only must name .*; got \['nothing'\]"):
        source_text(Attempt, only=["nothing"])
