"""Check how pages are written: spelling, typography, and where their terms lead."""

import shutil
from collections.abc import Iterable, Iterator

from bilingual_book.errors import BookError
from bilingual_book.language.prose import prose
from bilingual_book.language.spelling import (
    MissingDictionaryError,
    Speller,
    misspellings,
    read_list,
)
from bilingual_book.language.texts import Text, all_texts, own_texts
from bilingual_book.language.typography import faults, formula_faults
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sources.page import page_reader
from bilingual_book.sources.terms import Finder, Term, read_terms

INSTALL = "apt-get install hunspell hunspell-fr hunspell-en-gb"


def check_language(project: Project, slugs: Iterable[str] = ()) -> None:
    """Check the language of some pages, or of all that the book says.

    Args:
        project: The book.
        slugs: The pages; none: all of them, and the texts around them.

    Raises:
        BookError: With one line per mistake.
    """
    slugs = project.known(slugs)
    messages = []
    for language in LANGUAGES:
        texts = [t for slug in slugs for t in own_texts(project, language, slug)]
        texts = texts or list(all_texts(project, language))
        messages += [*spelling(project, texts, language), *typography(texts, language)]
        for slug in slugs or project.pages:
            messages += decimals(project, language, slug)
    if messages:
        raise BookError("\n".join(messages))


def spelling(project: Project, texts: list[Text], language: str) -> list[str]:
    """The words that neither a dictionary nor the project's list knows.

    Raises:
        BookError: If Hunspell or a dictionary is missing.
    """
    program = shutil.which("hunspell")
    if program is None:
        raise BookError("hunspell is not installed", fix=INSTALL)
    folder = project.book / "spelling"
    lists = {code: read_list(folder / f"{code}.txt") for code in LANGUAGES}
    try:
        found = misspellings(texts, language, Speller(lists, program))
    except MissingDictionaryError as error:
        raise BookError(str(error), fix=INSTALL) from error
    return [str(mistake) for mistake in found]


def typography(texts: Iterable[Text], language: str) -> Iterator[str]:
    """The rules that texts break; code and words of the other language have none."""
    for text in texts:
        if not (text.in_code or text.sentence.language):
            for rule in faults(text.sentence.text, language):
                yield f"{text}: {rule}: {text.sentence.text.strip()[:120]!r}"


def decimals(project: Project, language: str, slug: str) -> Iterator[str]:
    """The formulas of a page that write decimals as the other language does."""
    path = project.source(language, slug)
    page = path.read_text(encoding="utf-8")
    for line, formula in formula_faults(page, language):
        yield f"{path}:{line}: decimals of the other language: {formula!r}"


def term_uses(project: Project, language: str, slug: str) -> Iterator[str]:
    """Where a page first uses each term of the glossary: there it leads to it."""
    path = project.source(language, slug)
    terms = read_terms(project.book / "terms.csv")
    finder = Finder(terms=terms, language=language, page=slug)
    seen: list[Term] = []
    for sentence in prose(path.read_text(encoding="utf-8"), page_reader(project)):
        if sentence.unmarked or sentence.language:
            continue
        for use in finder.uses(sentence.text):
            if use.term not in seen:
                seen.append(use.term)
                words = sentence.text[use.start : use.end]
                yield f"{path}:{sentence.line}: {words} → {use.term.words[language]}"
