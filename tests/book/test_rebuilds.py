"""A rebuild does the least: executions are counted by the traces that they leave."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bilingual_book.checks.copy_code import copy_code
from bilingual_book.checks.parity import check_parity
from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.execute import Run, is_known, run_pages
from bilingual_book.sphinx_build.builders import run_sphinx, sphinx_folder
from bilingual_book.web.build import build_book, build_page

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


def test_shared_code_changed(book: Project, traces: Traces, edit: Edit) -> None:
    edit(book.package / "attention.py", "x = 1", "x = 2")
    assert all(run.executed for run in rerun(book))
    assert traces.new() == Counter(ALL)


def test_a_chapters_own_code_changed(book: Project, traces: Traces, edit: Edit) -> None:
    edit(book.own_code("one") / "figures.py", "x = 1", "x = 2")
    rerun(book)
    assert traces.new() == Counter({("one", "fr"), ("one", "en")})
    edit(book.own_code("one") / "figures.py", "x = 2", "x = 1")
    rerun(book)
    assert not traces.new()


def unknown(book: Project) -> set[tuple[str, str]]:
    """The pages that would be executed: (slug, language)."""
    now = Project(book.root)  # nothing remembered
    return {
        (slug, language)
        for slug in now.notebooks
        for language in LANGUAGES
        if not is_known(now, language, slug)
    }


ONE = {("one", "fr"), ("one", "en")}
DEPENDS = {
    "book/fr/one.md": set(),  # prose
    "requirements.txt": ALL,
    "code/transformers_explained/attention.py": ALL,
    "code/transformers_explained/lesson/report.py": ALL,
    "code/transformers_explained/lesson/texts/check.toml": ALL,
    "code/transformers_explained/data/tales.txt": ALL,
    "code/transformers_explained/chapters/__init__.py": ALL,
    "code/transformers_explained/chapters/one/figures.py": ONE,
    "code/transformers_explained/chapters/one/checks.py": ONE,
    "code/transformers_explained/chapters/one/texts.toml": ONE,
    "code/transformers_explained/chapters/one/data/seeds.json": ONE,
    "code/transformers_explained/chapters/three_four/figures.py": set(),
    "code/bilingual_book/project.py": set(),
}


@pytest.mark.parametrize("name", DEPENDS)
def test_what_a_page_depends_on(book: Project, name: str) -> None:
    path = book.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    assert not unknown(book)
    with path.open("a", encoding="utf-8") as file:
        file.write("# more\n")
    assert unknown(book) == DEPENDS[name]


FIGURE = """
```{code-cell} python
figures.new()
```
"""


def test_a_tool_of_the_finished_book_is_no_part_of_a_run(book: Project) -> None:
    """Cutting a PDF in another way gives no other number."""
    lock = book.root / "requirements.txt"
    with lock.open("a", encoding="utf-8") as file:
        file.write("pypdf==1\n")
    assert not unknown(book)
    with lock.open("a", encoding="utf-8") as file:
        file.write("torch==1\n")
    assert unknown(book) == ALL


def test_a_new_figure_touches_four_files(book: Project, edit: Edit) -> None:
    """Its function, its words, and a cell that is written once; two pages run again."""
    before = {p: p.read_bytes() for p in book.root.rglob("*") if p.is_file()}
    own = book.own_code("one")
    edit(own / "figures.py", "x = 1", "x = 1\n\n\ndef new():\n    return x")
    (own / "texts.toml").write_text('[a]\nfr = "un"\nen = "one"\n', encoding="utf-8")
    with book.source("fr", "one").open("a", encoding="utf-8") as page:
        page.write(FIGURE)
    assert copy_code(book, "one", "fr", "en") == []
    check_parity(book, ["one"])
    files = [p for p in book.root.rglob("*") if p.is_file()]
    touched = [p for p in files if before.get(p) != p.read_bytes()]
    assert len(touched) == 4, touched
    assert unknown(book) == ONE


def test_hyphens_become_underscores(book: Project) -> None:
    assert book.own_code("three-four").name == "three_four"


def test_old_outputs_go(book: Project) -> None:
    outputs = book.cache / "outputs"
    kept = set(outputs.iterdir())
    recent, old = outputs / "recent.ipynb", outputs / "old.ipynb"
    recent.touch()
    old.touch()
    os.utime(old, (0, 0))
    for path in kept:
        os.utime(path, (0, 0))
    rerun(book)
    assert set(outputs.iterdir()) == {*kept, recent}


SAYS = """
```{code-cell} python
with open(os.environ["EXECUTIONS"] + ".says") as file:
    print(file.read())
```
"""


def test_sphinx_shows_what_was_executed_again(book: Project, edit: Edit) -> None:
    """The sources are the same: only what the cells print is another."""
    says = book.root / "executions.says"
    says.write_text("before", encoding="utf-8")
    for language in LANGUAGES:
        with book.source(language, "one").open("a", encoding="utf-8") as page:
            page.write(SAYS)
    rerun(book)
    run_sphinx(book, "html")
    says.write_text("after", encoding="utf-8")
    edit(book.own_code("one") / "checks.py", "x = 1", "x = 2")
    rerun(book)
    run_sphinx(book, "html")
    for language in LANGUAGES:
        pages = sphinx_folder(book, language) / "html"
        text = (pages / "one.html").read_text(encoding="utf-8")
        assert "after" in text
        assert "before" not in text


def test_going_back_executes_nothing(book: Project, traces: Traces, edit: Edit) -> None:
    path = book.source("fr", "two")
    edit(path, "import os\n", "import os\n\nx = 1\n")
    rerun(book)
    traces.new()
    edit(path, "import os\n\nx = 1\n", "import os\n")
    assert not any(run.executed for run in rerun(book))
    assert not traces.new()


def test_one_page_alone(book: Project, traces: Traces, edit: Edit) -> None:
    """The others stay as last built, though they and shared code have changed."""
    with pytest.raises(BookError, match="has not been built yet"):
        build_page(Project(book.root), "one")
    build_book(book)
    assert not traces.new()
    edit(book.package / "attention.py", "x = 1", "x = 2")
    for slug in ("one", "two"):
        edit(book.source("fr", slug), "Prose.", "Une autre prose.")
        edit(book.source("fr", slug), "import os\n", "import os\n\nx = 1\n")
        edit(book.source("en", slug), "import os\n", "import os\n\nx = 1\n")
    build_page(Project(book.root), "one")
    assert traces.new() == Counter(ONE)
    shown = {
        slug: (book.site / "fr" / f"{slug}.html").read_text(encoding="utf-8")
        for slug in ("one", "two")
    }
    assert "Une autre prose." in shown["one"]
    assert "Une autre prose." not in shown["two"]
    build_book(Project(book.root))
    assert traces.new() == Counter({("two", "fr"), ("two", "en")})
    text = (book.site / "fr" / "two.html").read_text(encoding="utf-8")
    assert "Une autre prose." in text


def test_a_page_that_is_not_there(book: Project) -> None:
    with pytest.raises(BookError, match="the page 'three' is not in the book"):
        build_page(book, "three")
    with pytest.raises(BookError, match="the page 'intro' holds no code"):
        book.known(["one", "intro"], code=True)
    assert book.known(["one", "two"]) == ["one", "two"]
