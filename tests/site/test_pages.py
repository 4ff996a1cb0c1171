"""Every page, in both languages, in a real browser."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from near import approach
from playwright.sync_api import BrowserContext, Page
from site_pages import ALL, CHAPTERS, PAGES, PROJECT, WITH_FORMULAS, open_whole
from visits import Visit

from bilingual_book.project import LANGUAGES, Project

# Folds too: a picture in a closed one is not loaded, and would be waited for for ever.
# So would one that a busy machine scrolls past between two frames: all are asked for.
SCROLL_THROUGH = """async () => {
  document.querySelectorAll("details").forEach((fold) => (fold.open = true));
  for (const image of document.images) image.loading = "eager";
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    scrollTo({top: y, behavior: 'instant'});
    await new Promise((done) => setTimeout(done, 10));
  }
  await Promise.all([...document.images].map((image) =>
    image.complete ? 0 : new Promise((done) => (image.onload = image.onerror = done))));
}"""
EMPTY_PICTURES = """() => [...document.images]
  .filter((image) => !image.naturalWidth || !image.alt.trim()).map((i) => i.src)"""
UNSIZED_PICTURES = """() => [...document.querySelectorAll("main img")]
  .filter((i) => !i.getAttribute("width")).map((i) => i.src)"""
FRENCH = [address for address in PAGES if address.startswith("fr/")]
WIDE = """() => document.documentElement.scrollWidth - innerWidth"""


@pytest.mark.parametrize("address", ALL)
def test_page_loads_without_errors_and_without_strangers(
    page: Page, origin: str, address: str
) -> None:
    visit = Visit(origin)
    visit.watch(page)
    page.goto(origin + address)
    page.evaluate(SCROLL_THROUGH)
    visit.assert_clean()
    assert page.evaluate(EMPTY_PICTURES) == []
    assert page.evaluate(UNSIZED_PICTURES) == []
    assert page.title().strip()


@pytest.mark.parametrize("address", ALL)
@pytest.mark.parametrize("scripts", [True, False])
def test_page_does_not_scroll_sideways_on_a_telephone(
    new_context: Callable[..., BrowserContext], origin: str, address: str, scripts: bool
) -> None:
    context = new_context(
        viewport={"width": 360, "height": 740}, java_script_enabled=scripts
    )
    page = context.new_page()
    page.goto(origin + address)
    if scripts:
        approach(page)
    assert page.evaluate(WIDE) <= 0


@pytest.mark.parametrize("width", [360, 1280])
def test_a_link_leads_to_its_place_below_explorers(
    new_context: Callable[..., BrowserContext], origin: str, width: int
) -> None:
    """They are larger alive than at rest, and come alive late."""
    page = new_context(viewport={"width": width, "height": 800}).new_page()
    open_whole(page, origin + "fr/attention.html#tab-attention-closed")
    found = page.locator("#tab-attention-closed").bounding_box()
    assert found is not None
    assert 0 < found["y"] < 200
    assert page.locator("attention-explorer:not(:defined)").count() == 0


@pytest.mark.parametrize("address", WITH_FORMULAS)
def test_mathematics_is_typeset(page: Page, origin: str, address: str) -> None:
    page.goto(origin + address)
    page.evaluate("document.fonts.ready")
    assert page.locator("article .math").count() > 0
    for formula in page.locator("article .math").all():
        assert formula.locator("math").count() == 1
    prose = page.evaluate(
        """() => { const copy = document.querySelector("article").cloneNode(true);
        copy.querySelectorAll("pre, code, math, script").forEach((e) => e.remove());
        return copy.textContent; }"""
    )
    assert not re.search(r"\\(frac|sqrt|text|mathrm|begin)\b|\$[^$]+\$", prose)
    assert page.evaluate("document.fonts.check('16px \"Book Math\"')")


def test_a_root_is_drawn(page: Page, origin: str) -> None:
    """A typeface without the sign draws no root at all, and says nothing."""
    page.goto(origin + "fr/attention.html")
    page.evaluate("document.fonts.ready")
    root, inside = page.evaluate(
        """() => { const root = document.querySelector("article msqrt");
        return [root, root.firstElementChild].map(
          (e) => e.getBoundingClientRect().width); }"""
    )
    assert root > inside + 4


@pytest.mark.parametrize("address", PAGES)
def test_language_and_addresses_are_declared(
    page: Page, origin: str, project: Project, address: str
) -> None:
    language, name = address.split("/")
    page.goto(origin + address)
    assert page.locator("html").get_attribute("lang") == language
    if name == "search.html":
        return
    canonical = page.locator("link[rel=canonical]").get_attribute("href")
    assert canonical == project.base_url + address
    alternates = {
        link.get_attribute("hreflang"): link.get_attribute("href")
        for link in page.locator("link[rel=alternate]").all()
    }
    expected = {code: f"{project.base_url}{code}/{name}" for code in LANGUAGES}
    assert alternates == {**expected, "x-default": expected["en"]}


@pytest.mark.parametrize("address", CHAPTERS)
def test_launch_buttons_lead_to_this_page_in_this_language(
    page: Page, origin: str, project: Project, address: str
) -> None:
    page.goto(origin + address)
    links = [
        link.get_attribute("href") or "" for link in page.locator(".launch a").all()
    ]
    path = address.replace(".html", ".ipynb")
    repository = project.repository.slug
    assert (
        f"https://colab.research.google.com/github/{repository}/blob/notebooks/{path}"
        in links
    )
    binder = path.replace("/", "%2F")
    assert (
        f"https://mybinder.org/v2/gh/{repository}/notebooks?labpath={binder}" in links
    )
    for link in links:
        if link.startswith("../"):
            assert (project.site / link.removeprefix("../")).is_file()


def test_every_page_of_the_contents_is_in_the_sitemap(site: Path) -> None:
    sitemap = (site / "sitemap.xml").read_text(encoding="utf-8")
    for language in LANGUAGES:
        for slug in PROJECT.pages:
            assert f"<loc>{PROJECT.base_url}{language}/{slug}.html</loc>" in sitemap


def test_pages_ask_no_one_else_for_anything(site: Path) -> None:
    """Even on paths that the browser did not take here."""
    loaded = re.compile(
        r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(https?:[^"]+)"'
    )
    declared = ("canonical", "alternate")
    for path in sorted(site.rglob("*.html")):
        for match in loaded.finditer(path.read_text(encoding="utf-8")):
            assert any(f'rel="{name}"' in match[0] for name in declared), (
                path,
                match[0],
            )
    fetched = re.compile(r"(?:url\(|@import)[\s\"']*(?:https?:)?//")
    for path in sorted(site.rglob("*.css")):
        assert not fetched.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_of_a_cell_can_be_copied(
    page: Page, origin: str, project: Project, language: str
) -> None:
    page.goto(f"{origin}{language}/attention.html")
    copy = page.get_by_role(
        "button", name=project.languages[language]["ui"]["copy"], exact=True
    )
    shown = "article .highlight:not(.cell_output .highlight) pre"
    code = page.locator(shown).all_text_contents()
    assert copy.count() > 5
    longer = sum("\n" in text.strip() for text in code)  # a single line has no button
    hidden = page.locator("button.copy").count()
    assert copy.count() <= hidden == longer < len(code)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy.first.click()
    copied = project.languages[language]["ui"]["copied"]
    page.get_by_role("status").filter(has_text=copied).wait_for(state="attached")
    text = page.evaluate("navigator.clipboard.readText()")
    cell = "e => e.closest('.highlight').querySelector('pre').textContent"
    assert text.strip() == copy.first.evaluate(cell).strip()


def test_the_covers_of_the_first_page_are_described(
    page: Page, origin: str, project: Project
) -> None:
    page.goto(origin + "index.html")
    for language in LANGUAGES:
        cover = page.locator(f"a[data-language={language}] img")
        text = project.languages[language]["ui"]["cover_alt"]
        assert cover.get_attribute("alt") == text


@pytest.mark.parametrize("address", FRENCH)
def test_the_frame_of_a_french_page_is_french(
    page: Page, origin: str, address: str
) -> None:
    """What surrounds the text: no word of the theme is left in English."""
    page.goto(origin + address)
    frame = page.evaluate(
        """() => { const copy = document.body.cloneNode(true);
        copy.querySelectorAll("article > section, pre, [lang=en], script")
          .forEach((e) => e.remove());
        const named = [...copy.querySelectorAll(
          "[title], [aria-label], [placeholder], [alt]")]
          .map((e) => [e.title, e.ariaLabel, e.placeholder, e.alt].join(" "));
        return copy.textContent + " " + named.join(" "); }"""
    )
    boxes = page.locator("article .admonition-title").all_text_contents()
    english = re.compile(
        r"\b(search|contents?|next|previous|copy|skip|download|show|hide|the|"
        r"warning|tip|exercise|solution to|launch|toggle|source code|link to)\b",
        re.IGNORECASE,
    )
    words = re.sub(r"https?://\S+", "", frame + " ".join(boxes))  # an address is none
    assert english.findall(words) == []


def test_foreign_words_say_their_language(site: Path, project: Project) -> None:
    """Each word that a source marks tells a screen reader to change its voice."""
    marked = re.compile(r"\[[^\[\]]+\]\{\.language-([a-z]+)\}")
    found = 0
    for language in LANGUAGES:
        for slug in project.pages:
            source = project.source(language, slug).read_text(encoding="utf-8")
            page = (site / language / f"{slug}.html").read_text(encoding="utf-8")
            article = BeautifulSoup(page, "html.parser").article
            assert article is not None
            said = [
                span["lang"]
                for span in article.select("span[lang]")
                if span.find_parent("figcaption")  # what a cell prints is no source's
                or not span.find_parent(class_="cell_output")
            ]
            expected = marked.findall(source)
            if ":::{computed}" in source:  # the plan of the course brings its own words
                words = iter(said)
                assert all(code in words for code in expected), (language, slug)
            else:
                assert said == expected, (language, slug)
            found += len(said)
    assert found


@pytest.mark.parametrize("address", ALL)
def test_no_name_stands_twice_on_a_page(site: Path, address: str) -> None:
    text = (site / address).read_text(encoding="utf-8")
    names = Counter(re.findall(r'<[^<>]* id="([^"]+)"', text))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("anchor", ["#50%", "#%E9", "#%", "##", "#no-such-place"])
def test_an_address_that_was_cut_breaks_nothing(
    page: Page, origin: str, anchor: str
) -> None:
    visit = Visit(origin)
    visit.watch(page)
    page.goto(f"{origin}fr/attention.html{anchor}")
    assert page.locator("button.theme").first.is_visible()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    visit.assert_clean()
