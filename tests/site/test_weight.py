"""What a chapter costs on a slow line, in bytes over the wire."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from near import approach
from playwright.sync_api import BrowserContext, Page
from site_pages import CHAPTERS, open_whole

FIRST_VIEW = 120_000  # bytes, everything included
SECOND_CHAPTER = 100_000
SCRIPTS = 60_000  # uncompressed, on a chapter page
LARGEST_VOCABULARY = 1_350_000
LARGEST_MODEL = 1_000_000  # one that lives in a page, its script included
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
    requests = open_whole(page, origin + "fr/attention.html")
    assert {Path(address).name for address in sizes} == {"book.js", "cards.js"}
    approach(page)
    requests.settle()  # what has run may not have been told yet
    assert {Path(address).name for address in sizes} == {
        "book.js",
        "cards.js",
        "quiz.js",
        "attention-explorer.js",
    }
    assert sum(sizes.values()) <= SCRIPTS


@pytest.mark.parametrize("address", CHAPTERS)
def test_the_explorers_of_a_page_share_one_small_script(
    site: Path, address: str
) -> None:
    page = (site / address).read_text(encoding="utf-8")
    scripts = re.findall(r'data-src="\.\./(live/[\w-]+-explorer\.js)"', page)
    kinds = set(re.findall(r"<([\w-]+)-explorer ", page))
    assert sorted(scripts) == sorted(f"live/{kind}-explorer.js" for kind in kinds)
    assert sum((site / script).stat().st_size for script in scripts) <= EXPLORERS
    assert "customElements" not in page  # what comes near does not come before


def test_there_are_explorers(page: Page, origin: str) -> None:
    """In these chapters, and each comes alive."""
    for slug in ("attention", "multi-head", "translation", "bert"):
        page.goto(f"{origin}fr/{slug}.html")
        approach(page)
        # Some stand in a fold: what is closed has no buttons yet.
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = 1)")
        explorers = page.locator("attention-explorer")
        assert explorers.count() >= 1
        for explorer in explorers.all():
            choices = explorer.get_by_role("radio").count()
            assert choices > 1 or explorer.get_by_role("slider").count() == 1
    page.goto(f"{origin}fr/learning.html")
    approach(page)
    assert page.locator("descent-explorer").get_by_role("slider").count() == 1
    page.goto(f"{origin}fr/tokenization.html")
    approach(page)
    assert page.locator("token-explorer").get_by_role("textbox").count() == 1


# The frames that a page asks for while nobody touches it.
FRAMES = """window.frames_asked = 0;
const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (f) => { window.frames_asked += 1; return ask(f); };"""


@pytest.mark.parametrize("address", CHAPTERS)
def test_a_page_that_nobody_touches_rests(
    page: Page, origin: str, address: str
) -> None:
    """An explorer that measured and changed itself in turns kept a telephone hot."""
    page.add_init_script(FRAMES)
    open_whole(page, origin + address)
    approach(page)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = 1)")
    for width in (360, 412, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(400)
        page.evaluate("window.frames_asked = 0")
        page.wait_for_timeout(250)
        assert page.evaluate("window.frames_asked") == 0, width


def sizes_of_what_comes(page: Page) -> dict[str, int]:
    """Address -> bytes over the wire; it fills as the page loads."""
    sizes: dict[str, int] = {}
    names: dict[str, str] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.requestWillBeSent",
        lambda event: names.update({event["requestId"]: event["request"]["url"]}),
    )
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update(
            {names[event["requestId"]]: int(event["encodedDataLength"])}
        ),
    )
    return sizes


def test_a_vocabulary_is_loaded_when_it_is_asked_for(page: Page, origin: str) -> None:
    sizes = sizes_of_what_comes(page)
    open_whole(page, origin + "en/tokenization.html")
    folder = f"{origin}vocabularies/"
    assert not [address for address in sizes if address.startswith(folder)]
    approach(page)
    explorer = page.locator("token-explorer")
    explorer.get_by_role("button", name="multilingual-e5: Load").click()
    explorer.get_by_role("button", name="multilingual-e5: Load").wait_for(
        state="detached"
    )
    loaded = [address for address in sizes if address.startswith(folder)]
    assert loaded == [f"{folder}e5.js"]
    assert sizes[loaded[0]] <= LARGEST_VOCABULARY


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("en/translation.html", "translator"),
        ("fr/translation.html", "translator"),
        ("en/language-model.html", "teller"),
        ("fr/language-model.html", "teller"),
    ],
)
def test_a_living_model_is_loaded_when_it_is_asked_for(
    page: Page, origin: str, address: str, name: str
) -> None:
    sizes = sizes_of_what_comes(page)
    requests = open_whole(page, origin + address)
    folder = f"{origin}live/{name}-"
    approach(page)
    requests.settle()
    [loader] = [a for a in sizes if a.startswith(folder)]
    assert Path(loader).name == f"{name}-explorer.js"
    assert "data-live-part" not in page.content()  # it stands in files
    explorer = page.locator(f"{name}-explorer")
    button = explorer.get_by_role("button")
    stated = int(re.search(r"\d+", button.text_content() or "")[0])  # type: ignore[index]
    button.click()
    page.locator(f"live-{name}").wait_for()
    loaded = {
        a: size for a, size in sizes.items() if a.startswith(f"{origin}live/{name}")
    }
    del loaded[loader]
    assert len(loaded) == 2
    assert sum(loaded.values()) <= LARGEST_MODEL
    assert stated == pytest.approx(sum(loaded.values()) / 1000, rel=0.1)
