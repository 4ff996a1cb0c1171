"""Read a page's structure: what a reader of either language must find alike.

The page is parsed by the same Markdown parser that builds it. What comes out is a flat
list of elements in reading order (headings, labels, directives, formulas, tables,
code), and, per section, the set of what stands inside the sentences (citations,
references, glued numbers, inline formulas): two languages may order a sentence
differently.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.directives import parse_directive_text
from myst_parser.parsers.mdit import create_md_parser

from bilingual_book.errors import BookError
from bilingual_book.project import Project
from bilingual_book.sources.directives import AnyDirective
from bilingual_book.sources.formulas import normal_formula
from bilingual_book.sources.quizzes import QuizError, read_quiz
from bilingual_book.sources.slide_marks import (
    EXPECTED,
    Mark,
    SlideMark,
    SlideMarkError,
    read_marks,
)

# Directives whose body is not Markdown.
VERBATIM = frozenset(
    {"code", "code-block", "code-cell", "eval-rst", "literalinclude", "math", "raw"}
)
# Directives whose argument is a text for the reader.
TITLED = frozenset(
    {"admonition", "card", "dropdown", "exercise", "grid-item-card", "list-table"}
    | {"note", "tab-item", "table", "tip", "warning", "important", "caution", "figure*"}
    | {"further-start", "quiz"}
)
# Options of a formula that both languages share.
FORMULA_MARKS = ("code", "test")
# What stands between blocks and is none.
BETWEEN = frozenset({"myst_line_comment", "myst_target", "myst_block_break"})
# Options that are texts for the reader.
TEXTS = frozenset({"alt", "caption", "title", "link-alt"})


@dataclass(frozen=True)
class Element:
    """One piece of a page's structure.

    Attributes:
        kind: ``heading``, ``label``, ``directive``, ``end``, ``formula``, ``table``,
            ``image``, ``code``, ``slide mark`` or, inside sentences, ``citation``,
            ``reference``, ``number``, ``inline formula``...
        value: what must be equal in both languages.
        line: in the file, from 1.
        source: the code of a code element, the body of a directive.
        source_line: the file's line of the code's first line.
        options: of a directive or a cell, as written.
        argument: of a directive, as written.
    """

    kind: str
    value: str
    line: int
    source: str = ""
    source_line: int = 0
    options: dict[str, Any] = field(default_factory=dict, compare=False)
    argument: str = ""


@dataclass
class Page:
    """The structure of one file."""

    path: Path
    language: str
    metadata: dict[str, Any]
    elements: list[Element] = field(default_factory=list)
    sections: list[list[Element]] = field(default_factory=lambda: [[]])

    @property
    def cells(self) -> list[Element]:
        """The cells of code, in order."""
        return [e for e in self.elements if e.kind == "code" and e.value == "code-cell"]

    @property
    def inline(self) -> list[Element]:
        """All that stands inside sentences."""
        return [element for section in self.sections for element in section]

    def directives(self, *names: str) -> list[Element]:
        """The directives of these names."""
        wanted = [name.split() for name in names]
        return [
            e
            for e in self.elements
            if e.kind == "directive" and e.value.split()[:1] in wanted
        ]


class PageReader:
    """Reads pages with the extensions that the book is built with."""

    def __init__(self, extensions: Iterable[str]) -> None:
        config = MdParserConfig(enable_extensions=set(extensions))
        self._parser = create_md_parser(config, RendererHTML)

    def tokens(self, text: str) -> list[Token]:
        """The parser's tokens of a text."""
        return self._parser.parse(text, {})

    def read(self, path: Path, language: str) -> Page:
        """Read one file.

        Raises:
            BookError: If it is missing, or a cell's options are not YAML.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise BookError(
                "the page is missing in this language",
                path=path,
                expected="every page of _toc.yml in both trees",
                fix="write the page, or take it out of _toc.yml and the other tree",
            ) from error
        page = Page(path, language, {})
        self._walk(page, self.tokens(text), 0)
        return page

    def _walk(self, page: Page, tokens: list[Token], offset: int) -> None:
        for position, token in enumerate(tokens):
            line = offset + (token.map[0] if token.map else 0) + 1
            kind, content = token.type, token.content
            if kind == "front_matter":
                page.metadata = yaml.safe_load(content) or {}
            elif kind == "heading_open":
                page.sections.append([])
                page.elements.append(Element("heading", token.tag, line))
            elif kind == "myst_target":
                page.elements.append(Element("label", content, line))
            elif kind == "myst_line_comment":
                following = tokens[position + 1 :]
                page.elements += slide_marks(page, content, following, line)
            elif kind in {"math_block", "math_block_label", "amsmath"}:
                name = token.info if kind == "math_block_label" else ""
                page.elements.append(formula(content, name, line, page.language))
            elif kind == "table_open":
                value = table_shape(tokens[position:])
                page.elements.append(Element("table", value, line))
            elif kind in {"fence", "colon_fence"}:
                self._fence(page, token, line)
            elif kind == "inline":
                self._inline(page, token.children or [], line)

    def _fence(self, page: Page, token: Token, line: int) -> None:
        info = token.info.strip()
        if not info.startswith("{"):
            page.elements.append(
                Element(
                    "code",
                    f"block {info}".strip(),
                    line,
                    source=token.content,
                    source_line=line + 1,
                )
            )
            return
        name, _, argument = info[1:].partition("}")
        argument = argument.strip()
        is_cell = name == "code-cell"
        parsed = parse_directive_text(
            AnyDirective,
            argument,
            token.content,
            validate_options=not is_cell,  # False: a cell's options are YAML
        )
        if parsed.warnings:
            raise BookError(
                f"the options of {{{name}}}: {parsed.warnings[0].msg}",
                path=page.path,
                line=line,
                expected="`:name: value` lines, or YAML between two lines of ---",
                fix="mend the options (quote a text that holds a colon)",
            )
        body = "\n".join(parsed.body)
        body_line = line + 1 + parsed.body_offset
        options: dict[str, Any] = parsed.options
        if name == "math":
            text = f"{argument}\n{body}".strip()
            made = formula(text, str(options.get("label", "")), line, page.language)
            marks = [
                f" :{key}: {options[key]}" for key in FORMULA_MARKS if key in options
            ]
            value = "".join([made.value, *marks])
            page.elements.append(replace(made, value=value, options=options))
        elif name in VERBATIM:
            value = name if is_cell else f"{name} {argument}".strip()
            page.elements.append(
                Element(
                    "code",
                    value,
                    line,
                    source=body,
                    source_line=body_line,
                    options=options,
                    argument=argument,
                )
            )
        else:
            self._directive(page, name, argument, options, body, line, body_line)
            self._walk(page, self.tokens(body), body_line - 1)
            page.elements.append(Element("end", name, line))

    def _directive(
        self,
        page: Page,
        name: str,
        argument: str,
        options: dict[str, Any],
        body: str,
        line: int,
        body_line: int,
    ) -> None:
        value = name if name in TITLED else f"{name} {argument}".strip()
        shown = [f":{key}: {text}" for key, text in comparable(options)]
        if name == "quiz":
            shown.append(quiz_marks(page, argument, body, body_line))
        value = " ".join([value, *shown])
        page.elements.append(
            Element(
                "directive",
                value,
                line,
                source=body,
                options=options,
                argument=argument,
            )
        )
        if name in TITLED and argument:
            self._walk(page, self._parser.parseInline(argument, {}), line - 1)

    def _inline(self, page: Page, children: list[Token], line: int) -> None:
        section = page.sections[-1]
        for token in children:
            if token.type in {"softbreak", "hardbreak"}:
                line += 1
            elif token.type == "math_inline":
                value = normal_formula(token.content, page.language)
                section.append(Element("inline formula", value, line))
            elif token.type == "myst_role":
                section.extend(role_elements(token, line, page.language))
            elif token.type == "link_open":
                address = str(token.attrs.get("href", ""))
                if not address.startswith(("http:", "https:", "mailto:")):
                    section.append(Element("link", address, line))
            elif token.type == "image":
                page.elements.append(
                    Element(
                        "image",
                        str(token.attrs.get("src", "")),
                        line,
                        options={"alt": token.content},
                    )
                )


def quiz_marks(page: Page, question: str, body: str, line: int) -> str:
    """The marks of a quiz's options, `[ ] [x] [ ]`; its body begins at a line.

    Raises:
        BookError: If the quiz cannot be read.
    """
    try:
        return read_quiz(question, body).marks
    except QuizError as error:
        raise BookError(
            str(error),
            path=page.path,
            line=line + error.line,
            expected=error.expected,
            fix="mend the quiz: CONTRIBUTING.md shows one",
        ) from error


def slide_marks(
    page: Page, comment: str, following: list[Token], line: int
) -> Iterator[Element]:
    """The elements of a comment's marks; each says what it marks.

    Raises:
        BookError: If one is misspelt, or marks nothing.
    """
    block = next((t for t in following if t.type not in BETWEEN), None)
    name = block_name(block) if block else ""
    begun = any(element.kind == "slide mark" for element in page.elements)
    try:
        marks = read_marks(comment)
    except SlideMarkError as error:
        raise lost_mark(page, str(error), line + error.line) from error
    for mark in marks:
        begun = begun or mark.kind == Mark.BEGINS
        if not begun or (mark.kind != Mark.NOTE and not name):
            what = f"the mark `% {mark.kind}` marks nothing"
            raise lost_mark(page, what, line + mark.line)
        yield slide_mark(mark, name, line)


def slide_mark(mark: SlideMark, block: str, line: int) -> Element:
    """The element of one mark."""
    value = mark.kind if mark.kind == Mark.NOTE else f"{mark.kind} before a {block}"
    return Element("slide mark", value, line + mark.line, argument=mark.text)


def lost_mark(page: Page, what: str, line: int) -> BookError:
    """The error for a mark of a slide that is none."""
    return BookError(
        what,
        path=page.path,
        line=line,
        expected=EXPECTED,
        fix="put the mark right before a paragraph, formula, cell or box",
    )


def block_name(token: Token) -> str:
    """What a block is; empty for a heading and for the end of what is around."""
    if token.type in {"fence", "colon_fence"}:
        return token.info[1:].partition("}")[0] if token.info[:1] == "{" else "code"
    if token.type == "heading_open" or token.type.endswith("_close"):
        return ""
    return token.type.removesuffix("_open").replace("_", " ")


def page_reader(project: Project) -> PageReader:
    """A reader with the Markdown extensions of the book."""
    return PageReader(project.config["parse"]["myst_enable_extensions"])


def formula(content: str, name: str, line: int, language: str) -> Element:
    """The element of a displayed formula."""
    label = f" ({name})" if name else ""
    return Element(
        "formula", normal_formula(content, language) + label, line, argument=name
    )


def role_elements(token: Token, line: int, language: str) -> Iterator[Element]:
    """The elements of one role: a citation of two works makes two."""
    name, content = str(token.meta["name"]), token.content
    if name.startswith("cite"):
        for key in content.split(","):
            yield Element("citation", key.strip(), line)
    elif name.startswith("glue"):
        yield Element("number", content.split(":")[0].strip(), line)
    elif name in {"math"}:
        yield Element("inline formula", normal_formula(content, language), line)
    elif name in {"term", "abbr", "sup", "sub", "index", "download"}:
        yield Element(name, "", line, argument=content)
    else:
        target = content.rpartition("<")[2].rstrip(">").strip()
        yield Element("reference", f"{{{name}}}`{target}`", line, argument=target)


def comparable(options: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The options as pairs; a text for the reader counts by its presence only."""
    for key, value in sorted(options.items()):
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from comparable(value, f"{name}.")
        elif key in TEXTS or key.startswith("code_prompt"):
            yield name, "(text)" if value else "(empty)"
        elif isinstance(value, list):
            yield name, ", ".join(sorted(map(str, value)))
        else:
            yield name, "" if value is None else str(value)


def table_shape(tokens: list[Token]) -> str:
    """Rows by columns of the table that opens a list of tokens."""
    rows = cells = 0
    for token in tokens:
        rows += token.type == "tr_open"
        cells += token.type in {"th_open", "td_open"}
        if token.type == "table_close":
            break
    return f"{rows} rows of {cells // max(rows, 1)}"
