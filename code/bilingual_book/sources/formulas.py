r"""Compare formulas: equal up to words, spaces and the way decimals are written."""

import re

from bilingual_book.locales import LOCALES

# Commands whose argument is a word of the page's language.
_TEXT = re.compile(r"\\(?:text|textrm|textit|textbf|textsf|mbox|tag)\*?\s*\{")
_SPACES = re.compile(r"\\[,;:! ]|~|\s+")
_BRACED_COMMA = re.compile(r"(?<=\d)\{,\}(?=\d)")
_COMMAND_THEN_LETTER = re.compile(r"(\\[A-Za-z]+)\s+(?=[A-Za-z])")


def normal_formula(formula: str, language: str) -> str:
    r"""A formula without what may differ between languages.

    The content of ``\text{...}``, spaces and a full stop at the end go; so do the
    ways of writing a number: French ``10\,000{,}5`` and English ``10{,}000.5`` both
    become ``10000.5``, and French ``(0{,}5 ; 1)`` becomes ``(0.5,1)``.
    """
    text = _without_words(formula.strip())
    locale = LOCALES[language]
    text = _BRACED_COMMA.sub("." if locale.decimal == "," else "", text)
    text = _COMMAND_THEN_LETTER.sub("\\1\0", text)  # \cdot x is not \cdotx
    text = _SPACES.sub("", text).replace("\0", " ")
    return text.replace(locale.list_sign, ",").rstrip(".,")


def _without_words(formula: str) -> str:
    parts, start = [], 0
    for match in _TEXT.finditer(formula):
        if match.start() < start:
            continue  # inside a text that is gone already
        parts.append(formula[start : match.end()])
        start = _closing_brace(formula, match.end())
    return "".join([*parts, formula[start:]])


def _closing_brace(text: str, start: int) -> int:
    """The index of the brace that closes the one just before ``start``."""
    depth = 1
    for index in range(start, len(text)):
        if text[index] in "{}" and text[index - 1] != "\\":
            depth += 1 if text[index] == "{" else -1
            if depth == 0:
                return index
    return len(text)
