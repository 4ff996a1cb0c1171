"""What is taken away: EPUBs that a checker accepts, chapters as PDFs, handouts."""

import os
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from bilingual_book.epub.build import LARGEST, epub_name
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.slides.decks import routes

# Its dear fixtures are made once.
pytestmark = pytest.mark.xdist_group("paper")

Tool = Callable[[tuple[str, ...], str], str]
XHTML = "{http://www.w3.org/1999/xhtml}"
MATH = "{http://www.w3.org/1998/Math/MathML}math"
EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
TAUGHT = ("attention", "bert", "before-you-start", "glossary")  # of each kind one


def needed(path: Path, command: str) -> Path:
    """A file that a command makes; without it the test is skipped by name."""
    if not path.exists():
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(f"{path} is missing: {command}")
        pytest.skip(f"{path} is missing: {command}")
    return path


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def epub(site: Path, project: Project, language: str) -> Path:
    """The EPUB that the site offers."""
    name = epub_name(project, language)
    return needed(site / "downloads" / name, "make epub")


def test_a_checker_accepts_the_epub(epub: Path, require_tool: Tool) -> None:
    java = require_tool(("java",), "apt-get install epubcheck")
    jar = require_tool(("epubcheck",), "apt-get install epubcheck")
    done = subprocess.run(
        [java, "-jar", jar, str(epub)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    said = re.search(
        r"Messages: (\d+) fatals? / (\d+) errors? / (\d+) warn", done.stdout
    )
    found = done.stdout + done.stderr
    wrong = [line for line in found.splitlines() if re.match("FATAL|ERROR|WARN", line)]
    assert wrong == []
    assert done.returncode == 0
    assert said is not None
    assert said.groups() == ("0", "0", "0")
    assert epub.stat().st_size <= LARGEST


def test_the_epub_holds_every_page_formula_and_description(
    epub: Path, project: Project, site: Path, language: str
) -> None:
    formulas = 0
    with zipfile.ZipFile(epub) as archive:
        names = set(archive.namelist())
        assert archive.namelist()[0] == "mimetype"
        for slug in project.pages:
            page = ElementTree.fromstring(archive.read(f"EPUB/{slug}.xhtml"))
            built = (site / language / f"{slug}.html").read_text(encoding="utf-8")
            count = sum(1 for _ in page.iter(MATH))
            built = built[built.index("<article") : built.index("</article>")]
            assert count == built.count("<math"), slug
            formulas += count
            for image in page.iter(f"{XHTML}img"):
                assert (image.get("alt") or "").strip(), (slug, image.get("src"))
                assert f"EPUB/{image.get('src')}" in names
            notes = {e.get("id") for e in page.iter(f"{XHTML}aside")}
            for link in page.iter(f"{XHTML}a"):
                if link.get(EPUB_TYPE) == "noteref":
                    assert (link.get("href") or "").removeprefix("#") in notes
            assert not any(e.tag == f"{XHTML}script" for e in page.iter())
        package = archive.read("EPUB/package.opf").decode()
    assert formulas > 500
    for feature in ("MathML", "alternativeText", "tableOfContents"):
        said = f'<meta property="schema:accessibilityFeature">{feature}</meta>'
        assert said in package


def outer_links(path: Path) -> list[str]:
    """The addresses that a PDF leads to."""
    found = []
    for page in PdfReader(path).pages:
        for link in page.get("/Annots", ()):
            action = link.get_object().get("/A")
            if action is not None and "/URI" in action.get_object():
                found.append(str(action.get_object()["/URI"]))
    return found


def test_the_chapters_cut_from_the_pdf_are_the_book(
    site: Path, project: Project, language: str
) -> None:
    folder = needed(site / "downloads" / language / "attention.pdf", "make pdf").parent
    whole = PdfReader(site / project.languages[language]["pdf"])
    starts = []
    for _, chapter in project.chapters_by_part:
        slug = chapter["file"]
        cut = PdfReader(folder / f"{slug}.pdf")
        first = whole.page_labels.index(cut.page_labels[0])
        starts.append(first)
        assert cut.pages[0].extract_text() == whole.pages[first].extract_text(), slug
        folios = [whole.page_labels.index(label) for label in cut.page_labels]
        gathered = [page for page in folios if page - first > folios.index(page)]
        source = project.source(language, slug).read_text(encoding="utf-8")
        assert bool(gathered) == ("{solution-start}" in source), slug
        for page in gathered:  # its solutions, as they stand in the book
            text = cut.pages[folios.index(page)].extract_text()
            assert text == whole.pages[page].extract_text(), slug
        if gathered:
            number = project.numbered.index(slug) + 1
            text = cut.pages[folios.index(gathered[0])].extract_text()
            assert re.search(rf"\b{number}\.1\b", text), slug
        assert cut.metadata is not None
        assert project.languages[language]["title"] in (cut.metadata.title or "")
        assert cut.outline, slug
    assert starts == sorted(starts)
    leads = outer_links(folder / "attention.pdf")
    base = f"{project.base_url}{language}/"
    pages = {f"{base}{slug}.html" for slug in project.pages}
    inside = [address for address in leads if address.startswith(base)]
    assert len(inside) > 5
    built: dict[str, str] = {}
    for address in inside:
        page, _, anchor = address.partition("#")
        assert page in pages
        if anchor and page not in built:
            name = page.removeprefix(base)
            built[page] = (site / language / name).read_text(encoding="utf-8")
        assert not anchor or f'id="{anchor}"' in built[page], address


@pytest.mark.parametrize("slug", TAUGHT)
def test_a_printed_page_is_tagged_and_leads_to_the_site(
    site: Path, project: Project, language: str, slug: str
) -> None:
    name = f"{slug}-accessible.pdf"
    path = needed(site / "downloads" / language / name, "make printed")
    pdf = PdfReader(path)
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith(language)
    kinds = structure(root["/StructTreeRoot"])
    built = (site / language / f"{slug}.html").read_text(encoding="utf-8")
    assert kinds.count("/H1") == 1
    assert kinds.count("/H2") >= len(
        re.findall(r"<section[^>]*>\s*(?:<span[^>]*></span>)*<h2", built)
    )
    if "<table" in built:
        assert "/Table" in kinds
    leads = outer_links(path)
    assert any(address.startswith(project.base_url) for address in leads)
    assert not any(address.startswith("file:") for address in leads)


def structure(root: DictionaryObject) -> list[str]:
    """The kinds of all elements of a tagged PDF."""
    kinds, todo = [], [root]
    while todo:
        node = todo.pop().get_object()
        if not isinstance(node, dict):
            continue
        if "/S" in node:
            kinds.append(str(node["/S"]))
        below = node.get("/K")
        if below is not None:
            below = below.get_object()
            todo += below if isinstance(below, list) else [below]
    return kinds


def test_every_deck_has_a_handout(site: Path, project: Project, language: str) -> None:
    folder = site / "downloads" / language
    needed(folder / "route-1h-handout.pdf", "make printed")
    decks = {path.stem for path in (site / language / "slides").glob("*.html")}
    names = decks - {"index"}
    handouts = {path.stem for path in folder.glob("*-handout.pdf")}
    assert handouts == {f"{name}-handout" for name in names}
    assert {f"route-{name}" for name in routes(project)} <= names
    deck = (site / language / "slides" / "attention.html").read_text(encoding="utf-8")
    slides = len(re.findall(r"<section[ >]", deck))
    assert len(PdfReader(folder / "attention-handout.pdf").pages) >= slides


def test_the_list_leads_to_what_is_there(
    site: Path, project: Project, language: str
) -> None:
    page = needed(site / language / "downloads.html", "make pdf epub printed")
    text = page.read_text(encoding="utf-8")
    links = re.findall(r'href="(\.\./[^"#]+)"', text)
    assert len(links) > 60
    for link in links:
        assert (page.parent / link).is_file(), link
