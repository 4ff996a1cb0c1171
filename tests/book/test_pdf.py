"""The PDF: what in TeX's log stops a build, and how Sphinx's file is arranged."""

import re
from pathlib import Path

import pytest
from docutils import nodes
from docutils.utils import new_document
from sphinx import addnodes

from bilingual_book.paper.pdf import log_problems
from bilingual_book.paper.tex import (
    arrange,
    declarations,
    hung,
    imprint,
    introduction,
    typeset_code,
    unnumbered,
    with_page_numbers,
)
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sources.terms import Finder, read_terms
from bilingual_book.sphinx_ext.paper import (
    AddressesInNotes,
    column_widths,
    lines_together,
    with_path,
)
from bilingual_book.sphinx_ext.term_index import (
    MODELS,
    all_marks,
    entries_of,
    entry_of,
    names_in,
    other_words,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "line",
    [
        "Missing character: There is no ẹ in font TeX Gyre Pagella!",
        "LaTeX Warning: Hyper reference `nowhere' on page 3 undefined on input line 9.",
        "! Undefined control sequence.",
        "./course.tex:12: Undefined control sequence.",
        "Overfull \\hbox (2.1pt too wide) in paragraph at lines 3--4",
        "Overfull \\vbox (4.1pt too high) detected at line 8",
    ],
)
def test_a_flaw_that_a_reader_would_meet_is_a_problem(line: str) -> None:
    assert log_problems(f"before\n{line}\n[]text\nafter\n")


@pytest.mark.parametrize(
    "line",
    [
        "Overfull \\hbox (1.9pt too wide) in paragraph at lines 3--4",
        "Overfull \\vbox (3.9pt too high) detected at line 8",
        "Underfull \\hbox (badness 10000) in paragraph at lines 3--4",
        "LaTeX Font Warning: Font shape undefined",
    ],
)
def test_a_flaw_that_nobody_sees_is_none(line: str) -> None:
    assert log_problems(f"before\n{line}\n[]text\nafter\n") == []


def test_a_message_that_tex_broke_at_column_79_is_found() -> None:
    start = "x" * (79 - len("Missing char")) + "Missing char"
    assert len(start) == 79
    assert log_problems(f"{start}\nacter: There is no ẹ in font\n")


def test_the_introduction_becomes_one_unnumbered_chapter() -> None:
    tex = (
        "\\begin{document}\n\\sphinxmaketitle\n\\sphinxtableofcontents\n"
        "\\pagestyle{normal}\n\\phantomsection\\label{intro}\nHello.\n"
        "\\chapter{Who for}\n\\section{One}\n"
    )
    got = introduction(tex, title="The book", imprint="IMPRINT\n")
    assert got.index("\\includepdf{cover.pdf}") < got.index("IMPRINT")
    assert got.index("IMPRINT") < got.index("\\sphinxtableofcontents")
    assert got.index("\\sphinxtableofcontents") < got.index("\\plainchapter{The book}")
    assert got.index("\\plainchapter{The book}") < got.index("\\label{intro}")
    assert "\\plainsection{Who for}" in got
    assert "\\subsection*{One}" in got
    assert "\\chapter{" not in got


def test_the_imprint_fills_in_its_addresses() -> None:
    got = imprint(["Read: <{site}fr/>.", "Code."], site="https://a.b/c/")
    assert "Read: \\url{https://a.b/c/fr/}." in got
    assert "{site}" not in got


def test_back_matter_is_in_the_contents_without_a_number() -> None:
    got = unnumbered("\\chapter{Glossary}\n\\section{A}\n")
    assert "\\plainchapter{Glossary}" in got
    assert "\\plainsection{A}" in got


def test_every_part_opens_before_its_first_chapter() -> None:
    project = Project(ROOT)
    pages = [slug for slug in project.pages if slug != project.toc["root"]]
    head = "\\begin{document}\\sphinxmaketitle\\sphinxtableofcontents\\phantomsection x"
    tex = head + "".join(f"\\sphinxstepscope\n\\chapter{{{slug}}}\n" for slug in pages)
    got = arrange(project, "en", tex)
    numbered = [part for part in project.toc["parts"] if part.get("numbered")]
    assert got.count("\\bookpart{") == len(numbered) > 1
    number = 0
    for part in numbered:
        name = project.languages["en"]["parts"][part["caption"]]
        above, title = name.split(" – ")
        start = got.index(f"\\bookpart{{{name}}}{{{above}}}{{{title}}}")
        page = got[start : got.index("\\sphinxstepscope", start)]
        for chapter in part["chapters"]:
            number += 1
            slug = chapter["file"]
            entry = (
                f"\\partchapter{{\\detokenize{{{slug}::doc}}}}{{{number}}}{{{slug}}}"
            )
            assert entry in page
        first = part["chapters"][0]["file"]
        assert start < got.index(f"\\chapter{{{first}}}")


def test_a_page_that_the_text_names_has_its_number() -> None:
    link = (
        "{\\hyperref[\\detokenize{multi-head::doc}]{\\sphinxcrossref{\\DUrole{doc}"
        "{Multi\\sphinxhyphen{}head}}}}"
    )
    got = with_page_numbers(f"See {link}.", "p. {page}")
    page = "\\pageref{\\detokenize{multi-head::doc}}"
    assert got == f"See {link} (p. {page})."


def test_words_are_no_link_on_paper_but_addresses_are() -> None:
    """Sphinx has put the address of the first into a footnote."""
    address = "https://docs.python.org/3/tutorial/"
    words = nodes.reference("", "the ", nodes.emphasis("", "tutorial"), refuri=address)
    note = nodes.reference("", address, refuri=address, nolinkurl=True)
    inner = nodes.reference("", "chapter 2", refid="two")
    document = new_document("page")
    document += nodes.paragraph("", "", words, note, inner)
    AddressesInNotes(document).run()
    assert list(document.findall(nodes.reference)) == [note, inner]
    assert not note.get("nolinkurl")
    assert document.astext() == f"the tutorial{address}chapter 2"


def test_a_download_has_its_path() -> None:
    words = nodes.inline("", "A GPT")
    link = addnodes.download_reference(
        "", "", words, reftarget="../../code/one_file/gpt.py"
    )
    shown = "".join(node.astext() for node in with_path(link))
    parts = shown.split("\\allowbreak{}")
    assert parts == ["A GPT (code/", "one_file/", "gpt.py)"]


def test_a_long_line_goes_on_below_its_own_beginning() -> None:
    code = "    \\PYG{n}{x} \\PYG{o}{=} " + "\\PYGZus{}" * 80
    assert hung(code) == f"\\hang{{8}}{code}"
    short = "    \\PYG{n}{x} \\PYG{o}{=} " + "\\PYGZus{}" * 20
    assert hung(short) == short


@pytest.mark.parametrize(("lines", "kept"), [(3, 3), (14, 14), (15, 6)])
def test_short_code_stays_whole(lines: int, kept: int) -> None:
    code = "x\n" * lines
    assert lines_together(code) == kept
    begin, end = "\\begin{sphinxVerbatim}[a]\n", "\\end{sphinxVerbatim}"
    assert typeset_code(begin + code + end) == (
        f"\\together{{{kept}}}\n{begin}{code}{end}"
    )


def test_columns_are_as_wide_as_their_texts_where_these_fit() -> None:
    assert column_widths([["ab", "abcd"], ["abc", "a"]], line=40) == [6, 7]


def test_columns_that_do_not_fit_share_the_line_for_the_lowest_table() -> None:
    long = "several words of a text that is much longer than a line " * 2
    rows = [["2018", "GPT", long], ["2019", "GPT-2", long]]
    date, name, text = column_widths(rows, line=60)
    assert (date, name) == (7, 8)  # whole
    assert text == 45


def test_a_term_that_names_two_things_has_two_entries() -> None:
    assert entries_of("causal mask / padding mask") == ["causal mask", "padding mask"]
    whole = "jeu d'entraînement / de validation / de test"
    assert entries_of(whole) == [whole]


def test_words_are_listed_below_the_entry_that_they_stand_for() -> None:
    terms = read_terms(ROOT / "book" / "terms.csv")
    finder = Finder(terms=terms, language="en")
    text = "With padding masks, then causal masks."
    found = [
        entry_of(use, text[use.start : use.end], "en") for use in finder.uses(text)
    ]
    assert found == ["padding mask", "causal mask"]


def test_the_index_lists_models_by_their_whole_names() -> None:
    terms = read_terms(ROOT / "book" / "terms.csv")
    finder = Finder(terms=terms, language="en")
    text = "DistilBERT learns from BERT, GPT-2's weights are free; mini-BERT is ours."
    found = {name for name, _ in names_in(text, finder, "en") if name in MODELS}
    assert found == {"DistilBERT", "BERT", "GPT-2"}


def test_a_term_that_begins_with_another_stands_below_it() -> None:
    names = {"attention", "attention additive", "self-attention"}
    assert all_marks("attention additive", names) == (
        "\\index{attention@\\spxentry{attention}!additive@\\spxentry{additive}}"
    )
    both = all_marks("additive attention", {"attention", "additive attention"})
    assert both.count("\\index{") == 2
    assert "attention@\\spxentry{attention}!additive@" in both


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_the_other_language_hides_a_term(language: str) -> None:
    terms = read_terms(ROOT / "book" / "terms.csv")
    own = {name for term in terms for name in entries_of(term.words[language])}
    marks = list(other_words(terms, language))
    assert len(marks) > 40
    for mark in marks:
        word = re.search(r"\\emph\{(.*?)\}", mark)
        assert word is not None
        assert word[1] not in own


def test_other_typefaces_draw_what_the_first_lacks() -> None:
    assert declarations("→") == '\\newunicodechar{→}{{\\otherglyphs \\char"2192 }}\n'
    assert declarations("🙏", "emojiglyphs") == (
        '\\newunicodechar{🙏}{{\\emojiglyphs \\char"1F64F }}\n'
    )
