"""Words that neither a dictionary of the system nor the project's own list knows.

A word of the other language is accepted where its page marks it, [word]{.language-en},
and in the places of the same page that can hold no mark: alternative texts, comments.
"""

import re
import subprocess
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bilingual_book.language.texts import Text
from bilingual_book.locales import LOCALES
from bilingual_book.project import other_language

_NOT_PROSE = re.compile(
    r"https?://\S+|`[^`]*`|\$[A-Za-z\\][^$]*\$|<[^<>]*>|\{[^{}]*\}"
    r"|\b\w+\.(?:cff|csv|md|toml|txt)\b"
)
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_AFFIXES = {code: re.compile(it.affix, re.I) for code, it in LOCALES.items()}
_NAME_OF_CODE = re.compile(r"[\d_]")
_ISE = re.compile(r"is(e|ed|es|er|ers|ing|able|ation|ations)$")


class MissingDictionaryError(Exception):
    """Hunspell has no dictionary of a language."""


@dataclass
class Speller:
    """What Hunspell and the project's lists know.

    Attributes:
        lists: The project's words by language.
        program: Hunspell.
        used: The words of the lists that a text needed, by language.
    """

    lists: Mapping[str, Collection[str]]
    program: str = "hunspell"
    used: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def unknown(self, found: Iterable[str], language: str) -> set[str]:
        """The words that nothing knows; of a compound, its parts.

        Raises:
            MissingDictionaryError: If Hunspell has no dictionary of the language.
        """
        found = set(found)
        rejected = self._rejected(found, language)  # a compound, or its part
        parts = {
            part
            for word in found
            if rejected & {word, *word.split("-")} and not self._listed(word, language)
            for part in word.split("-")
        }
        parts = self._rejected(parts, language)
        return {part for part in parts if not self._listed(part, language)}

    def _listed(self, word: str, language: str) -> bool:
        """Whether the list holds a word, or the same with a small first letter."""
        for entry in (word, word[:1].lower() + word[1:]):
            if entry in self.lists[language]:
                self.used[language].add(entry)
                return True
        return False

    def _rejected(self, found: Collection[str], language: str) -> set[str]:
        if not found:
            return set()
        dictionary = LOCALES[language].dictionary
        done = subprocess.run(
            [self.program, "-i", "utf-8", "-d", dictionary, "-l"],
            input="".join(f"{word}\n" for word in sorted(found)),
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # what it says to people is in the system's encoding
            check=False,
        )
        if done.returncode or "Can't open" in done.stderr:
            raise MissingDictionaryError(f"hunspell has no dictionary {dictionary}")
        return set(done.stdout.split())


@dataclass(frozen=True)
class Misspelling:
    """A word that nothing knows, and where it stands."""

    text: Text
    word: str
    advice: str

    def __str__(self) -> str:
        return f"{self.text}: {self.word!r}: {self.advice}"


def misspellings(
    texts: Iterable[Text], language: str, speller: Speller
) -> list[Misspelling]:
    """The words of a language's texts that are not known, marked ones included."""
    other = other_language(language)
    spoken = {language: list[Text](), other: list[Text]()}
    for text in texts:
        spoken[text.sentence.language or language].append(text)
    marked = defaultdict(set)  # the foreign words that each file marks
    for text in spoken[other]:
        for word in words(text.sentence.text, other):
            marked[text.path].update(word.split("-"))

    wrong = speller.unknown(all_words(spoken[language], language), language)
    foreign = wrong - speller.unknown(wrong, other)
    found = []
    for text in spoken[language]:
        allowed = marked[text.path] if text.sentence.unmarked else set()
        for word in words(text.sentence.text, language):
            for part in {word, *word.split("-")} & (wrong - allowed):
                found.append(Misspelling(text, part, advice(part, other, foreign)))

    # A marked term may hold its gloss: [échauffement (warm-up)]{.language-fr}.
    strange = speller.unknown(all_words(spoken[other], other), other)
    strange = speller.unknown(strange, language)
    for text in spoken[other]:
        for word in words(text.sentence.text, other):
            for part in {word, *word.split("-")} & strange:
                found.append(Misspelling(text, part, advice(part, other, set())))
    return found


def all_words(texts: Iterable[Text], language: str) -> set[str]:
    """The words of all texts."""
    return {word for text in texts for word in words(text.sentence.text, language)}


def advice(word: str, other: str, foreign: Collection[str]) -> str:
    """What to do about a word."""
    if word in foreign:
        return f"translate it, or mark it: [{word}]{{.language-{other}}}"
    return "mend it; a name or a term goes into book/spelling"


def words(text: str, language: str) -> Iterator[str]:
    """The words of a text, without elided articles and possessives.

    What holds a digit or an underscore (word2vec, d_k) is a name, not a word; nor is a
    single letter.
    """
    for token in _WORD.findall(_NOT_PROSE.sub(" ", text)):
        bare = _AFFIXES[language].sub("", token)
        parts = bare.split("-") if _NAME_OF_CODE.search(bare) else [bare]
        for part in parts:
            if len(part) > 1 and not _NAME_OF_CODE.search(part):
                yield part


def read_list(path: Path) -> list[str]:
    """The words of a project list: one per line."""
    return path.read_text(encoding="utf-8").split()


def with_z(word: str) -> str | None:
    """The word with -ize for -ise, if it has such an ending."""
    other = _ISE.sub(r"iz\1", word)
    return other if other != word else None
