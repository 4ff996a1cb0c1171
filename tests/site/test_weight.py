"""What a chapter costs on a slow line, in bytes over the wire."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page
from site_pages import CHAPTERS, open_whole

FIRST_VIEW = 350_000  # bytes, everything included
SECOND_CHAPTER = 150_000
SCRIPTS = 60_000  # uncompressed, on a chapter page
EXPLORERS = 20_000  # uncompressed, all of a page together


def loaded_bytes(page: Page, address: str) -> int:
    """Open a page and count what crossed the wire; the cache is the browser's own."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    total = 0

    def finished(event: dict[str, float]) -> None:
        nonlocal total
        total += int(event["encodedDataLength"])

    session.on("Network.loadingFinished", finished)
    open_whole(page, address)
    session.detach()
    return total


@pytest.mark.parametrize("address", CHAPTERS)
def test_first_view_of_a_chapter_is_light(
    new_context: Callable[..., BrowserContext], origin: str, address: str
) -> None:
    page = new_context(viewport={"width": 1280, "height": 900}).new_page()
    assert 0 < loaded_bytes(page, origin + address) <= FIRST_VIEW


FIRST = CHAPTERS[0].split("/")[1]  # in each language, the chapter read before


@pytest.mark.parametrize(
    "address", [address for address in CHAPTERS if not address.endswith(FIRST)]
)
def test_second_chapter_adds_little(
    new_context: Callable[..., BrowserContext], origin: str, address: str
) -> None:
    page = new_context(viewport={"width": 1280, "height": 900}).new_page()
    loaded_bytes(page, origin + CHAPTERS[0].replace("fr/", address.split("/")[0] + "/"))
    assert 0 < loaded_bytes(page, origin + address) <= SECOND_CHAPTER


def test_no_script_of_others_is_loaded(page: Page, origin: str) -> None:
    sizes = {}
    page.on(
        "response",
        lambda answer: (
            sizes.update({answer.url: len(answer.body())})
            if answer.request.resource_type == "script"
            else None
        ),
    )
    open_whole(page, origin + "fr/attention.html")
    assert [Path(address).name for address in sizes] == ["book.js"]
    assert sum(sizes.values()) <= SCRIPTS


@pytest.mark.parametrize("address", CHAPTERS)
def test_the_explorers_of_a_page_share_one_small_script(
    site: Path, address: str
) -> None:
    page = (site / address).read_text(encoding="utf-8")
    scripts = re.findall(
        r"<script data-attention-explorer>(.*?)</script>", page, re.DOTALL
    )
    assert len(scripts) == min(1, page.count("<attention-explorer "))
    assert sum(len(script.encode()) for script in scripts) <= EXPLORERS


def test_there_are_explorers(page: Page, origin: str) -> None:
    """In these chapters, and all of those of a page come alive with one script."""
    for slug in ("attention", "multi-head", "translation", "bert"):
        page.goto(f"{origin}fr/{slug}.html")
        explorers = page.locator("attention-explorer")
        assert explorers.count() >= (2 if slug == "translation" else 1)
        for explorer in explorers.all():
            assert explorer.get_by_role("radio").count() > 1
