"""What becomes of a page's body: tables, pictures, formulas, scripts."""

import re
from pathlib import Path

import pytest

from bilingual_book.sphinx_ext import code_lines
from bilingual_book.sphinx_ext.body import (
    FIGURE,
    FORMULA,
    LONG_CELL,
    box_picture,
    brought_near,
    hold_together,
    mend_table,
    name_sections,
    put_aside,
    without_repeats,
)

SCRIPT = "<script data-attention-explorer>{ const CSS = 1; }</script>"


def test_the_explorers_script_is_kept_once() -> None:
    page = f"<p>a</p>{SCRIPT}<p>b</p>{SCRIPT}\n{SCRIPT}<p>c</p>"
    assert without_repeats(page) == f"<p>a</p>{SCRIPT}<p>b</p><p>c</p>"


def block(kind: str, code: str) -> str:
    return (
        f'<div class="highlight-{kind} notranslate"><div class="highlight"><pre>'
        f"<span></span>{code}\n</pre></div>\n</div>"
    )


def test_a_long_line_of_code_says_how_far_it_is_indented() -> None:
    long = f'    <span class="nb">sum</span> = &quot;{"x" * 40}&quot;'
    short = '    <span class="nb">sum</span> = 1'
    page = code_lines.mend_code(block("ipython3", f"a = 1\n{long}\n{short}\n\nb"))
    marked = f'<span class="line" style="--in:4">{long}</span>'
    assert page == block("ipython3", f"a = 1\n{marked}\n{short}\n\nb")


def test_the_first_line_leaves_room_for_the_copy_button() -> None:
    line = "x" * (code_lines.LONG_FIRST + 1)
    page = code_lines.mend_code(block("python", f"{line}\n{line}"))
    assert page.count("line first") == page.count('style="--in:0"') == 1


def test_words_without_a_colour_of_their_own_stand_without_an_element() -> None:
    words = (
        '<span class="kn">from</span><span class="w"> </span>'
        '<span class="nn">a.b</span><span class="n">x</span>'
        '<span class="o">=</span><span class="p">(</span>'
        '<span class="mi">1</span><span class="p">)</span>'
    )
    light = '<span class="kn">from</span> a.bx=(<span class="mi">1</span>)'
    assert code_lines.mend_code(block("python", words)) == block("python", light)


def test_what_code_prints_stays_as_it_is() -> None:
    printed = block("myst-ansi", "tensor([[" + "0.1234, " * 12)
    assert code_lines.mend_code(printed) == printed


def test_each_kind_of_explorer_keeps_its_script() -> None:
    other = SCRIPT.replace("attention", "descent")
    page = f"{SCRIPT}{other}{SCRIPT}{other}"
    assert without_repeats(page) == f"{SCRIPT}{other}"


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


def test_a_long_name_in_a_cell_may_go_on_below() -> None:
    name = '<code><span class="pre">{}</span></code>'
    page = f"<table><tr><td>{name.format('nn.layer_norm(x, eps=1)')}</td></tr></table>"
    shown = name.format("nn.<wbr>layer_<wbr>norm(<wbr>x, eps=<wbr>1)")
    assert shown in mend_table(page)
    assert name.format("_a__b") in mend_table(
        f"<table><tr><td>{name.format('_a__b')}</td></tr></table>"
    ).replace("<wbr>", "")


def test_a_section_says_the_label_that_both_languages_share() -> None:
    body = (
        '<section id="un-titre">\n<span id="page-a"></span><h2>x</h2>'
        '<section id="page-b"><h3>y</h3></section>'
        '<section id="sans-nom"><h3>z</h3></section></section>'
    )
    named = name_sections(body, {"page-a", "page-b"})
    assert '<section id="un-titre" data-label="page-a">\n<span id="page-a">' in named
    assert '<section id="page-b" data-label="page-b"><h3>' in named
    assert '<section id="sans-nom"><h3>' in named


def test_the_inside_of_an_exercise_has_no_name() -> None:
    inside = '<div class="exercise"><section id="exercise-content"><p>a</p></section>'
    assert name_sections(inside * 2, set()) == (
        '<div class="exercise"><section><p>a</p></section>' * 2
    )


def test_the_scripts_of_a_living_model_become_files(tmp_path: Path) -> None:
    page = (
        "<p>a</p><teller-explorer></teller-explorer>\n"
        '<script data-live-part="teller">\none();\n</script>\n'
        '<script data-live-part="teller-0a1b">two("<\\/p>");</script>\n'
        "<script data-teller-explorer>three();</script>"
    )
    made = put_aside(page, tmp_path / "live")
    assert "data-live-part" not in made
    assert "<script data-teller-explorer>three();</script>" in made
    found = {path.name: path.read_text("utf-8") for path in tmp_path.glob("live/*")}
    assert found == {"teller.js": "one();\n", "teller-0a1b.js": 'two("<\\/p>");\n'}


def test_the_script_of_an_explorer_waits_until_it_is_near(tmp_path: Path) -> None:
    page = (
        "<p>a</p><descent-explorer></descent-explorer>\n"
        '<script data-descent-explorer>{\nconst a = "<p>";\n}</script>\n<p>b</p>'
    )
    made = brought_near(page, tmp_path / "live")
    assert made == (
        "<p>a</p><descent-explorer></descent-explorer>\n"
        '<script type="text/plain" data-near="descent-explorer"'
        ' data-src="../live/descent-explorer.js"></script>'
        "<script>now()</script>\n<p>b</p>"
    )
    script = (tmp_path / "live" / "descent-explorer.js").read_text(encoding="utf-8")
    assert script == '{\nconst a = "<p>";\n}\n'


def test_a_page_without_living_model_makes_no_folder(tmp_path: Path) -> None:
    assert put_aside("<p>a</p>", tmp_path / "live") == "<p>a</p>"
    assert not (tmp_path / "live").exists()
