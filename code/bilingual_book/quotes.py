"""Straight quotes of the sources become those of a printed book: ’, “ and ”.

Sphinx does it in the pages, with docutils' smartquotes; here, in the texts around them.
"""

from typing import Any

from docutils.utils import smartquotes

from bilingual_book.locales import LOCALES

for _language, _locale in LOCALES.items():
    if _locale.quotes:
        smartquotes.smartchars.quotes[_language] = _locale.quotes


def typeset(text: Any, language: str) -> Any:
    """A text, or all those of a table or a list, with the quotes of its language."""
    if isinstance(text, dict):
        return {key: typeset(value, language) for key, value in text.items()}
    if isinstance(text, list):
        return [typeset(value, language) for value in text]
    if isinstance(text, str):
        return smartquotes.smartyPants(text, attr="q", language=language)
    return text
