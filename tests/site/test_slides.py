"""The slides in a real browser: they start, they fit, they lead on and back."""

import os
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page
from site_pages import PROJECT
from test_accessibility import AXE, CONTRAST, LOOKS, MARKED, run_axe
from visits import Visit

from bilingual_book.project import LANGUAGES, Project
from bilingual_book.slides.decks import routes
from bilingual_book.sphinx_ext.decks import SAID

SLIDE = re.compile(r"^% slide: (.*)$", re.MULTILINE)
MARKED_CHAPTERS = [
    slug
    for slug in PROJECT.numbered
    if SLIDE.search(PROJECT.source("en", slug).read_text(encoding="utf-8"))
]
CHAPTERS = [f"{code}/{slug}" for code in LANGUAGES for slug in MARKED_CHAPTERS]
ROUTES = [f"{code}/route-{name}" for code in LANGUAGES for name in routes(PROJECT)]
DECKS = [*CHAPTERS, *ROUTES]
SIZES = ((1280, 720), (1920, 1080))
LARGEST = 60_000  # bytes, beside what all decks share
SMALLEST_TEXT = 0.6  # of its size, where a slide holds much
SMALLEST_PICTURE = 200  # pixels of 720
LINK = re.compile(r'\b(?:href|src)="([^"]+)"')

# Shows every slide, one after the other, and says what runs over an edge, what had to
# be set very small, and which pictures are tiny.
TOO_MUCH = """([smallestText, smallestPicture]) => {
  const wrong = [];
  const scale = Reveal.getScale();
  Reveal.getSlides().forEach((slide, number) => {
    Reveal.slide(number);
    const say = (what) => wrong.push(`${number + 1}: ${what}`);
    const edge = slide.getBoundingClientRect();
    if (Math.abs(edge.height - 720 * scale) > 1) say(`height ${edge.height}`);
    if (slide.scrollHeight > slide.clientHeight + 1) say("too high");
    if (slide.scrollWidth > slide.clientWidth + 1) say("too wide");
    const box = slide.querySelector(".on");
    if (!box) return;
    if (box.scrollHeight > box.clientHeight + 2) say("its content is too high");
    if (Number(box.style.zoom || 1) < smallestText) say(`zoom ${box.style.zoom}`);
    for (const part of box.querySelectorAll("*")) {
      if (part.closest("svg, math, mjx-container") || !part.checkVisibility()) continue;
      const { left, right, top, bottom, width } = part.getBoundingClientRect();
      if (width && (left < edge.left - 1 || right > edge.right + 1
          || top < edge.top - 1 || bottom > edge.bottom + 1))
        say(part.outerHTML.slice(0, 80));
    }
    for (const part of box.querySelectorAll("pre, .formula, .table-box"))
      if (part.scrollWidth > part.clientWidth + 2) say("scrolls sideways");
    for (const picture of box.querySelectorAll("img")) {
      const high = Math.round(picture.getBoundingClientRect().height / scale);
      if (high < smallestPicture) say(`a picture ${high} high`);
    }
  });
  Reveal.slide(0);
  return wrong;
}"""
AT = "Reveal.getIndices().h"


@pytest.fixture(autouse=True, scope="module")
def decks(site: Path) -> None:
    """Without decks the tests are skipped by name."""
    if not (site / "slides" / "reveal.js").exists():
        message = f"{site / 'slides'} is missing: make slides"
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(message)
        pytest.skip(message)


def address(deck: str) -> str:
    """The file of a deck, in the site."""
    language, name = deck.split("/")
    return f"{language}/slides/{name}.html"


def open_deck(page: Page, where: str) -> None:
    """Open a deck and wait until each slide has its size."""
    page.goto(where)
    page.wait_for_selector("html[data-fitted]", state="attached")


@pytest.mark.parametrize("deck", DECKS)
def test_a_deck_starts_fits_and_is_turned_by_the_keyboard(
    page: Page, origin: str, deck: str
) -> None:
    visit = Visit(origin)
    visit.watch(page)
    for width, height in SIZES if deck in CHAPTERS else SIZES[:1]:
        page.set_viewport_size({"width": width, "height": height})
        open_deck(page, origin + address(deck))
        assert page.evaluate("Reveal.getScale()") == pytest.approx(width / 1280)
        wrong = page.evaluate(TOO_MUCH, [SMALLEST_TEXT, SMALLEST_PICTURE])
        assert wrong == []
    last = page.evaluate("Reveal.getTotalSlides()") - 1
    for number in range(last):
        assert page.evaluate(AT) == number
        page.keyboard.press("ArrowRight")
    assert page.evaluate(AT) == last
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(AT) == last - 1
    page.keyboard.press("Home")
    assert page.evaluate(AT) == 0
    pictures = """() => [...document.images]
      .filter((image) => !image.naturalWidth || !image.alt.trim()).map((i) => i.src)"""
    assert page.evaluate(pictures) == []
    # Each slide has its address, and for each the browser asks for the icon again.
    visit.failures = [f for f in visit.failures if not f.endswith("favicon.svg")]
    visit.assert_clean()


@pytest.mark.parametrize("deck", CHAPTERS)
def test_a_deck_shows_every_mark_and_is_light(
    page: Page, site: Path, project: Project, deck: str
) -> None:
    language, slug = deck.split("/")
    marked = SLIDE.findall(project.source(language, slug).read_text(encoding="utf-8"))
    path = site / address(deck)
    text = path.read_text(encoding="utf-8")
    titles = re.findall(r"<section>\s*<h2>(.*?)</h2>", text)
    assert len(titles) == len(marked)
    assert text.count('<div class="on">\n</div>') == 0
    assert path.stat().st_size <= LARGEST


@pytest.mark.parametrize("deck", ROUTES)
def test_a_route_is_the_slides_of_its_chapters(
    site: Path, project: Project, deck: str
) -> None:
    language, name = deck.split("/")

    def slides(path: Path) -> list[str]:
        text = path.read_text(encoding="utf-8")
        return re.findall(r"<section>.*?</section>", text, re.DOTALL)

    chapters = routes(project)[name.removeprefix("route-")]
    assert slides(site / address(deck)) == [
        slide
        for slug in chapters
        for slide in slides(site / address(f"{language}/{slug}"))
    ]


def test_both_languages_have_the_same_decks(site: Path) -> None:
    def counts(language: str) -> dict[str, int]:
        folder = site / language / "slides"
        return {
            path.name: path.read_text(encoding="utf-8").count("<section")
            for path in sorted(folder.glob("*.html"))
        }

    first, second = (counts(language) for language in LANGUAGES)
    assert first == second


@pytest.mark.parametrize("deck", [*DECKS, *(f"{code}/index" for code in LANGUAGES)])
def test_every_link_leads_to_a_file_and_a_place_in_it(site: Path, deck: str) -> None:
    page = site / address(deck)
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        parts = urlsplit(unescape(link))
        if parts.scheme:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        assert target.is_file(), link
        if parts.fragment:
            text = target.read_text(encoding="utf-8")
            assert f'id="{unquote(parts.fragment)}"' in text, link


@pytest.mark.parametrize("slug", MARKED_CHAPTERS)
def test_the_chapter_leads_to_its_slides(page: Page, origin: str, slug: str) -> None:
    for language in LANGUAGES:
        page.goto(f"{origin}{language}/{slug}.html")
        page.click(f".launch a[href='../{language}/slides/{slug}.html']")
        page.wait_for_selector("html[data-fitted]", state="attached")
        assert page.locator("h1").inner_text()


@pytest.mark.parametrize("deck", ["fr/learning", "en/attention"])
def test_axe_finds_nothing_serious(
    new_context: Callable[..., BrowserContext], origin: str, deck: str
) -> None:
    """Slide by slide; the contrast of each look in light and in dark."""
    page = new_context(reduced_motion="reduce").new_page()
    open_deck(page, origin + address(deck))
    page.evaluate(AXE)
    found = {}
    for number in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate(f"Reveal.slide({number})")
        found[number, "all"] = run_axe(
            page, "document", f"{{rules: {{'{CONTRAST}': {{enabled: false}}}}}}"
        )
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours, reduced_motion="reduce")
            assert page.evaluate(LOOKS) >= 1
            found[number, colours] = run_axe(page, MARKED, f"{{runOnly: '{CONTRAST}'}}")
    assert {key: value for key, value in found.items() if value} == {}


def test_a_key_changes_the_colours_and_the_pages_remember(
    page: Page, origin: str
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    open_deck(page, origin + "en/slides/attention.html")
    light = page.evaluate(ground)
    page.keyboard.press("d")
    dark = page.evaluate(ground)
    assert dark != light
    page.goto(origin + "en/attention.html")
    assert page.evaluate(ground) == dark


def test_notes_are_the_speaker_s(page: Page, origin: str) -> None:
    """Answers, captions and long paragraphs are there, and not on the slide."""
    open_deck(page, origin + "en/slides/attention.html")
    notes = page.locator("aside.notes")
    assert notes.count() >= 3
    assert not any(notes.nth(i).is_visible() for i in range(notes.count()))
    assert page.locator(".on figcaption").count() == 0
    long = "(all, most) => all.filter((p) => p.textContent.length > 2 * most).length"
    assert page.locator(".on > p").evaluate_all(long, SAID) == 0


@pytest.mark.parametrize(("language", "next_one"), [("fr", "Ensuite"), ("en", "Next")])
def test_the_speaker_s_window_speaks_the_language(
    page: Page, origin: str, language: str, next_one: str
) -> None:
    open_deck(page, f"{origin}{language}/slides/attention.html")
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    window = opened.value
    window.wait_for_selector("#upcoming-slide .label")
    assert window.locator("html").get_attribute("lang") == language
    assert window.locator("#upcoming-slide .label").text_content() == next_one
    window.wait_for_selector("#connection-status", state="hidden")
    if language == "fr":
        said = window.locator("body").inner_text()
        assert not re.search(r"\b(click|upcoming|layout|loading|pacing)\b", said, re.I)


def test_without_script_the_slides_stand_one_below_the_other(
    new_context: Callable[..., BrowserContext], origin: str
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(origin + "fr/slides/attention.html")
    headings = page.locator("section h2")
    tops = [
        (headings.nth(i).bounding_box() or {})["y"] for i in range(headings.count())
    ]
    assert tops == sorted(tops)
    assert len(set(tops)) == headings.count() > 5
    assert all(headings.nth(i).is_visible() for i in range(headings.count()))


def test_a_deck_runs_from_disk(page: Page, site: Path) -> None:
    """With its pictures, its formulas and its explorer, and no address but files."""
    visit = Visit("file:")
    visit.watch(page)
    open_deck(page, (site / "fr" / "slides" / "learning.html").as_uri())
    assert page.evaluate(TOO_MUCH, [SMALLEST_TEXT, SMALLEST_PICTURE]) == []
    alive = "(all) => all.filter((e) => e.shadowRoot).length"
    assert page.locator("descent-explorer").evaluate_all(alive) == 1
    assert page.evaluate("document.fonts.check('16px \"Book Math\"')")
    visit.assert_clean()


def test_a_sheet_per_slide_is_printed(page: Page, origin: str) -> None:
    page.goto(origin + "en/slides/attention.html?print-pdf")
    page.wait_for_selector(".pdf-page")
    slides = page.locator(".pdf-page section").count()
    assert page.locator(".pdf-page").count() == slides > 8
    page.wait_for_selector("html[data-fitted]", state="attached")
    page.emulate_media(media="print")
    heights = "(all) => all.map((picture) => picture.clientHeight)"
    pictures = page.locator(".pdf-page img").evaluate_all(heights)
    assert min(pictures) >= SMALLEST_PICTURE
    assert len(page.pdf(prefer_css_page_size=True)) > 50_000
