"""Every number that the French run prints is the one that the English run prints."""

import re
from collections import Counter
from collections.abc import Iterator

from nbformat import NotebookNode

from bilingual_book.errors import BookError
from bilingual_book.locales import LOCALES
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.outputs import RunCell, run_cells

# Cells whose outputs may differ: the example sentence is the page's own, or the output
# is a time or a size of memory.
MAY_DIFFER = frozenset({"language-example", "machine-dependent"})
READ = ("text/plain", "text/markdown", "text/html")

_NUMBER = re.compile(
    r"(?:(?<!\w)[-\u2212])?\d+(?:[\u202f\u00a0]\d{3})*(?:[.,]\d+)*(?:[eE][+-]?\d+)?"
    r"|[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+"
)
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")


def compare_runs(project: Project) -> None:
    """Compare the executed pages of both languages, cell by cell.

    Raises:
        BookError: With one message per cell that differs.
    """
    messages = []
    for slug in project.notebooks:
        sides = [run_cells(project, language, slug) for language in LANGUAGES]
        for one, other in zip(*sides, strict=True):
            if not MAY_DIFFER & one.tags:
                messages += [str(e) for e in cell_differences(one, other)]
    if messages:
        raise BookError("\n".join(messages))
    print(f"{len(project.notebooks)} pages: both runs print the same numbers")


def cell_differences(one: RunCell, other: RunCell) -> Iterator[BookError]:
    """What two runs of a cell report or print differently."""
    for name in sorted(set(one.reports) | set(other.reports)):
        values = [cell.reports.get(name) for cell in (one, other)]
        # A text is in the page's language; a number is the same.
        if values[0] != values[1] and not all(isinstance(v, str) for v in values):
            yield difference(one, other, f"report {name!r}", *map(repr, values))
    numbers = [printed_numbers(cell.cell) for cell in (one, other)]
    if not same_numbers(*numbers):
        left, right = first_difference(*numbers)
        yield difference(one, other, "a printed number", left, right)


def difference(
    one: RunCell, other: RunCell, what: str, left: str, right: str
) -> BookError:
    """The error for one difference."""
    return BookError(
        f"{what} is {left} in {one.page.language}; in {other.page.language} "
        f"({other.page.path}:{other.element.line}) it is {right}",
        **one.place,
        expected="the same numbers in both languages",
        fix="find what depends on the language (a text, a seed, an order), or tag the "
        f"cell: {' or '.join(sorted(MAY_DIFFER))}",
    )


def printed_numbers(cell: NotebookNode) -> list[str]:
    """The numbers of a cell's outputs, as they are written."""
    found: list[str] = []
    for output in cell.outputs:
        if "scrapbook" in output.get("metadata", {}):
            continue
        if output.output_type == "stream":
            found += _NUMBER.findall(output.text)
        data = output.get("data", {})
        kind = next((kind for kind in READ if kind in data), None)
        if kind and not any(k.startswith("image/") for k in data):
            found += _NUMBER.findall(data[kind])
    return found


def same_numbers(french: list[str], english: list[str]) -> bool:
    """Whether two lists hold the same numbers; a sentence may order them its way."""
    if len(french) != len(english):
        return False
    if all(map(same_number, french, english)):
        return True
    values = [Counter(value(n, "fr") for n in french)]
    values += [Counter(value(n, "en") for n in english)]
    return values[0] == values[1]


def same_number(french: str, english: str) -> bool:
    """Whether two ways of writing stand for one number."""
    return french == english or value(french, "fr") == value(english, "en")


def value(written: str, language: str) -> float | str:
    """The number that a text stands for in a language; the text if it is none."""
    text = re.sub("[\u202f\u00a0]", "", written).replace("\u2212", "-")
    locale = LOCALES[language]
    if locale.decimal == "," and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    elif "," in locale.thousands and _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        return written


def first_difference(french: list[str], english: list[str]) -> tuple[str, str]:
    """The first two numbers that differ."""
    for left, right in zip(french, english, strict=False):
        if not same_number(left, right):
            return left, right
    count = min(len(french), len(english))
    return [*french, "nothing"][count], [*english, "nothing"][count]
