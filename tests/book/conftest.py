"""What the tests of the machinery share: small books, executed or not."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from book.small_books import write_book

from bilingual_book.project import Project
from bilingual_book.runs.execute import run_pages


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """The small book."""
    return write_book(tmp_path)


@pytest.fixture(scope="session")
def executed_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small book after one execution, which left each page's trace once."""
    root = tmp_path_factory.mktemp("executed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTIONS", str(root / "executions"))
        book = write_book(root)
        runs = run_pages(book, book.notebooks)
    assert all(run.executed for run in runs)
    traces = (root / "executions").read_text(encoding="utf-8").splitlines()
    assert sorted(traces) == ["one en", "one fr", "two en", "two fr"]
    return root


@pytest.fixture
def executed_book(
    executed_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A copy of the executed book; new executions leave their traces here."""
    shutil.copytree(executed_template, tmp_path, dirs_exist_ok=True)
    (tmp_path / "executions").unlink()
    monkeypatch.setenv("EXECUTIONS", str(tmp_path / "executions"))
    return Project(tmp_path)


Edit = Callable[[Path, str, str], None]


@pytest.fixture
def edit() -> Edit:
    """Replace a text in a file; it must be there, once."""

    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    return replace
