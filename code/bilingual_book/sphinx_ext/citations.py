"""Citations by author and year, joined by the language's own word for "and"."""

from dataclasses import dataclass, field

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

from bilingual_book.sphinx_ext.page_context import book_texts

GROUP = "sphinxcontrib.bibtex.style.referencing"
NAME = "author_year_local"


def style_with(word: str) -> type[AuthorYearReferenceStyle]:
    """The style that writes "Lake and Baroni" with this word."""

    @dataclass
    class LocalReferenceStyle(AuthorYearReferenceStyle):
        person: PersonStyle = field(
            default_factory=lambda: PersonStyle(
                sep2=f" {word} ", last_sep=f" {word} ", sep=", "
            )
        )

    return LocalReferenceStyle


def register_style(app: Sphinx, config: Config) -> None:
    """Make the style known under its name, before the bibliography is read."""
    style = style_with(book_texts(config)["notebook"]["and"])
    register_plugin(GROUP, NAME, style, force=True)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("config-inited", register_style)
