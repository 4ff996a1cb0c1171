"""The site as one file: unpacked anywhere, it opens without a server."""

import re
import zipfile
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from near import approach
from playwright.sync_api import Page
from site_pages import ALL, PROJECT, WITH_FORMULAS

from bilingual_book.project import LANGUAGES, Project
from bilingual_book.web.archive import LARGEST, build_zip

# Its dear fixtures are made once.
pytestmark = pytest.mark.xdist_group("disk")

LINK = re.compile(r'\b(?:href|src)="([^"]+)"')


@pytest.fixture(scope="module")
def unpacked(
    site: Path, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The site from its archive, in a folder whose name is not plain."""
    archive = build_zip(project)
    assert archive.stat().st_size <= LARGEST
    folder = tmp_path_factory.mktemp("clé USB")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    (top,) = folder.iterdir()  # one folder, so that unpacking does not spill
    return top


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What goes wrong in the page."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda message: found.append(message.text) if message.type == "error" else None,
    )

    def failed(request: object) -> None:
        # A page left early drops what it had not loaded yet: that file is not missing.
        if "ERR_ABORTED" not in str(request.failure):  # type: ignore[attr-defined]
            found.append(f"{request.url}: {request.failure}")  # type: ignore[attr-defined]

    page.on("requestfailed", failed)
    page.on(
        "request",
        lambda request: (
            found.append(request.url)
            if not request.url.startswith(("file:", "data:", "blob:"))
            else None
        ),
    )
    return found


@pytest.mark.parametrize("address", ALL)
def test_every_link_leads_to_a_file_and_a_place_in_it(
    unpacked: Path, address: str
) -> None:
    page = unpacked / address
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        parts = urlsplit(unescape(link))
        if parts.scheme:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        assert target.is_file(), link
        if parts.fragment and target.suffix == ".html":
            text = target.read_text(encoding="utf-8")
            assert f'id="{unquote(parts.fragment)}"' in text, link


@pytest.mark.parametrize("address", ALL)
def test_every_page_opens_from_disk(
    unpacked: Path, page: Page, errors: list[str], address: str
) -> None:
    page.goto((unpacked / address).as_uri())
    approach(page)
    page.evaluate(
        """async () => {
          await document.fonts.ready;
          await Promise.all([...document.images].map((image) => {
            image.loading = "eager";
            return image.decode();
          })); }"""
    )
    assert errors == []
    if address in WITH_FORMULAS:
        assert page.evaluate("document.fonts.check('16px \"Book Math\"')")
    kinds = ("attention", "descent", "token", "translator", "teller")
    explorers = page.locator(", ".join(f"{kind}-explorer" for kind in kinds))
    alive = "(all) => all.filter((e) => e.shadowRoot).length"
    assert explorers.evaluate_all(alive) == explorers.count()


@pytest.mark.parametrize(
    ("language", "query", "goal"),
    [("fr", "masque", "attention.html"), ("en", "multi-head", "multi-head.html")],
)
def test_search_finds_and_leads_from_disk(
    unpacked: Path,
    page: Page,
    errors: list[str],
    language: str,
    query: str,
    goal: str,
) -> None:
    page.goto((unpacked / language / "intro.html").as_uri())
    field = page.locator("header.top input[type=search]")
    field.fill(query)
    field.press("Enter")
    page.wait_for_url(f"**/{language}/search.html?q={query}")
    first = page.locator("#results a").first
    first.click()
    page.wait_for_url(f"**/{language}/{goal}*")
    assert page.locator("html").get_attribute("lang") == language
    assert errors == []


def test_the_explorer_of_tokens_cuts_from_disk(
    unpacked: Path, page: Page, errors: list[str]
) -> None:
    page.goto((unpacked / "fr" / "tokenization.html").as_uri())
    approach(page)
    explorer = page.locator("token-explorer")
    explorer.get_by_role("textbox").fill("la souris")
    button = explorer.get_by_role("button", name="MiniLM")
    button.click()
    button.wait_for(state="detached")
    pieces = explorer.get_by_role("region", name="MiniLM").get_by_role("listitem")
    assert pieces.all_text_contents() == ["la", "sour", "##is"]
    assert errors == []


def test_a_model_lives_from_disk(unpacked: Path, page: Page, errors: list[str]) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto((unpacked / "fr" / "translation.html").as_uri())
    approach(page)
    explorer = page.locator("translator-explorer")
    explorer.get_by_role("button").click()
    field = explorer.get_by_role("textbox")
    field.fill("ninety-nine")
    field.press("Enter")
    status = page.locator("live-translator").get_by_role("status")
    assert "quatre-vingt-dix-neuf" in status.inner_text()
    page.goto((unpacked / "en" / "language-model.html").as_uri())
    approach(page)
    explorer = page.locator("teller-explorer")
    explorer.get_by_role("button").click()
    area = explorer.get_by_role("textbox")
    before = area.input_value()
    explorer.get_by_role("button", name="Write 30").click()
    assert len(area.input_value()) > len(before)
    assert errors == []


def test_switch_keeps_the_section_and_is_remembered_from_disk(
    unpacked: Path, page: Page, errors: list[str]
) -> None:
    label = "attention-scaling"
    page.emulate_media(reduced_motion="reduce")
    page.goto((unpacked / "fr" / "attention.html").as_uri() + f"#{label}")
    page.wait_for_function(
        f"document.getElementById('{label}').getBoundingClientRect().top < 200"
    )
    box = page.locator("a.other").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(f"**/en/attention.html#{label}")
    page.goto((unpacked / "index.html").as_uri())
    page.wait_for_url(f"**/en/{PROJECT.toc['root']}.html")
    assert errors == []


def test_both_languages_are_whole(unpacked: Path) -> None:
    """All but what is taken away by itself: the downloads, and what is for paper."""
    for language in LANGUAGES:
        for slug in PROJECT.pages:
            assert (unpacked / language / f"{slug}.html").is_file()
    packed = {path.relative_to(unpacked) for path in unpacked.rglob("*")}
    site = {path.relative_to(PROJECT.site) for path in PROJECT.site.rglob("*")}
    apart = {p for p in site if p.parts[0] == "downloads" or p.suffix == ".pdf"}
    assert packed == site - apart
