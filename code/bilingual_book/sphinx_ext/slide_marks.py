"""Slide marks: kept on the blocks that they mark, seen nowhere else.

A block that begins a slide has the attribute ``slide`` (its title), one that joins it
``on_slide``; ``slide_notes`` are the speaker's.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from bilingual_book.sources.slide_marks import (
    EXPECTED,
    Mark,
    SlideMark,
    SlideMarkError,
    read_marks,
)

LOG = logging.getLogger(__name__)
# What stands between blocks and is none.
BETWEEN = (nodes.comment, nodes.target, nodes.Invisible)


class KeepSlideMarks(SphinxTransform):
    """Write each mark on its block; one that marks nothing is an error."""

    default_priority = 15  # when solutions and folds are whole

    def apply(self, **kwargs: Any) -> None:
        """Read the comments of the page."""
        self.last: nodes.Element | None = None
        comments = list(self.document.findall(nodes.comment))
        for comment, line in zip(comments, self.lines(comments), strict=True):
            try:
                marks = read_marks(comment.astext())
            except SlideMarkError as error:
                self.warn(f"{error}: expected {EXPECTED}", line + error.line)
                continue
            for mark in marks:
                self.keep(mark, comment, line + mark.line)
            if marks:
                comment.parent.remove(comment)

    def lines(self, comments: list[nodes.comment]) -> list[int]:
        """The lines of the comments in the file, which their nodes do not know."""
        source = Path(self.env.doc2path(self.env.docname))
        texts = source.read_text(encoding="utf-8").splitlines() if comments else []
        found, line = [], 0
        for comment in comments:
            first = comment.astext().split("\n", 1)[0].strip()
            for number in range(line, len(texts)):
                text = texts[number].lstrip(" >")
                if text.startswith("%") and text[1:].strip() == first:
                    line = number + 1
                    break
            found.append(line)
        return found

    def keep(self, mark: SlideMark, comment: nodes.comment, line: int) -> None:
        """Write one mark."""
        block = block_after(comment)
        begun = self.last is not None or mark.kind is Mark.BEGINS
        if not begun or (mark.kind is not Mark.NOTE and block is None):
            expected = "a block right below it, not a heading"
            if not begun:
                expected = "`% slide: Title` above it on the page"
            self.warn(
                f"the mark `% {mark.kind}` marks nothing: expected {expected}", line
            )
        elif mark.kind is Mark.NOTE and self.last is not None:
            self.last["slide_notes"] = [*self.last.get("slide_notes", []), mark.text]
        elif block is not None:
            self.last = block
            name = "slide" if mark.kind is Mark.BEGINS else "on_slide"
            block[name] = mark.text or True

    def warn(self, what: str, line: int) -> None:
        """Tell a mistake with its file and line."""
        LOG.warning("%s", what, location=(self.env.docname, line))


def block_after(comment: nodes.comment) -> nodes.Element | None:
    """The block that follows; none before a heading or at an end."""
    block = comment.parent
    for node in block.children[block.index(comment) + 1 :]:
        if isinstance(node, BETWEEN):
            continue
        return None if isinstance(node, nodes.section) else node
    return None


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_transform(KeepSlideMarks)
