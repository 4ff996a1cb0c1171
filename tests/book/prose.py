"""The sentences of a page, without code, formulas, roles and addresses."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from markdown_it.token import Token

from bilingual_book.notebook_markdown import read_directive
from bilingual_book.page import VERBATIM, PageReader

STANDS_FOR = "\ufffc"  # what is not prose: a formula, a reference, a word of code
# Options of directives and cells that are sentences.
SENTENCES = ("alt", "caption")


@dataclass(frozen=True)
class Sentence:
    """A line of prose."""

    line: int
    text: str


def prose(text: str, reader: PageReader) -> list[Sentence]:
    """All prose of a page, with the lines of the file (from 1)."""
    return list(_blocks(reader.tokens(text), reader, 0))


def _blocks(tokens: list[Token], reader: PageReader, offset: int) -> Iterator[Sentence]:
    for token in tokens:
        line = offset + (token.map[0] if token.map else 0) + 1
        if token.type == "inline":
            yield from _lines(token.children or [], line)
        elif token.type in {"fence", "colon_fence"} and token.info.startswith("{"):
            yield from _directive(token, reader, line)


def _directive(token: Token, reader: PageReader, line: int) -> Iterator[Sentence]:
    name = token.info[1:].partition("}")[0]
    if name == "code-cell":
        for text in _cell_texts(token.content):
            yield from _blocks(reader.tokens(text), reader, line - 1)
        return
    it = read_directive(token)
    for text in [it.argument, *(it.options.get(key, "") for key in SENTENCES)]:
        if name not in VERBATIM and " " in text:
            yield from _blocks(reader.tokens(text), reader, line - 1)
    if name not in VERBATIM:
        lines = token.content.splitlines()
        start = len(lines) - len(it.body.splitlines())
        yield from _blocks(reader.tokens(it.body), reader, line + start)


def _cell_texts(content: str) -> Iterator[str]:
    if not content.startswith("---"):
        return
    settings = yaml.safe_load(content.split("---")[1]) or {}
    shown = settings.get("mystnb") or {}
    yield str((shown.get("figure") or {}).get("caption", ""))
    yield str((shown.get("image") or {}).get("alt", ""))


def _lines(children: list[Token], line: int) -> Iterator[Sentence]:
    text = ""
    for token in children:
        if token.type in {"softbreak", "hardbreak"}:
            yield Sentence(line, text)
            text, line = "", line + 1
        elif token.type == "text":
            text += token.content
        elif token.type in {"code_inline", "math_inline", "myst_role", "image"}:
            text += STANDS_FOR
    yield Sentence(line, text)
