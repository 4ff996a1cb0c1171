"""Turn the book's Markdown into the Markdown that every notebook program shows.

Jupyter, Colab and GitHub know headings, lists, tables, links, code and formulas. The
rest becomes these: an admonition is a quotation with a title, what is folded in the
page is folded in HTML's <details>, references are links to the published page.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token

from bilingual_book.notebooks.context import Context
from bilingual_book.notebooks.inline import convert_inline
from bilingual_book.sources.directives import Directive, read_directive
from bilingual_book.sources.page import PageReader
from bilingual_book.sources.quizzes import letter, read_quiz

BLOCKS = frozenset(
    {"fence", "colon_fence", "math_block", "math_block_label", "amsmath"}
    | {"myst_target", "myst_line_comment", "dl_open", "field_list_open"}
)
BOXES = frozenset(
    {"admonition", "note", "tip", "hint", "important", "warning", "caution"}
    | {"attention", "danger", "error", "seealso", "margin", "sidebar", "topic"}
    | {"card", "grid-item-card", "tab-item"}
)
PLAIN = frozenset({"container", "div", "grid", "tab-set", "exercise-end"})
QUOTES = frozenset({"epigraph", "highlights", "pull-quote"})
CODE = frozenset({"code", "code-block", "sourcecode"})
# They stand for something that only a site or a book has.
GONE = frozenset({"index", "tableofcontents", "toctree"})
# Environments of their own: an error between two $$.
_ENVIRONMENT = re.compile(
    r"\\(begin|end)\{(align|alignat|equation|gather|multline)\*?\}"
)


@dataclass(frozen=True)
class Part:
    """A piece of converted text; ``solution`` is the title of the solution it is in."""

    text: str
    solution: str = ""


@dataclass
class MarkdownConverter(Context):
    """Converts the Markdown cells of one page, in order.

    Attributes:
        reader: Parses Markdown.
        solution: The title of the solution that is open, across cells.
        quizzes: How many quizzes were met.
    """

    reader: PageReader
    solution: str = ""
    quizzes: int = 0

    def parts(self, text: str) -> Iterator[Part]:
        """The parts of one cell; a solution's text is apart from what is around it."""
        for block in self._blocks(text, nested=False):
            if isinstance(block, Part):
                self.solution = block.solution
            elif block.strip():
                yield Part(block, self.solution)

    def convert(self, text: str) -> str:
        """Markdown that stands inside something else."""
        blocks = self._blocks(text, nested=True)
        shown = [block for block in blocks if isinstance(block, str) and block.strip()]
        return "\n\n".join(shown)

    def inline(self, text: str) -> str:
        """Text without blocks."""
        return convert_inline(text, self)

    def _blocks(self, text: str, *, nested: bool) -> Iterator[str | Part]:
        lines = text.splitlines()
        done = 0
        for token in block_tokens(self.reader.tokens(text)):
            start, end = token_lines(token)
            if start < done:
                continue
            before = "\n".join(lines[done:start]).strip("\n")
            margin = re.match(r"[\s>]*", lines[start])[0]  # type: ignore[index]
            if before.strip():
                yield self.inline(before)
            done = end
            for block in self._block(token, lines[start:end], nested=nested):
                yield indent(block, margin) if isinstance(block, str) else block
        rest = "\n".join(lines[done:]).strip("\n")
        if rest.strip():
            yield self.inline(rest)

    def _block(
        self, token: Token, lines: list[str], *, nested: bool
    ) -> Iterator[str | Part]:
        if token.type in {"myst_target", "myst_line_comment"}:
            return
        if token.type in {"math_block", "math_block_label", "amsmath"}:
            name = token.info if token.type == "math_block_label" else ""
            yield self._formula(token.content, name, nested=nested)
        elif token.type == "dl_open":
            yield self.inline(definitions(lines))
        elif token.type == "field_list_open":
            fields = [re.sub(r"^:([^:]+):\s*", r"- **\1**: ", line) for line in lines]
            yield self.inline("\n".join(fields))
        elif not token.info.strip().startswith("{"):
            yield fenced(token.content, token.info.strip())
        else:
            yield from self._directive(read_directive(token), nested=nested)

    def _directive(self, it: Directive, *, nested: bool) -> Iterator[str | Part]:
        name = it.name
        if name in GONE or (name == "raw" and it.argument != "html"):
            return
        if name == "solution-start":
            yield Part("", self._solution_title(it))
        elif name == "solution-end":
            yield Part("")
        elif name == "further-start":
            kind = self._shape["further"]
            yield f"---\n\n**{kind} – {self.inline(it.argument)}**"
        elif name == "further-end":
            yield "---"
        elif name == "math":
            content = f"{it.argument}\n{it.body}"
            yield self._formula(content, it.options.get("label", ""), nested=nested)
        elif name in CODE:
            yield self._titled_code(it)
        elif name in PLAIN:
            yield self.convert(it.body)
        elif name in QUOTES:
            yield quoted(self.convert(it.body))
        elif name == "raw":
            yield it.body
        elif name == "bibliography":
            yield f"→ {self.links.page('references', self.links.texts['references'])}"
        else:
            yield self._shown_directives(it)

    def _shown_directives(self, it: Directive) -> str:
        writers: dict[str, Callable[[Directive], str]] = {
            "dropdown": self._box,
            "exercise": self._exercise,
            "exercise-start": self._exercise,
            "solution": self._whole_solution,
            "figure": self._figure,
            "image": self._figure,
            "quiz": self._quiz,
            "table": self._table,
            "list-table": self._list_table,
            **dict.fromkeys(BOXES, self._box),
        }
        if it.name not in writers:
            raise self.fail(f"the directive {{{it.name}}} (line {it.line} of its cell)")
        return writers[it.name](it)

    def _formula(self, content: str, name: str, *, nested: bool) -> str:
        content = "\n".join(line for line in content.strip().splitlines() if line)
        content = _ENVIRONMENT.sub(inner_environment, content)
        if r"\\" in content and r"\begin{" not in content:
            content = f"\\begin{{aligned}}\n{content}\n\\end{{aligned}}"
        if name:
            number = self.links.find("equations", name)["number"]
            content += f"\n\\tag{{{number}}}"
        if nested:  # the mark of a quotation inside a formula would be typeset
            return f"$$ {' '.join(content.split())} $$"
        return f"$$\n{content}\n$$"

    def _box(self, it: Directive) -> str:
        kinds = self.links.texts["admonitions"]
        title, body = it.argument, it.body
        if it.name in kinds:
            title, body = kinds[it.name], f"{it.argument}\n{it.body}"
        elif not title:
            title = it.options.get("title", "")
        title, content = self.inline(title), self.convert(body)
        return folded(title, content) if it.folded else boxed(title, content)

    def _exercise(self, it: Directive) -> str:
        title = self._exercise_title(it.options.get("label", ""), it.argument)
        return boxed(self.inline(title), self.convert(it.body))

    def _exercise_title(self, name: str, title: str) -> str:
        number = self.links.number(name) or self.links.texts["exercise"]
        return f"{number} ({title})" if title else number

    def _solution_title(self, it: Directive) -> str:
        titles = {
            e.options.get("label"): e.argument
            for e in self.page.directives("exercise", "exercise-start")
        }
        exercise = self._exercise_title(it.argument, titles.get(it.argument, ""))
        return f"{self.links.texts['solution']} – {self.inline(exercise)}"

    def _whole_solution(self, it: Directive) -> str:
        return folded(self._solution_title(it), self.convert(it.body))

    def _figure(self, it: Directive) -> str:
        alt = it.options.get("alt", "")
        picture = f"![{alt}]({self.attach(it.argument)})"
        if it.name == "image" or not it.body.strip():
            return picture
        return f"{picture}\n\n{self.caption(it.options.get('name', ''), it.body)}"

    def caption(self, name: str, text: str) -> str:
        """A caption with the figure's number."""
        number = self.links.number(name)
        shown = self.convert(text)
        return f"**{number}** – {shown}" if number else shown

    @property
    def _shape(self) -> dict[str, Any]:
        """What the page says of its own parts."""
        texts: dict[str, Any] = self.links.project.languages[self.links.language]
        return dict(texts["shape"])

    def _quiz(self, it: Directive) -> str:
        """A question, its options, and a fold with the answer and each reason."""
        quiz, texts = read_quiz(it.argument, it.body), self._shape
        self.quizzes += 1
        name = texts["question"].format(number=self.quizzes)
        blocks = [f"**{name}.** {self.inline(quiz.question)}"]
        blocks.append(self.convert(quiz.stem.markdown))
        shown = [self.convert(option.text.markdown) for option in quiz.options]
        names = shown
        if not quiz.is_numeric:
            names = [letter(number) for number in range(len(shown))]
            pairs = zip(names, shown, strict=True)
            blocks.append("\n".join(item(f"**{n}.** {text}") for n, text in pairs))
        right = [n for n, o in zip(names, quiz.options, strict=True) if o.is_right]
        said = texts["right"]["one" if len(right) == 1 else "many"]
        reasons = [
            item(f"**{n}.** {self.convert(o.why.markdown)}")
            for n, o in zip(names, quiz.options, strict=True)
        ]
        answer = said.format(answers=", ".join(right)) + "\n\n" + "\n".join(reasons)
        blocks.append(folded(texts["answer"], answer))
        return "\n\n".join(block for block in blocks if block)

    def _table(self, it: Directive) -> str:
        return f"{self._table_title(it)}{self.convert(it.body)}"

    def _table_title(self, it: Directive) -> str:
        number = self.links.number(it.options.get("name", ""))
        title = " – ".join(part for part in (number, self.inline(it.argument)) if part)
        return f"**{title}**\n\n" if title else ""

    def _list_table(self, it: Directive) -> str:
        rows = list(list_rows(self.reader.tokens(it.body)))
        head = int(it.options.get("header-rows", "0"))
        width = max(map(len, rows))
        lines = ["| " + " | ".join(map(self.inline, row)) + " |" for row in rows]
        rule = "|" + "---|" * width
        first = lines[:1] if head else ["|" + " |" * width]
        rest = lines[1:] if head else lines
        return self._table_title(it) + "\n".join([*first, rule, *rest])

    def _titled_code(self, it: Directive) -> str:
        code = fenced(it.body, it.argument)
        caption = it.options.get("caption", "")
        return f"**{self.inline(caption)}**\n\n{code}" if caption else code


def block_tokens(tokens: list[Token]) -> Iterator[Token]:
    """The tokens that are not what Jupyter knows, in order."""
    for token in tokens:
        if token.type in BLOCKS and token.map:
            yield token


def token_lines(token: Token) -> tuple[int, int]:
    """First line of a token and the line after its last."""
    start, end = token.map or [0, 0]
    if token.type == "amsmath":  # its map is short by one
        end = max(end, start + token.content.count("\n") + 1)
    return start, end


def inner_environment(match: re.Match[str]) -> str:
    """The environment that may stand between two $$."""
    inner = {"align": "aligned", "alignat": "aligned", "equation": ""}
    name = inner.get(match[2], "gathered")
    return f"\\{match[1]}{{{name}}}" if name else ""


def item(text: str) -> str:
    """An item of a list."""
    first, *rest = text.splitlines()
    return "\n".join([f"- {first}", *(f"  {line}".rstrip() for line in rest)])


def indent(text: str, margin: str) -> str:
    """Text moved to the right, for a block inside a list."""
    if not margin:
        return text
    return "\n".join(margin + line if line else line for line in text.splitlines())


def quoted(text: str) -> str:
    """Text as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def boxed(title: str, content: str) -> str:
    """A quotation with a title."""
    bold = title.replace("**", "")  # bold inside bold would end it
    head = f"**{bold}**\n\n" if title else ""
    return quoted(head + content)


def folded(title: str, content: str) -> str:
    """Text that the reader unfolds."""
    return f"<details>\n<summary>{title}</summary>\n\n{content}\n\n</details>"


def fenced(code: str, language: str) -> str:
    """A block of code, its fence longer than any in it."""
    ticks = max((len(run) for run in re.findall(r"`{3,}", code)), default=2) + 1
    fence = "`" * max(ticks, 3)
    body = code.rstrip("\n")
    return f"{fence}{language}\n{body}\n{fence}"


def definitions(lines: list[str]) -> str:
    """A list of definitions as a plain list."""
    items: list[str] = []
    for line in lines:
        if line.startswith(":"):
            items.append(f"  {line[1:].strip()}")
        elif line[:1].strip():
            items.append(f"- **{line.strip()}**  ")
        elif line.strip():
            items.append(f"  {line.strip()}")
    return "\n".join(items)


def list_rows(tokens: list[Token]) -> Iterator[list[str]]:
    """The rows of a list-table: a list whose items are lists."""
    row: list[str] | None = None
    depth = 0
    for token in tokens:
        depth += {"list_item_open": 1, "list_item_close": -1}.get(token.type, 0)
        if token.type == "list_item_open" and depth == 1:
            row = []
        elif token.type == "list_item_close" and depth == 0 and row is not None:
            yield row
        elif token.type == "list_item_open" and depth == 2 and row is not None:
            row.append("")
        elif token.type == "inline" and row:
            text = " ".join(token.content.split("\n"))
            row[-1] = f"{row[-1]}<br>{text}" if row[-1] else text
