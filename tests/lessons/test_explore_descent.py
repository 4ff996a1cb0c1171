"""The explorer of gradient descent: its data, its words, and a real browser."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from transformers_explained.explore import descent, explore_descent
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.language import LANGUAGES

RATES = [0.05, 0.3, 0.6]
WINDOW = ((-3.0, 3.0), (-3.0, 3.0))
LOWEST = (1.0, 0.0)
STEPS = 20


def bowl(w: Any, b: Any) -> Any:
    return 0.5 + (w - 1) ** 2 / 2 + 2 * b**2


def path(rate: float, steep: float = 4.0) -> list[tuple[float, float]]:
    w, b = -2.0, 2.0
    points = [(w, b)]
    for _ in range(STEPS):
        w, b = w - rate * (w - 1), b - rate * steep * b
        points.append((w, b))
    return points


PATHS = np.array([[path(rate) for rate in RATES], [path(r, 3.0) for r in RATES]])
MODES = ["all <six>", "one"]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


def explored(**changes: Any) -> dict[str, str]:
    """Call the explorer and return what it would display."""
    given: dict[str, Any] = {"rates": RATES, "paths": PATHS, "modes": MODES}
    given |= changes
    rates, paths = given.pop("rates"), given.pop("paths")
    sent: list[dict[str, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(descent, "show", sent.append)
        explore_descent(bowl, WINDOW, LOWEST, rates, paths, **given)
    (bundle,) = sent
    return bundle


def data_of(bundle: dict[str, str]) -> dict[str, Any]:
    found = re.search(r"data-json='([^']*)'", bundle["text/html"])
    assert found is not None
    data: dict[str, Any] = json.loads(html.unescape(found[1]))
    return data


def test_each_path_starts_where_it_should_and_goes_where_it_went() -> None:
    data = data_of(explored())
    assert data["rates"] == ["0.05", "0.3", "0.6"]
    for mode in range(2):
        for rate in range(3):
            points = [
                tuple(map(int, point.split(",")))
                for point in data["paths"][mode][rate].split()
            ]
            plane = descent._Plane(WINDOW)
            expected = [plane.at(*at) for at in PATHS[mode, rate]]
            assert points == expected[: len(points)]
            assert len(points) == STEPS + 1 or max(map(abs, points[-1])) > 300
    # The start is left of the bottom and above it: y grows downwards in a drawing.
    start, bottom = plane.at(-2, 2), plane.at(*LOWEST)
    assert start[0] < bottom[0]
    assert start[1] < bottom[1]


def test_the_sentences_say_how_each_descent_went() -> None:
    slow, good, bad = data_of(explored())["says"][0]
    losses = bowl(*PATHS[0, 0].T)
    assert slow == (
        f"Rate 0.05: after 20 steps the loss is {losses[-1]:.2f}; the lowest is 0.50."
    )
    near = bowl(*PATHS[0, 1].T) <= 1.05 * 0.5
    first = int(np.flatnonzero(~near)[-1]) + 1
    assert good == (
        f"Rate 0.3: from step {first} on, the loss stays within 5% of the lowest, 0.50."
    )
    assert bad.startswith("Rate 0.6: the steps lead away from the bottom.")
    assert (
        "more than a million"
        in data_of(explored(rates=[9] * 3, paths=FAR))["says"][0][0]
    )


FAR = np.array([[path(9.0)] * 3] * 2)


def test_a_loss_that_rises_on_the_way_is_said() -> None:
    w = np.array([-2.0, 0, -1, 0.5] + [0.9] * 17)
    noisy = np.stack([w, np.zeros(21)], axis=1)
    (said,) = data_of(explored(rates=[0.1], paths=[[noisy]], modes=[""]))["says"][0]
    assert said.endswith("It rose at 1 of the 20 steps.")


@pytest.mark.parametrize("end", [np.inf, np.nan, 1e300])
def test_a_path_that_ends_nowhere_is_drawn_up_to_there(end: float) -> None:
    lost = PATHS.copy()
    lost[0, 0, 5:] = end
    bundle = explored(paths=lost)
    assert "away from the bottom" in data_of(bundle)["says"][0][0]
    shown = bundle["text/html"].partition("<script")[0]
    assert not re.search(r"nan|inf\b", shown)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rates": RATES[:2]}, r"\(modes=2, rates=2, steps \+ 1, 2\); got \(2, 3, 21"),
        ({"paths": PATHS[..., :1]}, r"got \(2, 3, 21, 1\)"),
        ({"paths": PATHS[:, :, :1]}, "a step at least"),
        ({"paths": np.zeros((2, 3, 900, 2))}, "at most 4000 points"),
        ({"rate": 3}, "rate must be from 0 to 2; got 3"),
        ({"mode": -1}, "mode must be from 0 to 1; got -1"),
    ],
)
def test_other_paths_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explored(**changes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_paper_and_terminal_get_a_drawing_and_words(language: str) -> None:
    use_language(language)
    bundle = explored(title="Demo", rate=1)
    assert base64.b64decode(bundle["application/pdf"]).startswith(b"%PDF")
    said = data_of(bundle)["says"][0][1]
    assert bundle["text/plain"] == f"Demo\nAll <six>. {said}"
    assert f"lang='{language}'" in bundle["text/html"]
    assert f"All &lt;six&gt;. {said}</figcaption>" in bundle["text/html"]


def test_it_is_light_and_asks_nothing_of_a_server() -> None:
    page = explored()["text/html"]
    assert not re.search(r"https?:|\bsrc=|\bimport\b|\bfetch\b|url\(", page)
    script = re.findall(r"<script.*?</script>", page, re.DOTALL)
    assert len("".join(script).encode()) <= 20_000


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Demo</title>
<meta name="viewport" content="width=device-width">
<body style="font: 16px/1.5 sans-serif"><main><h1>Demo</h1>{body}</main>"""


@pytest.fixture
def opened(open_html: Callable[..., Any]) -> Callable[..., Any]:
    """Open a page with two explorers from the disk."""

    def open_page(**settings: Any) -> Any:
        both = explored(rate=1)["text/html"] + explored()["text/html"]
        return open_html(PAGE.format(body=both), **settings)

    return open_page


def test_keyboard_mouse_and_radio_choose(opened: Callable[..., Any]) -> None:
    page, data = opened(), data_of(explored(rate=1))
    first = page.locator("descent-explorer").first
    slider = first.get_by_role("slider")
    says, drawn = first.locator(".says"), first.locator(".live .path")

    def shows(mode: int, rate: int) -> None:
        assert says.text_content() == data["says"][mode][rate]
        assert drawn.get_attribute("points") == data["paths"][mode][rate]
        curve = first.locator(".curve").get_attribute("points")
        assert curve == data["curves"][mode][rate]
        assert slider.evaluate("e => e.ariaValueText") == data["rates"][rate]
        dots = first.locator(".live .dots").get_attribute("d")
        assert dots.count("M") == len(data["paths"][mode][rate].split())

    shows(0, 1)
    slider.focus()
    page.keyboard.press("ArrowRight")
    shows(0, 2)
    page.keyboard.press("Home")
    shows(0, 0)
    first.get_by_role("radio", name="one").click()
    shows(1, 0)
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    page.mouse.up()
    shows(1, 2)
    # The second did not follow.
    other = page.locator("descent-explorer .says").nth(1).text_content()
    assert other == data["says"][0][0]


def test_it_fits_on_a_telephone(opened: Callable[..., Any]) -> None:
    page = opened(viewport={"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    slider = page.get_by_role("slider").first.bounding_box()
    assert slider["height"] >= 24


def test_without_script_and_on_paper_the_drawing_shows(
    opened: Callable[..., Any],
) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("descent-explorer svg").first.is_visible()
    printed = opened()
    printed.emulate_media(media="print")
    assert not printed.locator("descent-explorer .live").first.is_visible()
    assert printed.locator("descent-explorer figcaption").first.is_visible()


def test_axe_finds_nothing(opened: Callable[..., Any]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    for settings in ({}, {"java_script_enabled": True, "color_scheme": "dark"}):
        results = axe.Axe().run(opened(**settings))
        assert results.violations_count == 0, results.generate_report()
