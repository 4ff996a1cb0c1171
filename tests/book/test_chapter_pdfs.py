"""Chapters cut from the PDF of the book: their pages, numbers, links and bookmarks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from book.small_books import write_book
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.constants import PageLabelStyle
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    TextStringObject,
)

from bilingual_book.errors import BookError
from bilingual_book.paper.chapters import WholeBook, cut_chapters
from bilingual_book.project import Project

# A cover, contents, "one" on pages 1 and 2 of the numbers, "two" on 3, the solutions of
# "one" on 4 and 5, those of "two" on 6, an index on 7.
COUNT, FIRST = 9, 2
PLACES = {
    **{"chapter*.1": 2, "section.1.1": 3, "equation.1.1": 3},
    **{"chapter*.2": 4, "chapter*.3": 5, "section*.4": 5, "section*.5": 7},
    **{"exercise.1": 3, "solution.1": 6, "section*.9": 8},
}
AUX = r"""
\newlabel{\detokenize{one::doc}}{{}{1}{One \protect \emph {x}}{chapter*.1}{}}
\newlabel{one:one-start}{{1.1}{2}{Start}{section.1.1}{}}
\newlabel{equation:one:eq-one}{{1.1}{2}{Start}{equation.1.1}{}}
\newlabel{two:two-title}{{}{3}{Two}{chapter*.2}{}}
\newlabel{two::doc}{{}{3}{Two}{chapter*.2}{}}
\newlabel{one::solutions}{{}{4}{One}{section*.4}{}}
\newlabel{two::solutions}{{}{6}{Two}{section*.5}{}}
\@writefile{toc}{\contentsline {chapter}{One}{1}{chapter*.1}\protected@file@percent }
\@writefile{toc}{\contentsline {section}{Start}{2}{section.1.1}\protected@file@percent }
\@writefile{toc}{\contentsline {chapter}{Two}{3}{chapter*.2}\protected@file@percent }
\@writefile{toc}{\contentsline {chapter}{Last}{4}{chapter*.3}\protected@file@percent }
\@writefile{toc}{\contentsline {chapter}{Index}{7}{section*.9}\protected@file@percent }
""".replace(r"\detokenize{one::doc}", "one::doc")
RECT = (10, 10, 60, 20)


def goto(name: str) -> DictionaryObject:
    """A link as hyperref writes it: to a name."""
    link = Link(rect=RECT, url="x")
    link[NameObject("/A")] = DictionaryObject(
        {
            NameObject("/S"): NameObject("/GoTo"),
            NameObject("/D"): TextStringObject(name),
        }
    )
    return link


@pytest.fixture
def book(tmp_path: Path) -> WholeBook:
    """The PDF of a small book and what LaTeX noted."""
    project: Project = write_book(tmp_path)
    writer = PdfWriter()
    for _ in range(COUNT):
        writer.add_blank_page(width=595, height=842)
    for name, page in PLACES.items():
        place = [
            writer.pages[page].indirect_reference, NameObject("/XYZ"),
            FloatObject(72), FloatObject(700), FloatObject(0),
        ]  # fmt: skip
        writer.add_named_destination_array(TextStringObject(name), ArrayObject(place))
    for name in ("section.1.1", "chapter*.2"):
        writer.add_annotation(FIRST, goto(name))
    writer.add_annotation(FIRST, Link(rect=RECT, url="https://x.y/"))
    for name in ("section.1.1", "equation.1.1"):
        writer.add_annotation(4, goto(name))
    writer.add_annotation(3, goto("solution.1"))
    writer.add_annotation(6, goto("exercise.1"))
    top = writer.add_outline_item(title="One", page_number=2)
    writer.add_outline_item(title="Start", page_number=3, parent=top)
    writer.add_outline_item(title="Two", page_number=4)
    writer.set_page_label(0, 1, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(2, COUNT - 1, style=PageLabelStyle.DECIMAL, start=1)
    name = project.languages["en"]["pdf"]
    for folder in ("pdf", "sphinx/en/latex"):
        (project.build / folder).mkdir(parents=True)
    writer.write(project.build / "pdf" / name)
    notes = project.build / "sphinx/en/latex" / name.replace(".pdf", "-arranged.aux")
    notes.write_text(AUX, encoding="utf-8")
    return WholeBook(project, "en")


@pytest.fixture
def chapters(book: WholeBook) -> Callable[[str], PdfReader]:
    """Return a function: the chapter's PDF, as it was written."""
    cut_chapters(book.project, ["en"])
    folder = book.project.build / "pdf" / "chapters" / "en"
    return lambda slug: PdfReader(folder / f"{slug}.pdf")


def links(reader: PdfReader, page: int) -> list[Any]:
    found = [link.get_object() for link in reader.pages[page].get("/Annots", ())]
    return [
        link["/A"]["/URI"] if "/A" in link
        else reader.get_page_number(link["/Dest"][0].get_object())
        for link in found
    ]  # fmt: skip


def test_a_chapter_ends_where_the_next_begins(book: WholeBook) -> None:
    assert [(x.slug, x.own) for x in book.extracts] == [
        ("one", range(2, 4)),
        ("two", range(4, 5)),
    ]


def test_a_chapter_takes_its_solutions_along(
    book: WholeBook, chapters: Callable[[str], PdfReader]
) -> None:
    assert [x.pages for x in book.extracts] == [[2, 3, 5, 6], [4, 7]]
    one = chapters("one")
    assert one.page_labels == ["1", "2", "4", "5"]
    assert links(one, 1) == [3]  # from the exercise to its solution, and back
    assert links(one, 3) == [1]
    assert one.outline[-1].title == book.texts["paper"]["solutions"]
    assert one.get_destination_page_number(one.outline[-1]) == 2


def test_links_stay_in_the_chapter_or_lead_to_the_site(
    book: WholeBook, chapters: Callable[[str], PdfReader]
) -> None:
    site = f"{book.project.base_url}en/"
    one = chapters("one")
    assert links(one, 0) == [1, f"{site}two.html", "https://x.y/"]
    two = chapters("two")
    assert links(two, 0) == [
        f"{site}one.html#one-start",
        f"{site}one.html#equation-eq-one",
    ]


def test_pages_keep_their_numbers_and_chapters_their_names(
    book: WholeBook, chapters: Callable[[str], PdfReader]
) -> None:
    texts = book.project.languages["en"]
    two = chapters("two")
    assert two.page_labels == ["3", "6"]
    assert two.metadata is not None
    assert two.metadata.title == f"two – {texts['title']}"
    assert two.metadata.author == texts["paper"]["author"]
    assert two.trailer["/Root"]["/Lang"] == texts["paper"]["language"]
    one = chapters("one")
    assert len(one.outline) == 3  # the chapter, in a list what is below it, solutions
    assert one.outline[0].title == "One"
    assert one.outline[1][0].title == "Start"


def test_a_chapter_that_is_missing_is_told(book: WholeBook) -> None:
    text = book.notes.read_text(encoding="utf-8")
    book.notes.write_text(text.replace("two::doc", "three::doc"), encoding="utf-8")
    with pytest.raises(BookError, match="the chapter two is not in the PDF"):
        _ = book.extracts
