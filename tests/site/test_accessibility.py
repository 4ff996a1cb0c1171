"""axe-core on every page, light and dark, small and wide; and what it does not see."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import axe_playwright_python
import pytest
from near import approach
from playwright.sync_api import BrowserContext, Page
from site_pages import ALL, CHAPTERS, PAGES, PROJECT, open_whole

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
WIDTHS = (1280, 360)
HEIGHT = 800

# What the keyboard is on, seen through the frames of elements such as the explorers.
FOCUSED = """() => {
  let here = document.activeElement;
  const path = [here];
  while (here.shadowRoot?.activeElement) {
    here = here.shadowRoot.activeElement;
    path.push(here);
  }
  if (here === document.body || here === document.documentElement) return null;
  const box = here.getBoundingClientRect();
  const style = getComputedStyle(here);
  const header = document.querySelector("header.top");
  const covered = header && !header.contains(here) && here.className !== "skip"
    ? header.getBoundingClientRect().bottom : 0;
  const before = window.lastPath || [];
  window.lastPath = path;
  let level = 0;
  while (level < path.length - 1 && path[level] === before[level]) level += 1;
  const follows = !before[level] || path[level] === before[level]
    || Boolean(before[level].compareDocumentPosition(path[level])
               & Node.DOCUMENT_POSITION_FOLLOWING);
  return {
    name: here.outerHTML.slice(0, 120),
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inView: box.bottom > covered && box.top < innerHeight
      && box.right > 0 && box.left < innerWidth,
    follows,
  };
}"""
# Everything that the keyboard must reach. Of a group of radio buttons one is a stop.
STOPS = """() => {
  const found = [];
  const walk = (root) => root.querySelectorAll("*").forEach((node) => {
    if (node.shadowRoot) walk(node.shadowRoot);
    const stop = node.matches("a[href], button, input, textarea, summary, [tabindex]");
    if (stop && node.tabIndex >= 0 && !node.disabled && node.checkVisibility()
        && getComputedStyle(node).visibility !== "hidden") found.push(node);
  });
  walk(document);
  return found.length;
}"""


# Marks one element of each look: colour, weight, size, all that lies behind. A chapter
# has thousands of coloured words of code in a dozen looks; axe measures each look once.
LOOKS = r"""() => {
  const seen = new Set();
  const behind = (node) => {
    const layers = [];
    for (; node; node = node.parentElement) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(node);
      const layer = [backgroundColor, backgroundImage, opacity].join();
      if (layer !== "rgba(0, 0, 0, 0),none,1") layers.push(layer);
    }
    return layers.join();
  };
  document.querySelectorAll("body *").forEach((node) => {
    node.removeAttribute("data-look");
    const words = [...node.childNodes].filter((child) => child.nodeType === 3)
      .some((text) => /[\p{L}\p{N}]/u.test(text.data));
    if (!words || !node.checkVisibility()) return;
    const { color, fontWeight, fontSize } = getComputedStyle(node);
    const look = [color, fontWeight, fontSize, behind(node)].join();
    if (!seen.has(look)) node.setAttribute("data-look", "");
    seen.add(look);
  });
  return seen.size;
}"""
# The explorers draw in a frame of their own, which the marks do not reach.
EXPLORERS = tuple(
    f"{kind}-explorer"
    for kind in ("attention", "descent", "token", "translator", "teller", "sentence")
)
MARKED = (
    f"{{include: [['[data-look]'], {', '.join(f'[{name!r}]' for name in EXPLORERS)}]}}"
)
CONTRAST = "color-contrast"
AA = 4.5  # of WCAG 2.2, for a text of normal size
# The contrast of an element's text with the first ground that covers what is behind.
RATIO = """(path) => {
  let node = [path].flat().reduce(
    (root, selector) => (root.shadowRoot ?? root).querySelector(selector), document);
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  const luminance = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) =>
      part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ink = luminance(getComputedStyle(node).color);
  while (getComputedStyle(node).backgroundColor === "rgba(0, 0, 0, 0)")
    node = node.parentElement ?? node.getRootNode().host;
  const ground = luminance(getComputedStyle(node).backgroundColor);
  return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
}"""


# What passed is left in the browser: it is long, and slow to hand over.
REPORT = """async () => {
  const types = ["violations", "incomplete"];
  const report = await axe.run(%s, {resultTypes: types, ...%s});
  return types.map((type) => report[type]);
}"""


def run_axe(page: Page, context: str, options: str) -> list[tuple[str, str, str]]:
    """What axe-core calls serious or critical: rule, element, what to do.

    It leaves a contrast open where a text scrolls below its box's edge or is an arrow
    alone; there, the colours themselves are compared.
    """
    for name in EXPLORERS:
        if page.locator(name).count() == 0:
            context = context.replace(f", [{name!r}]", "")
    violations, incomplete = page.evaluate(REPORT % (context, options))
    found = [
        (rule["id"], node["html"][:200], node["failureSummary"][:300])
        for rule in violations
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"][:3]
    ]
    for rule in incomplete:
        for node in rule["nodes"] if rule["id"] == CONTRAST else []:
            ratio = page.evaluate(RATIO, node["target"][0])
            if ratio < AA:
                found.append((CONTRAST, node["html"][:200], f"{ratio:.2f}"))
    return found


def open_with_axe(page: Page, address: str) -> None:
    """Open a page and all its folds, and load axe-core into it.

    Of the coloured words of code, one of each kind stays an element, for speed.
    """
    page.goto(address)
    approach(page)
    page.evaluate(
        """() => { const seen = new Set();
        const ground = (box) => getComputedStyle(box).backgroundColor;
        // First looked at, then changed: in turn, each look would draw the page anew.
        [...document.querySelectorAll("pre span")].filter((word) => {
          const kind = word.className + ground(word.closest("pre"));
          return seen.has(kind) || !seen.add(kind);
        }).forEach((word) => word.replaceWith(...word.childNodes)); }"""
    )
    page.evaluate(
        "document.querySelectorAll('details').forEach((d) => (d.open = true))"
    )
    page.evaluate(AXE)


@pytest.mark.parametrize("address", [*ALL, "404.html"])
def test_axe_finds_nothing_serious(
    new_context: Callable[..., BrowserContext], origin: str, address: str
) -> None:
    """All rules at both widths; those of colour in light and in dark, at one: a French
    page on a desk, its English twin on a telephone."""
    page = new_context(reduced_motion="reduce").new_page()
    open_with_axe(page, origin + address)
    found: dict[tuple[int, str], list[tuple[str, str, str]]] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.evaluate("new Promise((done) => setTimeout(done, 50))")  # after `resize`
        found[width, "all"] = run_axe(
            page, "document", f"{{rules: {{'{CONTRAST}': {{enabled: false}}}}}}"
        )
        if width != WIDTHS[address.startswith("en/")]:
            continue
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours, reduced_motion="reduce")
            assert page.evaluate(LOOKS) > 1
            found[width, colours] = run_axe(page, MARKED, f"{{runOnly: '{CONTRAST}'}}")
    assert {key: value for key, value in found.items() if value} == {}


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("fr/translation.html", "translator"),
        ("en/language-model.html", "teller"),
    ],
)
def test_axe_finds_nothing_serious_in_a_living_model(
    new_context: Callable[..., BrowserContext], origin: str, address: str, name: str
) -> None:
    """Loaded, its map open; on a telephone and on a desk, in light and in dark."""
    page = new_context(reduced_motion="reduce").new_page()
    open_with_axe(page, origin + address)
    explorer = page.locator(f"{name}-explorer")
    explorer.get_by_role("button").click()
    living = page.locator(f"live-{name}")
    living.get_by_role("status").wait_for(state="attached")
    living.locator("details").evaluate_all("(all) => all.forEach((d) => d.open = true)")
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours, reduced_motion="reduce")
            context = f"{{include: [['{name}-explorer']]}}"
            found[width, colours] = run_axe(page, context, "{}")
        wide = "(e) => e.getBoundingClientRect().right - innerWidth"
        assert living.evaluate(wide) <= 0
    assert {key: value for key, value in found.items() if value} == {}


def test_axe_sees_faults(page: Page, origin: str) -> None:
    """The check itself: a pale text in a corner and a picture without words."""
    open_with_axe(page, origin + "fr/intro.html")
    page.evaluate(
        """document.querySelector("article").innerHTML +=
        '<p><b style="color:#bbb;background:#fff">pale</b></p><img src="x.png">'"""
    )
    page.evaluate(LOOKS)
    assert {rule for rule, *_ in run_axe(page, MARKED, "{}")} >= {CONTRAST}
    assert {rule for rule, *_ in run_axe(page, "document", "{}")} >= {"image-alt"}


@pytest.mark.parametrize("address", PAGES)
def test_structure_says_what_the_eye_sees(
    page: Page, origin: str, address: str
) -> None:
    """Headings in order, headers of tables with their direction, named drawings."""
    page.goto(origin + address)
    levels = page.evaluate(
        "[...document.querySelectorAll('main :is(h1,h2,h3,h4,h5,h6)')]"
        ".map((heading) => +heading.tagName[1])"
    )
    assert levels[:1] == [1]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert page.locator("main th:not([scope])").count() == 0
    assert page.locator("main table:not(:has(th))").count() == 0
    nameless = page.evaluate(
        """() => [...document.querySelectorAll(
          "main img, main svg[role=img], main figure")].filter((e) =>
            !(e.tagName === "IMG" ? e.alt
              : e.tagName === "FIGURE" ? e.querySelector("figcaption")?.textContent
              : e.getAttribute("aria-label"))?.trim()
          ).map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []


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


# On a desk every page; on a telephone each page in one of its languages.
STEPPED = [("index.html", width) for width in WIDTHS]
STEPPED += [(address, WIDTHS[0]) for address in PAGES]
STEPPED += [
    (f"{('fr', 'en')[i % 2]}/{slug}.html", WIDTHS[1])
    for i, slug in enumerate([*PROJECT.pages, "search"])
]


@pytest.mark.parametrize(("address", "width"), STEPPED)
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    new_context: Callable[..., BrowserContext], origin: str, address: str, width: int
) -> None:
    context = new_context(
        viewport={"width": width, "height": HEIGHT}, reduced_motion="reduce"
    )
    page = context.new_page()
    # The search page starts in its field, unless it has something to show.
    query = "?q=attention" if address.endswith("search.html") else ""
    open_whole(page, origin + address + query)
    approach(page)
    expected = page.evaluate(STOPS)
    assert expected > 0
    stops = 0
    while True:
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None or stops > expected + 5:
            break
        stops += 1
        assert stop["ring"], stop
        assert stop["inView"], stop
        assert stop["follows"], stop
    assert stops == expected


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


MOVING = """() => {
  const found = [];
  const walk = (root) => root.querySelectorAll("*").forEach((node) => {
    if (node.shadowRoot) walk(node.shadowRoot);
    const style = getComputedStyle(node);
    if (style.animationName !== "none" || style.scrollBehavior === "smooth"
        || style.transitionDuration.split(",").some((time) => parseFloat(time) > 0))
      found.push(node.tagName);
  });
  walk(document);
  return found;
}"""


@pytest.mark.parametrize("address", ["index.html", "fr/translation.html"])
def test_nothing_moves_for_who_asks_for_less_motion(
    page: Page, origin: str, address: str
) -> None:
    page.set_viewport_size({"width": WIDTHS[1], "height": HEIGHT})
    page.emulate_media(reduced_motion="no-preference")
    page.goto(origin + address)
    # The others see a page's header glide away; nobody is scrolled through a chapter.
    moving = page.evaluate(MOVING)
    assert bool(moving) == (address != "index.html")
    assert "HTML" not in moving
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING) == []


@pytest.mark.parametrize("address", CHAPTERS)
def test_a_page_can_be_enlarged_to_twice_its_size(
    new_context: Callable[..., BrowserContext], origin: str, address: str
) -> None:
    """Text at 200 %, as browsers do it: half the width, nothing cut off sideways."""
    page = new_context(viewport={"width": 640, "height": 400}).new_page()
    page.goto(origin + address)
    approach(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_solutions_are_printed_open(page: Page, origin: str) -> None:
    page.goto(origin + "fr/attention.html")
    assert page.locator("details.solution:not([open])").count() > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.solution:not([open])").count() == 0
    page.emulate_media(media="print")
    assert not page.locator("header.top").is_visible()
    assert not page.locator("#contents").is_visible()
