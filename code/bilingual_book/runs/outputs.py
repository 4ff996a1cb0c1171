"""Read executed pages: their outputs, the numbers they reported, their pictures."""

from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from bilingual_book.errors import BookError
from bilingual_book.project import Project
from bilingual_book.runs.execute import code_cells
from bilingual_book.sources.page import Element, Page, page_reader


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
