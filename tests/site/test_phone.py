"""Reading on a telephone: code that goes on below, figures that grow, the section."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page
from site_pages import open_whole

PHONE = {"width": 360, "height": 780}
CODE = ".cell_input pre:has(.line):visible"
# How far a line of code begins from the left, on each of its rows on the screen, in the
# width of a sign.
ROWS = """(line) => {
  const range = document.createRange();
  range.selectNodeContents(line);
  const rows = new Map();
  for (const box of range.getClientRects()) {
    const row = Math.round(box.top / 5);
    if (box.width) rows.set(row, Math.min(rows.get(row) ?? Infinity, box.left));
  }
  const sign = document.createElement("span");
  sign.textContent = "0";
  line.append(sign);
  const { width } = sign.getBoundingClientRect();
  sign.remove();
  const from = line.closest("pre").getBoundingClientRect().left
    + parseFloat(getComputedStyle(line.closest("pre")).paddingLeft) + 3;
  return [...rows.values()].map((left) => Math.round((left - from) / width));
}"""


@pytest.fixture
def phone(new_context: Callable[..., BrowserContext]) -> Page:
    """A page in a window of a telephone's size."""
    return new_context(viewport=PHONE, reduced_motion="reduce").new_page()


def test_code_goes_on_below_under_its_own_indentation(phone: Page, origin: str) -> None:
    open_whole(phone, origin + "fr/attention.html")
    wide = "all => all.filter((e) => e.scrollWidth > e.clientWidth + 1).length"
    code = phone.locator(".cell_input pre:visible")  # what is folded has no width yet
    assert code.count() > 5
    assert code.evaluate_all(wide) == 0
    lines = phone.locator(".cell_input .line:visible")
    found = 0
    for line in lines.all():
        indent = int(str(line.evaluate("e => e.style.getPropertyValue('--in')")))
        first, *others = line.evaluate(ROWS)
        found += len(others)
        assert first in {0, indent}  # where its spaces are, or its first word
        assert set(others) <= {indent + 2}
    assert found > 10


def test_who_prefers_it_lets_code_scroll(phone: Page, origin: str) -> None:
    phone.goto(origin + "en/attention.html")
    code = phone.locator(CODE).first
    scrolls = "e => e.scrollWidth > e.clientWidth + 1"
    phone.locator("details.here summary").click()
    phone.get_by_label("Wrap long lines of code").uncheck()
    assert phone.locator(".cell_input pre:visible").evaluate_all(
        f"all => all.some({scrolls})"
    )
    phone.goto(origin + "en/encoder.html")  # it is remembered
    assert phone.locator("html").get_attribute("data-code") == "scroll"
    phone.locator("details.here summary").click()
    phone.get_by_label("Wrap long lines of code").check()
    assert not code.evaluate(scrolls)


def test_one_line_names_the_section_and_opens_the_list(
    phone: Page, origin: str
) -> None:
    phone.goto(origin + "fr/attention.html")
    phone.evaluate(
        """() => { window.shifts = 0; new PerformanceObserver((list) =>
        list.getEntries().forEach((e) => (window.shifts += e.value))
        ).observe({type: "layout-shift", buffered: true}); }"""
    )
    line = phone.locator("details.here summary")
    height = line.bounding_box()["height"]  # type: ignore[index]
    assert height <= 40
    links = phone.locator(".sheet nav > ul > li > a")
    title = links.nth(3).text_content()
    phone.evaluate(
        "id => document.getElementById(id).scrollIntoView()",
        str(links.nth(3).get_attribute("href")).removeprefix("#"),
    )
    now = phone.locator(".now", has_text=title)
    now.wait_for()
    assert phone.locator(".far").text_content() == f"4/{links.count()}"
    read = "document.querySelector('.here').style.getPropertyValue('--read')"
    assert 0 < float(phone.evaluate(read)) < 1
    box = line.bounding_box()
    assert box is not None
    assert box["y"] <= 60
    line.click()
    assert links.first.is_visible()
    phone.keyboard.press("Escape")
    assert not links.first.is_visible()
    assert phone.evaluate("window.shifts") < 0.02


def test_a_figure_grows_by_tap_and_by_key(phone: Page, origin: str) -> None:
    phone.goto(origin + "en/attention.html")
    figure = phone.locator("figure:has(> .enlarge):visible").first
    picture = figure.locator("img")
    before = picture.bounding_box()
    picture.click()
    dialog = phone.get_by_role("dialog")
    grown = dialog.locator("img").bounding_box()
    assert grown is not None
    assert before is not None
    assert grown["width"] > 1.2 * before["width"]
    phone.keyboard.press("Escape")
    assert dialog.count() == 0
    button = figure.get_by_role("button", name="Enlarge")
    button.press("Enter")
    assert dialog.is_visible()
    dialog.get_by_role("button", name="Close").click()
    assert button.evaluate("e => e === document.activeElement")


def test_a_table_fits_or_scrolls_without_tall_rows(phone: Page, origin: str) -> None:
    """No row of a table that scrolls is taller than a few lines."""
    tall = """() => [...document.querySelectorAll("article .table-box")]
      .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1)
      .flatMap((box) => [...box.querySelectorAll("tr")])
      .filter((row) => row.getBoundingClientRect().height > 150)
      .map((row) => row.textContent.trim().slice(0, 60))"""
    for address in ("fr/model-families", "en/attention", "fr/history", "en/encoder"):
        phone.goto(f"{origin}{address}.html")
        assert phone.evaluate(tall) == [], address
