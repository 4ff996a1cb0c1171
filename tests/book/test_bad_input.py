"""A mistake stops the build with one clear message; the last good site stays."""

from pathlib import Path

import pytest

from bilingual_book.checks.runs import check_outputs
from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.execute import run_pages
from bilingual_book.runs.outputs import run_cells
from bilingual_book.slides.decks import in_words
from bilingual_book.web.build import build_book

PICTURE = """\
```{code-cell} python
from IPython.display import SVG, display

display(SVG("<svg xmlns='http://www.w3.org/2000/svg'/>"))
```
"""


@pytest.fixture
def good_site(tmp_path: Path) -> Path:
    """The site of an earlier build."""
    page = tmp_path / "_build" / "site" / "fr" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("good", encoding="utf-8")
    return page


@pytest.fixture(autouse=True)
def _no_execution_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EXECUTIONS", str(tmp_path / "executions"))


def add(book: Project, text: str, slug: str = "one") -> None:
    """Add a text to a page in both languages."""
    for language in LANGUAGES:
        path = book.source(language, slug)
        before = path.read_text(encoding="utf-8")
        path.write_text(f"{before}\n{text}\n", encoding="utf-8")


def failure(book: Project, good_site: Path) -> str:
    """The message that stops a build; the site is as it was."""
    with pytest.raises(BookError) as caught:
        build_book(book)
    assert good_site.read_text(encoding="utf-8") == "good"
    assert not list(book.build.glob("*.new"))
    return str(caught.value)


IN_SOURCES = {
    "an unknown reference": (
        "{ref}`nowhere`",
        "unknown label in {ref}`nowhere`",
        "a label or a page",
    ),
    "an unknown page": ("{doc}`nowhere`", "unknown label in {doc}`nowhere`", "a page"),
    "an unknown formula": ("{eq}`eq-no`", "unknown label in {eq}`eq-no`", "a label"),
    "an unknown figure": ("{numref}`fig-no`", "unknown label in {numref}", "a label"),
    "an unknown term": ("{term}`nothing`", "unknown term 'nothing'", "the glossary"),
    "an unknown citation": (
        "{cite:t}`nobody1900nothing`",
        "unknown citation 'nobody1900nothing'",
        "references.bib",
    ),
    "a link that leads nowhere": ("[a](nowhere.md)", "'nowhere.md' leads nowhere", ""),
    "a picture without a text": ("![](dot.png)", "no alternative text", "a text"),
    "a figure without a text": (
        ":::{figure} dot.png\n:name: fig-dot\nDot.\n:::",
        "no alternative text",
        "what the picture shows",
    ),
    "a table without a caption": (
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "this table has no caption, or no name",
        "`:::{table} A caption` around it",
    ),
    "a table without a name": (
        ":::{table} Two numbers.\n| a | b |\n|---|---|\n| 1 | 2 |\n:::",
        "this table has no caption, or no name",
        "`:name: tab-…`",
    ),
    "a figure cell without a text": (
        "```{code-cell} python\n---\nmystnb:\n  figure:\n    name: fig-a\n---\nx\n```",
        "no alternative text",
        "what the picture shows",
    ),
    "an unknown text": (
        '```{code-cell} python\nlabel("one.nothing")\n```',
        "unknown label id 'one.nothing'",
        "texts.toml",
    ),
    "an unknown check": (
        '```{code-cell} python\ncheck("one.nothing", 1)\n```',
        "unknown check id 'one.nothing'",
        "checks.py",
    ),
    "a number of another page": (
        '```{code-cell} python\nreport("two.mean", 1)\n```',
        "unknown report id 'two.mean'",
        '"one."',
    ),
    "options that are not YAML": (
        "```{code-cell} python\n---\na: b: c\n---\nx = 1\n```",
        "the options of {code-cell}",
        "YAML",
    ),
}


@pytest.mark.parametrize("name", IN_SOURCES)
def test_a_mistake_in_a_page(book: Project, good_site: Path, name: str) -> None:
    text, what, expected = IN_SOURCES[name]
    add(book, text)
    message = failure(book, good_site)
    lines = book.source("fr", "one").read_text(encoding="utf-8").splitlines()
    first = len(lines) - len(text.splitlines()) + 1
    places = [f"fr/one.md:{line}: " for line in range(first, len(lines) + 1)]
    assert any(place in message for place in places), message
    assert what in message
    assert expected in message
    assert "expected:" in message
    assert "to do:" in message


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_in_one_tree_only(book: Project, good_site: Path, language: str) -> None:
    book.source(language, "two").unlink()
    message = failure(book, good_site)
    assert f"{language}/two.md: the page is missing in this language" in message
    assert "expected: every page" in message


def test_a_file_in_one_tree_that_no_contents_name(
    book: Project, good_site: Path
) -> None:
    book.source("fr", "three").write_text("# Trois\n", encoding="utf-8")
    message = failure(book, good_site)
    assert "en/three.md: the page is missing in this language" in message


def test_a_page_that_no_contents_name(book: Project, good_site: Path) -> None:
    for language in LANGUAGES:
        book.source(language, "three").write_text("# 3\n", encoding="utf-8")
    message = failure(book, good_site)
    assert "fr/three.md: the page is not in the table of contents" in message


def test_cells_that_differ(book: Project, good_site: Path) -> None:
    path = book.source("en", "one")
    before = path.read_text(encoding="utf-8")
    path.write_text(
        before.replace("file=trace", "file=trace, flush=True"), encoding="utf-8"
    )
    message = failure(book, good_site)
    assert "the two languages differ" in message
    assert "fr/one.md:" in message
    assert "en/one.md:" in message
    assert "flush=True" in message


def test_a_page_in_the_wrong_language(book: Project, good_site: Path) -> None:
    path = book.source("en", "one")
    before = path.read_text(encoding="utf-8")
    path.write_text(
        before.replace('use_language("en")', 'use_language("fr")'), encoding="utf-8"
    )
    message = failure(book, good_site)
    assert 'expected: use_language("en") in the first cell' in message


def test_a_text_without_a_language(book: Project, good_site: Path) -> None:
    path = book.package / "chapters" / "one" / "texts.toml"
    path.write_text('[axis]\nfr = "axe"\n', encoding="utf-8")
    message = failure(book, good_site)
    assert "texts.toml:1: the text [axis] has no en" in message


def test_a_cell_that_raises(executed_book: Project, good_site: Path) -> None:
    book = executed_book
    outputs = set((book.cache / "outputs").iterdir())
    add(book, '```{code-cell} python\nx = 1\nraise ValueError("boom")\n```')
    message = failure(book, good_site)
    lines = book.source("fr", "one").read_text(encoding="utf-8").splitlines()
    line = lines.index('raise ValueError("boom")') - 1  # of the cell
    assert f"one.md:{line}: this cell failed: ValueError: boom" in message
    assert "\x1b" not in message, "colours are for a terminal"
    assert "expected: every cell runs" in message
    kept = set((book.cache / "outputs").iterdir())
    assert kept == outputs, "a failed run must not be taken for a good one"


def test_a_picture_that_no_text_tells_of(
    executed_book: Project, good_site: Path
) -> None:
    """Only the run shows it: nothing in the cell says that it draws."""
    add(executed_book, PICTURE)
    message = failure(executed_book, good_site)
    assert "fr/one.md:" in message
    assert "this cell shows a picture without alternative text" in message


def test_a_warning_in_a_page(executed_book: Project, good_site: Path) -> None:
    """It would show the folders of the machine that built the site."""
    add(
        executed_book,
        '```{code-cell} python\nimport warnings\nwarnings.warn("old habit")\n```',
    )
    message = failure(executed_book, good_site)
    assert "fr/one.md:" in message
    assert "this cell writes to the error stream" in message
    assert "old habit" in message


ANSWERED = """\
```{{code-cell}} python
from IPython.display import display

exercise = {{"name": "one.sum", "verdict": "{verdict}"}}
display({{"text/plain": ""}}, raw=True, metadata={{"exercise": exercise}})
```
"""


@pytest.mark.parametrize(
    ("verdicts", "wrong"),
    [
        (["your-turn", "not-yet"], "one.sum refuses the solution: not-yet"),
        (["right", "right"], "one.sum accepts what the reader starts from"),
        (["right"], "one.sum is checked once"),
    ],
)
def test_a_check_that_says_wrong(
    executed_book: Project, good_site: Path, verdicts: list[str], wrong: str
) -> None:
    for verdict in verdicts:
        add(executed_book, ANSWERED.format(verdict=verdict))
    message = failure(executed_book, good_site)
    assert "fr/one.md:" in message
    assert wrong in message


def test_a_check_that_says_right(executed_book: Project) -> None:
    for verdict in ("your-turn", "not-yet", "right"):
        add(executed_book, ANSWERED.format(verdict=verdict))
    run_pages(executed_book, executed_book.notebooks)
    check_outputs(executed_book)


def test_a_number_that_no_cell_reports(executed_book: Project, good_site: Path) -> None:
    add(executed_book, "It is {glue:text}`one.mean`.")
    message = failure(executed_book, good_site)
    assert "no cell reports 'one.mean'" in message


def test_outputs_older_than_the_page(executed_book: Project) -> None:
    assert len(run_cells(executed_book, "fr", "one")) == 1
    add(executed_book, "```{code-cell} python\nx = 1\n```")
    with pytest.raises(BookError, match="has changed since it was executed"):
        run_cells(executed_book, "fr", "one")


def test_pages_that_never_ran(book: Project) -> None:
    with pytest.raises(BookError, match="the executed page is missing"):
        check_outputs(book)


def test_a_new_release_of_the_slides_that_says_something_else() -> None:
    """Its window for the speaker would be half in English."""
    script = "label = '<b>Upcoming</b>', 'Upcoming slides'"
    assert in_words("<b>Upcoming", {"Upcoming": "Ensuite"}) == "<b>Ensuite"
    with pytest.raises(BookError, match="'Upcoming' 2 times"):
        in_words(script, {"Upcoming": "Ensuite"})
    with pytest.raises(BookError, match="'Layout' 0 times"):
        in_words(script, {"Layout": "Disposition"})
