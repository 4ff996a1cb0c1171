"""What only a run shows: pictures, glued numbers, verdicts of checks, warnings."""

from collections.abc import Iterable, Iterator

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.outputs import RunCell, run_cells


def check_outputs(project: Project, slugs: Iterable[str] | None = None) -> None:
    """Check what only a run shows: pictures, glued numbers, verdicts, warnings.

    Args:
        project: The book.
        slugs: The pages; default: all that hold code.

    Raises:
        BookError: With one message per mistake.
    """
    messages = []
    for slug in project.notebooks if slugs is None else slugs:
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
