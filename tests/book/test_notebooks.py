"""Notebooks from a page that holds every construct of the book."""

import html
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from book.small_books import add_settings
from nbclient import NotebookClient
from nbformat import NotebookNode

from bilingual_book.checks.claims import check_claims
from bilingual_book.checks.compare_runs import compare_runs
from bilingual_book.checks.names import check_sources
from bilingual_book.checks.parity import check_parity
from bilingual_book.checks.runs import check_outputs
from bilingual_book.errors import BookError
from bilingual_book.notebooks.explorers import with_table
from bilingual_book.notebooks.export import (
    build_notebooks,
    check_notebook,
    check_notebooks,
    fold_solutions,
    leftovers,
    make_notebook,
    solution_cell,
)
from bilingual_book.notebooks.inline import convert_inline
from bilingual_book.notebooks.links import Links
from bilingual_book.notebooks.markdown import MarkdownConverter
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.execute import run_environment
from bilingual_book.sources.page import PageReader, page_reader

WHOLE = Path(__file__).parent / "whole"
REPOSITORY = "https://github.com/les-transformers-expliques/les-transformers-expliques"
SITE = "https://les-transformers-expliques.github.io/les-transformers-expliques"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The book of the constructs, with its notebooks made."""
    root = tmp_path_factory.mktemp("whole") / "Une élève à Noël"
    shutil.copytree(WHOLE, root, dirs_exist_ok=True)
    add_settings(root)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_REF_NAME"):
            patch.delenv(name, raising=False)
        project = Project(root)
        build_notebooks(project)
        yield project


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def reader(whole: Project) -> PageReader:
    return page_reader(whole)


def notebook(project: Project, language: str) -> NotebookNode:
    path = project.build / "notebooks" / language / "everything.ipynb"
    return nbformat.read(path, as_version=4)


def markdown(project: Project, language: str) -> str:
    cells = notebook(project, language).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_the_book_of_the_constructs_is_sound(whole: Project) -> None:
    check_parity(whole)
    check_sources(whole)
    check_outputs(whole)
    compare_runs(whole)
    check_claims(whole)
    check_notebooks(whole)


def test_no_myst_is_left(whole: Project, language: str, reader: PageReader) -> None:
    text = markdown(whole, language)
    assert list(leftovers(text, reader)) == []
    assert ":::" not in text
    assert not re.search(r"^\([a-z-]+\)=$", text, re.M)
    without_code = re.sub(r"```.*?```", "", text, flags=re.S)
    assert not re.search(r"\{[a-z:-]+\}`", without_code)


@pytest.mark.parametrize(
    "text",
    [
        "{ref}`a`",
        "un {cite:t}`b` mot",
        ":::{note}\nx\n:::",
        "```{math}\nx\n```",
        "(label)=\n# T",
        "% remarque",
        "$$\nx\n$$ (eq-a)",
        "Terme\n: Définition",
        "> ```{note}\n> x\n> ```",
    ],
)
def test_leftovers_are_seen(text: str, reader: PageReader) -> None:
    assert list(leftovers(text, reader))
    cell = nbformat.v4.new_markdown_cell(text, id="a")
    made = nbformat.v4.new_notebook(cells=[cell])
    with pytest.raises(BookError, match="MyST is left in the notebook"):
        check_notebook(made, reader, Path("a.ipynb"))


def test_leftovers_in_an_output_are_seen(reader: PageReader) -> None:
    output = nbformat.v4.new_output("display_data", {"text/markdown": ":::{tip}\n:::"})
    cell = nbformat.v4.new_code_cell("f()", outputs=[output], id="a")
    with pytest.raises(BookError, match="MyST is left"):
        check_notebook(nbformat.v4.new_notebook(cells=[cell]), reader, Path("a.ipynb"))


FRENCH = [
    f"([Vaswani et al., 2017]({SITE}/fr/references.html#",
    "\u00a0; [Elman, 1990](",
    "[Hochreiter et Schmidhuber (1997)](",
    "La moyenne vaut 1\u202f234,5,",
    "{{ ceci }} reste tel quel",
    f"[Des nombres]({SITE}/fr/everything.html#everything-numbers)",
    f"[ce lien]({SITE}/fr/everything.html#everything-numbers)",
    f"[la section]({SITE}/fr/everything.html#everything-numbers)",
    f"[cette page]({SITE}/fr/references.html)",
    "[Le site](https://example.org)",
    "[la figure 1.1](",
    "[(1.1)](",
    "[(1.2)](",
    f"[Un livre d’essai]({SITE}/fr/intro.html)",
    f"[attention croisée]({SITE}/fr/references.html#term-",
    "[Exercice 1.1](",
    "H<sub>2</sub>O",
    f"[Un fichier]({REPOSITORY}/blob/main/book/references.bib)",
    '<abbr title="réseau récurrent">RNN</abbr>',
    '<span lang="en">ninety-nine</span>, mot.',
    "\\begin{aligned}\ns = \\sum_i x_i \\\\\nt = 2\n\\end{aligned}\n\\tag{1.1}\n$$",
    "$$\na = b\n\\tag{1.2}\n$$",
    "\\begin{aligned}\ne &= f\n\\end{aligned}",
    "> **Les points clés**\n>\n> - Un point, [Elman (1990)](",
    '>   ```python\n>   x = {"a": 1}\n>   ```',
    "> $$ x = 1 $$",
    '> y = "{ref}`pas une référence`"',
    "> **Remarque**\n>\n> Une remarque, avec [le cadre](",
    "> **Astuce**\n>\n> Une astuce qui commence sur la ligne.",
    "> > **Dedans**\n> >\n> > Imbriquée.",
    "<details>\n<summary>Pour aller plus loin</summary>\n\nUn texte replié.\n\n",
    "> **Exercice 1.1 (Doubler)**",
    "<summary>Solution – Exercice 1.1 (Doubler)</summary>\n\nOn multiplie",
    "\n\nEt voilà.\n\n</details>",
    "- **Terme**  \n  Sa définition.",
    "| $Q$ | $(T, D)$ |",
    "| nom | valeur |\n|---|---|\n| un | $1$ |",
    "![Un point.](attachment:dot.png)",
    "<summary>Description de la figure</summary>\n\nUne droite qui monte.",
    "Ce carnet est le chapitre [Tout à la fois](",
]


@pytest.mark.parametrize("expected", FRENCH)
def test_what_each_construct_becomes(whole: Project, expected: str) -> None:
    assert expected in markdown(whole, "fr")


ENGLISH = [
    "[Hochreiter and Schmidhuber (1997)](",
    "La moyenne vaut 1,234.5,",
    "> **Note**",
    "[Exercise 1.1](",
    "<summary>Description of the figure</summary>",
    "This notebook is the chapter [",
    f"{SITE}/en/everything.html",
]


@pytest.mark.parametrize("expected", ENGLISH)
def test_the_words_around_are_the_page_s(whole: Project, expected: str) -> None:
    assert expected in markdown(whole, "en")


def test_authors_remarks_stay_at_home(whole: Project) -> None:
    assert "une remarque pour les auteurs" not in markdown(whole, "fr")


def test_the_first_cells(whole: Project, language: str) -> None:
    header, install = notebook(whole, language).cells[:2]
    assert header.source.startswith("# Tout à la fois\n\n> ")
    assert "CC BY 4.0" in header.source
    assert install.cell_type == "code"
    title = {"fr": "# @title Installer ce qui manque", "en": "# @title Install what"}
    assert install.source.startswith(title[language])
    assert (
        'source="https://github.com/les-transformers-expliques/'
        'les-transformers-expliques/archive/main.zip"'
    ) in install.source
    assert install.metadata["jupyter"]["source_hidden"] is True


def test_solutions_are_folded_text(whole: Project) -> None:
    """Run All runs none of them: a solution replaces nothing of the reader's."""
    cells = notebook(whole, "fr").cells
    solution = next(c for c in cells if "<summary>Solution – " in c.source)
    assert solution.cell_type == "markdown"
    assert solution.source.count("<details>") == 1
    text = solution.source
    assert text.index("On multiplie") < text.index("return 2 * x")
    assert text.index("return 2 * x") < text.index("Et voilà.")
    assert "```python\n" in text
    code = [c.source for c in cells if c.cell_type == "code"]
    assert not any("return 2 * x" in source for source in code)
    starter = next(c for c in cells if "return ..." in c.source)
    assert "jupyter" not in starter.metadata


def test_a_solution_keeps_what_it_shows() -> None:
    picture = nbformat.v4.new_output("display_data", {"image/png": "AAAA\n"})
    printed = nbformat.v4.new_output("stream", text="trois\n")
    cells = [
        nbformat.v4.new_markdown_cell("Avant."),
        solution_cell(
            nbformat.v4.new_code_cell("f()", outputs=[printed, picture]), "Solution"
        ),
        solution_cell(nbformat.v4.new_code_cell("g()"), "Solution"),
    ]
    _, made = fold_solutions(cells)
    assert made.source.count("<details>") == 1
    assert (
        "```python\nf()\n```\n\n```text\ntrois\n```\n\n![](attachment:" in made.source
    )
    assert [list(kinds) for kinds in made.attachments.values()] == [["image/png"]]


def test_an_explorer_that_has_not_run_is_a_table() -> None:
    data = {
        "heads": 1,
        "at": {"layer": 1, "head": 0, "query": 0},
        "queries": ["a", "<b>"],
        "keys": ["l'eau", "d"],
        "weights": [0, 0, 0, 0, 250, 750, 1000, None],
        "text": {"percent": "\u00a0%"},
    }
    attribute = html.escape(json.dumps(data), quote=False).replace("'", "&#39;")
    made = with_table(
        f"<attention-explorer data-json='{attribute}'><figure><svg>\n<text>a</text>"
        "</svg><figcaption>A</figcaption></figure></attention-explorer>"
    )
    assert "<svg" not in made
    assert "<tr><th>a</th><td>25</td><td>75</td></tr>" in made
    assert "<tr><th>&lt;b&gt;</th><td>100</td><td>NaN</td></tr>" in made
    assert attribute in made


def test_an_explorer_of_descent_that_has_not_run_is_a_list() -> None:
    data = {"at": {"mode": 1, "rate": 0}, "says": [["a"], ["l'eau", "<b>"]]}
    attribute = html.escape(json.dumps(data), quote=False).replace("'", "&#39;")
    made = with_table(
        f"<descent-explorer lang='fr' data-json='{attribute}'><figure><svg>\n"
        "<text>a</text></svg><figcaption>A</figcaption></figure></descent-explorer>"
    )
    assert "<figure><ul><li>l&#x27;eau</li><li>&lt;b&gt;</li></ul><figcap" in made


def test_an_explorer_of_tokens_has_its_table() -> None:
    made = "<token-explorer data-json='{}'><table></table></token-explorer>"
    assert with_table(made) == made


def test_a_living_model_that_has_not_run_has_its_table_and_no_weights() -> None:
    first = "<teller-explorer data-json='{}'><table></table></teller-explorer>\n"
    loader = "<script data-teller-explorer>load();</script>"
    weights = "<script data-live-part=\"teller-0a1b\">liveParts = 'a';\n</script>\n"
    assert with_table(first + weights + loader) == first + loader


def test_outputs(whole: Project, language: str) -> None:
    cells = notebook(whole, language).cells
    kinds = {k for c in cells for o in c.get("outputs", []) for k in o.get("data", {})}
    assert "image/svg+xml" in kinds
    assert "application/pdf" not in kinds
    assert not any(kind.startswith("application/papermill") for kind in kinds)
    pictures = [o for c in cells for o in c.get("outputs", []) if "data" in o]
    alts = [o.metadata.get("image/svg+xml", {}).get("alt") for o in pictures]
    assert "Une droite qui monte." in alts


def test_valid_and_the_same_each_time(whole: Project) -> None:
    path = whole.build / "notebooks" / "fr" / "everything.ipynb"
    before = path.read_bytes()
    content = json.loads(before)
    assert content["metadata"]["kernelspec"]["name"] == "python3"
    assert content["nbformat_minor"] >= 5
    ids = [cell["id"] for cell in content["cells"]]
    assert ids == [f"everything-{i}" for i in range(len(ids))]
    again = make_notebook(Project(whole.root), "fr", "everything")
    assert nbformat.writes(again) + "\n" == before.decode()


def test_the_notebook_runs(
    whole: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the package is installed, the first cell does nothing."""
    for name, text in run_environment().items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    made = notebook(whole, "fr")
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(made, timeout=120, resources=resources).execute()
    assert made.cells[1].outputs == []
    executed = [c for c in made.cells if c.cell_type == "code" and c.execution_count]
    assert len(executed) >= 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`{ref}` et ``a ` b``", "`{ref}` et ``a ` b``"),
        (r"\{ref}`x` coûte \$5", r"\{ref}`x` coûte \$5"),
        ("$a_{ref}$ et $$b$$", "$a_{ref}$ et $$b$$"),
        ("`x`{.python} et [m]{.c}", "`x` et m"),
        ("[a](https://b.org/c_(d))", "[a](https://b.org/c_(d))"),
        ("{math}`x` {kbd}`Tab` {sup}`2`", "$x$ <kbd>Tab</kbd> <sup>2</sup>"),
    ],
)
def test_sentences(text: str, expected: str) -> None:
    class Nothing:
        links = None

    assert convert_inline(text, Nothing()) == expected  # type: ignore[arg-type]


class TestWhatHasNoFormInANotebook:
    """It is told with the page's name; nothing is written half converted."""

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("{ref}`nowhere`", "names nothing that the site or a run knows"),
            ("{glue:text}`everything.none`", "names nothing"),
            ("{cite:t}`nobody1900none`", "names nothing"),
            ("{strange}`x`", "the role {strange} has no form in a notebook"),
            (":::{strange}\nx\n:::", "the directive {strange}"),
            ("Une note[^1].", "a footnote has no form"),
            ("![a](https://a.org/b.png)", "of another site has no form"),
        ],
    )
    def test_a_construct(
        self, whole: Project, reader: PageReader, text: str, what: str
    ) -> None:
        converter = MarkdownConverter(
            page=reader.read(whole.source("fr", "everything"), "fr"),
            links=Links(whole, "fr"),
            numbers={},
            reader=reader,
        )
        with pytest.raises(BookError, match=re.escape(what)) as caught:
            list(converter.parts(text))
        assert "everything.md" in str(caught.value)
