"""`:code:` and `:test:` of a formula: what computes it, and the test that holds it.

They are kept on the formula's node, as ``code`` and ``test``; no page shows them.
"""

from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.directives.patches import MathDirective
from sphinx.util.typing import OptionSpec

MARKS = ("code", "test")


class MarkedMath(MathDirective):
    """A displayed formula with its marks."""

    option_spec: ClassVar[OptionSpec] = {
        **MathDirective.option_spec,
        **dict.fromkeys(MARKS, directives.unchanged_required),
    }

    def run(self) -> list[nodes.Node]:
        """Make the formula, and write its marks on it."""
        made: list[nodes.Node] = super().run()
        for node in made:
            if isinstance(node, nodes.math_block):
                node.attributes.update(
                    {name: self.options[name] for name in MARKS if name in self.options}
                )
        return made


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_directive("math", MarkedMath, override=True)
