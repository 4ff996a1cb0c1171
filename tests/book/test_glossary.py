"""The glossary of each language holds the terms of book/terms.csv, and only these."""

import csv
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest

from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sources.page import page_reader

ROOT = Path(__file__).parents[2]
PROJECT = Project(ROOT)
OTHER = {"fr": "en", "en": "fr"}
# The line after a definition; the class makes HTML say the language of the word.
OTHER_WORD = {
    "fr": "*Anglais\u00a0: [{word}]{{.language-en}}.*",
    "en": "*French: [{word}]{{.language-fr}}.*",
}

# A word of the other language within a term: « remplissage ([padding]{.language-en}) ».
FOREIGN = re.compile(r"\[([^\]]*)\]\{\.language-\w+\}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A term of a page, and the lines below it."""

    term: str
    lines: tuple[str, ...]


def read_terms() -> list[dict[str, str]]:
    with (ROOT / "book" / "terms.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TERMS = read_terms()


def read_entries(source: str) -> list[Entry]:
    """The entries of a {glossary}: a term at the margin, its lines indented."""
    found = re.findall(r"^(\S.*)\n((?:[ \t]+\S.*\n?|\n)*)", source, re.M)
    return [
        Entry(
            term=FOREIGN.sub(r"\1", term),
            lines=tuple(line.strip() for line in below.splitlines() if line.strip()),
        )
        for term, below in found
    ]


def page_entries(language: str) -> list[Entry]:
    page = page_reader(PROJECT).read(PROJECT.source(language, "glossary"), language)
    (glossary,) = page.directives("glossary")
    return read_entries(glossary.source)


def order(term: str) -> str:
    """Where a term stands in the alphabet: accents, spaces and signs aside."""
    letters = unicodedata.normalize("NFD", term.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def test_entries_are_read() -> None:
    source = "a ([term]{.language-en})\n  Its.\n\n  *Other.*\n\nb\n  Two.\n"
    assert read_entries(source) == [
        Entry(term="a (term)", lines=("Its.", "*Other.*")),
        Entry(term="b", lines=("Two.",)),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_stands_once_in_the_data(language: str) -> None:
    terms = [row[language].lower() for row in TERMS]
    assert TERMS
    assert all(term and term == term.strip() for term in terms)
    assert sorted(set(terms)) == sorted(terms)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_definition_is_one_sentence_of_its_own(language: str) -> None:
    definitions = [row[f"definition_{language}"] for row in TERMS]
    for text in definitions:
        assert re.fullmatch(r"[A-ZÀÉÊ][^\n]{20,}[^.\s]\.", text), text
        assert not re.search(r"[.!?] [A-ZÀÉÊ]", text), f"two sentences: {text}"
    assert len(set(definitions)) == len(definitions)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_the_data_say(language: str) -> None:
    expected = {
        row[language]: (
            row[f"definition_{language}"],
            OTHER_WORD[language].format(word=row[OTHER[language]]),
        )
        for row in TERMS
    }
    entries = page_entries(language)
    assert {entry.term: entry.lines for entry in entries} == expected
    assert len(entries) == len(TERMS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_entries_are_in_alphabetical_order(language: str) -> None:
    terms = [entry.term for entry in page_entries(language)]
    assert terms == sorted(terms, key=order)
