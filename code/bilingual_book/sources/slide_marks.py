"""Marks that say what goes on a slide: comments, which a reader never sees.

`% slide: Title` begins a slide with the block below it, `% on-slide` adds the block
below it to that slide, `% note: text` is what the speaker says there.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

EXPECTED = "`% slide: Title` or `% on-slide` before a block, `% note: text` after them"
# What was probably meant as a mark.
MEANT = re.compile(r"(?:on[-_ ]?)?slides?\b(?!,| \w+ \w)|notes?\s*:", re.IGNORECASE)
MARK = re.compile(r"(?:(slide|note): +(\S.*)|(on-slide))")


class Mark(StrEnum):
    """What a mark does."""

    BEGINS = "slide"
    JOINS = "on-slide"
    NOTE = "note"


@dataclass(frozen=True)
class SlideMark:
    """A mark.

    Attributes:
        kind: what it does.
        text: the title of the slide, or the speaker's note.
        line: of the comment, from 0.
    """

    kind: Mark
    text: str = ""
    line: int = 0


class SlideMarkError(ValueError):
    """A comment that looks like a mark and is none.

    Attributes:
        line: of the comment, from 0.
    """

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.line = line


def read_marks(comment: str) -> list[SlideMark]:
    """The marks among the lines of a comment, without their %.

    Raises:
        SlideMarkError: If a line looks like a mark and is none.
    """
    marks = []
    for number, line in enumerate(comment.splitlines()):
        text = line.strip()
        found = MARK.fullmatch(text)
        if found:
            kind = Mark(found[1] or found[3])
            marks.append(SlideMark(kind, found[2] or "", number))
        elif MEANT.match(text):
            raise SlideMarkError(f"`% {text}` is no mark of a slide", number)
    return marks
