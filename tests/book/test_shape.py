"""The shape of a page: what is folded, marked, asked, and kept for later."""

import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from book.small_books import add_settings
from docutils import nodes
from unconverted import OUT_OF_SHAPE

from bilingual_book.checks.names import check_sources
from bilingual_book.checks.parity import check_parity, compare_pages
from bilingual_book.checks.shape import (
    cell_mistakes,
    check_shape,
    fold_mistakes,
    formula_mistakes,
    quiz_mistakes,
)
from bilingual_book.errors import BookError
from bilingual_book.language.prose import prose
from bilingual_book.notebooks.export import make_notebook
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.execute import run_pages
from bilingual_book.sources.cells import Kind, cell_kind, count_checks
from bilingual_book.sources.page import Page, page_reader
from bilingual_book.sources.quizzes import QuizError, read_quiz
from bilingual_book.sources.slide_marks import Mark, SlideMarkError, read_marks
from bilingual_book.sphinx_build.builders import run_sphinx, sphinx_folder
from bilingual_book.sphinx_ext.quiz import plain_number

SHAPE = Path(__file__).parent / "shape"
BOOK = Project(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The book of the shapes, executed and built for the screen and for paper."""
    root = tmp_path_factory.mktemp("shape")
    shutil.copytree(SHAPE, root, dirs_exist_ok=True)
    add_settings(root)
    shutil.copy(BOOK.package / "masks.py", root / "code" / "transformers_explained")
    project = Project(root)
    run_pages(project, project.notebooks)
    run_sphinx(project, "html")
    run_sphinx(project, "latex")
    return project


@pytest.fixture(scope="module")
def html(shape: Project) -> str:
    """The English page on the site."""
    path = sphinx_folder(shape, "en") / "html" / "shapes.html"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tex(shape: Project) -> str:
    """The English page on paper."""
    (path,) = (sphinx_folder(shape, "en") / "latex").glob("transformers-*.tex")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def doctree(shape: Project) -> nodes.document:
    """The English page as it was read."""
    path = sphinx_folder(shape, "en") / ".doctrees-html" / "shapes.doctree"
    loaded: nodes.document = pickle.loads(path.read_bytes())
    return loaded


def test_the_book_of_the_shapes_is_sound(shape: Project) -> None:
    check_parity(shape)
    check_sources(shape)


class TestCells:
    """What a cell is for."""

    @pytest.mark.parametrize(
        ("source", "tags", "kind"),
        [
            ("x = 1", [], Kind.LESSON),
            ("x = 1", ["evidence"], Kind.EVIDENCE),
            ("x = 1", ["drawing", "language-example"], Kind.DRAWING),
            ("figures.heads(weights)", [], Kind.DRAWING),
            ("figures.heads(\n    weights,\n    names,\n);", [], Kind.DRAWING),
            ("from a import figures\n\nfigures.heads()", [], Kind.DRAWING),
            ("explore_attention(weights, words)", [], Kind.DRAWING),
            ("explore_tokens(vocabularies, texts)", [], Kind.DRAWING),
            ("explore_translator(model, en, fr, [99])", [], Kind.DRAWING),
            ("show_engine()", [], Kind.SOURCE),
            ("chart = figures.heads(weights)", [], Kind.LESSON),
            ("w = f(x)\nfigures.heads(w)", [], Kind.LESSON),
            ("model.figures.heads()", [], Kind.LESSON),
            ("show_source(LayerNorm)", [], Kind.SOURCE),
            ("show_source(a)\nshow_source(b)", [], Kind.SOURCE),
            ("show_source(a)\nfigures.heads()", [], Kind.LESSON),
            ("import a\nimport b\n\n\nimport c", [], Kind.LESSON),
            ("import a\nimport b\nimport c\n\nuse_language('fr')", [], Kind.IMPORTS),
            ("import a\nimport b\nimport c\n\nx = 1", [], Kind.LESSON),
            ("import torch\n\ntorch.set_num_threads(1)", [], Kind.LESSON),
            ("# a remark\n# and\n# one\n# more", [], Kind.LESSON),
            ("not python", [], Kind.LESSON),
            ("%pip install a", [], Kind.LESSON),
        ],
    )
    def test_the_kind_of_a_cell(self, source: str, tags: list[str], kind: Kind) -> None:
        assert cell_kind(source, tags) is kind

    def test_checks_are_counted_as_they_are_written(self) -> None:
        source = (
            "for x in xs:\n    assert x\n    report('a.b', x)\n"
            "print(x)\ncheck('a.b', x)\nassert y, 'assert z'"
        )
        assert count_checks(source) == 3

    def test_a_failing_assertion_breaks_the_build(
        self, book: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = book.source("en", "one")
        text = path.read_text(encoding="utf-8")
        cell = "```{code-cell} python\n:tags: [evidence]\nassert 1 == 2\n```\n"
        path.write_text(f"{text}\n{cell}", encoding="utf-8")
        monkeypatch.setenv("EXECUTIONS", str(book.root / "executions"))
        with pytest.raises(BookError, match="AssertionError"):
            run_pages(book, ["one"], ["en"])


class TestCellsOnTheSite:
    """One fold per run of evidence; results first; calls below."""

    def test_evidence_is_folded_run_by_run(self, html: str) -> None:
        found = re.findall(r"<summary>What the page checks here (.*?)</summary>", html)
        assert found == ["(3 checks)", "(1 check)", "(1 check)"]
        fold = re.search(r'<details class="evidence.*?</details>', html, re.DOTALL)
        assert fold is not None
        assert fold[0].count('class="cell tag_evidence') == 2
        assert "cell_output" not in fold[0]  # a report shows nothing

    def test_the_code_of_a_drawing_stands_below_its_picture(self, html: str) -> None:
        figure = html.index('id="fig-shapes-line"')
        assert figure < html.index("<summary>Code</summary>", figure) < figure + 1500
        lesson = re.search(r'<div class="cell docutils.*?</pre>', html, re.DOTALL)
        assert lesson is not None
        assert "<details" not in lesson[0]

    def test_long_imports_are_folded(self, html: str) -> None:
        assert html.count("<summary>Imports</summary>") == 1

    def test_the_whole_file_is_one_fold_below_its_excerpt(self, html: str) -> None:
        name = "The whole file: transformers_explained/masks.py"
        assert html.count(f"<summary>{name}</summary>") == 1
        below = html[html.index(name) :]
        assert '<span class="nf">padding_mask</span>' in below
        assert "padding_mask" not in html[: html.index(name)]

    def test_a_page_is_built_again_when_a_file_that_it_shows_changes(
        self, shape: Project
    ) -> None:
        path = shape.package / "masks.py"
        text = path.read_text(encoding="utf-8")
        page = sphinx_folder(shape, "en") / "html" / "shapes.html"
        path.write_text(f"{text}\nNEW = 1\n", encoding="utf-8")
        try:
            run_sphinx(shape, "html")
            assert "NEW" in page.read_text(encoding="utf-8")
        finally:
            path.write_text(text, encoding="utf-8")
            run_sphinx(shape, "html")


class TestCellsOnPaper:
    """Evidence leaves a word; calls that draw are left out."""

    def test_evidence_leaves_its_number_of_checks(self, tex: str) -> None:
        found = re.findall(r"\\evidence\{(.*?)\}", tex)
        assert found == ["3 checks", "1 check", "1 check"]
        assert "report" not in tex.split("lesson")[1]

    def test_calls_are_left_out_and_sources_keep_their_path(self, tex: str) -> None:
        assert r"\PYG{n}{figures}\PYG{o}{.}\PYG{n}{line}" not in tex
        assert r"\PYG{n}{show\PYGZus{}source}\PYG{p}{(}" not in tex
        assert r"transformers\PYGZus{}explained/masks.py" in tex
        assert r"\begin{sphinxuseclass}{cell_imports}" in tex


class TestPhonePictures:
    """A second picture, where a screen is narrow."""

    def test_the_site_shows_it(self, shape: Project, html: str) -> None:
        found = re.findall(r"<picture>.*?</picture>", html, re.DOTALL)
        assert len(found) == 2
        source = re.search(
            r'<source media="\(max-width: 480px\)" srcset="(\S+)" '
            r'width="(\d+)" height="(\d+)"><img ',
            found[0],
        )
        assert source is not None
        assert 300 < int(source[2]) <= 328  # a telephone's 360 pixels, less the margins
        assert int(source[3]) > 200
        assert (sphinx_folder(shape, "en") / "html" / source[1]).exists()
        assert '<div class="picture-box"><picture>' in html

    def test_paper_and_notebooks_do_not(self, shape: Project, tex: str) -> None:
        assert "phone-" not in tex
        notebook = make_notebook(shape, "en", "shapes")
        outputs = [o for c in notebook.cells for o in c.get("outputs", [])]
        pictures = [o for o in outputs if "image/svg+xml" in o.get("data", {})]
        assert len(pictures) == 2
        for picture in pictures:
            assert "phone" not in picture.metadata
            assert "image/png" in picture.data  # a notebook not trusted shows it


class TestFurther:
    """Folds for those who want more."""

    def test_on_the_site_it_is_closed_and_holds_what_stands_between(
        self, html: str
    ) -> None:
        start = html.index('<details class="further admonition fold" id="further-sh')
        fold = html[start : html.index('class="predict admonition"')]
        title = '<span class="fold-kind">Further</span> <span>A proof, with <span'
        assert title in fold
        for inner in ("By induction", "fig-shapes-again", "A box inside", "(1 check)"):
            assert inner in fold
        assert 'href="#further-shapes-proof"' in html
        assert "A proof, with n and code</span></a>" in html

    def test_on_paper_it_is_smaller(self, tex: str) -> None:
        start = tex.index(r"\begin{furtherbox}{Further}{\phantomsection")
        assert "By induction" in tex[start : tex.index(r"\end{furtherbox}")]
        assert r"\detokenize{shapes:further-shapes-proof}" in tex[start : start + 150]
        assert r"\hyperref[\detokenize{shapes:further-shapes-proof}]" in tex


class TestQuizzes:
    """A question, its options, one answer."""

    def test_on_the_site(self, html: str) -> None:
        start = html.index('data-quiz="options" id="quiz-shapes-axis" role="group"')
        quiz = html[start : html.index('id="quiz-shapes-count"')]
        assert re.findall(r'<li data-right="(\w+)">', quiz) == [
            "false",
            "true",
            "false",
        ]
        assert '<ol class="quiz-options" type="A">' in quiz
        options, answer = quiz.split("<details", 1)
        assert "Columns compete" not in options
        assert "Right answer: B." in answer
        assert answer.index("<strong>A.</strong>") < answer.index("<em>Columns compete")

    def test_a_number_answers_with_what_the_page_reported(self, html: str) -> None:
        quiz = html[html.index('id="quiz-shapes-count" role') :]
        assert "Right answer: 15." in quiz
        assert "<strong>14.</strong> One was forgotten." in quiz

    def test_the_script_reads_the_numbers(self, html: str) -> None:
        quiz = html[html.index('id="quiz-shapes-count" role') - 120 :]
        assert 'data-numbers="15 14"' in quiz
        assert 'data-right="0"' in quiz
        assert '_static/quiz.js" data-words="{&#34;check' in html

    @pytest.mark.parametrize(
        ("text", "language", "plain"),
        [
            ("1\u202f024,5", "fr", "1024.5"),
            ("1,024.5", "en", "1024.5"),
            ("\u221212", "en", "-12"),
            ("83\u00a0%", "fr", "83"),
        ],
    )
    def test_numbers_are_read_in_their_language(
        self, text: str, language: str, plain: str
    ) -> None:
        assert plain_number(text, language) == plain

    def test_on_paper_the_answers_end_the_section(self, tex: str) -> None:
        questions, answers = tex.split(r"\begin{quizanswers}{Answers}")
        assert questions.count(r"\quizquestion{Question") == 3
        assert questions.count(r"\quizoption{") == 5
        assert "Columns compete" not in questions
        found = re.findall(r"\\quizanswer\{(\d)\}\{\\sphinxstylestrong\{(\w+)", answers)
        assert found == [("1", "B"), ("2", "15"), ("3", "A")]

    def test_the_language_is_checked_without_the_marks(self, shape: Project) -> None:
        text = shape.source("en", "shapes").read_text(encoding="utf-8")
        found = prose(text, page_reader(shape))
        assert not [s.text for s in found if "[" in s.text]
        line = next(s.line for s in found if s.text.startswith("One more"))
        assert "*One more*" in text.splitlines()[line - 1]

    @pytest.mark.parametrize(
        ("body", "line", "what"),
        [
            ("", 0, "no options"),
            ("- [ ] a\n  - *A*: b", 0, r"all options are `\[ \]`"),
            ("- [x] a\n  - b\n- [x] c\n  - d", 0, r"all options are `\[x\]`"),
            ("- [ ] a\n- [x] b\n  - c", 0, "has 0 reasons"),
            ("- [ ] a\n  - *A*: b\n  - c\n- [x] b\n  - c", 2, "has 2 reasons"),
            ("- [ ] a\n  - b\n- [x] b\n  - c", 1, "no misconception with a name"),
            ("- [X] a\n  - b\n- [ ] b\n  - *C*: c", 0, "is no option"),
            ("- a\n  - b", 0, "is no option"),
            ("- [x]\n  - b", 0, "says nothing"),
            ("- [x] a\n  - b\nafter\n", 2, "stands between the options"),
            ("- [=] 3\n  - a\n- [x] b\n  - c", 0, "a number or options"),
            ("- [!] 3\n  - a", 0, "a number or options"),
            ("- [=] 3\n  - a\n- [=] 4\n  - c", 0, "a number or options"),
            ("- [=] many\n  - a", 0, "holds no number"),
        ],
    )
    def test_a_quiz_that_cannot_be_read(self, body: str, line: int, what: str) -> None:
        with pytest.raises(QuizError, match=what) as caught:
            read_quiz("Why?", body)
        assert caught.value.line == line
        assert caught.value.expected

    def test_a_quiz_without_a_question(self) -> None:
        with pytest.raises(QuizError, match="asks nothing"):
            read_quiz("", "- [x] a\n  - b\n- [ ] b\n  - *C*: c")

    def test_options_may_hold_code(self) -> None:
        body = (
            "Before:\n\n```python\n- [x] not an option\n```\n\n"
            "- [x] `a`\n  - Because:\n\n    ```python\n    - x\n    ```\n"
            "- [ ] `b`\n  - *B*: no.\n"
        )
        quiz = read_quiz("Which?", body)
        assert quiz.marks == "[x] [ ]"
        assert quiz.stem.markdown.startswith("Before:")
        assert quiz.options[0].why.markdown == "Because:\n\n```python\n- x\n```"
        assert quiz.options[1].why.line == 13


class TestSlideMarks:
    """Kept on their blocks, seen nowhere."""

    def test_the_blocks_keep_their_marks(self, doctree: nodes.document) -> None:
        def marked(name: str) -> list[Any]:
            return [
                (node.tagname, node[name])
                for node in doctree.findall(nodes.Element)
                if name in node.attributes
            ]

        assert marked("slide") == [
            ("math_block", "The key formula"),
            ("container", "A line"),
            ("quiz", "A question"),
        ]
        assert marked("on_slide") == [("container", True), ("quiz", True)]
        assert marked("slide_notes") == [("math_block", ["Say it slowly."])]

    def test_a_formula_keeps_its_code_and_its_test(
        self, doctree: nodes.document
    ) -> None:
        formula = next(iter(doctree.findall(nodes.math_block)))
        assert formula["code"] == "transformers_explained.masks.causal_mask"
        assert formula["test"] == "page"

    def test_no_mark_is_seen(self, shape: Project, html: str, tex: str) -> None:
        notebook = make_notebook(shape, "en", "shapes")
        texts = [html, tex, *(cell.source for cell in notebook.cells)]
        search = sphinx_folder(shape, "en") / "html" / "_static" / "search-index.js"
        texts.append(search.read_text(encoding="utf-8"))
        for text in texts:
            assert "Say it slowly" not in text
            assert "on-slide" not in text
            assert "The key formula" not in text

    def test_reading(self) -> None:
        marks = read_marks(" slide: A: b\n a remark on slides\n on-slide\n note: c")
        assert [(m.kind, m.text, m.line) for m in marks] == [
            (Mark.BEGINS, "A: b", 0),
            (Mark.JOINS, "", 2),
            (Mark.NOTE, "c", 3),
        ]

    @pytest.mark.parametrize(
        "text", ["slide A", "slides: A", "Slide: A", "on slide", "on-slide: A", "note:"]
    )
    def test_what_looks_like_a_mark_and_is_none(self, text: str) -> None:
        with pytest.raises(SlideMarkError, match="no mark of a slide"):
            read_marks(f" {text}")


def read(tmp_path: Path, text: str) -> Page:
    """The structure of a page with this text."""
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    return page_reader(BOOK).read(path, "en")


QUIZ = ":::{{quiz}} Why?\n:label: quiz-a\n\n{}\n:::\n"


class TestSources:
    """What the reader of the sources says, without a build."""

    @pytest.mark.parametrize(
        ("text", "line", "what"),
        [
            (f"# A\n\n{QUIZ.format('- [x] a')}", 6, "0 reasons"),
            ("a\n\n% slide: A\n(b)=\n## B\n", 3, "marks nothing"),
            ("a\n\n% slide: A\n", 3, "marks nothing"),
            (":::{note}\na\n\n% slide: A\n:::\n\nb\n", 4, "marks nothing"),
            ("a\n\n% on-slide\n\nb\n", 3, "marks nothing"),
            ("a\n\n% note: b\n\nb\n", 3, "marks nothing"),
            ("a\n\n% b\n% on slide\n\nb\n", 4, "no mark of a slide"),
        ],
    )
    def test_a_mistake_has_a_file_and_a_line(
        self, tmp_path: Path, text: str, line: int, what: str
    ) -> None:
        with pytest.raises(BookError, match=what) as caught:
            read(tmp_path, text)
        assert f"page.md:{line}" in str(caught.value)
        assert "expected" in str(caught.value)

    @pytest.mark.parametrize(
        ("one", "other", "what"),
        [
            (
                QUIZ.format("- [x] a\n  - b\n- [ ] c\n  - *D*: d"),
                QUIZ.format("- [ ] a\n  - *D*: b\n- [x] c\n  - d"),
                "directive",
            ),
            (
                "% slide: A\n\na\n\n$$\nx\n$$\n",
                "a\n\n% slide: A\n\n$$\nx\n$$\n",
                "slide",
            ),
            (
                "```{math}\n:label: a\n:code: b.c\nx\n```\n",
                "```{math}\n:label: a\n:code: b.d\nx\n```\n",
                "formula",
            ),
            (
                ":::{further-start} A\n:label: a\n:::\n\n:::{further-end}\n:::\n",
                ":::{further-start} B\n:label: b\n:::\n\n:::{further-end}\n:::\n",
                "directive",
            ),
        ],
    )
    def test_what_both_languages_share(
        self, tmp_path: Path, one: str, other: str, what: str
    ) -> None:
        pages = [read(tmp_path, one), read(tmp_path, other)]
        differences = list(compare_pages(*pages))
        assert differences
        assert differences[0].what.startswith(what)

    def test_texts_may_differ(self, tmp_path: Path) -> None:
        one = "% slide: A\n% note: a\n\na\n\n" + QUIZ.format(
            "- [x] a\n  - b\n- [ ] c\n  - *D*: d"
        )
        other = one.replace("slide: A", "slide: B").replace("Why?", "Pourquoi ?")
        pages = [read(tmp_path, one), read(tmp_path, other)]
        assert list(compare_pages(*pages)) == []


BAD_PAGE = f"""(intro)=
# A book

{QUIZ.format("- [x] a")}

:::{{quiz}} No label?
- [x] a
  - b
- [ ] b
  - *C*: c
:::

% slide: Nothing

## Further

:::{{further-start}} Open
:::

### A heading

:::{{further-end}}
:::

% slides: A

```{{math}}
:code:
x
```
"""


def test_the_build_names_each_mistake(tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / "book" / language).mkdir(parents=True)
        path = tmp_path / "book" / language / "intro.md"
        path.write_text(BAD_PAGE, encoding="utf-8")
    (tmp_path / "book" / "references.bib").touch()
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: intro\n", "utf-8")
    add_settings(tmp_path)
    with pytest.raises(BookError) as caught:
        run_sphinx(Project(tmp_path), "html")
    message = str(caught.value)
    lines = BAD_PAGE.splitlines()
    for where, what in [
        ("- [x] a", "this option has 0 reasons: expected one item below it"),
        (":::{quiz} No label?", "this quiz has no label: expected `:label: quiz-"),
        ("% slide: Nothing", "the mark `% slide` marks nothing: expected a block"),
        (":::{further-start} Open", "nothing ends this fold: expected a {further-end}"),
        (":::{further-end}", "no fold ends here: expected a {further-start}"),
        ("% slides: A", "`% slides: A` is no mark of a slide"),
    ]:
        place = f"en/intro.md:{lines.index(where) + 1}: "
        assert any(place in m and what in m for m in message.splitlines()), (
            place,
            what,
            message,
        )


def test_the_notebook_folds_all_but_lessons(shape: Project) -> None:
    notebook = make_notebook(shape, "fr", "shapes")
    folded: list[str] = []
    open_cells: list[str] = []
    for cell in notebook.cells[2:]:
        if cell.cell_type == "code":
            hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
            assert hidden == (cell.metadata.get("cellView") == "form")
            (folded if hidden else open_cells).append(cell.source.splitlines()[0])
    assert open_cells == ["numbers = [1, 2, 3, 4, 5]", "n = 5"]
    assert len(folded) == 9


NOTEBOOK = [
    "---\n\n**Pour aller plus loin – A proof, with $n$ and `code`**\n\nBy induction",
    "**Question 1.** Over which axis must the weights sum to 1, in $(T, S)$?\n\n- **A",
    "<summary>Réponse</summary>\n\nBonne réponse\u00a0: B.\n\n- **A.** *Columns",
    "- **B.** Each query makes one average.\n\n  Its weights are shares",
    "Look at `numbers`.\n\n<details>\n<summary>Réponse</summary>\n\nBonne",
]


@pytest.mark.parametrize("expected", NOTEBOOK)
def test_what_it_becomes_in_a_notebook(shape: Project, expected: str) -> None:
    cells = make_notebook(shape, "fr", "shapes").cells
    text = "\n\n".join(c.source for c in cells if c.cell_type == "markdown")
    assert expected in text


class TestShapeOfPages:
    """The pages of the book, and what the check says of a page that is not so."""

    @pytest.mark.parametrize(
        "slug",
        [
            pytest.param(
                slug,
                marks=pytest.mark.xfail(
                    slug in OUT_OF_SHAPE,
                    reason="not rewritten yet: take it out of tests/unconverted.py",
                    strict=True,
                ),
            )
            for slug in BOOK.notebooks
        ],
    )
    def test_a_chapter_of_the_book(self, slug: str) -> None:
        check_shape(BOOK, [slug])

    def test_the_book_of_the_shapes(self, shape: Project) -> None:
        with pytest.raises(BookError, match="asks 3 quick questions") as caught:
            check_shape(shape)
        assert str(caught.value).count("expected") == len(LANGUAGES)

    @pytest.mark.parametrize(
        ("cell", "what"),
        [
            ("x = 1\n" * 26, "this lesson has 26 lines"),
            (f"x = '{'a' * 60}'", "1 lines of this lesson are wider than 60"),
            ("report('page.a', 1)", "`report` stands in a lesson"),
            ("import a  # noqa: F401", "speaks to a linter"),
            ("assert torch.allclose(a, b)", "guards the build"),
            ("assert (\n    a\n    == b\n)", "guards the build"),
            (":tags: [evidence]\nx = 1", "this evidence checks nothing"),
        ],
    )
    def test_a_cell(self, tmp_path: Path, cell: str, what: str) -> None:
        page = read(tmp_path, f"# A\n\n```{{code-cell}} python\n{cell}\n```\n")
        (found,) = cell_mistakes(page)
        assert what in str(found)
        assert "page.md:" in str(found)

    @pytest.mark.parametrize(
        "cell",
        [
            "x = 1\n" * 25,
            "assert weights.sum() == 1",
            ":tags: [evidence]\n" + "x = 1\n" * 30 + "report('page.a', 1)",
            "figures.a(" + "1, " * 40 + ")",
        ],
    )
    def test_a_cell_with_the_shape(self, tmp_path: Path, cell: str) -> None:
        page = read(tmp_path, f"# A\n\n```{{code-cell}} python\n{cell}\n```\n")
        assert list(cell_mistakes(page)) == []

    @pytest.mark.parametrize(
        ("marks", "what"),
        [
            (":code: transformers_explained.masks.causal_mask", "or a test"),
            (":code: transformers_explained.masks.none\n:test: page", "names nothing"),
            (
                ":code: page\n:test: tests/book/test_shape.py::test_none",
                "names nothing",
            ),
            (":code: page\n:test: tests/none.py::test_a", "names nothing"),
            (":code: transformers_explained.masks.causal_mask\n:test: page", ""),
            (":code: transformers_explained.layers.Encoder.forward\n:test: page", ""),
            (
                ":code: page\n"
                ":test: tests/book/test_shape.py::TestShapeOfPages::test_a_formula",
                "",
            ),
        ],
    )
    def test_a_formula(self, tmp_path: Path, marks: str, what: str) -> None:
        page = read(tmp_path, f"```{{math}}\n:label: eq-a\n{marks}\nx\n```\n")
        found = [str(error) for error in formula_mistakes(BOOK, page)]
        assert len(found) == bool(what)
        assert all(what in message for message in found)

    def test_one_place_is_not_always_right(self, tmp_path: Path) -> None:
        quiz = QUIZ.format("- [x] a\n  - b\n- [ ] c\n  - *D*: d")
        page = read(tmp_path, (quiz + "\n") * 5)
        (found,) = quiz_mistakes(page)
        assert "same place" in str(found)

    def test_folds_end(self, tmp_path: Path) -> None:
        start = ":::{further-start} A\n:::\n\n"
        end = ":::{further-end}\n:::\n\n"
        assert list(fold_mistakes(read(tmp_path, start + "a\n\n" + end))) == []
        for text, count in (
            (start, 1),
            (end, 1),
            (start + start + end, 1),
            (f"{start}## B\n\n{end}", 2),
        ):
            assert len(list(fold_mistakes(read(tmp_path, text)))) == count
