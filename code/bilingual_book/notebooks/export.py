"""Notebooks for Jupyter, Colab and Binder, from the executed chapters.

`_build/notebooks/<language>/<slug>.ipynb` holds the chapter's cells with their outputs,
its text in plain Markdown, and a first cell that installs the package when it is
missing. The same sources give the same file, byte for byte.
"""

import copy
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bilingual_book.errors import BookError
from bilingual_book.notebooks.binder import write_binder
from bilingual_book.notebooks.explorers import EXPLORER, with_table
from bilingual_book.notebooks.first_cell import first_cell
from bilingual_book.notebooks.links import Links, reported_numbers
from bilingual_book.notebooks.markdown import MarkdownConverter, Part, fenced, folded
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.execute import run_pages
from bilingual_book.runs.outputs import read_notebook
from bilingual_book.sources.cells import Kind, cell_kind
from bilingual_book.sources.page import PageReader, page_reader
from bilingual_book.sphinx_build.builders import run_sphinx

# Jupyter and Colab each have their own way to fold the code of a cell.
HIDDEN_INPUT = {"cellView": "form", "jupyter": {"source_hidden": True}}
HIDDEN_TAGS = frozenset({"hide-input", "hide-cell", "remove-input", "remove-cell"})
# For LaTeX only; every notebook program shows the SVG.
PRINT_ONLY = "application/pdf"
# The metadata that holds a figure's second picture.
PHONE_ONLY = "phone"
# The metadata, while a notebook is made, of a cell that is part of a solution.
SOLUTION = "solution"
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
    cells = [install_cell(project, links, slug)]
    for cell in executed.cells:
        cells += convert_cell(cell, converter)
    cells = list(fold_solutions(cells))
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


def install_cell(project: Project, links: Links, slug: str) -> NotebookNode:
    """Install what is missing; do nothing where all is there."""
    code = first_cell(project, slug, links.texts["install"])
    return new_code_cell(code, metadata=copy.deepcopy(HIDDEN_INPUT))


def convert_cell(
    cell: NotebookNode, converter: MarkdownConverter
) -> Iterator[NotebookNode]:
    """What a cell of the chapter becomes: one cell or several."""
    if cell.cell_type == "markdown":
        yield from markdown_cells(cell.source, converter)
    elif cell.cell_type == "code" and converter.solution:
        yield solution_cell(cell, converter.solution)
    elif cell.cell_type == "code":
        yield code_cell(cell)
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
        made = new_markdown_cell(text)
        if group.solution:
            made.metadata[SOLUTION] = group.solution
        used = {k: v for k, v in converter.attachments.items() if f":{k})" in text}
        if used:
            made["attachments"] = used
        yield made
    converter.attachments = {}


def solution_cell(cell: NotebookNode, solution: str) -> NotebookNode:
    """The code of a solution and what it prints, as text.

    It is there to be read: as a cell it would run with all the others, and replace what
    the reader has written under the same names.
    """
    parts = [fenced(cell.source, "python")]
    attachments = {}
    for number, output in enumerate(o for o in cell.outputs if is_shown(o)):
        data = output.get("data", {})
        text = output.get("text", "") or data.get("text/plain", "")
        if "image/png" in data:
            name = (
                f"{hashlib.sha256(cell.source.encode()).hexdigest()[:8]}-{number}.png"
            )
            attachments[name] = {"image/png": data["image/png"].replace("\n", "")}
            parts.append(f"![{alternative_text(cell)}](attachment:{name})")
        elif text.strip():
            parts.append(fenced(text, "text"))
    made = new_markdown_cell("\n\n".join(parts), metadata={SOLUTION: solution})
    if attachments:
        made["attachments"] = attachments
    return made


def fold_solutions(cells: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """One folded cell for each solution, of all the cells that it was written in."""
    for solution, group in groupby(cells, lambda cell: cell.metadata.get(SOLUTION, "")):
        if not solution:
            yield from group
            continue
        parts = list(group)
        text = "\n\n".join(part.source for part in parts)
        made = new_markdown_cell(folded(solution, text))
        attachments = {k: v for p in parts for k, v in p.get("attachments", {}).items()}
        if attachments:
            made["attachments"] = attachments
        yield made


def code_cell(cell: NotebookNode) -> NotebookNode:
    """A cell of code with the outputs that a notebook program shows."""
    tags = list(cell.metadata.get("tags", []))
    code, made_of = cell.source, {}
    if HIDDEN_TAGS & set(tags) or cell_kind(code, tags) is not Kind.LESSON:
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
    """An output without what only the PDF or the site needs."""
    output = copy.deepcopy(output)
    output.get("data", {}).pop(PRINT_ONLY, None)
    if EXPLORER.search(output.get("data", {}).get("text/html", "")):
        output.data["text/html"] = with_table(output.data["text/html"])
    for name in (PRINT_ONLY, PHONE_ONLY):
        output.get("metadata", {}).pop(name, None)
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
                    fix="teach bilingual_book/notebooks/markdown.py this construct",
                )


def leftovers(text: str, reader: PageReader) -> Iterator[str]:
    """What in a text is MyST's alone."""
    for token in reader.tokens(text):
        inside = token.children or []
        for found in [token, *inside]:
            directive = found.type == "fence" and found.info.strip().startswith("{")
            if directive or found.type in MYST_TOKENS:
                yield f"{found.type} {found.info} {found.content[:60]}".strip()
