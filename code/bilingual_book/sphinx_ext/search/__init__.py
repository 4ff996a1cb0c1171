"""The search: what of a page is found, what a word leads to first, the index itself."""

from bilingual_book.sphinx_ext.search.index import setup

__all__ = ["setup"]
