"""No word of the glossary is used before it is introduced, unless it leads there.

Each term is introduced by one chapter, once for the whole book (`book/terms.csv`,
column `introduced`). A page that comes before may use it: its first use must lead to
the glossary or to that chapter. In running text the first use of a term leads to the
glossary by itself (`sphinx_ext.glossary_links`); in a heading, a goal, a caption, a
table, a fold or an exercise it does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bilingual_book.language.prose import Sentence, prose
from bilingual_book.project import Project
from bilingual_book.sources.page import page_reader
from bilingual_book.sources.terms import Finder, Term, read_terms

GLOSSARY = "glossary"
# Where a page may introduce a term: running text, and two places beside it.
EXPLAINS = frozenset({"", "heading", "fold"})


@dataclass(frozen=True, kw_only=True)
class Use:
    """The first use of a term on a page.

    Attributes:
        path: of the page.
        sentence: where the term is used.
        words: as they stand there.
        term: the term.
        linked: whether it leads to the glossary or to the chapter that introduces it.
    """

    path: Path
    sentence: Sentence
    words: str
    term: Term
    linked: bool

    def __str__(self) -> str:
        introduced = self.term.introduced or "no chapter yet"
        return (
            f"{self.path}:{self.sentence.line}: {self.words!r} is introduced by "
            f"{introduced}: link it ({{ref}} or {{term}}), or say it in other words"
        )


def pages_in_order(project: Project) -> list[str]:
    """The pages up to the last numbered chapter; what follows may use every term."""
    last = max((project.pages.index(slug) for slug in project.numbered), default=-1)
    return project.pages[: last + 1]


def first_uses(project: Project, language: str, slug: str) -> list[Use]:
    """The first use of each term that a reader of a page meets."""
    path = project.source(language, slug)
    terms = read_terms(project.book / "terms.csv")
    finder = Finder(terms=terms, language=language, page=slug)
    links_itself = project.is_notebook(slug)
    found: dict[int, Use] = {}
    for sentence in prose(path.read_text(encoding="utf-8"), page_reader(project)):
        if sentence.unmarked or sentence.language:
            continue
        for use in finder.uses(sentence.text):
            found.setdefault(
                id(use.term),
                Use(
                    path=path,
                    sentence=sentence,
                    words=sentence.text[use.start : use.end],
                    term=use.term,
                    linked=(links_itself and not sentence.aside)
                    or any(leads_to(goal, use.term) for goal in sentence.links),
                ),
            )
    return list(found.values())


def leads_to(goal: str, term: Term) -> bool:
    """Whether a reference leads to where a term is explained."""
    page = term.introduced
    return goal == GLOSSARY or (
        bool(page) and (goal == page or goal.startswith(f"{page}-"))
    )


def too_early(project: Project, language: str) -> Iterator[Use]:
    """The first uses of terms that come before their chapter and lead nowhere."""
    pages = pages_in_order(project)
    for number, slug in enumerate(pages):
        for use in first_uses(project, language, slug):
            home = use.term.introduced
            before = home not in pages or number < pages.index(home)
            if before and not use.linked:
                yield use


def not_introduced(project: Project, language: str) -> Iterator[str]:
    """The terms that their chapter uses in no running text, heading or fold."""
    terms = read_terms(project.book / "terms.csv")
    for slug in project.numbered:
        path = project.source(language, slug)
        finder = Finder(terms=terms, language=language, page=slug)
        told = {
            id(use.term)
            for sentence in prose(path.read_text("utf-8"), page_reader(project))
            if sentence.aside in EXPLAINS
            if not (sentence.unmarked or sentence.language)
            for use in finder.uses(sentence.text)
        }
        for term in terms:
            if term.introduced == slug and id(term) not in told:
                yield f"{path} does not introduce {term.words[language]!r}"
