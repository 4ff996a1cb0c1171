"""Both trees hold the same pages with the same structure and the same code."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sources.code_trees import code_key, first_difference
from bilingual_book.sources.page import Element, Page, comparable, page_reader

SHOWN = 12  # differences told per page


@dataclass(frozen=True)
class Difference:
    """One difference: a line in each file, and what stands there."""

    lines: tuple[int, int]
    shown: tuple[str, str]
    what: str


def check_parity(project: Project, slugs: Iterable[str] | None = None) -> None:
    """Compare both trees, page by page.

    Args:
        project: The book.
        slugs: The pages; default: all of the table of contents.

    Raises:
        BookError: Naming both files, the line in each, and the differences.
    """
    messages = []
    for slug in all_slugs(project) if slugs is None else slugs:
        try:
            check_page(project, slug)
            check_listed(project, slug)
        except BookError as error:
            messages.append(str(error))
    if messages:
        raise BookError("\n".join(messages))


def all_slugs(project: Project) -> list[str]:
    """The pages of the table of contents, then the files that it does not name."""
    files = {
        path.stem for lang in LANGUAGES for path in (project.book / lang).glob("*.md")
    }
    return [*project.pages, *sorted(files - set(project.pages))]


def check_listed(project: Project, slug: str) -> None:
    """Check that a page is in the table of contents.

    Raises:
        BookError: If no reader would find it.
    """
    if slug not in project.pages:
        raise BookError(
            "the page is not in the table of contents",
            path=project.source(LANGUAGES[0], slug),
            expected="every page of both trees in _toc.yml",
            fix=f"add `- file: {slug}` to _toc.yml, or delete both files",
        )


def check_page(project: Project, slug: str) -> None:
    """Compare the two files of one page.

    Raises:
        BookError: If they differ, one is missing, or a cell is not Python.
    """
    reader = page_reader(project)
    pages = [reader.read(project.source(lang, slug), lang) for lang in LANGUAGES]
    for page in pages:
        check_code(page)
    differences = list(compare_pages(pages[0], pages[1]))
    if not differences:
        return
    told = [told_difference(pages, d) for d in differences[:SHOWN]]
    if len(differences) > SHOWN:
        told.append(f"  ... and {len(differences) - SHOWN} more")
    raise BookError(
        f"the two languages differ ({len(differences)} differences)\n"
        + "\n".join(told),
        path=project.source(LANGUAGES[0], slug).relative_to(project.root),
        line=differences[0].lines[0],
        expected="the same structure and the same code, up to comments and texts",
        fix="make both files say the same; for code: "
        f"python -m bilingual_book copy-code {slug} --from fr --to en",
    )


def told_difference(pages: list[Page], difference: Difference) -> str:
    """Some lines for the author: what differs, and where in each file."""
    lines = [f"  {difference.what}:"]
    for page, line, shown in zip(
        pages, difference.lines, difference.shown, strict=True
    ):
        place = f"{page.language}/{page.path.name}:{line}"
        lines.append(f"    {place}  {shown}")
    return "\n".join(lines)


def check_code(page: Page) -> None:
    """Check that what is marked as Python is Python.

    Raises:
        BookError: Naming the line.
    """
    for element in page.elements:
        if is_python(element):
            try:
                code_key(element.source)
            except SyntaxError as error:
                raise BookError(
                    f"this code is not Python: {error.msg}",
                    path=page.path,
                    line=element.source_line + (error.lineno or 1) - 1,
                    expected="valid code in every Python block",
                    fix="mend the code, or mark the block as ```text",
                ) from error


def is_python(element: Element) -> bool:
    """Whether an element holds Python."""
    return element.kind == "code" and (
        element.value == "code-cell"
        or element.value.split()[-1] in {"python", "ipython3", "py"}
    )


def identity(element: Element) -> tuple[str, str, str, str]:
    """What must be equal for an element in both languages."""
    code = ""
    if is_python(element):
        code = code_key(element.source)
    elif element.kind == "code" and "text" not in element.value.split():
        lines = (line.split("#")[0].strip() for line in element.source.splitlines())
        code = "\n".join(line for line in lines if line)
    options = ""
    if element.kind == "code":
        options = "; ".join(
            f"{key}={text}" for key, text in comparable(element.options)
        )
    return element.kind, element.value, options, code


def compare_pages(one: Page, other: Page) -> Iterator[Difference]:
    """The differences between two files, in order."""
    keys = set(one.metadata) ^ set(other.metadata)
    if keys:
        shown = [", ".join(sorted(page.metadata)) for page in (one, other)]
        yield Difference((1, 1), (shown[0], shown[1]), "keys of the front matter")
    found = list(compare_elements(one.elements, other.elements))
    yield from found
    headings = [sum(e.kind == "heading" for e in p.elements) for p in (one, other)]
    if headings[0] == headings[1]:
        for left, right in zip(one.sections, other.sections, strict=True):
            yield from compare_section(left, right)


def compare_elements(one: list[Element], other: list[Element]) -> Iterator[Difference]:
    """Differences between two sequences of elements."""
    keys = [[identity(e) for e in side] for side in (one, other)]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    last = (1, 1)
    for action, i, i_end, j, j_end in matcher.get_opcodes():
        if action == "equal":
            last = (one[i_end - 1].line, other[j_end - 1].line)
            continue
        for left, right in zip_longest(one[i:i_end], other[j:j_end]):
            if is_lone_end(left, right):
                continue  # its beginning is told already
            lines = (left.line if left else last[0], right.line if right else last[1])
            yield difference(left, right, lines)
            last = lines


def is_lone_end(left: Element | None, right: Element | None) -> bool:
    """Whether the end of a directive stands against nothing."""
    return (left is None and right is not None and right.kind == "end") or (
        right is None and left is not None and left.kind == "end"
    )


def difference(
    left: Element | None, right: Element | None, lines: tuple[int, int]
) -> Difference:
    """What to tell of two elements that should be alike."""
    if left and right and is_python(left) and is_python(right):
        code = first_difference(left.source, right.source)
        if code:
            lines = (
                left.source_line + code.lines[0],
                right.source_line + code.lines[1],
            )
            return Difference(lines, code.shown, "code")
    kinds = {element.kind for element in (left, right) if element}
    what = kinds.pop() if len(kinds) == 1 else "structure"
    return Difference(lines, (shown(left), shown(right)), what)


def shown(element: Element | None) -> str:
    """One line about an element."""
    if element is None:
        return "(nothing)"
    if element.kind == "code":
        first = next(iter(element.source.splitlines()), "")
        options = "; ".join(f"{k}={v}" for k, v in comparable(element.options))
        return f"{element.value} [{options}] {first}"
    return f"{element.kind} {element.value}"


def compare_section(one: list[Element], other: list[Element]) -> Iterator[Difference]:
    """What stands in the sentences of one section in one language only."""
    sides = [{(e.kind, e.value): e for e in side} for side in (one, other)]
    ends = [side[-1].line if side else 1 for side in (one, other)]
    for key, element in sides[0].items():
        if key not in sides[1]:
            yield Difference(
                (element.line, ends[1]),
                (shown(element), "(not in this section)"),
                key[0],
            )
    for key, element in sides[1].items():
        if key not in sides[0]:
            yield Difference(
                (ends[0], element.line),
                ("(not in this section)", shown(element)),
                key[0],
            )
