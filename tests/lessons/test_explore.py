"""The explorer: its data, its drawing, and its behaviour in a real browser."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from transformers_explained.explore import explore_attention, explorer
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.language import LANGUAGES

QUERIES = ["Le", "chat", "l'<b>&"]
KEYS = ["The", "black", "cat", "<s>", '"']
LAYERS, HEADS, T, S = 2, 4, 3, 5


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


@pytest.fixture
def explored(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Call the explorer and return what it would display."""

    def call(*args: Any, **kwargs: Any) -> dict[str, str]:
        sent: list[dict[str, str]] = []
        with monkeypatch.context() as patch:
            patch.setattr(explorer, "show", sent.append)
            explore_attention(*args, **kwargs)
        (bundle,) = sent
        return bundle

    return call


def random_weights(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return (3 * torch.randn(shape, generator=generator)).softmax(dim=-1)


def data_of(bundle: dict[str, str]) -> dict[str, Any]:
    found = re.search(r"data-json='([^']*)'", bundle["text/html"])
    assert found is not None
    data: dict[str, Any] = json.loads(html.unescape(found[1]))
    return data


def test_the_page_holds_the_rounded_weights_and_the_tokens(
    explored: Callable[..., dict[str, str]],
) -> None:
    weights = random_weights(LAYERS, HEADS, T, S)
    data = data_of(explored(weights, QUERIES, KEYS, layer=1, head=2, query=1))
    assert (data["queries"], data["keys"]) == (QUERIES, KEYS)
    assert (data["layers"], data["heads"]) == (LAYERS, HEADS)
    assert data["at"] == {"layer": 1, "head": 2, "query": 1}
    kept = torch.tensor(data["weights"]).reshape(LAYERS, HEADS, T, S) / 1000
    torch.testing.assert_close(kept, weights, atol=0.0005001, rtol=0)


def test_layers_may_come_as_one_tensor_or_as_a_list(
    explored: Callable[..., dict[str, str]],
) -> None:
    weights = random_weights(LAYERS, HEADS, T, S)
    one = data_of(explored(weights, QUERIES, KEYS))
    as_models_return_them = tuple(layer[None] for layer in weights)
    assert data_of(explored(as_models_return_them, QUERIES, KEYS)) == one
    assert data_of(explored([*weights], QUERIES, KEYS)) == one
    assert data_of(explored(weights.numpy(), QUERIES, KEYS)) == one
    single = data_of(explored(weights[0], QUERIES, KEYS))
    assert (single["layers"], single["heads"]) == (1, HEADS)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (torch.zeros(T, S), r"shape \(layers, H, 3, 5\) or \(H, 3, 5\).*got \(3, 5\)"),
        (torch.zeros(2, S, T), r"got \(1, 2, 5, 3\)"),
        (torch.zeros(1, 2, 3, T, S), r"got \(1, 2, 3, 3, 5\)"),
        ([torch.zeros(2, 4, T, S)], r"got \(1, 2, 4, 3, 5\)"),
        ([torch.zeros(2, T, S), torch.zeros(4, T, S)], "layers must have one shape"),
        ([], "at least one layer"),
        (torch.zeros(0, T, S), "must not be empty"),
        (
            torch.full((2, T, S), 1.5),
            "between 0 and 1, or NaN; got values from 1.5 to 1.5",
        ),
        (torch.full((2, T, S), -0.1), "between 0 and 1, or NaN; got values from -0.1"),
        (torch.full((2, T, S), torch.inf), "or NaN; got values from inf to inf"),
        (torch.full((2, T, S), -torch.inf), "between 0 and 1, or NaN; got"),
        (torch.tensor([torch.nan, 2.0]).repeat(2, T, 3)[..., :S], "from 2 to 2"),
        (torch.zeros(200, 16, T, S), "at most 40000 weights fit in a page; got 48000"),
    ],
)
def test_other_weights_are_refused(weights: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explore_attention(weights, QUERIES, KEYS)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"layer": 2}, "layer must be from 0 to 1; got 2"),
        ({"head": -1}, "head must be from 0 to 3; got -1"),
        ({"query": 3}, "query must be from 0 to 2; got 3"),
    ],
)
def test_a_start_that_does_not_exist_is_refused(
    start: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        explore_attention(random_weights(LAYERS, HEADS, T, S), QUERIES, KEYS, **start)


def test_paper_and_terminal_get_a_drawing_and_words(
    explored: Callable[..., dict[str, str]],
) -> None:
    weights = torch.tensor([[[0.25, 0.75], [1.0, 0.0], [0.0, 0.0]]])
    bundle = explored(weights, QUERIES, ["a", "b"], title="Demo")
    assert base64.b64decode(bundle["application/pdf"]).startswith(b"%PDF")
    assert bundle["text/plain"] == (
        "Demo\nAttention map, layer 1, head 1. "
        "“Le” looks mostly at “b” (75%), then “a” (25%). "
        "“chat” looks only at “a” (100%). "
        "“l'<b>&” looks at nothing: every position is masked from it."
    )
    use_language("fr")
    french = explored(weights, QUERIES, ["a", "b"])
    assert (
        "«\u00a0Le\u00a0» regarde surtout «\u00a0b\u00a0» (75\u00a0%)"
        in (french["text/plain"])
    )
    assert "lang='fr'" in french["text/html"]


# Weights (H, T, S), compared in thousandths, and what is said of each.
KEPT = ["a", "b", "c", "d"]
TIES = torch.tensor(
    [
        [[0.25] * 4, [1 / 3, 1 / 3, 1 / 3, 0.0], [0.5, 0.5, 0.0, 0.0]],
        [[0.3, 0.3, 0.3, 0.1], [0.2, 0.4, 0.0, 0.4], [0.4001, 0.4003, 0.1, 0.0996]],
        [[0.251, 0.25, 0.25, 0.249], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]],
    ]
)
TIES_SAID = {
    "en": [
        [
            "“Le” looks equally at all 4 tokens it may see (25% each).",
            "“chat” looks equally at all 3 tokens it may see (33% each).",
            "“l'<b>&” looks as much at “a” as at “b” (50% each).",
        ],
        [
            "“Le” looks mostly, and equally, at “a”, “b” and “c” (30% each).",
            "“chat” looks as much at “b” as at “d” (40% each).",
            "“l'<b>&” looks as much at “a” as at “b” (40% each).",
        ],
        [
            "“Le” looks mostly at “a” (25%), then equally at “b” and “c” (25% each).",
            "“chat” looks only at “c” (100%).",
            "“l'<b>&” looks at nothing: every position is masked from it.",
        ],
    ],
    "fr": [
        [
            "«~Le~» regarde à parts égales les 4 tokens qu’il peut voir (25~% chacun).",
            "«~chat~» regarde à parts égales les 3 tokens qu’il peut voir "
            "(33~% chacun).",
            "«~l'<b>&~» regarde autant «~a~» que «~b~» (50~% chacun).",
        ],
        [
            "«~Le~» regarde surtout, à égalité, «~a~», «~b~» et «~c~» (30~% chacun).",
            "«~chat~» regarde autant «~b~» que «~d~» (40~% chacun).",
            "«~l'<b>&~» regarde autant «~a~» que «~b~» (40~% chacun).",
        ],
        [
            "«~Le~» regarde surtout «~a~» (25~%), puis à égalité «~b~» et «~c~» "
            "(25~% chacun).",
            "«~chat~» ne regarde que «~c~» (100~%).",
            "«~l'<b>&~» ne regarde rien~: toutes les positions lui sont masquées.",
        ],
    ],
}


def said(language: str, head: int) -> list[str]:
    return [text.replace("~", "\u00a0") for text in TIES_SAID[language][head]]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("head", range(len(TIES)))
def test_equal_weights_are_said_to_be_equal(
    explored: Callable[..., dict[str, str]], language: str, head: int
) -> None:
    use_language(language)
    words = explored(TIES, QUERIES, KEPT, head=head)["text/plain"]
    assert words.endswith(". " + " ".join(said(language, head)))


# Weights that are not numbers, of (H, T, S) tokens, and what is said of them.
LOST = torch.tensor(
    [
        [[torch.nan] * 4, [0.5, torch.nan, 0.25, torch.nan], [0.0, 0.0, 1.0, 0.0]],
        [[0.25, 0.75, 0.0, 0.0], [0.0, 0.0, 0.0, torch.nan], [torch.nan] * 4],
    ]
)
LOST_SAID = {
    "en": [
        [
            "Every weight of “Le” is NaN: not a number.",
            "The weight that “chat” gives to “b” and “d” is NaN: not a number.",
            "“l'<b>&” looks only at “c” (100%).",
        ],
        [
            "“Le” looks mostly at “b” (75%), then “a” (25%).",
            "The weight that “chat” gives to “d” is NaN: not a number.",
            "Every weight of “l'<b>&” is NaN: not a number.",
        ],
    ],
    "fr": [
        [
            "Tous les poids de «~Le~» sont NaN~: ce ne sont pas des nombres.",
            "Le poids que «~chat~» donne à «~b~» et «~d~» est NaN~: ce n’est pas un "
            "nombre.",
            "«~l'<b>&~» ne regarde que «~c~» (100~%).",
        ],
        [
            "«~Le~» regarde surtout «~b~» (75~%), puis «~a~» (25~%).",
            "Le poids que «~chat~» donne à «~d~» est NaN~: ce n’est pas un nombre.",
            "Tous les poids de «~l'<b>&~» sont NaN~: ce ne sont pas des nombres.",
        ],
    ],
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("head", range(len(LOST)))
def test_a_weight_that_is_no_number_is_said_and_drawn_as_such(
    explored: Callable[..., dict[str, str]], language: str, head: int
) -> None:
    use_language(language)
    bundle = explored(LOST, QUERIES, KEPT, head=head)
    sentences = " ".join(LOST_SAID[language][head]).replace("~", "\u00a0")
    assert bundle["text/plain"].endswith(". " + sentences)
    assert base64.b64decode(bundle["application/pdf"]).startswith(b"%PDF")
    lost = int(LOST[head].isnan().sum())
    drawing = bundle["text/html"].split("<figure>")[1].split("</figure>")[0]
    assert drawing.count(">NaN</text>") == drawing.count('fill="none"') == lost
    weights = data_of(bundle)["weights"]
    assert weights.count(None) == int(LOST.isnan().sum())


def test_script_is_small(
    explored: Callable[..., dict[str, str]],
) -> None:
    one = explored(random_weights(HEADS, T, S), QUERIES, KEYS)["text/html"]
    script = re.findall(r"<script.*?</script>", one, re.DOTALL)
    assert len("".join(script).encode()) <= 20_000


def test_nothing_is_asked_of_a_server(
    explored: Callable[..., dict[str, str]],
) -> None:
    page = explored(random_weights(HEADS, T, S), QUERIES, KEYS)["text/html"]
    assert not re.search(r"https?:|\bsrc=|\bimport\b|\bfetch\b|url\(", page)


def test_repeated_tokens_are_told_apart_by_their_place(
    explored: Callable[..., dict[str, str]],
) -> None:
    tokens = ["the", "cat", "the"]
    weights = torch.tensor([[[0.2, 0.5, 0.3]] * 3])
    bundle = explored(weights, tokens)
    data = data_of(bundle)
    assert data["queries"] == data["keys"] == ["the₁", "cat", "the₃"]
    assert "“the₁” looks mostly at “cat” (50%), then “the₃”" in bundle["text/plain"]
    assert "small digit" in data["text"]["help"]
    alone = data_of(explored(weights, ["a", "cat", "the"]))
    assert "small digit" not in alone["text"]["help"]


SHARPNESS = [0, 0.5, 8, 1000]
SCORES = torch.tensor([[0.3, 0.1, 0.4], [0.2, 0.9, 0.5]])  # (T, S)


def sharpened() -> Tensor:
    """Weights (settings, 1, T, S): the softmax of the scores, each time sharper."""
    return torch.stack([(b * SCORES).softmax(dim=-1) for b in SHARPNESS])[:, None]


def test_the_first_axis_may_be_a_number_that_was_varied(
    explored: Callable[..., dict[str, str]],
) -> None:
    bundle = explored(
        sharpened(), ["p", "q"], KEPT[:3], setting="β", settings=SHARPNESS, layer=3
    )
    data = data_of(bundle)
    assert (data["setting"], data["settings"]) == ("β", ["0", "0.5", "8", "1,000"])
    kept = torch.tensor(data["weights"]).reshape(4, 1, 2, 3) / 1000
    torch.testing.assert_close(kept, sharpened(), atol=0.0005001, rtol=0)
    assert "Attention map, β = 1,000. “p” looks only at “c”" in bundle["text/plain"]


def test_heads_may_have_names(explored: Callable[..., dict[str, str]]) -> None:
    weights = random_weights(2, T, S)
    bundle = explored(weights, QUERIES, KEYS, head_names=["raw", "masked"], head=1)
    assert data_of(bundle)["names"] == ["raw", "masked"]
    assert "Attention map, masked. “Le” looks" in bundle["text/plain"]
    layers = torch.stack([weights, weights])
    bundle = explored(layers, QUERIES, KEYS, head_names=["raw", "masked"], layer=1)
    assert "Attention map, layer 2, raw. " in bundle["text/plain"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"head_names": ["a"]}, "head_names must have 4 values; got 1"),
        ({"setting": "β", "settings": [1]}, "settings must have 2 values; got 1"),
        ({"settings": [1, 2]}, "setting and settings go together; got '' with 2"),
        ({"setting": "β"}, "setting and settings go together; got 'β' with 0"),
    ],
)
def test_names_that_do_not_fit_are_refused(names: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explore_attention(random_weights(LAYERS, HEADS, T, S), QUERIES, KEYS, **names)


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Demo</title>
<meta name="viewport" content="width=device-width">
<body style="font: 16px/1.5 sans-serif; {style}"><main>{body}</main>"""


@pytest.fixture(scope="module")
def body() -> str:
    """Two explorers, as a page of the book holds them."""
    weights = random_weights(LAYERS, HEADS, T, S)
    sent: list[dict[str, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explorer, "show", sent.append)
        explore_attention(weights, QUERIES, KEYS, title="First")
        explore_attention(weights[0, :1], QUERIES, KEYS, title="Second")
    return "".join(bundle["text/html"] for bundle in sent)


@pytest.fixture
def opened(open_html: Callable[..., Any], body: str) -> Callable[..., Any]:
    """Open that page from the disk."""

    def open_page(*, style: str = "", **settings: Any) -> Any:
        return open_html(PAGE.format(style=style, body=body), **settings)

    return open_page


def says(page: Any) -> str:
    text: str = page.locator("attention-explorer .says").first.text_content()
    return text


def expected(layer: int, head: int, query: int) -> str:
    row = random_weights(LAYERS, HEADS, T, S)[layer, head, query]
    (one, two), (a, b) = (part[:2].tolist() for part in row.sort(descending=True))

    def share(weight: float) -> str:
        thousandths = round(weight * 1000)
        return "<1" if 0 < thousandths < 5 else str(int(thousandths / 10 + 0.5))

    return (
        f"“{QUERIES[query]}” looks mostly at “{KEYS[a]}” ({share(one)}%), "
        f"then “{KEYS[b]}” ({share(two)}%)."
    )


def test_mouse_touch_and_keyboard_choose(opened: Callable[..., Any]) -> None:
    page = opened()
    first = page.locator("attention-explorer").first
    assert says(page) == expected(0, 0, 0)
    first.get_by_role("radio", name="chat", exact=True).hover()
    page.wait_for_function(
        "text => document.querySelector('attention-explorer')"
        ".shadowRoot.querySelector('.says').textContent === text",
        arg=expected(0, 0, 1),
    )
    first.get_by_role("radio", name="Layer 2").click()
    assert says(page) == expected(1, 0, 1)
    first.locator(".heads .strip").nth(2).click()
    assert says(page) == expected(1, 2, 1)
    first.get_by_role("radio", name="Head 3.").focus()
    page.keyboard.press("ArrowDown")
    assert says(page) == expected(1, 3, 1)
    page.keyboard.press("ArrowDown")  # from the last one to the first
    assert says(page) == expected(1, 0, 1)
    page.keyboard.press("End")
    assert says(page) == expected(1, 3, 1)
    page.keyboard.press("Shift+Tab")  # to the group before: one stop per group
    page.keyboard.press("ArrowRight")
    assert says(page) == expected(1, 3, 2)
    page.keyboard.press("Home")
    assert says(page) == expected(1, 3, 0)
    checked = first.get_by_role("radio", checked=True)
    names = checked.evaluate_all("all => all.map(e => e.ariaLabel || e.textContent)")
    assert names == ["Layer 2", "Le", f"Head 4. {expected(1, 3, 0)}"]
    # The second explorer did not follow.
    other = page.locator("attention-explorer .says").nth(1).text_content()
    assert other == expected(0, 0, 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_of_equal_weights_what_paper_says(
    browser: Any, explored: Callable[..., dict[str, str]], language: str
) -> None:
    use_language(language)
    page = browser.new_page()
    page.set_content(
        PAGE.format(style="", body=explored(TIES, QUERIES, KEPT)["text/html"])
    )
    chosen = page.locator("attention-explorer").first
    for query, token in enumerate(QUERIES):
        chosen.get_by_role("radio", name=token, exact=True).click()
        for head in range(len(TIES)):
            chosen.locator(".heads .strip").nth(head).click()
            assert says(page) == said(language, head)[query]
    page.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_no_bar_for_what_is_no_number(
    browser: Any, explored: Callable[..., dict[str, str]], language: str
) -> None:
    use_language(language)
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.emulate_media(reduced_motion="reduce")
    page.set_content(
        PAGE.format(style="", body=explored(LOST, QUERIES, KEPT)["text/html"])
    )
    chosen = page.locator("attention-explorer").first
    for query, token in enumerate(QUERIES):
        chosen.get_by_role("radio", name=token, exact=True).click()
        for head in range(len(LOST)):
            chosen.locator(".heads .strip").nth(head).click()
            told = LOST_SAID[language][head][query].replace("~", "\u00a0")
            assert says(page) == told
            row = LOST[head, query]
            shares = chosen.locator(".key b").all_text_contents()
            assert [share == "NaN" for share in shares] == row.isnan().tolist()
            heights = chosen.locator(".bar i").evaluate_all(
                "bars => bars.map(bar => bar.getBoundingClientRect().height)"
            )
            assert [height > 0 for height in heights] == (row > 0).tolist()
            dashed = (
                chosen.locator(".strip")
                .nth(head)
                .locator("i")
                .evaluate_all(
                    "all => all.map(e => getComputedStyle(e).outlineStyle == 'dashed')"
                )
            )
            assert dashed == row.isnan().tolist()
    assert problems == []
    page.close()


def test_bars_are_as_high_as_their_weights(opened: Callable[..., Any]) -> None:
    page = opened(reduced_motion="reduce")
    heights = page.locator("attention-explorer").first.locator(".bar i")
    shown = heights.evaluate_all(
        "bars => bars.map(e => e.getBoundingClientRect().height"
        " / e.parentElement.getBoundingClientRect().height)"
    )
    row = random_weights(LAYERS, HEADS, T, S)[0, 0, 0].tolist()
    assert shown == pytest.approx(row, abs=0.01)


CONTRASTS = """
() => {
  const pixel = document.createElement("canvas").getContext("2d",
    {willReadFrequently: true});
  const seen = (color) => {  // the colour as it looks on the page's background
    pixel.clearRect(0, 0, 1, 1);
    for (const layer of [getComputedStyle(document.body).backgroundColor, color]) {
      pixel.fillStyle = layer;
      pixel.fillRect(0, 0, 1, 1);
    }
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (color) => {
    const [r, g, b] = seen(color).map((part) => part / 255)
      .map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return high / low;
  };
  const root = document.querySelector("attention-explorer").shadowRoot;
  const style = (selector) => getComputedStyle(root.querySelector(selector));
  return {
    text: contrast(style(".says").color, "transparent"),
    button: contrast(style("button").borderTopColor, "transparent"),
    bar: contrast(style(".bar i").backgroundColor, style(".bar").backgroundColor),
  };
}
"""


@pytest.mark.parametrize(
    "style",
    ["background: #ffffff; color: #222832", "background: #14181e; color: #ced6dd"],
    ids=["light", "dark"],
)
def test_it_can_be_seen_on_light_and_dark_pages(
    opened: Callable[..., Any], style: str
) -> None:
    found = opened(style=style).evaluate(CONTRASTS)
    assert found["text"] >= 4.5
    assert found["button"] >= 3
    assert found["bar"] >= 3


def test_on_a_phone_nothing_overflows_and_targets_are_large(
    opened: Callable[..., Any],
) -> None:
    page = opened(viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = page.get_by_role("radio").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect())"
        ".map(r => Math.min(r.width, r.height))"
    )
    assert len(sizes) == LAYERS + T + HEADS + T  # the second has one layer, one head
    assert min(sizes) >= 24


def test_a_slider_shows_what_the_package_computed(
    browser: Any, explored: Callable[..., dict[str, str]]
) -> None:
    bundle = explored(
        sharpened(), ["p", "q"], KEPT[:3], setting="β", settings=SHARPNESS
    )
    page = browser.new_page()
    page.set_content(PAGE.format(style="", body=bundle["text/html"]))
    slider = page.get_by_role("slider")
    slider.focus()
    for number, value in enumerate(["0", "0.5", "8", "1,000"]):
        assert slider.get_attribute("aria-valuetext") == value
        shown = page.locator("attention-explorer .key b").all_text_contents()
        row = (SHARPNESS[number] * SCORES[0]).softmax(dim=-1)
        for share, weight in zip(shown, row.tolist(), strict=True):
            assert abs(float(share.strip("<%")) / 100 - weight) <= 0.0101
        page.keyboard.press("ArrowRight")
    page.close()


def test_many_bars_stay_equally_wide_in_one_row(
    browser: Any, explored: Callable[..., dict[str, str]]
) -> None:
    tokens = [*"abcdefghijklmno", "quatre-vingt-dix"]
    bundle = explored(random_weights(1, 16, 16), tokens)
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.set_content(PAGE.format(style="", body=bundle["text/html"]))
    page.locator("attention-explorer .keys.upright.thin").wait_for()
    boxes = page.locator("attention-explorer .bar").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).map(r => [r.width, r.top])"
    )
    widths, tops = zip(*boxes, strict=True)
    assert max(widths) - min(widths) < 1
    assert max(tops) - min(tops) < 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


def test_print_and_no_javascript_show_the_drawing(opened: Callable[..., Any]) -> None:
    page = opened()
    drawing = page.locator("attention-explorer svg").first
    live = page.locator("attention-explorer .live").first
    assert (drawing.is_visible(), live.is_visible()) == (False, True)
    page.emulate_media(media="print")
    assert (drawing.is_visible(), live.is_visible()) == (True, False)
    plain = opened(java_script_enabled=False)
    assert plain.locator("attention-explorer svg").first.is_visible()
    assert (
        plain.get_by_role("img")
        .first.get_attribute("aria-label")
        .startswith("First. Attention map, layer 1, head 1. “Le” looks mostly at “")
    )
    assert plain.locator("figcaption").first.text_content() == (
        "First (layer 1, head 1)"
    )
