"""Notebooks for Jupyter, Colab and Binder, from the executed chapters.

`_build/notebooks/<language>/<slug>.ipynb` holds the chapter's cells with their outputs,
its text in plain Markdown, and a first cell that installs the package when it is
missing. The same sources give the same file, byte for byte.
"""

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bilingual_book.assemble import assemble
from bilingual_book.binder import package_address, write_binder
from bilingual_book.build import run_sphinx
from bilingual_book.errors import BookError
from bilingual_book.execute import run_pages
from bilingual_book.notebook_links import Links, reported_numbers
from bilingual_book.notebook_markdown import MarkdownConverter, Part, folded
from bilingual_book.outputs import read_notebook
from bilingual_book.page import PageReader
from bilingual_book.parity import page_reader
from bilingual_book.project import LANGUAGES, Project

# Jupyter and Colab each have their own way to fold the code of a cell.
FOLDED_CELL = {
    "cellView": "form",
    "jupyter": {"source_hidden": True, "outputs_hidden": True},
}
HIDDEN_INPUT = {"cellView": "form", "jupyter": {"source_hidden": True}}
# For LaTeX only; every notebook program shows the SVG.
PRINT_ONLY = "application/pdf"
MYST_TOKENS = frozenset(
    {"colon_fence", "myst_target", "myst_line_comment", "myst_block_break", "myst_role"}
    | {"math_block_label", "dl_open", "field_list_open", "substitution_block"}
)


def build_notebooks(project: Project) -> None:
    """Make all notebooks; the chapters are executed and numbered first if need be.

    Raises:
        BookError: If a page holds something that has no form in a notebook.
    """
    run_pages(project, project.notebooks)
    run_sphinx(project, "html")
    new = project.build / "notebooks.new"
    shutil.rmtree(new, ignore_errors=True)
    for language in LANGUAGES:
        for slug in project.notebooks:
            path = new / language / f"{slug}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(make_notebook(project, language, slug), path)
    if (project.root / "binder").exists():
        write_binder(project, new)
    final = project.build / "notebooks"
    shutil.rmtree(final, ignore_errors=True)
    new.rename(final)
    print(f"{len(project.notebooks) * len(LANGUAGES)} notebooks: {final}")
    if project.site.exists():
        assemble(project)  # the pages link to the notebooks that are there


def check_notebooks(project: Project) -> None:
    """Check the notebooks that were made: all there, valid, no MyST left.

    Raises:
        BookError: Naming the first that is not.
    """
    reader = page_reader(project)
    for language in LANGUAGES:
        for slug in project.notebooks:
            path = project.build / "notebooks" / language / f"{slug}.ipynb"
            if not path.exists():
                raise BookError(
                    "the notebook is missing",
                    path=path,
                    fix="run: python -m bilingual_book notebooks",
                )
            check_notebook(nbformat.read(path, as_version=4), reader, path)
    print(f"{len(project.notebooks) * len(LANGUAGES)} notebooks are plain Jupyter")


def make_notebook(project: Project, language: str, slug: str) -> NotebookNode:
    """The notebook of one chapter in one language.

    Raises:
        BookError: If the result is not a valid notebook, or MyST is left in it.
    """
    executed = read_notebook(project, language, slug)
    reader = page_reader(project)
    links = Links(project, language)
    converter = MarkdownConverter(
        page=reader.read(project.source(language, slug), language),
        links=links,
        numbers=reported_numbers(executed.cells),
        reader=reader,
    )
    cells = [install_cell(project, links)]
    for cell in executed.cells:
        cells += convert_cell(cell, converter)
    cells = [header_cell(cells[1], links, slug), *without_title(cells)]
    for index, cell in enumerate(cells):
        cell["id"] = f"{slug}-{index}"
    notebook = new_notebook(cells=cells, metadata=metadata())
    check_notebook(notebook, reader, project.source(language, slug))
    return notebook


def metadata() -> dict[str, Any]:
    """The metadata of every notebook."""
    return {
        "kernelspec": {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        },
        "language_info": {
            "name": "python",
            "file_extension": ".py",
            "mimetype": "text/x-python",
        },
        "colab": {"provenance": [], "toc_visible": True},
    }


def header_cell(first: NotebookNode, links: Links, slug: str) -> NotebookNode:
    """The title of the page, and where the notebook comes from."""
    title = first.source.splitlines()[0]
    texts = links.texts
    note = texts["header"].format(
        title=links.table["pages"][slug],
        url=links.address(slug),
        book=links.project.languages[links.language]["title"],
        home=links.address(links.project.pages[0]),
    )
    return new_markdown_cell(f"{title}\n\n> {note}")


def without_title(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells, less the title that the header shows."""
    install, first, *rest = cells
    first.source = "\n".join(first.source.splitlines()[1:]).strip("\n")
    return [install, *([first] if first.source else []), *rest]


def install_cell(project: Project, links: Links) -> NotebookNode:
    """Install the package where it is missing; do nothing elsewhere."""
    code = "\n".join(
        [
            *(f"# {line}" for line in links.texts["install"]),
            "import importlib.util",
            "",
            'if importlib.util.find_spec("transformers_explained") is None:',
            '    %pip install --quiet "transformers-explained[lessons] @ '
            f'{package_address(project)}"',
        ]
    )
    return new_code_cell(code)


def convert_cell(
    cell: NotebookNode, converter: MarkdownConverter
) -> Iterator[NotebookNode]:
    """What a cell of the chapter becomes: one cell or several."""
    if cell.cell_type == "markdown":
        yield from markdown_cells(cell.source, converter)
    elif cell.cell_type == "code":
        yield code_cell(cell, converter.solution)
        figure = (cell.metadata.get("mystnb") or {}).get("figure")
        if figure:
            yield caption_cell(cell, converter)


def markdown_cells(source: str, converter: MarkdownConverter) -> Iterator[NotebookNode]:
    """The text of one cell, a solution's apart and folded."""
    groups: list[Part] = []
    for part in converter.parts(source):
        if groups and groups[-1].solution == part.solution:
            groups[-1] = Part(f"{groups[-1].text}\n\n{part.text}", part.solution)
        else:
            groups.append(part)
    for group in groups:
        text = group.text
        if group.solution:
            text = folded(group.solution, text)
        made = new_markdown_cell(text)
        used = {k: v for k, v in converter.attachments.items() if f":{k})" in text}
        if used:
            made["attachments"] = used
        yield made
    converter.attachments = {}


def code_cell(cell: NotebookNode, solution: str) -> NotebookNode:
    """A cell of code with the outputs that a notebook program shows."""
    tags = list(cell.metadata.get("tags", []))
    code, made_of = cell.source, {}
    if solution:
        code, made_of = f"# @title {solution}\n{code}", FOLDED_CELL
    elif {"hide-input", "hide-cell", "remove-input", "remove-cell"} & set(tags):
        made_of = HIDDEN_INPUT
    made = new_code_cell(
        code,
        execution_count=cell.execution_count,
        outputs=[shown_output(o) for o in cell.outputs if is_shown(o)],
        metadata=copy.deepcopy({**made_of, **({"tags": tags} if tags else {})}),
    )
    alt = alternative_text(cell)
    for output in made.outputs:
        for kind in output.get("data", {}):
            if alt and kind.startswith("image/"):
                output.metadata.setdefault(kind, {})["alt"] = alt
    return made


def is_shown(output: NotebookNode) -> bool:
    """Whether an output is for the reader: a reported number is for the page's text."""
    return "scrapbook" not in output.get("metadata", {})


def shown_output(output: NotebookNode) -> NotebookNode:
    """An output without what only the PDF needs."""
    output = copy.deepcopy(output)
    output.get("data", {}).pop(PRINT_ONLY, None)
    output.get("metadata", {}).pop(PRINT_ONLY, None)
    return output


def alternative_text(cell: NotebookNode) -> str:
    """What a cell says its picture shows."""
    settings = cell.metadata.get("mystnb") or {}
    return str((settings.get("image") or {}).get("alt", ""))


def caption_cell(cell: NotebookNode, converter: MarkdownConverter) -> NotebookNode:
    """The caption of a cell's figure, and what it shows for who cannot see it."""
    figure = cell.metadata["mystnb"]["figure"]
    caption = converter.caption(figure.get("name", ""), figure.get("caption", ""))
    alt = converter.inline(alternative_text(cell))
    text = f"{caption}\n\n{folded(converter.links.texts['alternative'], alt)}"
    return new_markdown_cell(text)


def check_notebook(notebook: NotebookNode, reader: PageReader, source: Path) -> None:
    """Check that a notebook is valid and that no MyST is left in it.

    Raises:
        BookError: Naming what was found.
    """
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise BookError(f"not a valid notebook: {error}", path=source) from error
    for cell in notebook.cells:
        texts = [cell.source] if cell.cell_type == "markdown" else []
        for output in cell.get("outputs", []):
            texts.append(output.get("data", {}).get("text/markdown", ""))
        for text in texts:
            for found in leftovers(text, reader):
                raise BookError(
                    f"MyST is left in the notebook ({cell.id}): {found}",
                    path=source,
                    expected="plain Markdown",
                    fix="teach bilingual_book/notebook_markdown.py this construct",
                )


def leftovers(text: str, reader: PageReader) -> Iterator[str]:
    """What in a text is MyST's alone."""
    for token in reader.tokens(text):
        inside = token.children or []
        for found in [token, *inside]:
            directive = found.type == "fence" and found.info.strip().startswith("{")
            if directive or found.type in MYST_TOKENS:
                yield f"{found.type} {found.info} {found.content[:60]}".strip()
