"""The browser's own "print this page": paper with the text on it, and nothing else."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from near import approach
from playwright.sync_api import Page
from site_pages import CHAPTERS

from bilingual_book.project import LANGUAGES, Project

Tool = Callable[[tuple[str, ...], str], str]
# What a screen needs and a sheet of paper does not.
FRAME = "header.top, #contents, .rail, .launch, .turn, .copy, .headerlink, .skip"
PRINTED_WIDE = """() => [...document.querySelectorAll("main pre, main table, main img")]
  .filter((e) => e.getBoundingClientRect().width > document.querySelector("main")
    .getBoundingClientRect().width + 1).map((e) => e.outerHTML.slice(0, 80))"""


def printed(page: Page, path: Path) -> list[str]:
    """Print the page on A4; the texts of its sheets."""
    page.pdf(path=path, format="A4", prefer_css_page_size=True)
    text = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True
    ).stdout.decode()
    return text.split("\f")[:-1]


@pytest.mark.parametrize("address", CHAPTERS)
def test_a_chapter_is_printed_without_its_frame_and_within_the_sheet(
    page: Page, origin: str, address: str
) -> None:
    page.set_viewport_size({"width": 680, "height": 960})  # A4 within its margins
    answer = page.goto(origin + address)
    assert answer is not None
    assert answer.ok
    approach(page)
    page.emulate_media(media="print")
    for part in page.locator(FRAME).all():
        assert not part.is_visible()
    assert page.locator("main h1").is_visible()
    assert page.evaluate(PRINTED_WIDE) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheets_bear_numbers_the_solutions_and_the_explorers_picture(
    page: Page,
    origin: str,
    language: str,
    project: Project,
    require_tool: Tool,
    tmp_path: Path,
) -> None:
    require_tool(("pdftotext",), "apt-get install poppler-utils")
    page.goto(f"{origin}{language}/attention.html")
    approach(page)
    path = tmp_path / "page.pdf"
    sheets = printed(page, path)
    assert len(sheets) > 10
    folios = [sheet.split()[-1] for sheet in sheets]
    assert folios == [str(n) for n in range(1, len(sheets) + 1)]
    text = " ".join(" ".join(sheets).split())
    texts = project.languages[language]["ui"]
    chapter = project.numbered.index("attention") + 1
    for place in (1, 2, 3, 4):
        assert texts["solution"].format(number=f"{chapter}.{place}") in text
    for word in (texts["search_hint"], texts["launch"], texts["copy"] + " "):
        assert word not in text
    # No sheet is left empty by what may not be broken.
    for sheet in sheets[:-1]:
        assert len(re.findall(r"\S+", sheet)) > 12, sheet


def test_the_dark_theme_is_printed_on_white(page: Page, origin: str) -> None:
    page.goto(origin + "en/attention.html")
    page.evaluate("localStorage.theme = 'dark'")
    page.reload()
    colours = """() => [getComputedStyle(document.body).color,
      getComputedStyle(document.body).backgroundColor,
      getComputedStyle(document.querySelector("figure img")).filter]"""
    dark = page.evaluate(colours)
    assert dark[2] != "none"
    page.emulate_media(media="print")
    assert page.evaluate(colours) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)", "none"]
