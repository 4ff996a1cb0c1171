"""From one language to the other and back, and what is remembered of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page
from site_pages import CHAPTERS, PAGES, open_whole


@pytest.mark.parametrize("address", [page for page in PAGES if page.startswith("fr/")])
def test_switch_leads_to_the_same_page_and_back_without_script(
    new_context: Callable[..., BrowserContext], origin: str, address: str
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(origin + address)
    page.locator("a.other").click()
    assert page.url == origin + address.replace("fr/", "en/", 1)
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator("a.other").click()
    assert page.url == origin + address


def test_switch_leads_to_the_same_section(page: Page, origin: str) -> None:
    label = "attention-scaling"
    # The label stands at the top of the view, below the header, on both pages.
    in_view = f"""() => {{
      const top = document.getElementById('{label}').getBoundingClientRect().top;
      return 0 <= top && top < 200; }}"""
    page.emulate_media(reduced_motion="reduce")
    open_whole(page, f"{origin}fr/attention.html#{label}")
    page.wait_for_function(in_view)
    # The mouse itself: Playwright's click scrolls the page under a sticky header.
    box = page.locator("a.other").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/en/attention.html#*")
    assert page.url.endswith(f"#{label}")
    page.wait_for_function(in_view)


@pytest.mark.parametrize("address", CHAPTERS)
def test_switch_leads_from_every_section_to_a_place_that_exists(
    page: Page, origin: str, site: Path, address: str
) -> None:
    """Its twin, or the nearest section around it that both languages name."""
    page.goto(origin + address)
    aims = page.evaluate(
        """() => {
          const link = document.querySelector("a.other");
          return [...document.querySelectorAll("article section[id]")].map((s) => {
            scrollTo({ top: s.getBoundingClientRect().top + scrollY - 100,
              behavior: "instant" });
            link.dispatchEvent(new Event("focus"));
            return link.getAttribute("href");
          });
        }"""
    )
    assert any("#" in aim for aim in aims)
    for aim in aims:
        path, _, anchor = aim.partition("#")
        twin = (site / address).parent / path
        assert not anchor or f'id="{anchor}"' in twin.read_text(encoding="utf-8"), aim


def test_landing_page_offers_both_languages_without_script(
    new_context: Callable[..., BrowserContext], origin: str
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    for language in ("fr", "en"):
        page.goto(origin)
        page.locator(f"a[href^='{language}/']").click()
        assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize(
    ("browser_language", "first"), [("fr-TG", "fr"), ("en-GB", "en"), ("ee", "en")]
)
def test_landing_page_starts_with_the_readers_language(
    new_context: Callable[..., BrowserContext],
    origin: str,
    browser_language: str,
    first: str,
) -> None:
    page = new_context(locale=browser_language).new_page()
    page.goto(origin)
    tops = {
        language: page.locator(f"section[lang={language}]").bounding_box()["y"]
        for language in ("fr", "en")
    }
    assert min(tops, key=lambda language: tops[language]) == first


def test_choice_is_remembered_and_can_be_changed(page: Page, origin: str) -> None:
    page.goto(origin + "en/intro.html")
    page.locator("a.other").click()
    page.wait_for_url("**/fr/intro.html*")
    page.goto(origin)
    page.wait_for_url("**/fr/intro.html")
    page.locator("footer a[href*='#choose']").click()
    page.locator("a[href^='en/']").click()
    page.wait_for_url("**/en/intro.html")
    page.goto(origin)
    page.wait_for_url("**/en/intro.html")


def test_colours_are_chosen_and_remembered(page: Page, origin: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(origin + "fr/intro.html")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    button = page.locator("button.theme")
    button.click()
    assert page.evaluate(background) == light  # light, by choice
    button.click()
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark
    assert "sombre" in (button.get_attribute("aria-label") or "")
