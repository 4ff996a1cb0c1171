"""The sentences of a page, without code, formulas, references and addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml
from markdown_it.token import Token

from bilingual_book.sources.directives import read_directive
from bilingual_book.sources.page import TEXTS, TITLED, VERBATIM, PageReader
from bilingual_book.sources.quizzes import without_marks

STANDS_FOR = "\ufffc"  # what is not prose: a formula, a reference, a word of code
# Text for machines and screen readers, which can hold no mark.
_UNMARKED = frozenset({"alt", "link-alt"})
# Roles that show all that they hold.
_SHOWN = frozenset({"abbr", "term"})
# Roles that lead to another place of the book.
_LEADS = frozenset({"doc", "ref", "numref", "term"})
# Blocks that stand beside the running text.
_BESIDE = frozenset({"heading", "table", "blockquote", "footnote"})
# Boxes whose text is running text, unless they have one of these classes.
_BOXES = frozenset({"admonition", "note", "tip", "hint", "warning"})
_NO_PROSE = frozenset({"goals", "dropdown"})
_FOLDS = frozenset({"further-start", "solution-start"})
_FOLD_ENDS = frozenset({"further-end", "solution-end"})
_TARGET = re.compile(r"^(.*?)\s*<[^<>]+>$", re.S)
_GOAL = re.compile(r"<([^<>]+)>$")
_LANGUAGE = re.compile(r"\blanguage-([a-z]+)\b")
_HTML_SPAN = re.compile(r'<span lang="([a-z]+)">')


@dataclass(frozen=True)
class Sentence:
    """A line of prose.

    Attributes:
        line: in the file, from 1.
        text: what is read; a sign stands for what is not prose.
        language: of foreign words that the page marks, ``[words]{.language-en}``;
            empty for the page's own.
        unmarked: whether it stands where a page can mark no words: an alternative
            text, a description.
        aside: where it stands beside the running text, so that no word leads to the
            glossary by itself: ``heading``, ``table``, ``caption``, ``fold``,
            ``exercises``, ``goals`` …; empty in the running text.
        links: where it leads: the targets of its references.
    """

    line: int
    text: str
    language: str = ""
    unmarked: bool = False
    aside: str = ""
    links: frozenset[str] = frozenset()


def prose(text: str, reader: PageReader) -> list[Sentence]:
    """All prose of a page, with the lines of the file (from 1)."""
    return [s for s in _blocks(reader.tokens(text), reader, 0) if s.text.strip()]


def _blocks(
    tokens: list[Token], reader: PageReader, offset: int, aside: str = ""
) -> Iterator[Sentence]:
    around: list[str] = []  # what stands beside the running text, and is open
    fold = exercises = ""
    for token in tokens:
        line = offset + (token.map[0] if token.map else 0) + 1
        kind = token.type.removesuffix("_open")
        beside = aside or exercises or "".join(around[-1:]) or fold
        if kind in _BESIDE:
            around.append(kind)
        elif around and token.type == f"{around[-1]}_close":
            around.pop()
        elif token.type == "myst_target":
            if token.content.endswith("-exercises"):
                exercises = "exercises"
        elif token.type == "inline":
            for sentence in _lines(token.children or [], line):
                yield replace(sentence, aside=beside)
        elif token.type == "front_matter":
            yield from _description(token, line)
        elif token.type in {"fence", "colon_fence"} and token.info.startswith("{"):
            name = token.info[1:].partition("}")[0]
            if name in _FOLDS | _FOLD_ENDS:
                fold = "fold" if name in _FOLDS else ""
            yield from _directive(token, reader, line, beside)


def _description(token: Token, line: int) -> Iterator[Sentence]:
    settings = yaml.safe_load(token.content) or {}
    found = {**settings, **(settings.get("myst") or {})}.get("html_meta") or {}
    text = str(found.get("description", ""))
    yield Sentence(line + line_of(token.content, text), text, unmarked=True)


def _directive(
    token: Token, reader: PageReader, line: int, aside: str
) -> Iterator[Sentence]:
    name = token.info[1:].partition("}")[0]
    if name == "code-cell":
        texts, body = cell_texts(token.content), ""
    else:
        it = read_directive(token)
        classes = set(str(it.options.get("class", "")).split())
        box = "" if name in _BOXES else name
        aside = aside or box or min(classes & _NO_PROSE, default="")
        texts = {key: str(it.options[key]) for key in TEXTS & set(it.options)}
        texts["title"] = it.argument if name in TITLED else texts.get("title", "")
        body = "" if name in VERBATIM else it.body
        body = without_marks(body) if name == "quiz" else body
    for key, text in texts.items():
        place = line + line_of(token.content, text)
        if key in _UNMARKED:
            for number, shown in enumerate(text.splitlines()):
                yield Sentence(place + number, shown, unmarked=True)
        else:
            kind = "heading" if name in _FOLDS else key
            yield from _blocks(reader.tokens(text), reader, place - 1, kind)
    lines = token.content.splitlines()
    start = len(lines) - len(body.splitlines())
    for sentence in _blocks(reader.tokens(body), reader, line + start, aside):
        # A term of a glossary, at the margin, is a name that holds no mark.
        term = name == "glossary" and not lines[sentence.line - line - 1][:1].isspace()
        yield replace(sentence, unmarked=True) if term else sentence


def cell_texts(content: str) -> dict[str, str]:
    """The texts for the reader among the options of a cell."""
    if not content.startswith("---"):
        return {}
    settings: dict[str, Any] = yaml.safe_load(content.split("---")[1]) or {}
    shown = settings.get("mystnb") or {}
    texts = {
        "caption": (shown.get("figure") or {}).get("caption"),
        "alt": (shown.get("image") or {}).get("alt"),
        "show": shown.get("code_prompt_show"),
        "hide": shown.get("code_prompt_hide"),
    }
    return {key: str(text) for key, text in texts.items() if text}


def line_of(content: str, text: str) -> int:
    """How many lines below an opening line a text stands; 0 where it is not found."""
    start = next(iter(text.strip().splitlines()), "").replace('"', "")
    for number, line in enumerate(content.splitlines(), start=1):
        if start and start in line.replace('"', "").replace("\\", ""):
            return number
    return 0


def _lines(children: list[Token], line: int) -> Iterator[Sentence]:
    """The lines of a paragraph; what is marked as foreign comes after its line."""
    text = ""
    pictures: list[Sentence] = []
    foreign: list[Sentence] = []
    spans: list[str] = []  # the languages of the open spans
    links: set[str] = set()
    for token in children:
        language = spans[-1] if spans else ""
        if token.type in {"softbreak", "hardbreak"}:
            here = Sentence(line, text, links=frozenset(links))
            yield from [here, *foreign, *pictures]
            text, pictures, line, links = "", [], line + 1, set()
            foreign = [Sentence(line, "", language)] if language else []
        elif token.type == "span_open" or _HTML_SPAN.match(token.content):
            spans.append(_language(token) or language)
            if spans[-1] != language:
                text += STANDS_FOR
                foreign.append(Sentence(line, "", spans[-1]))
        elif token.type == "span_close" or token.content == "</span>":
            spans.pop()
        elif token.type == "image":
            text += STANDS_FOR
            pictures.append(Sentence(line, token.content, unmarked=True))
        elif language:
            longer = foreign[-1].text + _shown(token)
            foreign[-1] = replace(foreign[-1], text=longer)
        else:
            text += _shown(token)
            links |= _leads(token)
    yield from [Sentence(line, text, links=frozenset(links)), *foreign, *pictures]


def _leads(token: Token) -> set[str]:
    """Where a reference leads: a page, a label, or a term of the glossary."""
    if token.type != "myst_role" or token.meta["name"] not in _LEADS:
        return set()
    match = _GOAL.search(token.content)
    goal = match[1] if match else token.content
    return {"glossary" if token.meta["name"] == "term" else goal.strip()}


def _language(token: Token) -> str:
    """The language that a span names, in Markdown or in HTML."""
    match = _LANGUAGE.search(str(token.attrs.get("class", "")))
    match = match or _HTML_SPAN.match(token.content)
    return match[1] if match else ""


def _shown(token: Token) -> str:
    """What a token puts into its sentence."""
    if token.type == "text":
        return token.content
    if token.type in {"code_inline", "math_inline"}:
        return STANDS_FOR
    if token.type == "myst_role":
        match = _TARGET.match(token.content)
        if match and match[1]:
            return match[1]
        return token.content if token.meta["name"] in _SHOWN else STANDS_FOR
    return ""
