"""Which cells of one tree are new to the other, and where they go there."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from markdown_it.token import Token

from bilingual_book.sources.code_trees import code_key
from bilingual_book.sources.page import Element


@dataclass(frozen=True)
class Alignment:
    """The pieces of Python of two pages, side by side.

    Attributes:
        partner: For a piece of the first page, the index of the second's.
        surplus: The indices in the second page that have no counterpart.
    """

    partner: dict[int, int]
    surplus: list[int]


def key(source: str) -> str:
    """Equal for two pieces that differ in texts and comments only."""
    try:
        return code_key(source)
    except SyntaxError:
        return source


def align(one: list[str], other: list[str]) -> Alignment:
    """Pair the pieces of two pages, in their order.

    Between two pieces that are the same, those that were changed are paired with the
    ones that they resemble most.
    """
    keys = [[key(source) for source in side] for side in (one, other)]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    partner: dict[int, int] = {}
    for _, i, i_end, j, j_end in matcher.get_opcodes():
        pairs = most_alike(one[i:i_end], other[j:j_end])
        partner |= {i + left: j + right for left, right in pairs}
    taken = set(partner.values())
    return Alignment(partner, [j for j in range(len(other)) if j not in taken])


def most_alike(one: list[str], other: list[str]) -> list[tuple[int, int]]:
    """The pairs of two lists, in order, that are most alike together.

    As many as the shorter list holds: a cell that was written anew is still the same.
    """
    if len(one) == len(other):
        return [(i, i) for i in range(len(one))]
    if len(one) > len(other):
        return [(i, j) for j, i in most_alike(other, one)]
    # best[i][j]: the pairs of the first i, all paired, with the first j.
    best: list[list[tuple[float, list[tuple[int, int]]] | None]]
    best = [[(0.0, [])] * (len(other) + 1)]
    for i, left in enumerate(one):
        row: list[tuple[float, list[tuple[int, int]]] | None] = [None]
        for j, right in enumerate(other):
            found = row[j]
            before = best[i][j]
            if before is not None:
                ratio = SequenceMatcher(None, left, right, autojunk=False).ratio()
                paired = (before[0] + ratio, [*before[1], (i, j)])
                if found is None or paired[0] > found[0]:
                    found = paired
            row.append(found)
        best.append(row)
    last = best[-1][-1]
    return last[1] if last else []


@dataclass(frozen=True)
class Block:
    """A block of a page that stands in no other: its lines, from 0, and its name.

    Attributes:
        start: First line.
        end: The line after the last.
        name: What both pages call it; empty for prose.
    """

    start: int
    end: int
    name: str


def blocks(tokens: list[Token], cells: dict[int, str]) -> Iterator[Block]:
    """The blocks of a page; ``cells`` names those that start on a line (from 1)."""
    headings = 0
    for token in tokens:
        if token.level or token.nesting < 0 or not token.map:
            continue
        start, end = token.map
        name = cells.get(start + 1, "")
        if token.type == "myst_target":
            name = f"label {token.content}"
        elif token.type == "heading_open":
            headings += 1
            name = f"heading {headings}"
        yield Block(start, end, name)


def place_of(cell: Element, source: list[Block], target: list[Block]) -> int:
    """The line (from 0) of the target before which a new cell goes.

    It stands as many blocks behind the last thing that both pages name as it does in
    the source, and never behind the next such thing.
    """
    names = {block.name: index for index, block in enumerate(target) if block.name}
    index = next(i for i, b in enumerate(source) if b.start == cell.line - 1)
    steps = 0
    while index > 0:
        index -= 1
        if source[index].name in names:
            break
        steps += 1
    else:
        return target[-1].end if target else 0
    here = names[source[index].name]
    while steps and here + 1 < len(target) and not target[here + 1].name:
        here, steps = here + 1, steps - 1
    return target[here].end
