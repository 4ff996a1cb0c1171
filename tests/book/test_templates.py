"""A text may hold any sign: none ends an attribute of the page around it."""

import re
from html.parser import HTMLParser

import pytest

from bilingual_book.project import LANGUAGES, Project
from bilingual_book.web.assemble import WEB, root_files

SIGNS = "l'un, \"l'autre\" & <i>le reste</i>"
IN_QUOTES = re.compile(
    r'="[^"{}]*\{\{ ((?:ui\b|\w*description\b|\w+\.title\b).*?) \}\}'
)


class Reader(HTMLParser):
    """The attributes and the texts of a page, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("name", ["index.html", "404.html"])
def test_texts_of_the_root_pages_keep_their_signs(book: Project, name: str) -> None:
    for code in LANGUAGES:
        texts = book.languages[code]
        texts.update(title=f"{code} {SIGNS}", description=f"{code} {SIGNS}")
        texts["ui"].update(cover_alt=f"{code} {SIGNS}", not_found=f"{code} {SIGNS}")
    read = Reader(root_files(book)[name])
    for code in LANGUAGES:
        assert f"{code} {SIGNS}" in read.texts
        assert name != "index.html" or ("alt", f"{code} {SIGNS}") in read.attributes
    if name == "index.html":
        both = " ".join(f"{code} {SIGNS}" for code in LANGUAGES)
        assert ("content", both) in read.attributes
        assert ("content", f"fr {SIGNS}") in read.attributes


@pytest.mark.parametrize("name", ["layout.html", "search.html"])
def test_texts_in_attributes_are_escaped(name: str) -> None:
    """Sphinx renders these two, and escapes nothing by itself."""
    found = IN_QUOTES.findall((WEB / name).read_text(encoding="utf-8"))
    assert found
    assert [text for text in found if not text.endswith("|e")] == []
