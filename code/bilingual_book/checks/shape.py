"""Check the shape of pages: short lessons, proof apart, marks that lead somewhere."""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sources.cells import Kind, cell_kind, count_checks
from bilingual_book.sources.code_trees import called_name, parse_code
from bilingual_book.sources.definitions import place_of_code, place_of_test
from bilingual_book.sources.page import FORMULA_MARKS, Element, Page, page_reader

LONGEST, WIDEST = 25, 60  # lines and columns of a lesson
QUESTIONS = 5  # in a chapter's section of quick questions
# Calls that compare up to a tolerance: a guard, not a lesson.
TOLERANT = frozenset({"allclose", "isclose", "approx", "assert_close"})
THIS_PAGE = "page"  # what computes a formula, or holds it, stands on the page itself


def check_shape(project: Project, slugs: Iterable[str] | None = None) -> None:
    """Check the chapters of both languages.

    Raises:
        BookError: With one message per mistake: file, line, expected, what to do.
    """
    messages = []
    for slug in project.notebooks if slugs is None else slugs:
        for language in LANGUAGES:
            messages += [str(error) for error in shape_of(project, language, slug)]
    if messages:
        raise BookError("\n".join(messages))


def shape_of(project: Project, language: str, slug: str) -> list[BookError]:
    """The mistakes of one page."""
    page = page_reader(project).read(project.source(language, slug), language)
    found = [*cell_mistakes(page), *fold_mistakes(page), *quiz_mistakes(page)]
    return [*found, *formula_mistakes(project, page)]


def mistake(
    page: Page, line: int, what: str, *, expected: str, fix: str = ""
) -> BookError:
    """A mistake with its file and line."""
    return BookError(what, path=page.path, line=line, expected=expected, fix=fix)


def kind(cell: Element) -> Kind:
    """What a cell of a page is for."""
    return cell_kind(cell.source, tags(cell))


def tags(cell: Element) -> list[str]:
    """The tags of a cell of a page."""
    found = cell.options.get("tags") or []
    return [found] if isinstance(found, str) else [str(tag) for tag in found]


def cell_mistakes(page: Page) -> Iterator[BookError]:
    """Lessons that are too long or too wide, or that hold what guards the build."""
    for cell in page.cells:
        if kind(cell) is Kind.EVIDENCE and not count_checks(cell.source):
            yield mistake(
                page,
                cell.line,
                "this evidence checks nothing",
                expected="an `assert` or a call of `report`",
                fix="take the tag away, or check something",
            )
        if kind(cell) is not Kind.LESSON:
            continue
        lines = cell.source.splitlines()
        if len(lines) > LONGEST:
            yield mistake(
                page,
                cell.line,
                f"this lesson has {len(lines)} lines",
                expected=f"one idea, at most {LONGEST} lines",
                fix="split the cell, or move its checks to a cell tagged evidence",
            )
        wide = [n for n, line in enumerate(lines) if len(line) > WIDEST]
        if wide:
            yield mistake(
                page,
                cell.source_line + wide[0],
                f"{len(wide)} lines of this lesson are wider than {WIDEST} columns",
                expected="what a telephone shows without scrolling",
            )
        yield from guards(page, cell)


def guards(page: Page, cell: Element) -> Iterator[BookError]:
    """What guards the build, in a lesson."""
    fix = "move it to the next cell, tagged evidence"
    for number, line in enumerate(cell.source.splitlines()):
        if "# noqa" in line:
            yield mistake(
                page,
                cell.source_line + number,
                "this line speaks to a linter",
                expected="code for readers",
            )
    for node in ast.walk(parse_code(cell.source)):
        if called_name(node) == "report":
            what = "`report` stands in a lesson"
        elif isinstance(node, ast.Assert) and is_guard(node):
            what = "this assertion guards the build"
        else:
            continue
        place = cell.source_line + getattr(node, "lineno", 1) - 1
        yield mistake(page, place, what, expected="lessons without machinery", fix=fix)


def is_guard(assertion: ast.Assert) -> bool:
    """Whether an assertion does not teach: it has a tolerance, or several lines."""
    several = assertion.end_lineno != assertion.lineno
    return several or any(called_name(n) in TOLERANT for n in ast.walk(assertion))


def fold_mistakes(page: Page) -> Iterator[BookError]:
    """Folds for more that do not end, or that hold a heading."""
    start: Element | None = None
    for element in page.elements:
        name = element.value.split()[0] if element.kind == "directive" else ""
        if start and (element.kind == "heading" or name == "further-start"):
            yield open_fold(page, start)
            start = None
        if name == "further-start":
            start = element
        elif name == "further-end":
            if start is None:
                yield mistake(
                    page,
                    element.line,
                    "no fold ends here",
                    expected="a {further-start} above it, and no heading in between",
                )
            start = None
    if start:
        yield open_fold(page, start)


def open_fold(page: Page, start: Element) -> BookError:
    """The error for a fold that does not end."""
    return mistake(
        page,
        start.line,
        "nothing ends this fold",
        expected="a {further-end} below it, and no heading in between",
    )


def quiz_mistakes(page: Page) -> Iterator[BookError]:
    """Quizzes without a label, or not five of them; one place always right."""
    quizzes = page.directives("quiz")
    for quiz in quizzes:
        if "label" not in quiz.options:
            yield mistake(
                page,
                quiz.line,
                "this quiz has no label",
                expected=f"`:label: quiz-{page.path.stem}-…`",
            )
    if not quizzes:
        return
    if len(quizzes) != QUESTIONS:
        yield mistake(
            page,
            quizzes[0].line,
            f"this page asks {len(quizzes)} quick questions",
            expected=f"{QUESTIONS}",
        )
    places = [right_places(quiz.value) for quiz in quizzes if "[x]" in quiz.value]
    if len(places) > 2 and len(set(places)) == 1:
        yield mistake(
            page,
            quizzes[0].line,
            "the right option stands in the same place in all quizzes",
            expected="no place that is always right",
        )


def right_places(value: str) -> tuple[int, ...]:
    """Where the right options of a quiz stand, from the marks in its value."""
    marks = [part[0] for part in value.split("[")[1:]]
    return tuple(place for place, mark in enumerate(marks) if mark == "x")


def formula_mistakes(project: Project, page: Page) -> Iterator[BookError]:
    """Formulas with a name but without code and test, or with wrong ones."""
    for formula in page.elements:
        if formula.kind != "formula":
            continue
        marks = [n for n in FORMULA_MARKS if n in formula.options]
        if formula.argument and len(marks) < len(FORMULA_MARKS):
            yield mistake(
                page,
                formula.line,
                f"the formula {formula.argument} lacks a line of code or a test",
                expected="`:code:` and `:test:`",
                fix="name what computes it and what holds it, or `page`",
            )
        for name in marks:
            value = str(formula.options[name])
            place = place_of_code if name == "code" else place_of_test
            if value != THIS_PAGE and not is_defined(place, project.root, value):
                yield mistake(
                    page,
                    formula.line,
                    f"`:{name}: {value}` names nothing",
                    expected="package.module.name for code, "
                    "tests/file.py::test_name for a test, or `page`",
                )


def is_defined(place: Callable[[Path, str], object], root: Path, path: str) -> bool:
    """Whether a path leads to a definition in the sources."""
    try:
        place(root, path)
    except KeyError:
        return False
    return True
