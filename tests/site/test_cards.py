"""A citation, a figure or a formula shows what it is beside the link that names it."""

from collections.abc import Callable
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
MOST = 6_000  # bytes of the script, uncompressed
SERIOUS = """async () => (await axe.run(document, { resultTypes: ["violations"] }))
  .violations.filter((v) => ["serious", "critical"].includes(v.impact))
  .map((v) => [v.id, v.nodes.map((node) => node.html.slice(0, 100))])"""
CITATION = 'article a.reference[href^="references.html#"]'
FIGURE = 'article a.reference[href^="#fig-"]:visible'
TABLE = 'article a.reference[href^="#tab-"]:visible'
FORMULA = 'article a.reference[href^="#equation-"]:visible'
ELSEWHERE = 'article a.reference[href*=".html#equation-"]'


def focus_by_keyboard(page: Page, link: Locator) -> Locator:
    """Go to a link as a reader without a mouse does; its card, open."""
    link.evaluate("(link) => link.focus({ focusVisible: true })")
    expect(link).to_be_focused()
    card = page.locator("[role=tooltip]:popover-open")
    expect(card).to_be_visible()
    assert link.get_attribute("aria-describedby") == card.get_attribute("id")
    return card


def test_the_script_is_small(site: Path) -> None:
    for script in site.glob("*/_static/cards.js"):
        assert script.stat().st_size <= MOST


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_cards_say_what_a_link_leads_to(
    new_context: Callable[..., BrowserContext], site: Path, theme: str
) -> None:
    """From disk, with the keyboard alone; no serious fault with a card open."""
    page = new_context(color_scheme=theme).new_page()
    page.goto((site / "fr" / "encoder.html").as_uri())
    page.keyboard.press("Tab")  # from here on the browser shows what has the focus
    citation = page.locator(CITATION).first
    said = citation.get_attribute("title") or ""
    card = focus_by_keyboard(page, citation)
    expect(card).to_have_text(said)
    expect(citation).to_have_accessible_description(said)
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(citation).to_be_focused()

    card = focus_by_keyboard(page, page.locator(FORMULA).first)
    assert card.locator("math").count() == 1

    page.goto((site / "fr" / "attention.html").as_uri())
    page.keyboard.press("Tab")
    card = focus_by_keyboard(page, page.locator(FIGURE).first)
    expect(card.locator("img")).to_be_visible()
    expect(card).to_contain_text("Fig.")
    assert page.locator("[role=tooltip]:popover-open").count() == 1
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(set(ids)) == len(ids)
    page.evaluate(AXE)
    assert page.evaluate(SERIOUS) == []

    page.goto((site / "fr" / "data-reviews.html").as_uri())
    page.keyboard.press("Tab")
    card = focus_by_keyboard(page, page.locator(TABLE).first)
    expect(card.locator("caption")).to_contain_text("Tableau")
    assert card.get_by_role("row").count() > 3


def test_of_another_page_a_card_says_number_and_page(page: Page, origin: str) -> None:
    page.goto(origin + "fr/formulas.html")
    page.keyboard.press("Tab")
    link = page.locator(ELSEWHERE).first
    card = focus_by_keyboard(page, link)
    expect(card).to_contain_text(link.inner_text())
    expect(card).to_contain_text(". ")  # the number of the chapter, and its title


def test_a_first_tap_opens_a_card_and_a_second_one_follows(
    new_context: Callable[..., BrowserContext], origin: str
) -> None:
    page = new_context(
        viewport={"width": 360, "height": 740}, has_touch=True
    ).new_page()
    for selector, name in (
        (FIGURE, "attention"),
        (FORMULA, "encoder"),
        (CITATION, "encoder"),
    ):
        page.goto(f"{origin}en/{name}.html")
        link = page.locator(selector).first
        link.tap()
        card = page.locator("[role=tooltip]:popover-open")
        expect(card).to_be_visible()
        edges = card.evaluate(
            "(b) => { const r = b.getBoundingClientRect(); "
            "return [r.left, r.right, document.documentElement.clientWidth]; }"
        )
        assert 0 <= edges[0] < edges[1] <= edges[2]
        page.keyboard.press("Escape")
        expect(card).to_be_hidden()
    link.tap()
    link.tap()
    page.wait_for_url("**/en/references.html#*")


def test_without_scripts_a_citation_is_a_link_with_its_reference(
    new_context: Callable[..., BrowserContext], origin: str
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(origin + "en/encoder.html")
    citation = page.locator(CITATION).first
    assert len(citation.get_attribute("title") or "") > 30
    citation.click()
    page.wait_for_url("**/en/references.html#*")
