"""Folds for those who want more: `further-start` and `further-end`, cells in between.

On the site a fold is closed; on paper it is set smaller, between two rules.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec
from sphinx.writers.latex import LaTeXTranslator

from bilingual_book.sphinx_ext.folds import fold, fold_title
from bilingual_book.sphinx_ext.labels import name_node, plain
from bilingual_book.sphinx_ext.page_context import book_texts

LOG = logging.getLogger(__name__)


class further(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """A fold; its first child is a ``further_title``."""


class further_title(nodes.Part, nodes.TextElement):  # type: ignore[misc]  # noqa: N801
    """The title of the fold."""


class further_start(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """Where a fold begins, until the page is read."""


class further_end(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """Where a fold ends, until the page is read."""


class FurtherStart(SphinxDirective):
    """`:::{further-start} Title`."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[OptionSpec] = {"label": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Mark the beginning."""
        children, messages = self.state.inline_text(self.arguments[0], self.lineno)
        node = further_start("", further_title("", "", *children))
        self.set_source_info(node)
        if "label" in self.options:
            name_node(self, node, plain(children))
        return [node, *messages]


class FurtherEnd(SphinxDirective):
    """`:::{further-end}`."""

    def run(self) -> list[nodes.Node]:
        """Mark the end."""
        node = further_end()
        self.set_source_info(node)
        return [node]


class GatherFurther(SphinxTransform):
    """Put what stands between two marks into one fold."""

    default_priority = 12  # when exercises and solutions are whole

    def apply(self, **kwargs: Any) -> None:
        """Make the folds; a mark without its partner is a warning, so an error."""
        for start in list(self.document.findall(further_start)):
            block = start.parent
            first = block.index(start)
            inner = list(until_end(block, first + 1))
            if not inner or not isinstance(inner[-1], further_end):
                warn(start, "nothing ends this fold", "a {further-end} below it")
                start.parent.remove(start)
                continue
            node = further("", *start.children, ids=start["ids"])
            node["label"] = start.get("label", "")
            node.source, node.line = start.source, start.line
            for child in inner:
                block.remove(child)
            node.extend(inner[:-1])
            start.replace_self(node)
        for end in list(self.document.findall(further_end)):
            warn(end, "no fold ends here", "a {further-start} above it")
            end.parent.remove(end)


def until_end(block: nodes.Element, first: int) -> Iterator[nodes.Node]:
    """What follows in a block, up to the mark of the end or what cannot be inside."""
    for child in block.children[first:]:
        if isinstance(child, further_start | nodes.section):
            return
        yield child
        if isinstance(child, further_end):
            return


def warn(node: nodes.Node, what: str, expected: str) -> None:
    """Tell a mistake with its file and line."""
    LOG.warning(
        "%s: expected %s, and no heading in between", what, expected, location=node
    )


class FurtherFolds(SphinxPostTransform):
    """Make a closed box of each fold on the site."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Replace each fold."""
        kind = book_texts(self.config)["shape"]["further"]
        for node in list(self.document.findall(further)):
            said = nodes.inline("", kind, classes=["fold-kind"])
            words = nodes.inline("", "", *node[0].children)
            title = fold_title("", "", said, nodes.Text(" "), words)
            box = fold("", title, *node.children[1:])
            box["ids"], box["classes"] = node["ids"], ["further"]
            box.source, box.line = node.source, node.line
            node.replace_self(box)


def visit_latex(translator: LaTeXTranslator, node: further) -> None:
    """Begin the smaller text."""
    kind = book_texts(translator.config)["shape"]["further"]
    translator.body.append(f"\n\\begin{{furtherbox}}{{{kind}}}")
    labels = "".join(translator.hypertarget(name) for name in node["ids"])
    translator.body.append(f"{{{labels}}}")


def depart_latex(translator: LaTeXTranslator, node: further) -> None:
    """End the smaller text."""
    translator.body.append("\n\\end{furtherbox}\n")


def visit_latex_title(translator: LaTeXTranslator, node: further_title) -> None:
    """Begin the title."""
    translator.body.append("{")


def depart_latex_title(translator: LaTeXTranslator, node: further_title) -> None:
    """End the title."""
    translator.body.append("}\n")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_node(further, latex=(visit_latex, depart_latex))
    app.add_node(further_title, latex=(visit_latex_title, depart_latex_title))
    app.add_directive("further-start", FurtherStart)
    app.add_directive("further-end", FurtherEnd)
    app.add_transform(GatherFurther)
    app.add_post_transform(FurtherFolds)
