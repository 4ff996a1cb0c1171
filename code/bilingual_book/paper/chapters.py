"""A PDF per chapter, cut from that of the book: the same pages, nothing set again.

Its last pages are the solutions of its exercises, which the book gathers at its end.
All pages keep their numbers, by which the text names them. A link that stays in
the chapter leads where it led; one that leaves it leads to the same place on the site.
"""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from docutils.nodes import make_id
from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    TextStringObject,
)

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sphinx_build.builders import sphinx_folder

# What LaTeX notes of its labels: name, and where it leads in the PDF.
LABEL = re.compile(
    r"\\newlabel\{(.+?)\}\{\{.*\}\{([^{}]*)\}\{[^{}]*\}\}$", re.MULTILINE
)
FORMULA = "equation"  # begins the labels of formulas
PAGE = "::doc"  # how Sphinx labels the beginning of a page
SOLUTIONS = "::solutions"  # how preamble.tex labels that of a chapter's solutions


@dataclass(frozen=True)
class Extract:
    """The pages of a chapter, and those of its solutions."""

    slug: str
    own: range
    solutions: range = range(0)

    @cached_property
    def pages(self) -> list[int]:
        """All of them, numbered as in the book."""
        return [*self.own, *self.solutions]


class WholeBook:
    """The PDF of a language and what LaTeX knows of it.

    Args:
        project: the book.
        language: of the PDF.

    Raises:
        BookError: If the PDF has not been made.
    """

    def __init__(self, project: Project, language: str) -> None:
        self.project, self.language = project, language
        self.texts = project.languages[language]
        name: str = self.texts["pdf"]
        path = project.build / "pdf" / name
        arranged = name.replace(".pdf", "-arranged.aux")
        self.notes = sphinx_folder(project, language) / "latex" / arranged
        for needed in (path, self.notes):
            if not needed.exists():
                raise BookError("the PDF is missing", path=needed, fix="make pdf")
        self.reader = PdfReader(path)

    @cached_property
    def aux(self) -> str:
        """What LaTeX noted."""
        text = self.notes.read_text(encoding="utf-8", errors="replace")
        return text.replace("\\protect ", "")

    @cached_property
    def labels(self) -> dict[str, str]:
        """Where each label leads: the name of a place in the PDF."""
        return dict(LABEL.findall(self.aux))

    @cached_property
    def places(self) -> dict[str, tuple[int, Any]]:
        """Each named place: its page and how it is shown."""
        found = {}
        numbers = {
            page.indirect_reference.idnum: number
            for number, page in enumerate(self.reader.pages)
            if page.indirect_reference is not None
        }
        for name, place in self.reader.named_destinations.items():
            target = place.get("/Page")
            number = numbers.get(getattr(target, "idnum", -1))
            if number is not None:
                found[str(name)] = (number, place)
        return found

    @cached_property
    def extracts(self) -> list[Extract]:
        """The chapters, in the order of the book, without its introduction.

        Raises:
            BookError: If a page of the book is not found in the PDF.
        """
        openings = {self.places[name][0] for name in self.opening_names()}
        found = []
        for _, chapter in self.project.chapters_by_part:
            slug = chapter["file"]
            name = self.labels.get(slug + PAGE, "")
            if name not in self.places:
                raise BookError(
                    f"the chapter {slug} is not in the PDF", path=self.notes
                )
            own = self.until(self.places[name][0], openings)
            start = self.solutions.get(slug)
            if start is None:
                found.append(Extract(slug, own))
                continue
            others = openings | set(self.solutions.values())
            found.append(Extract(slug, own, self.until(start, others)))
        return found

    @cached_property
    def solutions(self) -> dict[str, int]:
        """The page on which the solutions of each chapter begin."""
        return {
            label.removesuffix(SOLUTIONS): self.places[name][0]
            for label, name in self.labels.items()
            if label.endswith(SOLUTIONS) and name in self.places
        }

    def until(self, first: int, starts: Iterable[int]) -> range:
        """The pages from one to the next that starts something."""
        later = [page for page in starts if page > first]
        return range(first, min(later, default=self.count))

    @property
    def count(self) -> int:
        """The number of pages."""
        return len(self.reader.pages)

    def opening_names(self) -> Iterator[str]:
        """Where parts, chapters, the solutions and the index begin."""
        for line in self.aux.splitlines():
            found = re.search(
                r"\\contentsline \{(?:part|chapter)\}.*\{([^{}]+)\}", line
            )
            if found:
                name = found[1]
                if name in self.places:
                    yield name

    @cached_property
    def addresses(self) -> dict[str, str]:
        """The address on the site of each named place that has a label."""
        base = f"{self.project.base_url}{self.language}/"
        found: dict[str, str] = {}
        # The label of a whole page comes first: its address has no anchor.
        whole_first = sorted(self.labels, key=lambda label: not label.endswith(PAGE))
        for label in whole_first:
            kind, _, rest = label.partition(":")
            is_formula = kind == FORMULA
            page, _, anchor = (rest if is_formula else label).partition(":")
            if page not in self.project.pages:
                continue
            anchor = make_id(f"{FORMULA}-{anchor}" if is_formula else anchor)
            ending = "" if label.endswith(PAGE) else f"#{anchor}"
            found.setdefault(self.labels[label], f"{base}{page}.html{ending}")
        return found

    def address(self, name: str, page: int) -> str:
        """Where a place of the PDF is on the site."""
        if name in self.addresses:
            return self.addresses[name]
        base = f"{self.project.base_url}{self.language}/"
        for extract in self.extracts:
            if page in extract.own:
                return f"{base}{extract.slug}.html"
        return f"{base}{self.project.toc['root']}.html"

    def folio(self, page: int) -> int:
        """The number printed on a page."""
        label = self.reader.page_labels[page]
        return int(label) if label.isdigit() else page + 1

    def title(self, slug: str) -> str:
        """What a chapter is called, with its number."""
        text = self.project.source(self.language, slug).read_text(encoding="utf-8")
        found = re.search(r"^# (.+)$", text, re.MULTILINE)
        name = found[1] if found else slug
        if slug in self.project.numbered:
            return f"{self.project.numbered.index(slug) + 1}. {name}"
        return name


def cut(book: WholeBook, extract: Extract) -> PdfWriter:
    """Take a chapter out."""
    writer = PdfWriter()
    writer.append(book.reader, pages=extract.pages, import_outline=False)
    for number, page in zip(extract.pages, writer.pages, strict=True):
        lead(book, extract, writer, book.reader.pages[number], page)
    outline(book, extract, writer)
    name = book.title(extract.slug)
    writer.add_metadata(
        {
            "/Title": f"{name} – {book.texts['title']}",
            "/Author": book.texts["paper"]["author"],
            "/Subject": book.texts["subtitle"],
            "/Keywords": book.texts["paper"]["keywords"],
        }
    )
    writer.root_object[NameObject("/Lang")] = TextStringObject(
        book.texts["paper"]["language"]
    )
    shown = writer.create_viewer_preferences()
    shown[NameObject("/DisplayDocTitle")] = BooleanObject(True)
    first = 0
    for part in filter(len, (extract.own, extract.solutions)):
        writer.set_page_label(
            first, first + len(part) - 1, style=PageLabelStyle.DECIMAL,
            start=book.folio(part.start),
        )  # fmt: skip
        first += len(part)
    writer.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    return writer


def lead(
    book: WholeBook,
    extract: Extract,
    writer: PdfWriter,
    source: PageObject,
    page: PageObject,
) -> None:
    """Mend the links of a page."""
    links = [
        link.get_object()
        for link in source.get("/Annots", ())
        if link.get_object().get("/Subtype") == "/Link"
    ]
    kept = ArrayObject()
    for link in links:
        copy = DictionaryObject(
            {
                NameObject(key): value
                for key, value in link.items()
                if key in {"/Type", "/Subtype", "/Rect", "/Border", "/C", "/H", "/F"}
            }
        )
        name = destination(link)
        if name is None:
            action = link.get("/A")
            if action is None:
                continue
            copy[NameObject("/A")] = action.get_object().clone(writer)
        elif name in book.places:
            number, place = book.places[name]
            if number in extract.pages:
                copy[NameObject("/Dest")] = spot(
                    writer.pages[extract.pages.index(number)], place
                )
            else:
                copy[NameObject("/A")] = away(book.address(name, number))
        else:
            continue
        kept.append(writer._add_object(copy))
    if kept:
        page[NameObject("/Annots")] = kept
    elif "/Annots" in page:
        del page["/Annots"]


def destination(link: DictionaryObject) -> str | None:
    """The name of the place that a link leads to; none if it leaves the book."""
    action = link.get("/A")
    place = link.get("/Dest")
    if action is not None and action.get_object().get("/S") == "/GoTo":
        place = action.get_object().get("/D")
    if place is None:
        return None
    value = place.get_object()
    return value.decode() if isinstance(value, bytes) else str(value)


def spot(page: PageObject, place: Any) -> ArrayObject:
    """A place on a page, as a link names it."""
    top = place.get("/Top")
    shown: list[Any] = [page.indirect_reference, NameObject("/XYZ")]
    left = place.get("/Left")
    for value in (left, top):
        shown.append(FloatObject(value) if value is not None else FloatObject(0))
    return ArrayObject([*shown, FloatObject(0)])


def away(address: str) -> DictionaryObject:
    """What a link to an address does."""
    return DictionaryObject(
        {
            NameObject("/S"): NameObject("/URI"),
            NameObject("/URI"): TextStringObject(address),
        }
    )


def outline(book: WholeBook, extract: Extract, writer: PdfWriter) -> None:
    """The bookmarks of the chapter: its title and its sections."""
    parents: dict[int, Any] = {}
    for depth, entry in entries(book.reader.outline):
        number = book.reader.get_destination_page_number(entry)
        if number is None or number not in extract.own:
            continue
        above = [parents[level] for level in sorted(parents) if level < depth]
        parents = {k: v for k, v in parents.items() if k < depth}
        parents[depth] = writer.add_outline_item(
            title=str(entry.title),
            page_number=extract.pages.index(number),
            parent=above[-1] if above else None,
        )
    if extract.solutions:
        title = book.texts["paper"]["solutions"]
        writer.add_outline_item(title=title, page_number=len(extract.own))


def entries(outline: Any, depth: int = 0) -> Iterator[tuple[int, Any]]:
    """The bookmarks of a PDF, with their depth."""
    for entry in outline:
        if isinstance(entry, list):
            yield from entries(entry, depth + 1)
        else:
            yield depth, entry


def cut_chapters(project: Project, languages: Iterable[str] = LANGUAGES) -> None:
    """Cut the books: `_build/pdf/chapters/<language>/<slug>.pdf`."""
    start = time.perf_counter()
    count = size = 0
    for language in languages:
        book = WholeBook(project, language)
        folder = project.build / "pdf" / "chapters" / language
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.pdf"):
            old.unlink()
        for extract in book.extracts:
            path = folder / f"{extract.slug}.pdf"
            writer = cut(book, extract)
            writer.write(path)
            writer.close()
            count, size = count + 1, size + path.stat().st_size
    seconds = time.perf_counter() - start
    print(f"{count} chapters cut ({size / 1e6:.1f} MB) in {seconds:.0f} s", flush=True)
