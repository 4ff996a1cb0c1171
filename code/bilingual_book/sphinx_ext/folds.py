"""`:class: dropdown`: a box that opens, with HTML's own `details`, without script."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

from bilingual_book.quotes import typeset
from bilingual_book.sphinx_ext.page_context import book_texts

# What sphinx-exercise writes of an exercise: "Exercise 2.1 (Title)".
EXERCISE = re.compile(r"\w+\s+([\d.]+)(?:\s+(\(.*\)))?")


class fold(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """A box that opens; its first child is a ``fold_title``."""


class fold_title(nodes.Part, nodes.TextElement):  # type: ignore[misc]  # noqa: N801
    """What is seen of a closed box."""


class FoldBoxes(SphinxPostTransform):
    """Make folds of the boxes that ask for it; paper shows them open."""

    default_priority = 900  # after sphinx-exercise has written its titles
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Replace each box by its fold."""
        for box in list(self.document.findall(nodes.Admonition)):
            if not isinstance(box, nodes.Element):
                continue
            classes = box.get("classes", [])
            if "dropdown" not in classes or not len(box):
                continue
            first = box[0]
            if not isinstance(first, nodes.TextElement):
                continue
            title = fold_title("", "", *self.title_content(first))
            kept = [name for name in classes if name != "dropdown"]
            new = fold("", title, *box.children[1:], ids=box["ids"], classes=kept)
            new.source, new.line = box.source, box.line
            box.replace_self(new)

    def title_content(self, title: nodes.TextElement) -> list[nodes.Node]:
        """The title without a link, which would be a button in a button."""
        link = title.next_node(nodes.reference)
        if link is None:
            return list(title.children)
        return [nodes.Text(solution_name(title, self.config))]


def solution_name(title: nodes.TextElement, config: Config) -> str:
    """What a solution is called after its exercise, in the page's language."""
    link = title.next_node(nodes.reference)
    found = EXERCISE.fullmatch(link.astext().strip()) if link else None
    if found is None:
        return str(title.astext())
    name = book_texts(config)["ui"]["solution"].format(number=found[1])
    return f"{name} {typeset(found[2] or '', config.book_language)}".rstrip()


def visit_fold(translator: HTML5Translator, node: fold) -> None:
    """Open the box."""
    translator.body.append(
        translator.starttag(node, "details", CLASS="admonition fold")
    )


def depart_fold(translator: HTML5Translator, node: fold) -> None:
    """Close the box."""
    translator.body.append("</details>\n")


def visit_title(translator: HTML5Translator, node: fold_title) -> None:
    """Open the title."""
    translator.body.append('<summary class="admonition-title">')


def depart_title(translator: HTML5Translator, node: fold_title) -> None:
    """Close the title."""
    translator.body.append("</summary>\n")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(fold_title, html=(visit_title, depart_title))
    app.add_post_transform(FoldBoxes)
