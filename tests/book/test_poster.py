"""The poster: twenty formulas of the book, their own numbers, two sheets that print."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bilingual_book.computed import PARTS
from bilingual_book.computed.formulas import numbered_formulas
from bilingual_book.errors import BookError
from bilingual_book.paper import poster
from bilingual_book.paper.pdf import INSTALL
from bilingual_book.paper.poster import (
    build_poster,
    card,
    numbers,
    one_formula,
    plain,
    poster_tex,
    sheets,
)
from bilingual_book.project import LANGUAGES, Project

BOOK = Project(Path(__file__).parents[2])
ENTRIES = [entry for sheet in sheets(BOOK) for entry in sheet.entries]
LETTER = re.compile(r"\$([^$]+)\$")


def test_twenty_formulas_on_two_sheets() -> None:
    labels = [entry["formula"] for entry in ENTRIES]
    assert len(labels) == len(set(labels)) == 20
    assert len(sheets(BOOK)) == 2
    for sheet in sheets(BOOK):
        assert len(sheet.entries) % 2 == 1  # one wide, the others two by two


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_the_chapter_s_with_its_number(language: str) -> None:
    known = numbers(BOOK, language)
    every = list(numbered_formulas(BOOK, language))
    assert set(known) == {formula.label for formula in every}
    assert known["eq-attention-matrix"][0] == "4.2"
    assert known["eq-multi-head"][0] == "5.1"
    tex = poster_tex(BOOK, language)
    for entry in ENTRIES:
        number, formula = known[entry["formula"]]
        assert f"{{({number})}}" in tex
        assert one_formula(formula.tex) in tex
        assert plain(entry["name"][language]) in tex


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["formula"])
def test_the_letters_that_are_told_stand_in_the_formula(
    entry: dict[str, dict[str, str]],
) -> None:
    formula = numbers(BOOK, "en")[str(entry["formula"])][1]
    french, english = (LETTER.findall(entry["legend"][code]) for code in LANGUAGES)
    assert french == english
    bare = re.sub(r"\s|\\tilde|[{}]", "", formula.tex)
    for letter in english:
        if letter != r"\ln V":  # the loss of who knows nothing
            assert re.sub(r"\s|\\tilde|[{}]", "", letter) in bare, letter


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("a = b .\n", "a = b"),
        ("M v = v_1 ,", "M v = v_1"),
        (
            "\\begin{aligned} a &= 1{,}5, \\\\ b &= 2 . \\end{aligned}",
            "\\begin{aligned} a &= 1{,}5 \\\\ b &= 2\n\\end{aligned}",
        ),
        ("f(a, b) = c", "f(a, b) = c"),
    ],
)
def test_a_formula_on_a_wall_ends_no_sentence(tex: str, expected: str) -> None:
    assert one_formula(tex) == expected


def test_words_are_written_for_latex() -> None:
    assert plain("$a_1$ & d_ff, 5 %") == r"$a_1$ \& d\_ff, 5 \%"


def test_a_formula_that_no_chapter_has() -> None:
    entry = {"formula": "eq-absent", "name": {"en": "x"}, "legend": {"en": "y"}}
    with pytest.raises(BookError, match="no chapter has the formula eq-absent"):
        card(BOOK, numbers(BOOK, "en"), entry, "en", hero=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_formulas_leads_to_it(language: str) -> None:
    name = BOOK.languages[language]["poster"]["pdf"]
    assert f'<li><a href="../{name}">' in PARTS["poster"](BOOK, language, "")
    text = BOOK.source(language, "formulas").read_text(encoding="utf-8")
    assert ":::{computed} poster\n:::" in text


@pytest.fixture
def small(tmp_path: Path) -> Project:
    """The book, built elsewhere."""
    for name in ("book", "code", "_toc.yml", "_config.yml", "pyproject.toml"):
        (tmp_path / name).symlink_to(BOOK.root / name)
    return Project(tmp_path)


def test_two_sheets_of_a4(
    small: Project, require_tool: Callable[[tuple[str, ...], str], str]
) -> None:
    require_tool(("xelatex",), INSTALL)
    require_tool(("pdfinfo",), "apt-get install poppler-utils")
    path = build_poster(small, "fr")
    said = subprocess.run(
        ["pdfinfo", str(path)], capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert re.search(r"Pages:\s+2\n", said)
    assert "(A4)" in said
    assert "Les vingt formules qui comptent" in said
    words = subprocess.run(
        ["pdftotext", str(path), "-"], capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert "La normalisation de couche" in words


def test_a_third_sheet_is_refused(
    small: Project,
    require_tool: Callable[[tuple[str, ...], str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_tool(("xelatex",), INSTALL)
    first, second = sheets(BOOK)
    longer = poster.Sheet(first.title, [*first.entries, *second.entries])
    monkeypatch.setattr(poster, "sheets", lambda _: [longer, second])
    with pytest.raises(BookError, match="the en poster has problems"):
        build_poster(small, "en")
