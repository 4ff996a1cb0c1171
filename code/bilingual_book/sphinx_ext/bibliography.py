"""The list of references, its joining words in the page's language."""

from collections.abc import Mapping

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style
from pybtex.style.template import Node, names, sentence
from sphinx.application import Sphinx
from sphinx.config import Config

from bilingual_book.sphinx_ext.page_context import book_texts

NAME = "local"


def translated(node: Node, words: Mapping[str, str]) -> Node:
    """A template with its fixed words replaced."""
    copy = node[[]]  # the same node: indexing clones it
    copy.children = [
        translated(child, words)
        if isinstance(child, Node)
        else words.get(child, child)
        if isinstance(child, str)
        else child
        for child in node.children
    ]
    return copy


def style_with(words: Mapping[str, str]) -> type[Style]:
    """Pybtex's plain style with other words for "and", "In", "URL:" and the like."""

    class LocalStyle(Style):  # type: ignore[misc]
        def format_names(self, role: str, as_sentence: bool = True) -> Node:
            joined = f" {words['and']} "
            found = names(role, sep=", ", sep2=joined, last_sep=joined)
            return sentence[found] if as_sentence else found

        def get_article_template(self, e: Entry) -> Node:
            return translated(super().get_article_template(e), words)

        def get_inproceedings_template(self, e: Entry) -> Node:
            return translated(super().get_inproceedings_template(e), words)

        def get_misc_template(self, e: Entry) -> Node:
            return translated(super().get_misc_template(e), words)

        def get_techreport_template(self, e: Entry) -> Node:
            return translated(super().get_techreport_template(e), words)

    return LocalStyle


def register_style(app: Sphinx, config: Config) -> None:
    """Make the style known under its name, before the bibliography is read."""
    texts = book_texts(config)
    words = {"and": texts["notebook"]["and"], **texts["bibliography"]}
    register_plugin("pybtex.style.formatting", NAME, style_with(words), force=True)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("config-inited", register_style)
