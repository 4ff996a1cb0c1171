"""Copy the code of a page from one tree to the other, so that no one edits twice.

The target keeps its own texts and comments wherever the code around them is the same;
what is new comes in the source's language and is told, to be translated.
"""

import io
import re
import token as tokens
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from bilingual_book.checks.new_cells import align, blocks, key, place_of
from bilingual_book.checks.parity import is_python
from bilingual_book.errors import BookError
from bilingual_book.project import Project
from bilingual_book.sources.code_trees import IDENTIFIED, code_key
from bilingual_book.sources.page import Element, page_reader

_LAYOUT = frozenset(
    {tokens.NL, tokens.NEWLINE, tokens.INDENT, tokens.DEDENT, tokens.ENDMARKER}
)
_F_START = getattr(tokens, "FSTRING_START", None)  # from Python 3.12 on
_F_END = getattr(tokens, "FSTRING_END", None)
_TEXT = re.compile(r"\s*:?(?:alt|caption|code_prompt_\w+):")  # among a cell's options
_HOLDS_WORDS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True)
class Piece:
    """A piece of code: what is compared, and the part of the text it stands for."""

    key: str
    start: int
    end: int
    is_text: bool


@dataclass(frozen=True)
class Edit:
    """Lines that take the place of others.

    Attributes:
        start: The first line that goes, from 0.
        count: How many go.
        lines: What comes.
        new: What is to be translated: its line among those, and the text.
    """

    start: int
    count: int
    lines: list[str]
    new: list[tuple[int, str]]


def copy_code(project: Project, slug: str, source: str, target: str) -> list[str]:
    """Copy the code of a page: cells that differ are changed, new ones are added.

    Args:
        project: The book.
        slug: The page.
        source: The language to copy from.
        target: The language to copy to.

    Returns:
        One message per text or comment that is to be translated.

    Raises:
        BookError: If the target holds a piece of Python that the source does not, or
            the source a new one inside another block.
    """
    reader = page_reader(project)
    paths = [project.source(language, slug) for language in (source, target)]
    sides = [
        [e for e in reader.read(path, language).elements if is_python(e)]
        for path, language in zip(paths, (source, target), strict=True)
    ]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    aligned = align(*([e.source for e in side] for side in sides))
    if aligned.surplus:
        raise BookError(
            f"{source} has no such piece of Python",
            path=paths[1],
            line=sides[1][aligned.surplus[0]].line,
            expected="cells of the other file, in its order",
            fix="take it away, or add it to the other file",
        )
    edits = [
        changed_cell(sides[0][i], sides[1][j])
        for i, j in aligned.partner.items()
        if not same_code(sides[0][i].source, sides[1][j].source)
    ]
    names = [
        {sides[0][i].line: f"cell {i}" for i in aligned.partner},
        {sides[1][j].line: f"cell {i}" for i, j in aligned.partner.items()},
    ]
    around = [
        list(blocks(reader.tokens(text), cells))
        for text, cells in zip(texts, names, strict=True)
    ]
    for i, cell in enumerate(sides[0]):
        if i in aligned.partner:
            continue
        if cell.line - 1 not in {block.start for block in around[0]}:
            raise BookError(
                "this piece of Python is new, and stands inside another block",
                path=paths[0],
                line=cell.line,
                fix=f"add the block to {paths[1]}",
            )
        near = [sides[1][j].source for j in neighbours(i, aligned.partner)]
        lines = texts[0].splitlines()[cell.line - 1 :]
        edits.append(new_cell(cell, lines, near, place_of(cell, *around)))
    lines, messages = apply(edits, texts[1].splitlines())
    paths[1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [f"{paths[1]}:{message}" for message in messages]


def neighbours(index: int, partner: dict[int, int]) -> Iterator[int]:
    """The counterparts of the pieces before and after one that has none."""
    yield from (partner[i] for i in (index - 1, index + 1) if i in partner)


def changed_cell(one: Element, other: Element) -> Edit:
    """The edit that gives a cell the code of its counterpart."""
    code, new = merge_code(one.source, other.source)
    count = len(other.source.splitlines())
    return Edit(other.source_line - 1, count, code.splitlines(), new)


def new_cell(cell: Element, lines: list[str], near: list[str], place: int) -> Edit:
    """The edit that adds a cell; what it says is taken from around it where it can.

    Args:
        cell: The cell.
        lines: The lines of the file from the cell on.
        near: The code of the target around the place.
        place: The line before which the cell comes.
    """
    head = lines[: cell.source_line - cell.line]
    code, new = merge_code(cell.source, "\n".join(near))
    fence = lines[0][: len(lines[0]) - len(lines[0].lstrip("`"))]
    added = ["", *head, *code.splitlines(), fence]
    told = [(len(head) + 1 + line, text) for line, text in new]
    options = [(1 + n, text) for n, text in enumerate(head) if _TEXT.match(text)]
    return Edit(place, 0, added, [*options, *told])


def apply(edits: list[Edit], lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines after all edits, and what is to be translated in them."""
    messages = []
    grown = 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        begin = edit.start + grown
        lines[begin : begin + edit.count] = edit.lines
        grown += len(edit.lines) - edit.count
        for line, text in edit.new:
            messages.append(f"{begin + line + 1}: to translate: {text.strip()}")
    return lines, messages


def same_code(one: str, other: str) -> bool:
    """Whether two pieces differ in texts and comments only."""
    return key(one) == key(other)


def merge_code(source: str, target: str) -> tuple[str, list[tuple[int, str]]]:
    """The source's code with the target's texts and comments where they fit.

    Returns:
        The code, and the (line from 0, text) of what was not there before.
    """
    try:
        one, other = list(pieces(source)), list(pieces(target))
    except (tokenize.TokenError, SyntaxError):
        return source, [(0, "the whole cell")]
    partner: dict[int, Piece] = {}
    keys = [[piece.key for piece in side] for side in (one, other)]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            if one[block.a + step].is_text:
                partner[block.a + step] = other[block.b + step]
    merged, new, done = "", [], 0
    for index, piece in enumerate(one):
        if not piece.is_text:
            continue
        merged += source[done : piece.start]
        done = piece.end
        text = source[piece.start : piece.end]
        if index in partner:
            text = target[partner[index].start : partner[index].end]
        elif _HOLDS_WORDS.search(text):
            new.append((merged.count("\n"), text))
        merged += text
    return merged + source[done:], new


def pieces(code: str) -> Iterator[Piece]:
    """The tokens of a piece of code; all texts have one key, all comments another.

    Raises:
        tokenize.TokenError, SyntaxError: If the code is not Python.
    """
    starts = [0]
    for line in code.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    stream = list(tokenize.generate_tokens(io.StringIO(code).readline))
    before: list[str] = ["", ""]
    index = 0
    while index < len(stream):
        piece = stream[index]
        start = starts[piece.start[0] - 1] + piece.start[1]
        last = closing(stream, index)
        end = starts[stream[last].end[0] - 1] + stream[last].end[1]
        index = last + 1
        if piece.type in _LAYOUT:
            continue
        text = code[start:end]
        if piece.type == tokens.COMMENT:
            yield Piece("comment", start, end, True)
        elif piece.type in {tokens.STRING, _F_START}:
            named = before[1] == "(" and before[0] in IDENTIFIED
            yield Piece(text if named else text_key(text), start, end, not named)
        else:
            yield Piece(text, start, end, False)
        before = [before[1], text]


def closing(stream: list[tokenize.TokenInfo], index: int) -> int:
    """The index of the token that ends an f-string; the token's own otherwise."""
    if stream[index].type != _F_START:
        return index
    depth = 0
    for last in range(index, len(stream)):
        depth += (stream[last].type == _F_START) - (stream[last].type == _F_END)
        if depth == 0:
            return last
    return index


def text_key(text: str) -> str:
    """The key of a text: its expressions when it is an f-string, else nothing."""
    return f"text {code_key(text)}"
