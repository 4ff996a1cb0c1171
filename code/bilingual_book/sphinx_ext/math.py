"""Formulas: MathML in the page, nothing to load and nothing to wait for."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from bilingual_book.sphinx_ext.mathml import FormulaError, katex, to_mathml

LOG = logging.getLogger(__name__)
WHOLE_ENVIRONMENT = re.compile(r"\\begin\{(\w+\*?)\}.*\\end\{\1\}\s*", re.DOTALL)
NUMBERED_ENVIRONMENT = re.compile(r"\\(begin|end)\{(align|equation|gather|alignat)\}")
# An inline formula longer than this may be wider than a telephone: it gets a box
# of its own that scrolls.
LONG_INLINE = 28


def mathml(node: nodes.math | nodes.math_block, tex: str, *, display: bool) -> str:
    """The MathML of a node; an unreadable formula is a warning with its line."""
    try:
        return to_mathml(tex, display=display)
    except FormulaError as error:
        LOG.warning("the formula %r cannot be read: %s", tex, error, location=node)
        return ""


def display_tex(node: nodes.math_block) -> str:
    """The TeX of a displayed formula, with its lines held together."""
    tex: str = node.astext().strip()
    if node.get("nowrap"):  # the author's own environment; Sphinx numbers, not KaTeX
        return NUMBERED_ENVIRONMENT.sub(r"\\\1{\2*}", tex)
    if r"\\" in tex and not WHOLE_ENVIRONMENT.fullmatch(tex):
        top_level = re.sub(r"\\begin\{(\w+)\}.*?\\end\{\1\}", "", tex, flags=re.DOTALL)
        if r"\\" in top_level:
            return rf"\begin{{aligned}}{tex}\end{{aligned}}"
    return tex


def visible_length(markup: str) -> int:
    """How many characters a formula shows."""
    return len(re.sub(r"<[^>]*>", "", markup))


def visit_math(translator: HTML5Translator, node: nodes.math) -> None:
    """An inline formula."""
    markup = mathml(node, node.astext(), display=False)
    classes = "math long" if visible_length(markup) > LONG_INLINE else "math"
    start = translator.starttag(node, "span", "", CLASS=classes)
    translator.body.append(f"{start}{markup}</span>")
    raise nodes.SkipNode


def visit_displaymath(translator: HTML5Translator, node: nodes.math_block) -> None:
    """A displayed formula, with its number when it has one."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    markup = mathml(node, display_tex(node), display=True)
    translator.body.append(f'<div class="formula">{markup}</div>')
    if node["number"]:
        number = get_node_equation_number(translator, node)
        link = f'<a href="#{node["ids"][0]}">({number})</a>'
        translator.body.append(f'<span class="eqno">{link}</span>')
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def stop_engine(app: Sphinx, exception: Exception | None) -> None:
    """Let the process end."""
    katex.close()


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    app.connect("build-finished", stop_engine)
