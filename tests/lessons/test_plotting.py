"""Figures: what they show, that they read in grey and dark, and that they repeat."""

import itertools
import re
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from transformers_explained.drawing import (
    attention_heads,
    attention_heatmap,
    bar_chart,
    charts,
    line_chart,
    new_figure,
    phone_variant,
    style,
)
from transformers_explained.drawing.diagrams import (
    arrow,
    box,
    diagram,
    frame,
    luminance,
    text_on,
    tint,
    token_strip,
)
from transformers_explained.drawing.style import COLORS, SERIES_COLORS, WEIGHTS, render
from transformers_explained.lesson.first_cell import use_language

TOKENS = ["Le", "chat", "noir"]
WEIGHTS_3X2 = torch.tensor([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]])


@pytest.fixture(autouse=True)
def _style() -> None:
    use_language("en")


def shown_texts(figure: Figure) -> list[str]:
    """Every text that a reader sees in a figure."""
    figure.draw_without_rendering()
    found = [text.get_text() for ax in figure.axes for text in ax.texts]
    for ax in figure.axes:
        ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()]
        found += [tick.get_text() for tick in ticks]
        found += [ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")]
    return [text for text in found if text]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def inverted(color: str) -> str:
    """A colour as the dark page shows it: invert(1) hue-rotate(180deg), per CSS."""
    turn = np.array(
        [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]]
    )
    return to_hex(np.clip(turn @ (1 - np.array(to_rgb(color))), 0, 1))


def lightness(color: str) -> float:
    """CIE L*, 0 to 100."""
    y = luminance(color)
    return float(116 * np.cbrt(y) - 16 if y > 0.008856 else 903.3 * y)


@pytest.mark.parametrize("name", [n for n in COLORS if n != "grid"])
def test_every_colour_stands_out_on_light_and_dark_pages(name: str) -> None:
    assert contrast(COLORS[name], "#FFFFFF") >= 3
    assert contrast(inverted(COLORS[name]), "#121212") >= 3


@pytest.mark.parametrize("name", ["text", "muted"])
def test_text_reaches_the_contrast_of_text(name: str) -> None:
    assert contrast(COLORS[name], "#FFFFFF") >= 4.5
    assert contrast(inverted(COLORS[name]), "#121212") >= 4.5


PAPER, DARK_PAPER = "#FDFCF9", "#15171C"  # the site's


@pytest.mark.parametrize("name", [n for n in COLORS if n != "grid"])
def test_words_of_every_colour_can_be_read(name: str) -> None:
    figure, ax = diagram(2, 2)
    ax.text(1, 1, "word", color=COLORS[name])
    ax.text(1, 1, "on a dark cell", color="#FFFFFF")
    render(figure, "svg")
    ink, white = (to_hex(text.get_color()) for text in ax.texts)
    assert contrast(ink, PAPER) >= 4.5
    assert contrast(ink, tint(COLORS[name])) >= 4.5
    assert contrast(inverted(ink), DARK_PAPER) >= 4.5
    assert white == "#ffffff"


@pytest.mark.parametrize(
    "group",
    [("query", "key", "value"), ("encoder", "decoder"), ("fr", "en"), ("good", "bad")],
)
def test_colours_that_meet_stay_apart_in_grey(group: tuple[str, ...]) -> None:
    for one, other in itertools.combinations(group, 2):
        gap = abs(lightness(COLORS[one]) - lightness(COLORS[other]))
        assert gap >= 7, (one, other)


def test_each_series_has_its_own_line_and_marker() -> None:
    looks = set(zip(style.SERIES_LINES, style.SERIES_MARKERS, strict=True))
    assert len(looks) == len(SERIES_COLORS) == len(set(SERIES_COLORS))


def test_shades_of_weights_go_evenly_from_light_to_dark() -> None:
    shades = [to_hex(WEIGHTS(w)) for w in np.linspace(0, 1, 33)]
    light = np.array([lightness(shade) for shade in shades])
    steps = -np.diff(light)
    assert steps.min() > 0.6 * steps.mean()
    assert steps.max() < 1.5 * steps.mean()
    dark = np.array([lightness(inverted(shade)) for shade in shades])
    assert (np.diff(dark) > 0).all()


@pytest.mark.parametrize("weight", np.linspace(0, 1, 41))
def test_a_number_can_be_read_on_every_shade(weight: float) -> None:
    shade = to_hex(WEIGHTS(weight))
    assert contrast(text_on(shade), shade) >= 4.5
    # No text colour reaches 4.5:1 both ways on shades near the middle.
    assert contrast(inverted(text_on(shade)), inverted(shade)) >= 3


def test_heatmap_names_tokens_and_writes_the_weights() -> None:
    texts = shown_texts(attention_heatmap(WEIGHTS_3X2, TOKENS, ["a", "b"]))
    assert [t for t in texts if t in {*TOKENS, "a", "b"}] == ["a", "b", *TOKENS]
    assert texts.count("0.50") == 2
    assert {"0.25", "0.75", "1.00", "0.00"} < set(texts)
    assert {"asking position", "position looked at"} < set(texts)
    use_language("fr")
    texts = shown_texts(attention_heatmap(WEIGHTS_3X2, TOKENS, ["a", "b"]))
    assert {"0,25", "position qui demande", "position regardée"} < set(texts)


def test_heatmap_s_first_query_is_at_the_top_and_first_key_at_the_left() -> None:
    ax = attention_heatmap(WEIGHTS_3X2, TOKENS, ["a", "b"]).axes[0]
    where = {t.get_text(): t.get_position() for t in ax.texts}
    top = ax.transData.transform(where["0.75"])  # first query, second key
    low = ax.transData.transform(where["1.00"])  # second query, first key
    assert top[0] > low[0]
    assert top[1] > low[1]


def test_masked_cells_are_left_empty() -> None:
    mask = torch.tensor([[True, False], [True, True], [False, False]])
    figure = attention_heatmap(WEIGHTS_3X2, TOKENS, ["a", "b"], mask=mask)
    written = [t.get_text() for t in figure.axes[0].texts]
    assert written == ["0.25", "1.00", "0.00"]
    with pytest.raises(TypeError, match=r"mask must be boolean.*got float32"):
        attention_heatmap(WEIGHTS_3X2, TOKENS, ["a", "b"], mask=np.ones((3, 2), "f4"))


PRICES = ["$$", "$5 to $6", "$x_{$"]


def test_tokens_are_no_formulas() -> None:
    figure = attention_heatmap(torch.eye(3), PRICES)
    figure.draw_without_rendering()  # Mathtext would stop on the last two
    ax = figure.axes[0]
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [text.get_text() for text in labels] == PRICES
        assert not any(text.get_parse_math() for text in labels)


def test_what_is_no_number_is_drawn_as_such() -> None:
    weights = torch.tensor([[torch.nan, 1.0], [torch.inf, -torch.inf]])
    figure = attention_heatmap(weights, ["a", "b"])
    figure.draw_without_rendering()
    written = [t.get_text() for t in figure.axes[0].texts]
    assert written == ["NaN", "1.00", "∞", "−∞"]
    [cells] = figure.axes[0].collections
    assert cells.get_array().mask.ravel().tolist() == [True, False, True, True]


def test_a_large_map_is_light() -> None:
    tokens = [str(i) for i in range(200)]
    figure = attention_heatmap(torch.rand(200, 200), tokens)
    [cells] = figure.axes[0].collections
    assert cells.get_rasterized()
    [cells] = attention_heatmap(torch.rand(9, 9), tokens[:9]).axes[0].collections
    assert not cells.get_rasterized()


def test_many_cells_are_drawn_without_numbers() -> None:
    many = torch.full((9, 9), 1 / 9)
    tokens = list("abcdefghi")
    assert not attention_heatmap(many, tokens).axes[0].texts
    assert len(attention_heatmap(many, tokens, values=True).axes[0].texts) == 81


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (1, 3, 2)])
def test_heatmap_refuses_other_sizes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="weights must have shape"):
        attention_heatmap(torch.zeros(shape), TOKENS, ["a", "b"])


def test_heads_share_one_scale_and_are_numbered() -> None:
    weights = torch.rand(5, 3, 2, generator=torch.Generator().manual_seed(0))
    figure = attention_heads(weights, TOKENS, ["a", "b"], columns=2)
    drawn = [ax for ax in figure.axes if ax.collections]
    assert [ax.get_title(loc="left") for ax in drawn] == [
        f"head {i}" for i in range(1, 6)
    ]
    assert {ax.collections[0].get_clim() for ax in drawn} == {(0.0, 1.0)}
    with pytest.raises(ValueError, match=r"weights must have shape \(H, T, S\)"):
        attention_heads(weights[0], TOKENS, ["a", "b"])
    with pytest.raises(ValueError, match="titles must have 5 texts; got 1"):
        attention_heads(weights, TOKENS, ["a", "b"], titles=["one"])


def test_names_of_curves_stand_at_their_ends_and_do_not_touch() -> None:
    curves = {"one": [0.0, 1.0], "two": [0.0, 1.001], "three": [0.0, 1.002]}
    figure = line_chart([0, 1], curves)
    ax = figure.axes[0]
    figure.draw_without_rendering()
    boxes = {t.get_text(): t.get_window_extent() for t in ax.texts}
    assert set(boxes) == set(curves)
    for one, other in itertools.combinations(boxes.values(), 2):
        assert not one.overlaps(other)
    right = ax.transData.transform((1, 1))[0]
    assert all(box.x0 > right for box in boxes.values())
    assert boxes["one"].y0 < boxes["two"].y0 < boxes["three"].y0


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([0.0, 100.0], [0.0, 100.0]),
        ([5.0, 5.0], [0.0, 10.0]),
        ([100.0, 0.0, 4.0], [100.0, -3.0, 7.0]),
        ([], []),
    ],
)
def test_labels_move_apart_no_more_than_needed(
    positions: list[float], expected: list[float]
) -> None:
    assert charts._apart(positions, 10.0) == expected


def test_line_chart_refuses_curves_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"'a' must have the shape of x, \(3,\)"):
        line_chart([0, 1, 2], {"a": [1, 2]})
    with pytest.raises(ValueError, match=r"bands must name curves; got \['b'\]"):
        line_chart([0, 1], {"a": [1, 2]}, bands={"b": ([0, 0], [1, 1])})


def test_a_band_surrounds_its_curve() -> None:
    ax = line_chart([0, 1], {"a": [1, 2]}, bands={"a": ([0, 1], [3, 5])}).axes[0]
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0.0, 5.0)


def test_bars_carry_their_values_in_the_given_order() -> None:
    use_language("fr")
    ax = bar_chart({"a": 0.5, "b": 0.25}, errors={"a": 0.1}, digits=2).axes[0]
    assert [t.get_text() for t in ax.texts] == ["0,50", "0,25"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert ax.yaxis_inverted()


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", {"0.5", "20,000"}), ("fr", {"0,5", "20\u202f000"})],
)
def test_axes_write_numbers_for_the_language(language: str, expected: set[str]) -> None:
    use_language(language)
    _, ax = plt.subplots()
    ax.plot([0, 20000], [0.0, 1.0])
    ax.set_yticks([0.0, 0.5, 1.0])
    ax.set_xticks([0, 1990, 20000])
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    style.localise(figure)
    assert expected | {"1990"} <= set(shown_texts(figure))
    plt.close(figure)


def test_boxes_give_points_for_arrows() -> None:
    figure, ax = diagram(5, 2)
    one = box(ax, (1, 1), "one", width=1.0, height=0.5, color="query")
    assert (one.left, one.right) == ((0.5, 1), (1.5, 1))
    assert (one.top, one.bottom) == ((1, 1.25), (1, 0.75))
    around = frame(ax, [one], "frame", margin=0.25)
    assert (around.left[0], around.top[1]) == (0.25, 1.5)
    for end in [(3, 1), (1, 2), (3, 1.8), (0.5, 0.2)]:
        arrow(ax, one.right, end, "text", curve=0.2)
    assert shown_texts(figure)[:2] == ["one", "frame"]


def test_drawings_wider_than_the_page_are_refused() -> None:
    with pytest.raises(ValueError, match="width must be at most 7 inches; got 8"):
        diagram(8, 2)
    with pytest.raises(ValueError, match=r"width must be at most 7 inches; got 7\.5"):
        charts.new_figure(7.5)


def test_tokens_stand_side_by_side() -> None:
    figure, ax = diagram(5, 1)
    boxes = token_strip(ax, TOKENS, (0.1, 0.5), weights=[0.0, 0.5, 1.0])
    assert [b.y for b in boxes] == [0.5] * 3
    for left, right in itertools.pairwise(boxes):
        assert right.left[0] == pytest.approx(left.right[0] + 0.06)
    figure.draw_without_rendering()
    for token, drawn in zip(ax.texts, boxes, strict=True):
        width = token.get_window_extent().width / figure.dpi
        assert width < drawn.width, token.get_text()
    with pytest.raises(ValueError, match="one number per token; got 2 for 3 tokens"):
        token_strip(ax, TOKENS, (0, 0), weights=[0.1, 0.2])


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_the_same_figure_gives_the_same_bytes(kind: str) -> None:
    def draw() -> Figure:
        return attention_heads(torch.full((3, 3, 2), 0.5), TOKENS, ["a", "b"])

    figure = draw()
    first = render(figure, kind)
    assert first == render(figure, kind) == render(draw(), kind)
    assert b"CreationDate" not in first
    assert b"dc:date" not in first


def test_a_figure_has_no_background() -> None:
    svg = render(attention_heatmap(WEIGHTS_3X2, TOKENS, ["a", "b"]), "svg").decode()
    page, _, _ = svg.partition('<g id="axes_1">')
    assert "fill: none" in page
    assert "fill: #ffffff" not in page


SETUP = "from transformers_explained import use_language\nuse_language('en')\n"
TELEPHONE = """from transformers_explained.drawing import new_figure, phone_variant

@phone_variant
def line(narrow):
    \"\"\"Draw nothing, wide or narrow.\"\"\"
    return new_figure(3.4 if narrow else 5.0)[0]

line()
"""
CELLS: dict[str, tuple[str, int]] = {
    "last value": (
        "from transformers_explained.drawing import bar_chart\nbar_chart({'a': 1})",
        1,
    ),
    "open at the end": (
        "import matplotlib.pyplot as plt\nplt.subplots()\nNone",
        1,
    ),
    "open and last value": ("fig, ax = plt.subplots()\nfig", 1),
    "shown": ("plt.subplots()\nplt.show()", 1),
    "kept for later": ("kept = bar_chart({'a': 1})", 0),
    "shown twice on purpose": ("display(kept)\nkept", 2),
}


def test_a_notebook_shows_each_figure_once() -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat: Any = pytest.importorskip("nbformat")
    cells = [nbformat.v4.new_code_cell(SETUP)]
    cells += [nbformat.v4.new_code_cell(source) for source, _ in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    for cell, (name, (_, count)) in zip(notebook.cells[1:], CELLS.items(), strict=True):
        kinds = [set(output.get("data", {})) for output in cell.outputs]
        figure = {"image/svg+xml", "application/pdf", "image/png", "text/plain"}
        assert kinds == [figure] * count, name


def test_a_second_picture_for_a_telephone_travels_with_the_first() -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat: Any = pytest.importorskip("nbformat")
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, TELEPHONE)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    (output,) = notebook.cells[1].outputs
    widths = [
        float(re.search(r'width="([\d.]+)pt"', svg)[1])  # type: ignore[index]
        for svg in (output.data["image/svg+xml"], output.metadata["phone"])
    ]
    assert widths[1] < 3.5 * 72 < 4.5 * 72 < widths[0]


def test_a_picture_for_a_telephone_is_narrow() -> None:
    @phone_variant
    def too_wide(narrow: bool, height: float) -> Figure:
        figure: Figure = new_figure(4.0 if narrow else 5.0, height)[0]
        return figure

    with pytest.raises(ValueError, match=r"at most 3\.4 inches wide; got 4"):
        too_wide(2.0)
