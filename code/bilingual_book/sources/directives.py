"""The parts of a directive: name, argument, options, body."""

from dataclasses import dataclass
from typing import Any

from docutils.parsers.rst.directives.misc import TestDirective
from markdown_it.token import Token
from myst_parser.parsers.directives import parse_directive_text


class AnyDirective(TestDirective):  # type: ignore[misc]
    """Accepts every option, as text."""

    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True


@dataclass(frozen=True)
class Directive:
    """A directive in parts."""

    name: str
    argument: str
    options: dict[str, str]
    body: str
    line: int

    @property
    def folded(self) -> bool:
        """Whether the page shows it folded."""
        return self.name == "dropdown" or "dropdown" in self.options.get("class", "")


def read_directive(token: Token) -> Directive:
    """The parts of a directive's token."""
    name, _, argument = token.info.strip()[1:].partition("}")
    parsed = parse_directive_text(AnyDirective, argument.strip(), token.content)
    options: dict[str, Any] = parsed.options
    line = (token.map or [0])[0] + 1
    return Directive(name, argument.strip(), options, "\n".join(parsed.body), line)
