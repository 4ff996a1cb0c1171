"""A command line that speaks the reader's language: argparse's phrases, and ours."""

import argparse
import io
import locale
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from transformers_explained.lesson.labels import label
from transformers_explained.lesson.language import LANGUAGES, closest_language

# argparse speaks English only: its phrases, and our texts for them.
ARGPARSE_PHRASES = {
    "unrecognized arguments:": "train.unrecognized",
    "the following arguments are required:": "train.required",
    "expected one argument": "train.one-expected",
    "invalid choice:": "train.invalid-choice",
    "(choose from": "train.choose-from",
    "ambiguous option:": "train.ambiguous",
    "could match": "train.could-match",
    "ignored explicit argument": "train.superfluous",
}


class _Formatter(argparse.HelpFormatter):
    """Help whose "usage:" is in the reader's language."""

    def add_usage(self, usage, actions, groups, prefix=None):  # type: ignore[no-untyped-def]
        if prefix is None:
            prefix = label("train.usage") + " "
        super().add_usage(usage, actions, groups, prefix)


class Parser(argparse.ArgumentParser):
    """A parser whose own words are in the reader's language too."""

    def __init__(self, **options: object) -> None:
        super().__init__(formatter_class=_Formatter, add_help=False, **options)  # type: ignore[arg-type]
        self._positionals.title = label("train.arguments")
        self._optionals.title = label("train.options")
        self.add_argument("-h", "--help", action="help", help=label("train.help"))

    def error(self, message: str) -> NoReturn:
        for phrase, text in ARGPARSE_PHRASES.items():
            message = message.replace(phrase, label(text))
        if match := re.fullmatch(r"argument (\S+): (.*)", message, re.DOTALL):
            message = label("train.at-argument", name=match[1], problem=match[2])
        self.print_usage(sys.stderr)
        self.exit(2, f"{label('train.error')} {message}\n")


def at_least(least: int) -> Callable[[str], int]:
    """The type of an option that takes whole numbers, from `least` up."""

    def whole_number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            problem = label("train.too-small", least=least, text=repr(text))
            raise argparse.ArgumentTypeError(problem)
        return int(text)

    return whole_number


def speak_anywhere() -> None:
    """Let a terminal of an old encoding show "?" where it lacks a sign: to end in an
    error over a no-break space would lose the answer."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def wanted_language(arguments: Sequence[str]) -> str:
    """`--language`, read before the help is written; else that of the environment,
    in which the parser itself then refuses another language."""
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--language", nargs="?")
    chosen: str | None = first.parse_known_args(arguments)[0].language
    return chosen if chosen in LANGUAGES else _environment_language()


def _environment_language() -> str:
    """French if the reader's system says so, English otherwise."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return closest_language(value)
    return closest_language(locale.getlocale()[0] or "")  # on Windows: "French_France"
