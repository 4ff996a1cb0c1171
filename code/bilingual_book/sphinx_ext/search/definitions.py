"""Where a term is explained: what a reader who types it wants to see first."""

from dataclasses import dataclass
from functools import cached_property

from bilingual_book.sources.terms import Term, usual_forms
from bilingual_book.sphinx_ext.search.sections import Kind, Part, Section
from bilingual_book.sphinx_ext.search.words import Stem, words_of

# How much a section is about a term: it stands in its heading (the more, the shorter
# the heading; all the more in that of a page), its label names it, it stands in bold or
# italics, or often.
IN_HEADING, IN_SHORT_HEADING, IN_PAGE_HEADING, IN_PART = 3.0, 3.0, 2.0, 3.0
IN_LABEL, IN_STRONG, MOST_IN_TEXT = 2.0, 2.0, 3
# What is enough for an explanation: in the chapter that introduces the term, more than
# being named once; in another, by its heading and its label alone.
ENOUGH_AT_HOME, ENOUGH_ELSEWHERE, AT_HOME = 4.5, 5.0, 4.0


@dataclass(frozen=True)
class Lesson:
    """The words of a section that teaches, as the index writes them.

    Attributes:
        number: its place among all sections.
        page: its page.
        top: whether it is the page's beginning.
        title: the words of its heading.
        labels: those of its label and of its folds', without the page's name; they are
            English.
        strong: those in bold or italics, between spaces.
        text: all others, in their order, between spaces.
    """

    number: int
    page: str
    top: bool
    title: frozenset[str]
    labels: tuple[frozenset[str], ...]
    strong: str
    text: str

    def is_named(self, phrase: list[str], english: set[str]) -> float:
        """How much its heading and its label name a term."""
        score = IN_LABEL * any(label <= english for label in self.labels)
        if self.title.issuperset(phrase):
            score += IN_HEADING + IN_SHORT_HEADING * len(set(phrase)) / len(self.title)
            score += IN_PAGE_HEADING * self.top
        else:
            score += IN_PART * len(self.title.intersection(phrase)) / len(phrase)
        return score

    def says(self, phrases: list[list[str]]) -> float:
        """How much its text is about a term, by any of its names.

        Several words in their order are no accident: they count as many times.
        """
        sought = [f" {' '.join(phrase)} " for phrase in phrases]
        often = sum(self.text.count(words) * len(words.split()) for words in sought)
        marked = any(words in self.strong for words in sought)
        return min(MOST_IN_TEXT, often) + IN_STRONG * marked


@dataclass(frozen=True)
class Explanations:
    """Finds the section that explains a term.

    Attributes:
        sections: those of the book, in its order.
        stem: the language's stemmer.
        english: that of the labels.
        stopped: the words that are not looked for.
        language: that of the book.
    """

    sections: list[Section]
    stem: Stem
    english: Stem
    stopped: set[str]
    language: str

    def telling(self, text: str) -> list[str]:
        """The words of a text that are looked for."""
        return [w for w in words_of(text, self.stem) if w not in self.stopped]

    def spaced(self, texts: list[str]) -> str:
        """The words of some texts, each text between signs that no word holds."""
        return "".join(f" {' '.join(self.telling(text))} |" for text in texts)

    @cached_property
    def lessons(self) -> list[Lesson]:
        """The sections of the chapters that teach."""
        return [
            Lesson(
                number=number,
                page=section.page,
                top=section.is_page,
                title=frozenset(self.telling(section.title)),
                labels=self.labels(section),
                strong=self.spaced(section.strong),
                text=self.spaced(["".join(part.text) for part in section.parts]),
            )
            for number, section in enumerate(self.sections)
            if section.kind is Kind.LESSON
        ]

    def labels(self, section: Section) -> tuple[frozenset[str], ...]:
        """The words of its labels: `attention-masks` names the masks."""
        own = (own_label(part, section.page) for part in section.parts)
        words = (frozenset(words_of(label, self.english)) for label in own)
        return tuple(filter(None, words))

    def of(self, terms: list[Term]) -> dict[str, int]:
        """For each form of a term, by its `phrase_key`, what explains it.

        It is a section of a chapter that is about it, best in the one that introduces
        it; without any, the entry of the glossary.
        """
        entries = {
            section.title: number
            for number, section in enumerate(self.sections)
            if section.kind is Kind.ENTRY
        }
        found: dict[str, int] = {}
        for term in terms:
            for names in names_of(term, self.language):
                phrases = [self.telling(name) for name in names]
                number = self.best(term, [phrase for phrase in phrases if phrase])
                if number is None:
                    number = entries.get(term.words[self.language])
                if number is not None:
                    for phrase in phrases:
                        found.setdefault(phrase_key(phrase), number)
        return found

    def best(self, term: Term, phrases: list[list[str]]) -> int | None:
        """The section that explains a term best, if one does."""
        english = set(words_of(term.words["en"], self.english))
        scores = {}
        for lesson in self.lessons:
            score = max(lesson.is_named(phrase, english) for phrase in phrases)
            if term.introduced in {"", lesson.page}:
                score += lesson.says(phrases)
                if score >= ENOUGH_AT_HOME:
                    scores[lesson.number] = score + AT_HOME
            elif score >= ENOUGH_ELSEWHERE:
                scores[lesson.number] = score
        return max(scores, key=lambda number: scores[number], default=None)


def own_label(part: Part, page: str) -> str:
    """The words of a label that are not its page's: "masks" of `attention-masks`."""
    return part.label.removeprefix(page).replace("-", " ")


def names_of(term: Term, language: str) -> list[list[str]]:
    """How a reader may write a term: groups of names for one thing.

    A term such as "encoder / decoder" is two things.
    """
    forms = [
        form.text for form in term.forms(language) if form.stands and not form.page
    ]
    names = list(dict.fromkeys(forms or usual_forms(term.words[language])))
    return [[name] for name in names] if " / " in term.words[language] else [names]


def phrase_key(words: list[str]) -> str:
    """The name under which the page looks a phrase up: its words in any order."""
    return " ".join(sorted(set(words)))
