"""The PDF: what in TeX's log stops a build, and how Sphinx's file is arranged."""

from pathlib import Path

import pytest

from bilingual_book.pdf import log_problems
from bilingual_book.project import Project
from bilingual_book.tex import arrange, declarations, introduction, unnumbered

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "line",
    [
        "Missing character: There is no ẹ in font TeX Gyre Pagella!",
        "LaTeX Warning: Hyper reference `nowhere' on page 3 undefined on input line 9.",
        "! Undefined control sequence.",
        "Overfull \\hbox (20.1pt too wide) in paragraph at lines 3--4",
    ],
)
def test_a_flaw_that_a_reader_would_meet_is_a_problem(line: str) -> None:
    assert log_problems(f"before\n{line}\n[]text\nafter\n")


@pytest.mark.parametrize(
    "line",
    [
        "Overfull \\hbox (19.9pt too wide) in paragraph at lines 3--4",
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
    got = introduction(tex, title="The book")
    assert "\\includepdf{cover.pdf}" in got
    assert got.index("\\sphinxtableofcontents") < got.index("\\chapter*{The book}")
    assert got.index("\\chapter*{The book}") < got.index("\\label{intro}")
    assert "\\section*{Who for}" in got
    assert "\\subsection*{One}" in got
    assert "\\chapter{" not in got


def test_back_matter_is_in_the_contents_without_a_number() -> None:
    got = unnumbered("\\chapter{Glossary}\n\\section{A}\n")
    assert "\\chapter*{Glossary}\\addcontentsline{toc}{chapter}{Glossary}" in got
    assert "\\section*{A}" in got


def test_every_part_opens_before_its_first_chapter() -> None:
    project = Project(ROOT)
    pages = [slug for slug in project.pages if slug != project.toc["root"]]
    head = "\\begin{document}\\sphinxmaketitle\\sphinxtableofcontents\\phantomsection x"
    tex = head + "".join(f"\\sphinxstepscope\n\\chapter{{{slug}}}\n" for slug in pages)
    got = arrange(project, "en", tex)
    numbered = [part for part in project.toc["parts"] if part.get("numbered")]
    assert got.count("\\part{") == len(numbered) > 1
    for part in numbered:
        first = part["chapters"][0]["file"]
        before = got[: got.index(f"\\chapter{{{first}}}")]
        name = project.languages["en"]["parts"][part["caption"]].split(" – ")[1]
        assert before.rindex("\\part{") == before.index(f"\\part{{{name}}}")


def test_a_solution_names_its_exercise_as_the_language_does() -> None:
    project = Project(ROOT)
    pages = "".join("\\sphinxstepscope\\chapter{x}" for _ in project.pages[1:])
    title = "\\begin{sphinxadmonition}{note}{Solution de Exercice 4.1 (À la main)}"
    got = arrange(project, "fr", f"{pages}{title}")
    assert "{Solution de l'exercice 4.1 (À la main)}" in got


def test_a_term_with_a_hyphen_is_one_entry_of_the_index() -> None:
    project = Project(ROOT)
    pages = "".join("\\sphinxstepscope\\chapter{x}" for _ in project.pages[1:])
    word = "self\\sphinxhyphen{}attention"
    entry = f"\\index{{{word}@\\spxentry{{{word}}}\\spxextra{{({word})}}|spxpagem}}"
    got = arrange(project, "en", f"{pages}{entry}{word}")
    plain = word.replace("\\sphinxhyphen{}", "-")
    assert got.endswith(entry.replace(word, plain) + word)


def test_a_second_typeface_draws_what_the_first_lacks() -> None:
    assert declarations("→") == "\\newunicodechar{→}{{\\otherglyphs →}}\n"
