"""One word, however it is typed: what Python writes into the index."""

import json
from pathlib import Path

import pytest
from py_mini_racer import MiniRacer

from bilingual_book.sphinx_ext.search.words import words_of

WEB = Path(__file__).parents[2] / "code" / "bilingual_book" / "web" / "theme"
APOSTROPHES = "'\u2019\u2018\u201b\u02bc\u02b9\u2032\u00b4`\uff07"


def words(text: str) -> list[str]:
    """The words of a text, no stemmer between."""
    return words_of(text, str)


@pytest.mark.parametrize("apostrophe", APOSTROPHES)
def test_any_apostrophe_parts_two_words(apostrophe: str) -> None:
    assert words(f"l{apostrophe}attention") == ["l", "attention"]


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("te\u0302te", "tete"),  # the accent as a sign of its own
        ("T\u00caTE", "tete"),
        ("\uff53\uff4f\uff46\uff54\uff4d\uff41\uff58", "softmax"),  # full width
        ("coe\ufb03cient", "coefficient"),  # a ligature of three
        ("\u0153uvre", "oeuvre"),
        ("\U0001d412oftmax", "softmax"),  # a letter of mathematics
    ],
)
def test_a_word_is_one_however_it_is_typed(typed: str, word: str) -> None:
    assert words(typed) == [word]


def test_a_name_is_one_word_and_its_parts() -> None:
    assert words("masked_softmax(x)") == ["masked_softmax", "masked", "softmax", "x"]


def test_the_page_splits_as_python_does() -> None:
    engine = MiniRacer()
    engine.eval("class Stemmer { stemWord(word) { return word; } }")
    engine.eval((WEB / "static" / "search.js").read_text(encoding="utf-8"))
    engine.eval(
        "const { typedWords, plain } = bookSearch({ pages: {}, sections: [],"
        " terms: {}, definitions: {}, numbered: [], stopped: [] }, {});"
    )
    typed = [f"l{a}attention" for a in APOSTROPHES]
    typed += ["te\u0302te", "\uff33OFT\uff4dax", "coe\ufb03cient", "\u0153uvre"]
    typed += ["a" * 200_000, "\u0301" * 200_000, "mot " * 50_000]
    found = json.loads(
        str(
            engine.eval(
                f"JSON.stringify({json.dumps(typed)}"
                ".map((text) => typedWords(text).map(plain)))"
            )
        )
    )
    assert found[:-3] == [words(text) for text in typed[:-3]]
    assert found[-3:] == [["a" * 64], [], ["mot"]]
