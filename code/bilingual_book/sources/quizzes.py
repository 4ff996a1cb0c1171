"""Read a quiz: a question, its options or its number, and why each is right or wrong.

    :::{quiz} Over which axis must the weights sum to 1?
    :label: quiz-attention-axis
    - [ ] Over the queries
      - *Columns compete*: …
    - [x] Over the keys
      - …
    :::

`[x]` marks a right option and `[ ]` a wrong one. A question that a number answers has
one `[=]` instead and, if it likes, tempting wrong numbers, `[!]`. Text before the first
option belongs to the question.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

WRONG, RIGHT, NUMBER, TEMPTING = " ", "x", "=", "!"
OPTION = re.compile(r"[-*] \[(.?)\](?:\s+(.*))?$")
MARKED = re.compile(r"^([-*] )\[[ x=!]\] ", re.MULTILINE)
WHY = re.compile(r"[-*] +(\S.*)$")
NAMED = re.compile(r"\*[^*]+\*|_[^_]+_")
FENCE = re.compile(r"`{3,}|~{3,}|:{3,}")
HOLDS_NUMBER = re.compile(r"\d|\{glue")


class QuizError(ValueError):
    """A quiz that cannot be read.

    Attributes:
        line: of the body, from 0.
        expected: what should stand there.
    """

    def __init__(self, what: str, line: int, expected: str) -> None:
        super().__init__(what)
        self.line = line
        self.expected = expected


@dataclass(frozen=True)
class Text:
    """Some Markdown and its first line in the body, from 0."""

    markdown: str
    line: int


@dataclass(frozen=True)
class Option:
    """One option, or one number."""

    mark: str
    text: Text
    why: Text

    @property
    def is_right(self) -> bool:
        """Whether it answers the question."""
        return self.mark in {RIGHT, NUMBER}


@dataclass(frozen=True)
class Quiz:
    """A question with its options, in order."""

    question: str
    stem: Text
    options: tuple[Option, ...]

    @property
    def is_numeric(self) -> bool:
        """Whether a number answers it."""
        return any(option.mark == NUMBER for option in self.options)

    @property
    def marks(self) -> str:
        """What both languages must share: `[ ] [x] [ ]`."""
        return " ".join(f"[{option.mark}]" for option in self.options)


def letter(index: int) -> str:
    """The letter of an option: A, B, C…"""
    return chr(ord("A") + index)


def read_quiz(question: str, body: str) -> Quiz:
    """Read the parts of the directive.

    Raises:
        QuizError: Naming the line and what was expected.
    """
    lines = body.splitlines()
    starts = list(option_starts(lines))
    if not question.strip():
        raise QuizError("this quiz asks nothing", 0, "the question after {quiz}")
    if not starts:
        raise QuizError(
            "this quiz has no options", 0, "a list: `- [ ] wrong`, `- [x] right`"
        )
    ends = [*starts[1:], len(lines)]
    options = tuple(
        read_option(lines[start:end], start)
        for start, end in zip(starts, ends, strict=True)
    )
    stem = Text("\n".join(lines[: starts[0]]).strip("\n"), 0)
    quiz = Quiz(question.strip(), stem, options)
    check_options(quiz)
    return quiz


def option_starts(lines: list[str]) -> Iterator[int]:
    """The lines where an option begins; a list item in a block of code is none."""
    fence = ""
    for number, line in enumerate(lines):
        mark = FENCE.match(line)
        if fence:
            fence = "" if line.strip() == fence else fence
        elif mark:
            fence = mark[0]
        elif line.startswith(("- ", "* ")):
            yield number


def read_option(lines: list[str], start: int) -> Option:
    """Read one option: its mark, its text, and the item below it that says why."""
    first = OPTION.match(lines[0])
    if first is None or first[1] not in {WRONG, RIGHT, NUMBER, TEMPTING}:
        raise QuizError(
            f"`{lines[0]}` is no option",
            start,
            "`- [ ] wrong`, `- [x] right`, `- [=] number` or `- [!] wrong number`",
        )
    if not (first[2] or "").strip():
        raise QuizError("this option says nothing", start, "its text after the mark")
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() and not line.startswith("  "):
            raise QuizError(
                f"`{line}` stands between the options",
                start + number,
                "what belongs to an option two spaces in; the question first",
            )
    inner = [first[2], *(line[2:] for line in lines[1:])]
    reasons = [n for n, line in enumerate(inner) if n and WHY.match(line)]
    if len(reasons) != 1:
        raise QuizError(
            f"this option has {len(reasons)} reasons",
            start + (reasons[1] if reasons else 0),
            "one item below it, two spaces in, that says why: `  - …`",
        )
    where = reasons[0]
    found = WHY.match(inner[where])
    why = textwrap.dedent("\n".join(inner[where + 1 :]))
    return Option(
        first[1],
        Text("\n".join(inner[:where]).strip(), start),
        Text(f"{found[1] if found else ''}\n{why}".strip(), start + where),
    )


def check_options(quiz: Quiz) -> None:
    """Check that the options make a question.

    Raises:
        QuizError: If none is right, none is wrong, or a wrong one has no name.
    """
    marks = {option.mark for option in quiz.options}
    first = quiz.options[0].text.line
    if marks & {NUMBER, TEMPTING}:
        numbers = [option for option in quiz.options if option.mark == NUMBER]
        if marks - {NUMBER, TEMPTING} or len(numbers) != 1:
            raise QuizError(
                f"a number or options, not {said(marks)}",
                first,
                "one `[=]` and any number of `[!]`; or `[x]` and `[ ]`",
            )
        for option in quiz.options:
            if not HOLDS_NUMBER.search(option.text.markdown):
                raise QuizError(
                    f"`{option.text.markdown}` holds no number",
                    option.text.line,
                    "digits, or {glue:text} of a number that the page reports",
                )
        return
    if marks != {WRONG, RIGHT}:
        raise QuizError(
            f"all options are {said(marks)}",
            first,
            "at least one right, `[x]`, and one wrong, `[ ]`",
        )
    for option in quiz.options:
        if option.mark == WRONG and not NAMED.match(option.why.markdown):
            raise QuizError(
                "this wrong option is no misconception with a name",
                option.why.line,
                "a reason that begins with the name in italics: `- *Name*: …`",
            )


def without_marks(body: str) -> str:
    """The body of a quiz as plain lists, line by line."""
    return MARKED.sub(r"\1", body)


def said(marks: Iterable[str]) -> str:
    """The marks as they are written."""
    return " and ".join(f"`[{mark}]`" for mark in sorted(marks))
