"""Read executed pages: their outputs, the numbers they reported, their pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from bilingual_book.errors import BookError
from bilingual_book.execute import code_cells
from bilingual_book.page import Element, Page
from bilingual_book.parity import page_reader
from bilingual_book.project import LANGUAGES, Project


@dataclass(frozen=True)
class RunCell:
    """A cell of an executed page."""

    page: Page
    element: Element
    cell: NotebookNode

    @property
    def tags(self) -> set[str]:
        """The tags of the cell."""
        return set(self.cell.metadata.get("tags", []))

    @property
    def pictures(self) -> list[NotebookNode]:
        """The outputs that hold a picture."""
        return [
            output
            for output in self.cell.outputs
            if any(kind.startswith("image/") for kind in output.get("data", {}))
        ]

    @property
    def reports(self) -> dict[str, Any]:
        """The numbers that the cell reported, at full precision."""
        found = {}
        for output in self.cell.outputs:
            metadata = output.get("metadata", {})
            if "scrapbook" in metadata:
                value = metadata.get("report", {}).get("value")
                found[metadata["scrapbook"]["name"]] = value
        return found

    @property
    def verdicts(self) -> dict[str, str]:
        """What the cell's self-checks answered: exercise, verdict."""
        found = [
            output.get("metadata", {}).get("exercise") for output in self.cell.outputs
        ]
        return {one["name"]: one["verdict"] for one in found if one}

    @property
    def place(self) -> dict[str, Any]:
        """Where the cell stands, for an error."""
        return {"path": self.page.path, "line": self.element.line}


def read_notebook(project: Project, language: str, slug: str) -> NotebookNode:
    """The executed form of a page.

    Raises:
        BookError: If the page has not been executed.
    """
    path = project.executed / language / f"{slug}.ipynb"
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError as error:
        raise BookError(
            "the executed page is missing",
            path=path,
            fix=f"run: python -m bilingual_book execute {slug}",
        ) from error


def run_cells(project: Project, language: str, slug: str) -> list[RunCell]:
    """The executed cells of a page beside their sources.

    Raises:
        BookError: If the page was changed after it was executed.
    """
    page = page_reader(project).read(project.source(language, slug), language)
    cells = code_cells(read_notebook(project, language, slug))
    if [cell.source for cell in cells] != [cell.source for cell in page.cells]:
        raise BookError(
            "the page has changed since it was executed",
            path=page.path,
            fix=f"run: python -m bilingual_book execute {slug}",
        )
    pairs = zip(page.cells, cells, strict=True)
    return [RunCell(page, element, cell) for element, cell in pairs]


def check_outputs(project: Project) -> None:
    """Check what only a run shows: pictures, glued numbers, verdicts, warnings.

    Raises:
        BookError: With one message per mistake.
    """
    messages = []
    for slug in project.notebooks:
        for language in LANGUAGES:
            cells = run_cells(project, language, slug)
            messages += [str(error) for error in picture_mistakes(cells)]
            messages += [str(error) for error in glue_mistakes(cells)]
            messages += [str(error) for error in verdict_mistakes(cells)]
            messages += [str(error) for error in warnings_shown(cells)]
    if messages:
        raise BookError("\n".join(messages))


def picture_mistakes(cells: list[RunCell]) -> Iterator[BookError]:
    """Pictures without alternative text; two pictures that share one."""
    for cell in cells:
        settings = cell.element.options.get("mystnb") or {}
        alt = (settings.get("image") or {}).get("alt")
        if cell.pictures and not str(alt or "").strip():
            yield BookError(
                "this cell shows a picture without alternative text",
                **cell.place,
                expected="a text that says what the picture shows",
                fix="add to the cell: mystnb, image, alt",
            )
        if len(cell.pictures) > 1:
            yield BookError(
                f"this cell shows {len(cell.pictures)} pictures",
                **cell.place,
                expected="one picture per cell, so that each has its own text",
                fix="split the cell",
            )


def glue_mistakes(cells: list[RunCell]) -> Iterator[BookError]:
    """Numbers in the prose that no cell of the page reports."""
    reported = {name for cell in cells for name in cell.reports}
    for element in cells[0].page.inline if cells else []:
        if element.kind == "number" and element.value not in reported:
            yield BookError(
                f"no cell reports {element.value!r}",
                path=cells[0].page.path,
                line=element.line,
                expected="a report(...) of this name in this page",
                fix="mend the name, or report the number",
            )


def verdict_mistakes(cells: list[RunCell]) -> Iterator[BookError]:
    """Self-checks that refuse the solution, or accept what the reader starts from."""
    places: dict[str, list[RunCell]] = {}
    for cell in cells:
        for name in cell.verdicts:
            places.setdefault(name, []).append(cell)
    for name, (*starters, solution) in places.items():
        if not starters:
            yield BookError(
                f"{name} is checked once",
                **solution.place,
                expected="a starter for the reader, then a solution",
            )
        for cell in starters:
            if cell.verdicts[name] == "right":
                yield BookError(
                    f"{name} accepts what the reader starts from",
                    **cell.place,
                    expected="something left to do",
                )
        if solution.verdicts[name] != "right":
            yield BookError(
                f"{name} refuses the solution: {solution.verdicts[name]}",
                **solution.place,
                expected="right",
                fix="mend the solution or the check",
            )


def warnings_shown(cells: list[RunCell]) -> Iterator[BookError]:
    """Warnings of libraries: they show the folders of the machine that built."""
    for cell in cells:
        for output in cell.cell.outputs:
            if output.get("name") == "stderr":
                yield BookError(
                    f"this cell writes to the error stream: {output.text.strip()}",
                    **cell.place,
                    expected="pages without warnings",
                    fix="mend what the warning names, or filter it where it arises",
                )
