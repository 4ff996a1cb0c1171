"""Formulas: what KaTeX says, mended for what browsers draw."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from bilingual_book.sphinx_ext.mathml import FormulaError, katex, to_mathml
from bilingual_book.web.math_font import formula_signs, write_math_font


@pytest.fixture(scope="module", autouse=True)
def _stop_engine() -> Iterator[None]:
    yield
    katex.close()


def inline(tex: str) -> str:
    """The MathML of an inline formula."""
    return to_mathml(tex, display=False)


def test_formula_that_cannot_be_read_says_why() -> None:
    with pytest.raises(FormulaError, match=r"Undefined control sequence: \\softmaxx"):
        inline(r"\softmaxx(x)")


def test_words_are_one_word_and_accents_are_letters() -> None:
    assert "<mi>softmax</mi>" in inline(r"\mathrm{softmax}(x)")
    assert "<mtext>clé masquée</mtext>" in inline(r"x_{\text{clé masquée}}").replace(
        "\u00a0", " "
    )


@pytest.mark.parametrize(
    ("tex", "sign"),
    [
        (r"\mathbb{R}", "ℝ"),
        (r"\mathbf{W}", "𝐖"),
        (r"\boldsymbol{\alpha}", "𝜶"),
        (r"\mathcal{L}", "ℒ"),
        (r"\mathtt{x}", "𝚡"),
    ],
)
def test_other_alphabets_need_no_mathvariant(tex: str, sign: str) -> None:
    markup = inline(tex)
    assert sign in markup
    assert "mathvariant" not in markup


def test_columns_are_aligned_by_style() -> None:
    markup = to_mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", display=True)
    # A browser that does not know the second keeps the first.
    sides = re.findall(r"text-align:([\w-]+)", markup)
    assert sides == ["right", "-webkit-right", "left", "-webkit-left"] * 2
    assert "columnalign" not in markup


def test_tex_source_is_not_repeated_and_nothing_is_left_to_a_script() -> None:
    markup = inline(r"\frac{1}{\sqrt{d_k}}")
    assert markup.startswith("<math>")
    assert "annotation" not in markup
    assert "\\" not in markup


@pytest.mark.parametrize(
    ("tex", "spaces"),
    [
        (r"\ln 0.7", 1),
        (r"-\log p", 1),
        (r"p \log q", 2),
        (r"\log_2 x", 1),
        (r"\max_x f", 1),
        (r"\ln(x)", 0),
        (r"\log\!\left(x\right)", 0),
        (r"\operatorname{softmax}\left(x\right)", 0),
        (r"\log", 0),
    ],
)
def test_a_function_stands_off_its_neighbours_but_not_its_bracket(
    tex: str, spaces: int
) -> None:
    assert inline(tex).count('<mspace width="0.167em">') == spaces
    assert "margin-left" not in inline(tex)


@pytest.mark.parametrize(
    ("tex", "prefixes"),
    [
        ("x = -1", 1),
        ("x, -y", 1),
        ("(-2)", 1),
        ("-x", 1),
        (r"x = \, -1", 1),
        (r"\begin{aligned}a &= -b\end{aligned}", 1),
        ("a - b", 0),
        ("(a) - b", 0),
        ("(a)^2 + b", 0),
        ("x_1 - y", 0),
        (r"a + \cdots + b", 0),
    ],
)
def test_a_sign_that_begins_a_term_is_a_prefix(tex: str, prefixes: int) -> None:
    assert inline(tex).count('form="prefix"') == prefixes


@pytest.mark.parametrize(
    ("tex", "spaces"),
    [
        (r"\sum_s m_s", 1),
        (r"a \sum_s m_s", 2),
        (r"= \sum_s m_s", 1),
        (r"\sum_s (m_s)", 0),
        (r"\sum_s \left(m_s\right)", 1),
    ],
)
def test_a_sum_stands_off_by_a_space_that_all_browsers_draw(
    tex: str, spaces: int
) -> None:
    markup = inline(tex)
    assert markup.count('<mspace width="0.167em">') == spaces
    assert '<mo lspace="0em" rspace="0em">∑</mo>' in markup


@pytest.mark.parametrize("tex", [r"|y|", r"\lvert y \rvert^2", r"a / |y|"])
def test_lines_around_a_term_touch_it(tex: str) -> None:
    line = '<mo stretchy="false" lspace="0em" rspace="0em">|</mo>'
    assert inline(tex).count(line) == 2


def test_a_line_between_terms_keeps_its_space() -> None:
    assert "<mo>∣</mo>" in inline(r"P(x \mid y)")


def test_a_circled_sign_keeps_its_size_and_a_bar_is_no_accent() -> None:
    assert '<mo largeop="false">⊙</mo>' in to_mathml(r"f \odot c", display=True)
    assert inline(r"\bar h") == (
        '<math><mrow><mover><mi>h</mi><mo stretchy="true">‾</mo></mover></mrow></math>'
    )


def test_typeface_has_the_signs_and_level_roots(tmp_path: Path) -> None:
    signs = formula_signs([inline(r"\sqrt{d_k} \in \mathbb{R}, \; \beta, f'")])
    assert {"√", "∈", "ℝ", "𝑑", "𝑘", "𝛽", "′"} <= signs
    target = tmp_path / "math.woff2"
    write_math_font(signs, target)
    font = TTFont(target)
    drawn = {chr(code) for code in font.getBestCmap()}
    assert signs - drawn <= {" ", "\u2061"}
    assert target.stat().st_size < 30_000
    variants = font["MATH"].table.MathVariants
    root = font.getBestCmap()[ord("√")]
    place = variants.VertGlyphCoverage.glyphs.index(root)
    construction = variants.VertGlyphConstruction[place]
    widths = {
        font["hmtx"][record.VariantGlyph][0]
        for record in construction.MathGlyphVariantRecord
    }
    assert len(construction.MathGlyphVariantRecord) > 1
    assert widths == {font["hmtx"][root][0]}
    # Smaller forms for exponents are kept of the prime alone.
    found: set[str] = set()
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for part in lookup.SubTable:
            found |= set(getattr(part, "alternates", None) or part.mapping)
    names = font.getBestCmap()
    assert names[ord("′")] in found
    assert found & {names[ord(sign)] for sign in "dkβ0𝑑𝑘𝛽√"} == set()
