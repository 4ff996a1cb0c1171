"""A new chapter runs, passes the checks of pages, and shows every convention."""

import shutil
from pathlib import Path

import pytest

from bilingual_book.authoring.new_chapter import new_chapter, with_chapter
from bilingual_book.checks.claims import check_register
from bilingual_book.checks.names import check_sources
from bilingual_book.checks.parity import check_parity
from bilingual_book.checks.runs import check_outputs
from bilingual_book.checks.shape import check_shape
from bilingual_book.errors import BookError
from bilingual_book.language.texts import own_texts
from bilingual_book.language.typography import faults
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.execute import run_pages

ROOT = Path(__file__).parents[2]
TITLES = {"fr": "La moyenne pondérée", "en": "The average with weights"}
SHOWN = (
    ":class: goals",
    ":class: predict",
    ":class: answer dropdown",
    ":class: key-point",
    ":class: common-mistake",
    ":tags: [evidence]",
    "{further-start}",
    "{further-end}",
    "{quiz}",
    "- [=]",
    "- [!]",
    "- [x]",
    "% slide:",
    "% on-slide",
    "% note:",
    ":code: ",
    ":test: ",
    "{glue:text}",
    "{numref}",
    "{exercise}",
    "{solution-start}",
    'check("three-loaves.plain"',
    "{cite:t}",
    "| $x$ |",
)


@pytest.fixture
def chapter(book: Project) -> Project:
    """A book with a new chapter, `three-loaves`."""
    works = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    (book.book / "references.bib").write_text(works, encoding="utf-8")
    new_chapter(book, "three-loaves", TITLES)
    return Project(book.root)


def test_its_files_and_its_line(book: Project) -> None:
    toc = (book.root / "_toc.yml").read_text(encoding="utf-8")
    written = new_chapter(book, "three-loaves", TITLES, after="one")
    folder = "code/transformers_explained/chapters/three_loaves"
    assert [path.relative_to(book.root).as_posix() for path in written] == [
        "book/fr/three-loaves.md",
        "book/en/three-loaves.md",
        *(f"{folder}/{n}" for n in ("__init__.py", "figures.py", "checks.py")),
        f"{folder}/texts.toml",
        "book/claims/three-loaves.yml",
        "_toc.yml",
    ]
    assert all(
        "@" not in path.read_text("utf-8").replace("@register", "") for path in written
    )
    assert Project(book.root).pages == ["intro", "one", "three-loaves", "two"]
    line = "      - file: three-loaves\n"
    assert (book.root / "_toc.yml").read_text("utf-8").replace(line, "") == toc


def test_comments_of_the_table_of_contents_stay() -> None:
    toc = "# all\nchapters:\n  - file: one # first\n  - file: one-two\n"
    new = "# all\nchapters:\n  - file: one # first\n  - file: new\n  - file: one-two\n"
    assert with_chapter(toc, "new", "one") == new


@pytest.mark.parametrize("slug", ["Long", "long_loaves", "-a", "a--b", "é", "a b", ""])
def test_a_bad_slug(book: Project, slug: str) -> None:
    with pytest.raises(BookError, match="cannot name a chapter"):
        new_chapter(book, slug, {})


def test_nothing_is_overwritten(book: Project) -> None:
    before = book.source("en", "one").read_text(encoding="utf-8")
    book.source("fr", "one").unlink()
    with pytest.raises(BookError, match="the file is there already"):
        new_chapter(book, "one", {})
    assert book.source("en", "one").read_text(encoding="utf-8") == before
    assert not book.source("fr", "one").exists()


def test_behind_a_page_that_is_not_there(book: Project) -> None:
    with pytest.raises(BookError, match="the page 'three' is not in the book"):
        new_chapter(book, "new", {}, after="three")


def test_it_passes_the_checks_of_pages(chapter: Project) -> None:
    slug = "three-loaves"
    check_parity(chapter, [slug])
    check_sources(chapter, [slug])
    check_shape(chapter, [slug])
    with pytest.raises(BookError) as caught:
        check_register(chapter)
    assert slug not in str(caught.value)
    for language in LANGUAGES:
        for text in own_texts(chapter, language, slug):
            if not text.in_code:
                assert faults(text.sentence.text, language) == [], str(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_shows_every_convention(chapter: Project, language: str) -> None:
    text = chapter.source(language, "three-loaves").read_text(encoding="utf-8")
    assert [shown for shown in SHOWN if shown not in text] == []
    assert text.count("{quiz}") == 5
    assert f"# {TITLES[language]}" in text


def test_it_runs(chapter: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the package around its folder."""
    package = ROOT / "code" / "transformers_explained"
    ignored = shutil.ignore_patterns("__pycache__", "*.jsonl", "chapters")
    shutil.copytree(package, chapter.package, dirs_exist_ok=True, ignore=ignored)
    shutil.copy(package / "chapters" / "__init__.py", chapter.package / "chapters")
    monkeypatch.setenv("PYTHONPATH", str(chapter.root / "code"))
    run_pages(Project(chapter.root), ["three-loaves"])
    check_outputs(chapter, ["three-loaves"])
