"""French and English typography, in pages, figures, glossary and interface."""

from pathlib import Path

import pytest

from bilingual_book.language.texts import all_texts
from bilingual_book.language.typography import (
    NARROW,
    NO_BREAK,
    faults,
    formula_faults,
    formulas,
)
from bilingual_book.project import LANGUAGES, Project

ROOT = Path(__file__).parents[2]
PROJECT = Project(ROOT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_breaks_a_rule(language: str) -> None:
    texts = [
        text
        for text in all_texts(PROJECT, language)
        if not (text.in_code or text.sentence.language)
    ]
    assert len({text.path for text in texts}) > 20
    found = [
        f"{text}: {rule}: {text.sentence.text.strip()[:120]!r}"
        for text in texts
        for rule in faults(text.sentence.text, language)
    ]
    assert not found, "\n".join(found)


def test_formulas_are_found() -> None:
    text = "a $b$\n```{math}\nc\n```\nd\n```{code-cell} python\n$e$\n```\n$f$\n"
    found = list(formulas(text))
    assert found == [(1, "$b$"), (2, "```{math}\nc\n```"), (9, "$f$")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_formulas_write_decimals_as_the_language_does(language: str) -> None:
    pages = [p.read_text("utf-8") for p in (ROOT / "book" / language).glob("*.md")]
    assert sum(len(list(formulas(page))) for page in pages) > 100
    assert [formula_faults(page, language) for page in pages] == [[]] * len(pages)


WRONG = {
    "fr": [
        "Quoi?",
        "Quoi ?",
        "un : deux",
        "un: deux",
        "un ; deux",
        "Non !",
        f"«{NO_BREAK}mot »",
        f"« mot{NO_BREAK}»",
        '"mot"',
        "“mot”",
        "et puis...",
        "vaut 0.5",
        "vaut 12.75 en moyenne",
        "section 3, où 2.5 suffit",
        "vaut 3,5 %",
        "vaut 3,5%",
        f"vaut 3{NARROW}%",
        "3 Go",
        "10 000 mots",
        f"10{NO_BREAK}000 mots",
        "10000 mots",
        "A partir de là",
        "Fin. A la main",
        "Ca suffit",
        "la 2ème",
        "oui - non",
        "oui — non",
        "un  deux",
        "un , deux",
        "un .",
        "( un)",
        "l’attention",
        "la librairie",
        "un outil digital",
        "si tu veux",
    ],
    "en": [
        "What ?",
        f"one{NO_BREAK}: two",
        "5 %",
        f"5{NO_BREAK}%",
        "« word »",
        "“word”",
        "and then...",
        "it is 0,5",
        "10 000 words",
        "10000 words",
        "yes - no",
        "yes — no",
        "one  two",
        "one , two",
        "the reader’s",
    ],
}
RIGHT = {
    "fr": [
        f"Quoi{NO_BREAK}? Oui{NO_BREAK}! Ceci{NO_BREAK}: cela{NO_BREAK}; "
        f"«{NO_BREAK}mot{NO_BREAK}».",
        "Il faut Python 3.11 (voir l'article).",
        "sections 3.1, 3.2.3 et 6.1, annexe A.1.2, licence CC BY 4.0",
        f"vaut 0,5 puis 3,5{NO_BREAK}%, soit 1{NARROW}234,5 pour 2{NO_BREAK}Go",
        "à 10:30, https://example.org/a?b=0.5",
        f"Vraiment{NO_BREAK}?! Et puis… (?)",
        f"{{share:.2f}}{NO_BREAK}% de `x = 0.5`, en 2017, le 1er et le 2e – oui",
        "Les poids A, de A à B. À gauche, A multipliée par V",
        "(…, T, S)",
        "0.05 0.6 0.15",  # what a drawing reads
    ],
    "en": [
        'What? One: two; "word", it\'s 0.5%, 10,000 words in 2017 – yes',
        "(1, 12, 100) and {a} … `5 %`",
    ],
}


@pytest.mark.parametrize(
    ("language", "text"), [(lang, text) for lang in WRONG for text in WRONG[lang]]
)
def test_wrong_typography_is_seen(language: str, text: str) -> None:
    assert len(faults(text, language)) == 1 or text.count("»") + text.count("”") == 1


@pytest.mark.parametrize(
    ("language", "text"), [(lang, text) for lang in RIGHT for text in RIGHT[lang]]
)
def test_right_typography_passes(language: str, text: str) -> None:
    assert faults(text, language) == []
