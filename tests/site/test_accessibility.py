"""axe-core on every page, light and dark, and what it does not see."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import BrowserContext, Page
from site_pages import ALL, PAGES

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


@pytest.mark.parametrize(("colours", "width"), [("light", 1280), ("dark", 360)])
@pytest.mark.parametrize("address", ALL)
def test_axe_finds_nothing_serious(
    new_context: Callable[..., BrowserContext],
    origin: str,
    address: str,
    colours: str,
    width: int,
) -> None:
    context = new_context(
        color_scheme=colours,
        reduced_motion="reduce",
        viewport={"width": width, "height": 800},
    )
    page = context.new_page()
    page.goto(origin + address)
    page.evaluate(
        "document.querySelectorAll('details').forEach((d) => (d.open = true))"
    )
    page.evaluate(AXE)
    report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    grave = [
        (violation["id"], node["html"][:200], node["failureSummary"][:300])
        for violation in report["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"][:3]
    ]
    assert grave == []


@pytest.mark.parametrize("address", PAGES)
def test_headings_go_down_one_level_at_a_time(
    page: Page, origin: str, address: str
) -> None:
    page.goto(origin + address)
    levels = page.evaluate(
        "[...document.querySelectorAll('main :is(h1,h2,h3,h4,h5,h6)')]"
        ".map((heading) => +heading.tagName[1])"
    )
    assert levels[:1] == [1]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_the_first_stop_of_the_keyboard_skips_to_the_text(
    page: Page, origin: str
) -> None:
    page.goto(origin + "fr/attention.html")
    page.keyboard.press("Tab")
    focus = "document.activeElement"
    assert page.evaluate(f"{focus}.className") == "skip"
    assert page.evaluate(f"{focus}.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate(f"{focus}.id") == "main"


def test_focus_is_visible_on_all_stops_of_the_header(page: Page, origin: str) -> None:
    page.goto(origin + "fr/attention.html")
    for _ in range(5):
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style != "none"


def test_the_contents_open_and_close_by_keyboard_on_a_telephone(
    new_context: Callable[..., BrowserContext], origin: str
) -> None:
    context = new_context(
        viewport={"width": 360, "height": 740}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(origin + "fr/attention.html")
    contents = page.locator("#contents")
    assert not contents.is_visible()
    page.locator("button.menu").press("Enter")
    assert contents.is_visible()
    page.keyboard.press("Escape")
    assert not contents.is_visible()


def test_solutions_are_printed_open(page: Page, origin: str) -> None:
    page.goto(origin + "fr/attention.html")
    assert page.locator("details.solution:not([open])").count() > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.solution:not([open])").count() == 0
    page.emulate_media(media="print")
    assert not page.locator("header.top").is_visible()
    assert not page.locator("#contents").is_visible()
