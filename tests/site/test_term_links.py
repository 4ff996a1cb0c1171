"""The first use of a term: a link to the glossary, and a box that says its entry."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from site_pages import CHAPTERS

# Where no term may be a link, as a reader sees it.
ELSEWHERE = (
    "h1, h2, h3, h4, pre, code, math, a a, figcaption, table, details, "
    ".goals, .exercise, .solution, .admonition-title"
)
TERM = {
    "fr": ("attention.html", "auto-attention", "en", "self-attention"),
    "en": ("attention.html", "self-attention", "fr", "auto-attention"),
}
COLLECT = """(links) => links.map((link) => {
  const box = document.getElementById(link.getAttribute("aria-describedby"));
  return {
    id: link.id,
    href: link.getAttribute("href"),
    words: link.textContent,
    definition: box.querySelector("p:last-child").textContent,
    other: box.querySelector("b").textContent,
    language: box.querySelector("b").lang,
    hidden: getComputedStyle(box).display === "none",
  };
})"""


def glossary(page: Page, origin: str, language: str) -> dict[str, str]:
    """The text of each entry by its address."""
    page.goto(f"{origin}{language}/glossary.html")
    entries = page.evaluate(
        "[...document.querySelectorAll('dl.glossary > dt')].map((dt) => "
        "['glossary.html#' + dt.id, dt.nextElementSibling.textContent])"
    )
    return dict(entries)


@pytest.mark.parametrize("address", CHAPTERS)
def test_each_term_of_a_chapter_leads_to_its_entry_once(
    page: Page, origin: str, address: str
) -> None:
    language = address.split("/")[0]
    entries = glossary(page, origin, language)
    page.goto(origin + address)
    assert page.locator(f":is({ELSEWHERE}) a.term").count() == 0
    terms = page.locator("a.term").evaluate_all(COLLECT)
    assert terms
    assert len({term["href"] for term in terms}) == len(terms)
    for term in terms:
        assert term["language"] == {"fr": "en", "en": "fr"}[language]
        assert term["other"] in entries[term["href"]]
        assert term["definition"] in entries[term["href"]]
        assert term["hidden"]


@pytest.mark.parametrize("language", TERM)
def test_the_glossary_leads_back_to_the_first_uses(
    page: Page, origin: str, site: Path, language: str
) -> None:
    page.goto(f"{origin}{language}/glossary.html")
    links = page.locator(".used-in a").evaluate_all(
        "(links) => links.map((a) => [a.getAttribute('href'), a.textContent, a.title])"
    )
    assert len(links) > 50
    for address, number, title in links:
        file, _, anchor = address.partition("#")
        text = (site / language / file).read_text(encoding="utf-8")
        assert re.search(rf'<a class="term" id="{re.escape(anchor)}"', text), address
        assert number.isdigit()
        assert title


def focus_by_keyboard(page: Page, selector: str) -> None:
    """Go to an element as a reader without a mouse does."""
    page.locator(selector).evaluate(
        """(target) => {
          const stops = [...document.querySelectorAll("a[href], button, summary")];
          const before = stops.filter((stop) => stop.offsetParent
            && stop.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING);
          before.at(-1).focus();
        }"""
    )
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("(e) => e === document.activeElement"):
            return
    pytest.fail(f"{selector} cannot be reached by keyboard")


@pytest.mark.parametrize("language", TERM)
def test_a_term_shows_the_other_languages_word_on_focus(
    page: Page, origin: str, language: str
) -> None:
    address, term, other, word = TERM[language]
    page.goto(f"{origin}{language}/{address}")
    box = page.locator(f"#about-{term}")
    expect(box).to_be_hidden()
    focus_by_keyboard(page, f"#use-{term}")
    expect(box).to_be_visible()
    expect(box.locator("b")).to_have_text(word)
    assert box.locator("b").get_attribute("lang") == other
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{language}/glossary.html#term-{term}")


def test_a_term_shows_its_box_under_the_pointer_and_lets_it_be_read(
    page: Page, origin: str
) -> None:
    page.goto(origin + "en/attention.html")
    box = page.locator("#about-self-attention")
    page.locator("#use-self-attention").hover()
    expect(box).to_be_visible()
    box.hover()  # to select a word, say: the box stays
    page.wait_for_timeout(600)
    expect(box).to_be_visible()
    page.locator("h1").hover()
    expect(box).to_be_hidden()
    page.locator("#use-self-attention").click()
    page.wait_for_url("**/en/glossary.html#term-self-attention")


def test_on_a_telephone_a_tap_shows_the_box_and_a_second_one_follows(
    new_context: Callable[..., BrowserContext], origin: str
) -> None:
    context = new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    page = context.new_page()
    page.goto(origin + "fr/translation.html")
    for term in page.locator("a.term").all()[:12]:
        term.tap()
        box = page.locator(f"#{term.get_attribute('aria-describedby')}")
        expect(box).to_be_visible()
        edges = box.evaluate(
            "(b) => { const r = b.getBoundingClientRect(); "
            "return [r.left, r.right, document.documentElement.clientWidth]; }"
        )
        assert 0 <= edges[0] < edges[1] <= edges[2]
        page.keyboard.press("Escape")  # the box may lie on the next term
    assert page.url.endswith("fr/translation.html")
    term.tap()
    term.tap()
    page.wait_for_url("**/fr/glossary.html#*")


def test_without_scripts_a_term_is_a_link_with_a_description(
    new_context: Callable[..., BrowserContext], origin: str
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(origin + "fr/attention.html")
    expect(page.locator("#about-auto-attention")).to_be_hidden()
    expect(page.locator("#use-auto-attention")).to_have_accessible_description(
        re.compile(r"^Anglais\s: self-attention Attention dont ")
    )
    page.locator("#use-auto-attention").click()
    page.wait_for_url("**/fr/glossary.html#term-auto-attention")


def test_on_paper_a_term_is_plain_text(page: Page, origin: str) -> None:
    page.goto(origin + "fr/attention.html")
    page.emulate_media(media="print")
    style = page.locator("#use-auto-attention").evaluate(
        "(e) => [getComputedStyle(e).textDecorationLine, getComputedStyle(e).color, "
        "getComputedStyle(e.parentElement).color]"
    )
    assert style[0] == "none"
    assert style[1] == style[2]
