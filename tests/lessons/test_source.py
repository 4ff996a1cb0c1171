"""The package's own source, shown in a page."""

import ast
import json

import pytest

from transformers_explained import labels, show_source
from transformers_explained.exercises import Attempt
from transformers_explained.labels import format_number
from transformers_explained.source import source_text


def test_source_is_the_file_s_own_under_a_header() -> None:
    header, _, body = source_text(format_number).partition("\n")
    assert header == "# transformers_explained/labels.py"
    assert body.startswith("def format_number(")
    with open(labels.__file__, encoding="utf-8") as file:
        assert body in file.read()


@pytest.mark.parametrize("obj", [format_number, Attempt, labels])
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
