"""The page "One sentence": a layer taken apart is the layer, all numbers are told."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
import torch

from transformers_explained.chapters.one_sentence import explorer, figures
from transformers_explained.chapters.one_sentence.tiny_model import (
    above_the_floor,
    draw_rows,
    tiny_model,
    to_words,
)
from transformers_explained.chapters.one_sentence.trace import trace_layer
from transformers_explained.data.grammar import END, grammar_of
from transformers_explained.lesson.first_cell import use_language

GRAMMAR = grammar_of("en")
READ = [END, *to_words("The black cat eats the mouse.")][:-2]
IDS = [GRAMMAR.words.index(word) for word in READ]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


@pytest.fixture(scope="module")
def kept() -> dict[str, torch.Tensor]:
    """What the page keeps, of a model that has learned nothing."""
    model = tiny_model(len(GRAMMAR.words), seed=3).eval()
    with torch.no_grad():
        embedding = model.tokens.weight[IDS]
        assert model.positions is not None
        x = model.positions(embedding[None])[0]
        one = trace_layer(model.decoder.layers[0], x)  # type: ignore[arg-type]
        two = trace_layer(model.decoder.layers[1], one["out"])  # type: ignore[arg-type]
        assert model.decoder.final_norm is not None
        final = model.decoder.final_norm(two["out"])
        logits = model.output(final)
    return {
        **{"embedding": embedding, "position": x - embedding, "input": x},
        **{f"1-{name}": numbers for name, numbers in one.items()},
        **{f"2-{name}": numbers for name, numbers in two.items()},
        **{"final": final, "logits": logits, "chances": logits.softmax(dim=-1)},
    }


def markup(kept: dict[str, Any], text: str = "The black cat eats the mouse.") -> str:
    truth = GRAMMAR.next_word(READ[1:])
    return explorer.markup(text, READ, IDS, GRAMMAR.words, kept, truth)


def test_the_traced_layers_are_the_model_s(kept: dict[str, torch.Tensor]) -> None:
    model = tiny_model(len(GRAMMAR.words), seed=3).eval()
    with torch.no_grad():
        scores, weights = model(torch.tensor([IDS]), return_weights=True)
    torch.testing.assert_close(kept["logits"], scores[0])
    assert weights is not None
    for layer, found in enumerate(weights, start=1):
        for head in (1, 2):
            torch.testing.assert_close(
                kept[f"{layer}-weights-{head}"], found[0, head - 1]
            )


def test_the_sentences_of_the_page_belong_to_the_grammar() -> None:
    for language, text in (
        ("fr", "Le chat noir mange la souris."),
        ("en", "The black cat eats the mouse."),
    ):
        words = to_words(text)
        grammar = grammar_of(language)  # type: ignore[arg-type]
        for place, word in enumerate(words):
            assert grammar.next_word(words[:place])[word] > 0


def test_rows_are_sentences_one_behind_the_other() -> None:
    import random

    rows = draw_rows(GRAMMAR, random.Random(1))
    assert rows.shape == (16, 65)
    for row in rows.tolist():
        words = [GRAMMAR.words[number] for number in row]
        assert words[0] == END
        ends = [place for place, word in enumerate(words) if word == END]
        for start, end in pairwise(ends):
            assert GRAMMAR.next_word(words[start + 1 : end + 1]) == {}


def test_who_knows_nothing_is_far_above_the_floor() -> None:
    model = tiny_model(len(GRAMMAR.words)).eval()
    torch.nn.init.zeros_(model.tokens.weight)  # all words alike
    expected = torch.tensor(float(len(GRAMMAR.words))).log().item()
    distance = above_the_floor(model, GRAMMAR)
    assert abs(distance + GRAMMAR.entropy_per_word() - expected) < 0.03


def test_every_number_of_every_step_is_told(kept: dict[str, torch.Tensor]) -> None:
    page = markup(kept)
    tables = [name for _, names in explorer.STEPS for name in names]
    assert set(tables) == set(kept) - {"2-scores-1", "2-scores-2", "1-scores-2"}
    for cells, name in zip(
        re.findall(r"<table><caption>.*?</table>", page),
        [name for name in tables if name not in explorer.ALL_WORDS],
        strict=True,
    ):
        found = re.findall(r"<td[^>]*>([^<]+)</td>", cells)
        assert len(found) == kept[name].numel(), name
    assert page.count(' class="many"') == 2
    assert page.count("<li>") == 2 * len(GRAMMAR.words)


def test_a_number_stands_below_its_token(kept: dict[str, torch.Tensor]) -> None:
    changed = dict(kept)
    changed["final"] = kept["final"].clone()
    changed["final"][4, 2] = -7.25
    rows = re.findall(r"<tr>.*?</tr>", markup(changed).split("table-final")[0])
    (row,) = [row for row in rows if "−7.25" in row]
    cells = re.findall(r"<t[dh][^>]*>([^<]+)<", row)
    assert cells[0] == "3"  # the third feature
    assert cells.index("−7.25") == 1 + 4  # of the fifth token


def test_text_is_escaped(kept: dict[str, torch.Tensor]) -> None:
    assert "<code>&lt;</code>" in markup(kept, "a < b")


def test_the_script_and_the_style_are_small(kept: dict[str, torch.Tensor]) -> None:
    page = markup(kept)
    (script,) = re.findall(r"<script data-sentence-explorer>.*?</script>", page, re.S)
    (style,) = re.findall(r"<style>.*?</style>", page, re.S)
    assert len(script + style) < 5_000


def test_the_strip_has_every_line_in_both_sizes(kept: dict[str, torch.Tensor]) -> None:
    best = dict.fromkeys(("cat", "mouse"), (1.25, 0.5))
    figure = figures.strip(READ, IDS, kept, best)
    phone = figure._phone_variant  # type: ignore[attr-defined]
    for drawn in (figure, phone):
        texts = [text.get_text() for text in drawn.axes[0].texts]
        assert "50%" in texts
        assert "its query (head 1)" in texts
        height = drawn.get_figheight()
        assert all(
            0 <= text.get_position()[1] <= height for text in drawn.axes[0].texts
        )


def test_a_reader_steps_forward_and_back(
    kept: dict[str, torch.Tensor], open_html: Callable[..., Any]
) -> None:
    page = open_html(markup(kept), viewport={"width": 360, "height": 800})
    slider, said = page.get_by_role("slider"), page.locator(".bar p")
    shown = page.locator("ol > li:visible")
    assert shown.count() == 1
    page.get_by_role("button", name="Back").click(force=True)  # leads nowhere
    assert said.text_content() == "1 / 21 · Characters"
    page.get_by_role("button", name="Forward").click()
    page.keyboard.press("Shift+Tab")
    slider.press("ArrowRight")
    assert said.text_content() == "3 / 21 · Ids"
    slider.press("End")
    assert slider.get_attribute("aria-valuetext") == "The next word"
    assert shown.count() == 1
    for step in range(21):  # no table is wider than a telephone
        slider.press("Home" if step == 0 else "ArrowRight")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_a_script_every_step_stands_there(
    kept: dict[str, torch.Tensor], open_html: Callable[..., Any]
) -> None:
    page = open_html(markup(kept), java_script_enabled=False)
    assert page.locator("ol > li:visible").count() == len(explorer.STEPS)
