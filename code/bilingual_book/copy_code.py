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

from bilingual_book.code_trees import IDENTIFIED, code_key
from bilingual_book.errors import BookError
from bilingual_book.page import Element
from bilingual_book.parity import is_python, page_reader
from bilingual_book.project import Project

_LAYOUT = frozenset(
    {tokens.NL, tokens.NEWLINE, tokens.INDENT, tokens.DEDENT, tokens.ENDMARKER}
)
_F_START = getattr(tokens, "FSTRING_START", None)  # from Python 3.12 on
_F_END = getattr(tokens, "FSTRING_END", None)
_HOLDS_WORDS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True)
class Piece:
    """A piece of code: what is compared, and the part of the text it stands for."""

    key: str
    start: int
    end: int
    is_text: bool


def copy_code(project: Project, slug: str, source: str, target: str) -> list[str]:
    """Copy the code of a page; only cells that differ are touched.

    Args:
        project: The book.
        slug: The page.
        source: The language to copy from.
        target: The language to copy to.

    Returns:
        One message per text or comment that is to be translated.

    Raises:
        BookError: If the two files do not hold as many pieces of Python.
    """
    reader = page_reader(project)
    paths = [project.source(language, slug) for language in (source, target)]
    sides = [
        [e for e in reader.read(path, "").elements if is_python(e)] for path in paths
    ]
    if len(sides[0]) != len(sides[1]):
        raise BookError(
            f"the code cannot be copied: {len(sides[0])} pieces of Python in "
            f"{source}, {len(sides[1])} here",
            path=paths[1],
            line=first_gap(sides[0], sides[1]),
            expected="the same cells in the same order in both files",
            fix="add the missing cell, empty, or take the one too many away",
        )
    lines = paths[1].read_text(encoding="utf-8").splitlines()
    news = []
    grown = 0
    for one, other in zip(*sides, strict=True):
        if same_code(one.source, other.source):
            continue
        code, new = merge_code(one.source, other.source)
        begin = other.source_line - 1 + grown
        count = len(other.source.splitlines())
        lines[begin : begin + count] = code.splitlines()
        grown += len(code.splitlines()) - count
        news += [f"{begin + line + 1}: to translate: {text}" for line, text in new]
    paths[1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [f"{paths[1]}:{text}" for text in news]


def first_gap(one: list[Element], other: list[Element]) -> int | None:
    """The line in the second file where the first cell has no counterpart."""
    for left, right in zip(one, other, strict=False):
        if not same_code(left.source, right.source):
            return right.line
    return other[-1].line if other else None


def same_code(one: str, other: str) -> bool:
    """Whether two pieces differ in texts and comments only."""
    try:
        return code_key(one) == code_key(other)
    except SyntaxError:
        return one == other


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
