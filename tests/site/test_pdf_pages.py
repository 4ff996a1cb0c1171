"""The two PDFs, measured as they are: what they say of themselves, and every page."""

import os
import re
import subprocess
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from bs4 import BeautifulSoup

from bilingual_book.project import LANGUAGES, Project
from bilingual_book.quotes import typeset
from bilingual_book.sources.terms import Finder, read_terms
from bilingual_book.sphinx_ext.term_index import bare, entry_of

# Its dear fixtures are made once.
pytestmark = pytest.mark.xdist_group("paper")

LARGEST = 15e6  # bytes
# The block of the text on an A4 page, in points, with its running head and its folio;
# the picture of the cover alone goes to the edges.
LEFT, RIGHT, TOP, BOTTOM = 82.2, 513.1, 50.0, 792.0
BODY = 768.0  # above the folio
HEAD = 65.0  # below the running head
SLACK = 5.0  # the shade of code is so much wider than the text; poppler rounds
DOTS = 36  # per inch, of the pages looked at as pictures
INK = "#0a2338"  # of the headings, as the PDF holds it
SHEET = 2  # the cover and its back
Tool = Callable[[tuple[str, ...], str], str]


@dataclass
class Line:
    """A piece of text on a page; sizes and places in points."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    colour: str


@dataclass
class Page:
    """What stands on a page."""

    lines: list[Line] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it, ligatures and spaces made plain."""
        return plain(" ".join(line.text for line in self.lines))

    @property
    def body(self) -> list[Line]:
        """The text between the running head and the folio, from top to bottom."""
        inside = [x for x in self.lines if TOP < x.bottom < BODY and x.text.strip()]
        return sorted(inside, key=lambda line: (line.top, line.left))


@dataclass(frozen=True)
class Document:
    """One PDF, read with poppler's tools."""

    path: Path
    language: str

    def tool(self, name: str, *options: str) -> str:
        """What a tool prints about the file."""
        command = [name, *options, str(self.path)]
        if name != "pdfinfo" and name != "pdffonts":
            command.append("-")
        run = subprocess.run(command, capture_output=True, check=True)
        return run.stdout.decode()

    @cached_property
    def info(self) -> dict[str, str]:
        """Title, author, number of pages…"""
        lines = self.tool("pdfinfo").splitlines()
        pairs = (line.partition(":") for line in lines)
        return {name.strip(): value.strip() for name, _, value in pairs}

    @cached_property
    def xml(self) -> ElementTree.Element:
        """Every piece of text with its place and typeface, and the bookmarks."""
        command = ["pdftohtml", "-xml", "-i", "-stdout", "-zoom", "1", str(self.path)]
        text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        # Notes on links stand between the pages; a stray control sign in an address.
        text = re.sub(r"^(?: link to page \d+ )+", "", text, flags=re.MULTILINE)
        text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)
        return ElementTree.fromstring(text)

    @cached_property
    def pages(self) -> list[Page]:
        """The pages, the cover being the first."""
        faces: dict[str, tuple[float, str]] = {}
        pages = []
        for element in self.xml.iter("page"):
            for face in element.iter("fontspec"):
                faces[face.attrib["id"]] = (
                    float(face.attrib["size"]), face.attrib["color"].lower()
                )  # fmt: skip
            page = Page()
            for text in element.iter("text"):
                left, top, width, height = (
                    float(text.attrib[name])
                    for name in ("left", "top", "width", "height")
                )
                size, colour = faces[text.attrib["font"]]
                words = "".join(text.itertext())
                place = (left, left + width, top, top + height)
                page.lines.append(Line(words, *place, size, colour))
            pages.append(page)
        return pages

    @cached_property
    def bookmarks(self) -> list[tuple[int, str, int]]:
        """(level, name, page), the first page being 1."""

        def walk(
            outline: ElementTree.Element, level: int
        ) -> Iterator[tuple[int, str, int]]:
            for each in outline:
                if each.tag == "item":
                    yield level, plain(each.text or ""), int(each.attrib["page"])
                else:
                    yield from walk(each, level + 1)

        outline = self.xml.find("outline")
        assert outline is not None, "the PDF has no bookmarks"
        return list(walk(outline, 0))

    @cached_property
    def objects(self) -> bytes:
        """The file with its compressed objects unpacked."""
        data = self.path.read_bytes()
        unpacked = [data]
        for match in re.finditer(rb"/ObjStm.*?stream\r?\n", data, re.DOTALL):
            unpacked.append(zlib.decompressobj().decompress(data[match.end() :]))
        return b"\n".join(unpacked)

    @cached_property
    def first_numbered(self) -> int:
        """The index of the page whose folio is 1."""
        name = BOOK.languages[self.language]["paper"]["introduction"]
        return next(page for _, text, page in self.bookmarks if text == name) - 1

    def numbered(self, number: int) -> Page:
        """The page with this folio."""
        return self.pages[self.first_numbered + number - 1]


def plain(text: str) -> str:
    """Ligatures apart, every space a plain one."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


BOOK = Project(Path(__file__).parents[2])


@pytest.fixture(scope="module", params=LANGUAGES)
def pdf(
    request: pytest.FixtureRequest, project: Project, require_tool: Tool
) -> Document:
    """One of the two PDFs; without one its tests are skipped by name."""
    require_tool(("pdftohtml",), "apt-get install poppler-utils")
    path = project.build / "pdf" / project.languages[request.param]["pdf"]
    if not path.exists():
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(f"{path} is missing: make pdf")
        pytest.skip(f"{path} is missing: make pdf")
    return Document(path, request.param)


def test_the_file_says_what_it_is(pdf: Document, project: Project) -> None:
    texts = project.languages[pdf.language]
    assert pdf.info["Title"] == texts["title"]
    assert pdf.info["Subject"] == texts["subtitle"]
    assert plain(pdf.info["Author"]) == plain(texts["paper"]["author"])
    assert pdf.info["Keywords"] == texts["paper"]["keywords"]
    assert pdf.info["Page size"].endswith("(A4)")
    language = texts["paper"]["language"]
    assert language.split("-")[0] == pdf.language
    assert re.search(rb"/Lang\s*\(" + language.encode() + rb"\)", pdf.objects)
    assert b"/DisplayDocTitle true" in pdf.objects


def test_the_file_is_light(pdf: Document) -> None:
    assert 1e5 < pdf.path.stat().st_size <= LARGEST


def test_every_typeface_is_in_the_file(pdf: Document) -> None:
    _, _, *rows = pdf.tool("pdffonts").splitlines()
    assert rows
    for row in rows:  # …, embedded, subset, with its characters' meaning, object
        assert re.search(r" yes +(yes|no) +(yes|no) +\d+ +\d+$", row), row


def test_the_bookmarks_are_the_parts_and_chapters_in_order(
    pdf: Document, project: Project
) -> None:
    texts = project.languages[pdf.language]
    expected = [texts["paper"]["introduction"]]
    number = 0
    for part in project.toc["parts"]:
        if part.get("numbered"):
            expected.append(texts["parts"][part["caption"]])
        elif number:
            expected.append(texts["paper"]["solutions"])
        for chapter in part["chapters"]:
            source = project.source(pdf.language, chapter["file"])
            text = source.read_text(encoding="utf-8")
            title = re.search(r"^# (.+)$", text, re.MULTILINE)
            assert title is not None
            number += bool(part.get("numbered"))
            name = typeset(title[1], pdf.language)
            expected.append(f"{number} {name}" if part.get("numbered") else name)
    expected.append("Index")
    chapters = [name for level, name, _ in pdf.bookmarks if level <= 2]
    tops = [name for name in chapters if name in {plain(each) for each in expected}]
    assert tops == [plain(each) for each in expected]
    # Each leads to the page that bears its name.
    for _, name, page in pdf.bookmarks:
        words = re.sub(r"^[\d.]+ ", "", name).split(" – ")[-1]
        if not re.search(r"[\\$√]", words):
            assert letters(words) in letters(pdf.pages[page - 1].text), name


def letters(text: str) -> str:
    """The letters and digits alone: a line break may stand anywhere."""
    return re.sub(r"\W", "", plain(text)).lower()


def test_no_text_leaves_the_block_of_the_text(pdf: Document) -> None:
    for number, page in enumerate(pdf.pages[1:], start=2):
        for line in page.lines:
            if line.text.strip():
                where = f"page {number}: {line.text!r}"
                assert line.left >= LEFT - SLACK, where
                assert line.right <= RIGHT + SLACK, where
                assert line.top >= TOP - 5, where
                assert line.bottom <= BOTTOM, where


def test_no_ink_leaves_the_block_of_the_text(pdf: Document, tmp_path: Path) -> None:
    """Figures, rules and shades too: the pages are looked at as pictures."""
    options = ["-r", str(DOTS), "-gray", "-f", "2"]
    subprocess.run(["pdftoppm", *options, pdf.path, tmp_path / "p"], check=True)
    pictures = sorted(tmp_path.glob("p*.pgm"))
    assert len(pictures) == len(pdf.pages) - 1
    scale = DOTS / 72
    left, right = int((LEFT - 6) * scale), int(np.ceil((RIGHT + 6) * scale))
    top, bottom = int((TOP - 8) * scale), int(np.ceil(BOTTOM * scale))
    for path in pictures:
        ink = read_grey(path) < 0xF0
        assert ink.any(), f"{path.stem} is empty"
        ink[top:bottom, left:right] = False
        assert not ink.any(), f"{path.stem}: ink in the margin"


def read_grey(path: Path) -> np.ndarray:
    """A picture in PGM: rows of bytes."""
    head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", path.read_bytes())
    assert head is not None
    width, height = int(head[1]), int(head[2])
    data = np.frombuffer(path.read_bytes(), np.uint8, offset=head.end())
    return data.reshape(height, width).copy()


def headings(page: Page) -> list[Line]:
    """The pieces of headings on a page."""
    return [line for line in page.body if line.colour == INK and line.size >= 10.5]


def test_no_heading_ends_a_page(pdf: Document, project: Project) -> None:
    parts = {
        plain(name).split(" – ")[-1]
        for name in project.languages[pdf.language]["parts"].values()
    }
    seen = 0
    for number, page in enumerate(pdf.pages[SHEET:], start=SHEET + 1):
        body, marks = page.body, headings(page)
        seen += len(marks)
        if not marks or any(
            plain(line.text) in parts for line in marks if line.size > 25
        ):
            continue
        last = max(line.bottom for line in body)
        assert all(line.bottom < last - 8 for line in marks), (
            f"page {number} ends with {marks[-1].text!r}"
        )
    assert seen > 100  # the colour of headings is still the one looked for


def test_no_page_is_all_but_empty(pdf: Document, project: Project) -> None:
    """A chapter may end where it ends, but not with a line or two on a page."""
    for number, page in enumerate(pdf.pages[SHEET:], start=SHEET + 1):
        rows = {round(line.bottom / 6) for line in page.body if line.top > HEAD}
        parts = any(line.size > 25 for line in page.body)
        assert len(rows) >= (2 if parts else 3), f"page {number}: {page.text[:80]}"


def test_every_exercise_leads_to_its_solution_and_back(
    pdf: Document, project: Project
) -> None:
    texts = project.languages[pdf.language]
    pages = [(i, page.text) for i, page in enumerate(pdf.pages)]
    word = texts["notebook"]["exercise"]
    titles = {
        number: index
        for index, text in pages
        for number in re.findall(rf"{word} (\d+\.\d+) \(", text)
    }
    form = plain(texts["ui"]["solution"].format(number="NUMBER"))
    pattern = re.escape(form).replace("NUMBER", r"(\d+\.\d+)") + r" \("
    solutions = {
        number: index for index, text in pages for number in re.findall(pattern, text)
    }
    exercises = sum(
        source.read_text(encoding="utf-8").count("{exercise}")
        for source in (project.book / pdf.language).glob("*.md")
    )
    assert len(titles) == exercises
    assert titles.keys() == solutions.keys()
    there = plain(texts["paper"]["solution_at"])
    back = plain(texts["paper"]["exercise_at"])
    for number, index in titles.items():
        folio = solutions[number] - pdf.first_numbered + 1
        assert there.format(page=folio) in pdf.pages[index].text, number
        folio = index - pdf.first_numbered + 1
        assert back.format(page=folio) in pdf.pages[solutions[number]].text, number


STRING = rb"\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f]+>"
GOTO = re.compile(rb"/S\s*/GoTo\s*/D\s*(%b)|/Dest\s*(%b)" % (STRING, STRING))


def test_every_inner_link_leads_somewhere(pdf: Document) -> None:
    trees = re.findall(rb"/Names\s*\[(.*?)\]", pdf.objects, re.DOTALL)
    places = {place for tree in trees for place in re.findall(STRING, tree)}
    asked = {one or other for one, other in GOTO.findall(pdf.objects)}
    assert len(asked) > 100
    assert asked - places == set()
    # An index may ask for any page tomorrow.
    folios = range(1, len(pdf.pages) - pdf.first_numbered + 1)
    assert {b"(page.%d)" % folio for folio in folios} <= places


def test_every_outer_link_can_be_read_on_paper(pdf: Document) -> None:
    links = [
        link for link in pdf.xml.iter("a") if link.attrib["href"].startswith("http")
    ]
    assert len(links) > 20
    for link in links:
        address, shown = link.attrib["href"], plain("".join(link.itertext()))
        bare = re.sub(r"^(arXiv|doi):", "", shown)
        # An address that goes over two lines is a link on each of them.
        assert bare.rstrip("-") in address, (address, shown)


ENTRY = re.compile(
    r"\\(?P<level>item|subitem) \\spxentry\{(?P<name>(?:[^{}]|\{[^{}]*\})*)\}"
    r"(?:, (?P<places>.*))?$"
)


@pytest.fixture(scope="module")
def spoken_of(pdf: Document, project: Project) -> Callable[[int], set[str]]:
    """Return a function: the entries that the page with a folio speaks of."""
    terms = read_terms(project.book / "terms.csv")
    numbered = [
        chapter["file"]
        for part in project.toc["parts"]
        if part.get("numbered")
        for chapter in part["chapters"]
    ]
    starts = [page for _, name, page in pdf.bookmarks if re.match(r"\d+ (?!\.)", name)]
    assert len(starts) == len(numbered)

    def entries(folio: int) -> set[str]:
        index = pdf.first_numbered + folio - 1
        chapter = sum(start - 1 <= index for start in starts)
        finder = Finder(
            terms=terms,
            language=pdf.language,
            page=numbered[chapter - 1] if chapter else "",
        )
        text = pdf.pages[index].text
        # A word broken at the end of a line: put together, with and without a hyphen.
        text = " ".join((text, text.replace("- ", ""), text.replace("- ", "-")))
        return {
            entry_of(use, text[use.start : use.end], pdf.language)
            for use in finder.uses(text)
        }

    return entries


def test_the_index_leads_to_pages_that_speak_of_the_term(
    pdf: Document, project: Project, spoken_of: Callable[[int], set[str]]
) -> None:
    folder = project.build / "sphinx" / pdf.language / "latex"
    (source,) = folder.glob("*-arranged.ind")
    first = next(page for _, name, page in pdf.bookmarks if name == "Index")
    printed = letters(" ".join(page.text for page in pdf.pages[first - 1 :]))
    checked, parent = 0, ""
    for line in source.read_text(encoding="utf-8").splitlines():
        entry = ENTRY.search(line.strip())
        if entry is None:
            continue
        name = entry["name"]
        if entry["level"] == "item":
            parent = name
        assert letters(re.sub(r"\\\w+\{|\\", "", name))[:12] in printed, name
        if "\\sphinxcode" in name or "\\see" in (entry["places"] or ""):
            continue
        names = {name, f"{parent} {name}", f"{name} {parent}"}
        written = {letters(word) for each in names for word in (each, bare(each))}
        for folio in re.findall(r"\{(\d+)\}", entry["places"] or ""):
            text = letters(pdf.numbered(int(folio)).text)
            # The term as it is written, or one of its forms; an entry below another
            # does not repeat the abbreviation.
            spoken = spoken_of(int(folio))
            assert any(word in text for word in written) or names & (
                spoken | set(map(bare, spoken))
            ), (name, folio)
            checked += 1
    assert checked > 250


def test_figures_and_tables_have_one_number_on_screen_and_on_paper(
    pdf: Document, project: Project, site: Path
) -> None:
    folder = project.build / "sphinx" / pdf.language / "latex"
    (notes,) = folder.glob("*-arranged.aux")
    label = r"\\newlabel\{([\w-]+:[\w-]+)\}\{\{([\d.]+)\}"
    printed = dict(re.findall(label, notes.read_text(encoding="utf-8")))
    shown = {}
    for slug in project.pages:
        page = site / pdf.language / f"{slug}.html"
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for element in soup.select("figure[id], table[id]"):
            number = element.select_one(".caption-number")
            if number is not None:
                shown[f"{slug}:{element['id']}"] = number.get_text().split()[-1]
    assert len(shown) > 200
    assert shown == {name: printed.get(name) for name in shown}


def test_the_other_languages_words_lead_to_the_terms(
    pdf: Document, project: Project
) -> None:
    known = {
        "fr": ("beam search", "recherche en faisceau"),
        "en": ("affinage", "fine-tuning"),
    }
    word, term = known[pdf.language]
    see = {"fr": "voir", "en": "see"}[pdf.language]
    last = letters(" ".join(page.text for page in pdf.pages[-5:]))
    assert letters(f"{word} {see} {term}") in last


def test_no_long_code_is_cut(pdf: Document, project: Project) -> None:
    """Every line of code of a chapter is on paper, to its last sign."""
    text = letters(" ".join(page.text for page in pdf.pages))
    for slug in project.notebooks:
        source = project.source(pdf.language, slug).read_text(encoding="utf-8")
        for cell in re.findall(r"```\{code-cell\}.*?\n(.*?)```", source, re.DOTALL):
            cell = re.sub(r"\A---\n.*?\n---\n", "", cell, flags=re.DOTALL)
            for line in cell.splitlines():
                if len(line) > 92 and not line.startswith(":"):
                    assert letters(line)[-24:] in text, line
