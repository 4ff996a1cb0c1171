"""`:::{computed} formulas`: a part of a page that is made from other pages and data."""

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bilingual_book.computed import PARTS
from bilingual_book.sphinx_ext.page_context import project_at


class ComputedDirective(SphinxDirective):
    """Puts what is computed where it stands; the page is read anew at every build."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the part."""
        name, *rest = self.arguments
        language = self.env.config.book_language
        project = project_at(self.env.config.book_root)
        if name not in PARTS:
            raise self.error(f"nothing is computed by the name {name}: {sorted(PARTS)}")
        self.env.note_reread()
        text = PARTS[name](project, language, *(rest or [""]))
        holder = nodes.Element()
        lines = StringList(text.splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, self.content_offset, holder)
        made: list[nodes.Node] = holder.children
        return made


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_directive("computed", ComputedDirective)
