"""Names that {ref} knows, for what Sphinx would not name itself."""

from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


def name_node(directive: SphinxDirective, node: nodes.Element, title: str) -> None:
    """Give a node the directive's `:label:`; a reference to it shows the title."""
    label = directive.options["label"]
    anchor = nodes.make_id(label)
    node["ids"].append(anchor)
    node["label"] = label
    domain: Any = directive.env.get_domain("std")
    domain.note_hyperlink_target(label.lower(), directive.env.docname, anchor, title)


def plain(children: list[nodes.Node]) -> str:
    """The words of a title, without its marks."""
    return "".join(child.astext() for child in children).strip()
