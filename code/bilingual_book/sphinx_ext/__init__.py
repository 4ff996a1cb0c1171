"""The Sphinx extension of the book: language switch, links, checks."""

from typing import Any

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("book_language", "", "html")
    app.add_config_value("book_root", "", "html")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
