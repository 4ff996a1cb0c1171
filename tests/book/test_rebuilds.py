"""A rebuild does the least: executions are counted by the traces that they leave."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bilingual_book.build import run_sphinx
from bilingual_book.execute import Run, run_pages
from bilingual_book.project import Project

ALL = {("one", "fr"), ("one", "en"), ("two", "fr"), ("two", "en")}

Edit = Callable[[Path, str, str], None]


class Traces:
    """The executions since the last question."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def new(self) -> Counter[tuple[str, ...]]:
        if not self.path.exists():
            return Counter()
        text = self.path.read_text(encoding="utf-8")
        self.path.unlink()
        return Counter(tuple(line.split()) for line in text.splitlines())


@pytest.fixture
def book(executed_book: Project) -> Project:
    """A book of which every page has been executed once."""
    return executed_book


@pytest.fixture
def traces(book: Project) -> Traces:
    """What the executions leave."""
    return Traces(book.root / "executions")


def rerun(book: Project) -> list[Run]:
    return run_pages(Project(book.root), book.notebooks)  # nothing remembered


def test_nothing_changed(book: Project, traces: Traces) -> None:
    assert not any(run.executed for run in rerun(book))
    assert not traces.new()


def test_prose_and_captions_changed(book: Project, traces: Traces, edit: Edit) -> None:
    edit(book.source("fr", "one"), "Prose.", "Une autre prose.")
    old = "```{code-cell} python\nimport os"
    tagged = "```{code-cell} python\n:tags: [hide-input]\nimport os"
    edit(book.source("en", "two"), old, tagged)
    assert not any(run.executed for run in rerun(book))
    assert not traces.new()


def test_sphinx_writes_new_prose_and_executes_nothing(
    book: Project, traces: Traces, edit: Edit
) -> None:
    """It takes the outputs from the cache, after a first run and after a change."""
    run_sphinx(book, "html")
    assert not traces.new()
    edit(book.source("fr", "one"), "Prose.", "Une autre prose.")
    old = "```{code-cell} python\nimport os"
    tagged = "```{code-cell} python\n:tags: [hide-input]\nimport os"
    edit(book.source("en", "two"), old, tagged)
    rerun(book)
    run_sphinx(book, "html")
    assert not traces.new()
    page = book.build / "sphinx" / "fr" / "html" / "one.html"
    assert "Une autre prose." in page.read_text(encoding="utf-8")


def test_a_cell_changed(book: Project, traces: Traces, edit: Edit) -> None:
    edit(book.source("fr", "two"), "import os\n", "import os\n\nx = 1\n")
    changed = [(r.slug, r.language) for r in rerun(book) if r.executed]
    assert changed == [("two", "fr")]
    assert traces.new() == Counter([("two", "fr")])


def test_the_package_changed(book: Project, traces: Traces, edit: Edit) -> None:
    edit(book.package / "attention.py", "x = 1", "x = 2")
    assert all(run.executed for run in rerun(book))
    assert traces.new() == Counter(ALL)


def test_the_lock_changed(book: Project, traces: Traces, edit: Edit) -> None:
    """The key of the whole cache changes."""
    before = book.cache
    edit(book.root / "requirements.txt", "a==1", "a==2")
    assert Project(book.root).cache != before
    assert all(run.executed for run in rerun(book))
    assert traces.new() == Counter(ALL)


def test_a_changed_text_of_the_package_counts(book: Project, traces: Traces) -> None:
    """Labels are in the figures, though they are no Python."""
    path = book.package / "label_texts" / "one.toml"
    path.write_text('[a]\nfr = "un"\nen = "one"\n', encoding="utf-8")
    runs = run_pages(Project(book.root), ["one"], ["fr"])
    assert [run.executed for run in runs] == [True]
    assert traces.new() == Counter([("one", "fr")])


def test_going_back_executes_nothing(book: Project, traces: Traces, edit: Edit) -> None:
    path = book.source("fr", "two")
    edit(path, "import os\n", "import os\n\nx = 1\n")
    rerun(book)
    traces.new()
    edit(path, "import os\n\nx = 1\n", "import os\n")
    assert not any(run.executed for run in rerun(book))
    assert not traces.new()
