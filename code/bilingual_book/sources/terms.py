"""The terms of the glossary, and how to find them in running text.

`book/terms.csv` names each term in both languages and defines it. Its columns `link_en`
and `link_fr` say which words of a chapter stand for the term, separated by `|`:

- nothing: the term as it is written; `no`: none;
- `word`: this instead of the term as it is written;
- `!word`: left alone (« faire attention » is not the attention of this book);
- `slug: word` or `!slug: word`: the same on one page only (the « têtes » of one chapter
  are of attention, those of another classify).

Plurals, feminines and hyphens need not be written.

The column `introduced` names the chapter that introduces the term; it is empty as long
as no chapter does.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bilingual_book.locales import LOCALES
from bilingual_book.project import LANGUAGES

# What stands between the words of a term: "fine-tuning", "fine tuning".
BETWEEN = r"(?:[-‐‑–]|\s+)"
# No term begins or ends inside a word, nor inside a word with hyphens.
BEFORE, AFTER = r"(?<!\w)(?<!\w[-‐‑])", r"(?!\w)(?![-‐‑]\w)"
SENTENCE_END = ".!?:…"
OPENING = " \t\n\u00a0«“\"'(["


@dataclass(frozen=True, kw_only=True)
class Form:
    """Words to look for.

    Attributes:
        text: the words.
        page: the only page where they are looked for; empty: every page.
        stands: whether they stand for the term, or are left alone.
    """

    text: str
    page: str = ""
    stands: bool = True


@dataclass(frozen=True, kw_only=True)
class Term:
    """A term of the glossary.

    Attributes:
        words: how it is written, by language.
        definitions: one sentence, by language.
        links: the columns `link_fr` and `link_en`, by language.
        introduced: the chapter that introduces it.
    """

    words: dict[str, str]
    definitions: dict[str, str]
    links: dict[str, str] = field(default_factory=dict)
    introduced: str = ""

    def forms(self, language: str) -> list[Form]:
        """What to look for, and what to leave alone."""
        column = self.links.get(language, "").strip()
        if column == "no":
            return []
        forms = [read_form(form) for form in column.split("|") if form.strip()]
        if not any(form.stands and not form.page for form in forms):
            forms += [Form(text=text) for text in usual_forms(self.words[language])]
        return forms


def read_form(written: str) -> Form:
    """Read `word`, `!word`, `slug: word` or `!slug: word`."""
    found = re.fullmatch(r"\s*(!?)(?:([a-z0-9-]+):\s)?\s*([^!\s].*?)\s*", written)
    if found is None:
        raise ValueError(f"a form must hold a word; got {written!r}")
    return Form(text=found[3], page=found[2] or "", stands=not found[1])


def usual_forms(term: str) -> list[str]:
    """The forms of a term: "a / b" is two words, "a b (AB)" one with a short form."""
    forms = []
    for part in term.split(" / "):
        forms.append(" ".join(re.sub(r"\([^)]*\)", "", part).split()))
        forms += re.findall(r"\(([^)]*)\)$", part)
    return forms


def read_terms(path: Path) -> list[Term]:
    """The rows of `terms.csv`; a book without the file has no terms."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Term(
                words={code: row[code] for code in LANGUAGES},
                definitions={code: row[f"definition_{code}"] for code in LANGUAGES},
                links={code: row[f"link_{code}"] for code in LANGUAGES},
                introduced=row.get("introduced") or "",
            )
            for row in csv.DictReader(file)
        ]


@dataclass(frozen=True, kw_only=True)
class Use:
    """A term in a text: ``text[start:end]`` stands for it."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Finds the terms on a page of one language."""

    terms: list[Term]
    language: str
    page: str = ""

    @cached_property
    def candidates(self) -> list[tuple[str, Term | None]]:
        """All forms, the longest first; what is left alone leads to no term."""
        found = [
            (form.text, term if form.stands else None)
            for term in self.terms
            for form in term.forms(self.language)
            if form.page in {"", self.page}
        ]
        return sorted(found, key=lambda pair: -len(pair[0]))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """One group per candidate, in their order."""
        forms = (form_pattern(form, self.language) for form, _ in self.candidates)
        groups = "|".join(f"({form})" for form in forms)
        return re.compile(f"{BEFORE}(?:{groups or '(?!)'}){AFTER}")

    def is_form(self, text: str) -> bool:
        """Whether a text is a term and nothing else."""
        use = next(self.uses(text), None)
        return use is not None and (use.start, use.end) == (0, len(text))

    def uses(self, text: str) -> Iterator[Use]:
        """The terms of a text, from left to right, none inside another."""
        for match in self.pattern.finditer(text):
            form, term = self.candidates[(match.lastindex or 1) - 1]
            capital = match[0][0].isupper() and not form[0].isupper()
            if term and not (capital and not starts_sentence(text, match.start())):
                yield Use(term=term, start=match.start(), end=match.end())


def starts_sentence(text: str, position: int) -> bool:
    """Whether a sentence starts at a position."""
    before = text[:position].rstrip(OPENING)
    return not before or before[-1] in SENTENCE_END


def form_pattern(form: str, language: str) -> str:
    """The pattern of a form and its inflections; its first letter may be a capital."""
    words = re.split(BETWEEN, form)
    first = words[0][0]
    start = first if first.isupper() else f"[{first}{first.upper()}]"
    inflected = [inflections(word, language) for word in words]
    inflected[0] = start + inflected[0][1:]
    return BETWEEN.join(inflected)


def inflections(word: str, language: str) -> str:
    """The pattern of a word in all its forms; one in capitals may take an s."""
    if len(word) > 1 and word[-1].isupper():
        return f"{re.escape(word)}s?"
    ending, pattern = next(
        (ending, pattern)
        for ending, pattern in LOCALES[language].endings
        if word.endswith(ending)
    )
    stem = re.escape(word.removesuffix(ending)).replace("'", "['’]")
    return stem + pattern
