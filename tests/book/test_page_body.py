"""What becomes of a page's body: tables, pictures, formulas, scripts."""

import re

import pytest

from bilingual_book.sphinx_ext.body import (
    FIGURE,
    FORMULA,
    LONG_CELL,
    box_picture,
    hold_together,
    mend_table,
    without_repeats,
)

SCRIPT = "<script data-attention-explorer>{ const CSS = 1; }</script>"


def test_the_explorers_script_is_kept_once() -> None:
    page = f"<p>a</p>{SCRIPT}<p>b</p>{SCRIPT}\n{SCRIPT}<p>c</p>"
    assert without_repeats(page) == f"<p>a</p>{SCRIPT}<p>b</p><p>c</p>"


def test_a_script_that_differs_stays() -> None:
    other = SCRIPT.replace("1", "2")
    foreign = "<script>1</script>"
    page = f"{SCRIPT}{other}{SCRIPT}{foreign}{foreign}"
    assert without_repeats(page) == f"{SCRIPT}{other}{foreign}{foreign}"


def test_the_picture_of_a_figure_gets_a_box_that_knows_its_width() -> None:
    figure = '<figure id="a">\n<img width="609" alt="b" src="c.svg" />\n<figcaption>'
    assert FIGURE.sub(box_picture, figure) == (
        '<figure id="a">\n<div class="picture-box" style="--natural:609px">'
        '<img width="609" alt="b" src="c.svg" /></div>\n<figcaption>'
    )
    assert FIGURE.sub(box_picture, '<p><img width="1"></p>') == '<p><img width="1"></p>'


@pytest.mark.parametrize("stop", [",", ").", "\u00a0;", "\u00a0»", "…"])
def test_a_stop_stays_with_the_formula_before_it(stop: str) -> None:
    formula = '<span class="math"><math><mi>x</mi></math></span>'
    assert FORMULA.sub(hold_together, f"a {formula}{stop} b") == (
        f'a <span class="together">{formula}{stop}</span> b'
    )


def test_a_bracket_stays_with_the_formula_after_it() -> None:
    formula = '<span class="math"><math><mi>x</mi></math></span>'
    assert FORMULA.sub(hold_together, f"({formula} b)") == (
        f'<span class="together">({formula}</span> b)'
    )


def test_a_formula_alone_and_one_that_scrolls_stay_as_they_are() -> None:
    alone = 'a <span class="math"><math></math></span> b'
    long = '(<span class="math long"><math></math></span>)'
    assert FORMULA.sub(hold_together, alone + long) == alone + long


def test_headers_have_a_direction_and_long_cells_a_name() -> None:
    words = "w" * (LONG_CELL + 1)
    table = (
        "<table><thead><tr><th></th><th>a</th></tr></thead><tbody><tr>"
        f'<td>1</td><td class="text-left"><b>{words}</b></td></tr></tbody></table>'
    )
    mended = mend_table(table)
    assert '<div class="table-box"><table>' in mended
    assert '<th scope="col">a</th>' in mended
    assert '<th scope="row">1</th>' in mended
    assert f'<td class="long text-left"><b>{words}</b></td>' in mended
    assert re.findall(r"<th\b(?![^>]*scope)", mended) == []
    assert mended.count("long") == 1
