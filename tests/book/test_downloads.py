"""What is taken away: where it lies, what is listed, and what the zip leaves out."""

import re
import zipfile
from pathlib import Path

import pytest

from bilingual_book.computed.decks import decks
from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.web.archive import build_zip
from bilingual_book.web.assemble import MADE_LINK, write_list
from bilingual_book.web.downloads import copy_files

MADE = (
    "epub/transformers-explained.epub",
    "pdf/chapters/en/one.pdf",
    "printed/en/pages/one.pdf",
    "printed/en/handouts/one.pdf",
    "printed/en/handouts/route-1h.pdf",
)
OFFERED = (
    "downloads/transformers-explained.epub",
    "downloads/en/one.pdf",
    "downloads/en/one-accessible.pdf",
    "downloads/en/one-handout.pdf",
    "downloads/en/route-1h-handout.pdf",
)


@pytest.fixture
def site(book: Project) -> Path:
    """A site beside whose pages all files have been made."""
    for name in MADE:
        path = book.build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 160_000)
    book.site.mkdir(parents=True)
    copy_files(book, book.site)
    for language in LANGUAGES:
        write_list(book, language, book.site)
    return book.site


def test_what_was_made_is_offered_and_listed(site: Path) -> None:
    assert all((site / name).is_file() for name in OFFERED)
    page = (site / "en" / "downloads.html").read_text(encoding="utf-8")
    links = set(re.findall(r'href="\.\./(downloads/[^"]+)"', page))
    assert links == set(OFFERED)
    assert page.count("0.2 MB") >= len(OFFERED)


def test_a_language_without_files_has_no_list(site: Path) -> None:
    assert not (site / "fr" / "downloads.html").exists()


def test_the_zip_leads_to_the_site_for_what_it_leaves_out(
    book: Project, site: Path
) -> None:
    pdf = book.languages["en"]["pdf"]
    (site / pdf).write_bytes(b"x")
    (site / "en" / "one.html").write_text(
        f'<a href="../downloads/en/one.pdf">1</a> <a href="../{pdf}">2</a> '
        '<a href="../fr/one.html">3</a>',
        encoding="utf-8",
    )
    with zipfile.ZipFile(build_zip(book)) as archive:
        names = archive.namelist()
        page = next(name for name in names if name.endswith("en/one.html"))
        text = archive.read(page).decode()
    assert not any(name.endswith((".pdf", ".epub")) for name in names)
    assert re.findall('href="([^"]+)"', text) == [
        f"{book.base_url}downloads/en/one.pdf",
        f"{book.base_url}{pdf}",
        "../fr/one.html",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_teacher_finds_the_slides_of_a_route(book: Project, language: str) -> None:
    made = decks(book, language, "1h")
    assert [link for link, _ in MADE_LINK.findall(made)] == [
        "slides/route-1h.html",
        f"../downloads/{language}/route-1h-handout.pdf",
    ]
    addresses = re.findall(r"\\url\{(.+?)\}", made)
    assert addresses == [
        f"{book.base_url}{language}/slides/route-1h.html",
        f"{book.base_url}downloads/{language}/route-1h-handout.pdf",
    ]


def test_a_route_that_is_not_there_is_told(book: Project) -> None:
    with pytest.raises(BookError, match="there is no route"):
        decks(book, "en", "9h")
