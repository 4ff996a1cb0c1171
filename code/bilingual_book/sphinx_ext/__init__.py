"""The Sphinx extension of the book: one concern per module."""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from bilingual_book.sphinx_ext import (
    bibliography,
    body,
    cell_folds,
    citations,
    computed,
    decks,
    folds,
    formula_marks,
    further,
    glossary_links,
    math,
    page_context,
    paper,
    phone_pictures,
    quiz,
    runs,
    search,
    slide_marks,
    term_index,
)

THEME = Path(__file__).parents[1] / "web" / "theme"


def forget_other_theme(app: Sphinx, config: Config) -> None:
    """Drop the options that Jupyter Book sets for its own theme."""
    config.html_theme_options = {}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("book_language", "", "html")
    app.add_config_value("book_root", "", "html")
    app.add_config_value("comments_config", {}, "")  # Jupyter Book always sets it
    app.connect("config-inited", forget_other_theme)
    app.add_html_theme("bilingual_book", str(THEME))
    for part in (
        bibliography,
        body,
        cell_folds,
        citations,
        computed,
        decks,
        folds,
        formula_marks,
        further,
        glossary_links,
        math,
        page_context,
        paper,
        phone_pictures,
        quiz,
        runs,
        search,
        slide_marks,
        term_index,
    ):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
