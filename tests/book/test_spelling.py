"""Spelling in both languages: Hunspell's dictionaries and the project's own lists."""

import os
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bilingual_book.language.cell_words import cell_sentences
from bilingual_book.language.prose import Sentence, prose
from bilingual_book.language.spelling import (
    MissingDictionaryError,
    Speller,
    all_words,
    misspellings,
    read_list,
    with_z,
    words,
)
from bilingual_book.language.texts import (
    Text,
    all_texts,
    label_texts,
    page_texts,
    term_texts,
)
from bilingual_book.locales import LOCALES
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sources.page import PageReader, page_reader

ROOT = Path(__file__).parents[2]
PROJECT = Project(ROOT)
INSTALL = "apt-get install hunspell hunspell-fr hunspell-en-gb"
LISTS = {lang: read_list(ROOT / "book/spelling" / f"{lang}.txt") for lang in LANGUAGES}


@pytest.fixture(scope="module")
def hunspell(require_tool: Callable[[tuple[str, ...], str], str]) -> str:
    """Hunspell with both dictionaries; without, the tests are skipped, or fail."""
    program = require_tool(("hunspell",), INSTALL)
    speller = Speller(dict.fromkeys(LANGUAGES, ()), program)
    try:
        assert (
            speller.unknown(["chat"], "fr") == speller.unknown(["cat"], "en") == set()
        )
    except MissingDictionaryError as error:
        message = f"{error}: {INSTALL}"
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return program


@pytest.fixture(scope="module")
def texts() -> dict[str, list[Text]]:
    return {language: list(all_texts(PROJECT, language)) for language in LANGUAGES}


@pytest.fixture(scope="module")
def reader() -> PageReader:
    return page_reader(PROJECT)


@pytest.fixture
def speller(hunspell: str) -> Speller:
    """What knows the dictionaries only."""
    return Speller(dict.fromkeys(LANGUAGES, ()), hunspell)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_known(
    language: str, texts: dict[str, list[Text]], hunspell: str
) -> None:
    found = misspellings(texts[language], language, Speller(LISTS, hunspell))
    assert not found, "\n".join(map(str, found))


def test_every_listed_word_is_needed(
    texts: dict[str, list[Text]], hunspell: str
) -> None:
    speller = Speller(LISTS, hunspell)
    for language in LANGUAGES:
        misspellings(texts[language], language, speller)
    unused = {lang: set(LISTS[lang]) - speller.used[lang] for lang in LANGUAGES}
    assert unused == {"fr": set(), "en": set()}


def order(word: str) -> str:
    """Where a word stands in the alphabet: accents aside."""
    letters = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_is_in_alphabetical_order(language: str) -> None:
    assert LISTS[language]
    assert sorted(set(LISTS[language]), key=lambda w: (order(w), w)) == LISTS[language]


def test_english_writes_ize(texts: dict[str, list[Text]], speller: Speller) -> None:
    english = [text for text in texts["en"] if not text.sentence.language]
    other = {with_z(word): word for word in all_words(english, "en") if with_z(word)}
    spelled = {z: word for z, word in other.items() if z}
    wrong = set(spelled) - speller.unknown(spelled, "en")
    assert {spelled[word] for word in wrong} == set()


@pytest.mark.parametrize(
    ("word", "other"),
    [("normalised", "normalized"), ("tokenisation", "tokenization"), ("disc", None)],
)
def test_the_other_ending(word: str, other: str | None) -> None:
    assert with_z(word) == other


@pytest.mark.parametrize("word", ["surprize", "exercize", "raize", "precizely"])
def test_only_s_is_possible(word: str, speller: Speller) -> None:
    assert speller.unknown([word], "en") == {word}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "fr",
            "L'attention d'aujourd'hui, qu'elle",
            ["attention", "aujourd'hui", "elle"],
        ),
        ("en", "the model's losses, don't", ["the", "model", "losses", "don't"]),
        ("en", "GPT-2, word2vec, d_k, BERT-base", ["GPT", "BERT-base"]),
        ("en", r"$d_\mathrm{{model}}$ wide, $5 or $10", ["wide", "or"]),
        ("fr", "à {name:.2f}, `code` et <b>gras</b> – https://a.org/b", ["et", "gras"]),
    ],
)
def test_words(language: str, text: str, expected: list[str]) -> None:
    assert list(words(text, language)) == expected


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("fr", "atention"),
        ("fr", "Etat"),
        ("fr", "Ecrire"),
        ("fr", "DECODEUR"),
        ("fr", "coeur"),
        ("fr", "auto-atention"),
        ("en", "atention"),
        ("en", "color"),
        ("en", "neighbor"),
        ("en", "analyze"),
        ("en", "self-atention"),
    ],
)
def test_a_wrong_word_is_seen(language: str, word: str, speller: Speller) -> None:
    part = word.rpartition("-")[2]
    assert speller.unknown([word, "question"], language) == {part}


def test_a_list_knows_a_word_and_its_capital(hunspell: str) -> None:
    known = ["PyTorch", "scikit-learn", "softmax"]
    speller = Speller({"fr": known, "en": []}, hunspell)
    found = ["softmax", "Softmax", "PyTorch", "pytorch", "scikit-learn", "auto-scikit"]
    assert speller.unknown(found, "fr") == {"pytorch", "scikit"}
    assert speller.used["fr"] == set(known)


def test_a_missing_dictionary_is_named(
    speller: Speller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LOCALES, "fr", replace(LOCALES["fr"], dictionary="xx_XX"))
    with pytest.raises(MissingDictionaryError, match="xx_XX"):
        speller.unknown(["mot"], "fr")


PAGE = """---
html_meta:
  description: Une page d'essai.
---
# Un titre

Un texte, `codde`, $formulle$, {{cite:t}}`auteurr` et [un lien](adressse.md).{prose}

```{{code-cell}} python
---
mystnb:
  figure:
    caption: Une légende.
  image:
    alt: Un dessin.{alt}
---
total = 3  # un commentaire sur total{comment}


def f():
    \"\"\"Rend deux.{docstring}\"\"\"
    return 2


print("le texte :", f(), f"fin{printed} {{total}}")
```
"""
PLACES = ("prose", "alt", "comment", "docstring", "printed")
LINES = {"prose": 7, "alt": 15, "comment": 17, "docstring": 21, "printed": 25}


def page_with(folder: Path, **planted: str) -> Path:
    path = folder / "essai.md"
    texts = dict.fromkeys(PLACES, "") | planted
    path.write_text(PAGE.format(**texts), encoding="utf-8")
    return path


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_error_is_found(
    place: str, tmp_path: Path, reader: PageReader, speller: Speller
) -> None:
    path = page_with(tmp_path)
    assert misspellings(page_texts(path, "fr", reader), "fr", speller) == []
    path = page_with(tmp_path, **{place: " une fautte"})
    (found,) = misspellings(page_texts(path, "fr", reader), "fr", speller)
    assert found.word == "fautte"
    assert str(found).startswith(f"{path}:{LINES[place]}: 'fautte': mend it")


def test_a_foreign_word_is_marked_or_translated(
    tmp_path: Path, reader: PageReader, speller: Speller
) -> None:
    path = page_with(tmp_path, prose=" Un *embedding*.")
    (found,) = misspellings(page_texts(path, "fr", reader), "fr", speller)
    assert found.advice == "translate it, or mark it: [embedding]{.language-en}"
    path = page_with(
        tmp_path, prose=" Un *[word embedding]{.language-en}*.", alt=" L'embedding."
    )
    assert misspellings(page_texts(path, "fr", reader), "fr", speller) == []
    path = page_with(tmp_path, prose=" Un *[word embeding]{.language-en}*.")
    (found,) = misspellings(page_texts(path, "fr", reader), "fr", speller)
    assert found.word == "embeding"


def test_labels_are_read(tmp_path: Path, speller: Speller) -> None:
    path = tmp_path / "essai.toml"
    path.write_text(
        '[a]\nfr = "une\\nfautte"\nen = "a word"\n\n[b]\nfr = "bon"\nen = "goood"\n',
        encoding="utf-8",
    )
    for language, place in (("fr", "1: 'fautte'"), ("en", "5: 'goood'")):
        (found,) = misspellings(label_texts(path, language), language, speller)
        assert str(found).startswith(f"{path}:{place}")


def test_terms_are_read(tmp_path: Path, speller: Speller) -> None:
    path = tmp_path / "terms.csv"
    path.write_text(
        "en,fr,note,definition_fr,definition_en\n"
        "learning,apprentissage (learning),,Une fautte.,A definition.\n",
        encoding="utf-8",
    )
    assert misspellings(term_texts(path, "en"), "en", speller) == []
    (found,) = misspellings(term_texts(path, "fr"), "fr", speller)
    assert str(found).startswith(f"{path}:2: 'fautte'")


EVERY_PLACE = """# Un titre

Du texte, `code: x?`, $a ; b$ {cite:t}`b` et [lien](c.md).
Un [mot
anglais]{.language-en}, {ref}`une section <d>`, {ref}`e`, {term}`terme`,
<span lang="en">other</span> ![une image](f.png)
:::{admonition} Un cadre
:class: tip
Dedans.
:::

```python
"x"?
```
```{code-cell} python
---
mystnb:
  figure:
    caption: |
      Une *ligne*,
      une autre.
  image:
    alt: "Un dessin : <fin>."
---
x = "a?"
```
```{glossary}
un terme (word)
  Sa définition.
```
"""


def test_prose_is_what_a_reader_reads(reader: PageReader) -> None:
    found = prose(EVERY_PLACE, reader)
    shown = "\n".join(sentence.text for sentence in found)
    for left_out in ("code:", "a ; b", '"x"', "a?", "c.md", "class", "f.png"):
        assert left_out not in shown
    by_line = {(s.line, s.language, s.unmarked): s.text for s in found}
    assert by_line[1, "", False] == "Un titre"
    assert by_line[4, "en", False] == "mot"
    assert by_line[5, "en", False] == "anglais"
    assert "une section" in by_line[5, "", False]
    assert "terme" in by_line[5, "", False]
    assert by_line[6, "en", False] == "other"
    assert by_line[6, "", True] == "une image"
    assert by_line[7, "", False] == "Un cadre"
    assert by_line[9, "", False] == "Dedans."
    assert by_line[20, "", False] == "Une ligne,"
    assert by_line[21, "", False] == "une autre."
    assert by_line[23, "", True] == "Un dessin : <fin>."
    assert by_line[28, "", True] == "un terme (word)"
    assert by_line[29, "", False] == "Sa définition."


def test_comments_leave_their_code_out(tmp_path: Path, reader: PageReader) -> None:
    path = tmp_path / "essai.md"
    path.write_text(
        "```{code-cell} python\n"
        'weights = a.softmax(dim=-1)  # weights somme, softmax(x) "keys" d_k, un mot\n'
        'x = ["token", "two words"]  # token, words\n```\n',
        encoding="utf-8",
    )
    found = list(cell_sentences(reader.read(path, "fr").cells))
    left = [list(words(sentence.text, "fr")) for sentence in found]
    assert left == [["somme", "un", "mot"], ["words"]]
    assert all(isinstance(sentence, Sentence) for sentence in found)


def test_everything_is_read(texts: dict[str, list[Text]]) -> None:
    for language, front in (("fr", "README.fr.md"), ("en", "README.md")):
        read = {str(text.path.relative_to(ROOT)) for text in texts[language]}
        pages = {str(p.relative_to(ROOT)) for p in ROOT.glob(f"book/{language}/*.md")}
        claims = {str(p.relative_to(ROOT)) for p in ROOT.glob("book/claims/*.yml")}
        # Tales and questions are data, like reviews: their own tests read them.
        labels = set(ROOT.glob("code/transformers_explained/**/*.toml")) - set(
            ROOT.glob("code/transformers_explained/data/*/*.toml")
        )
        others = {"book/terms.csv", "book/languages.yml", "book/poster.yml", front}
        assert (
            pages | claims | others | {str(p.relative_to(ROOT)) for p in labels} <= read
        )
        assert any(text.in_code for text in texts[language])
