"""The list of references speaks the page's language."""

from pybtex.backends.plaintext import Backend
from pybtex.database import parse_string

from bilingual_book.sphinx_ext.bibliography import style_with

ENTRIES = """
@inproceedings{a, author={Lake, Ann and Baroni, Bea and Chen, Cy}, title={One},
  booktitle={Proceedings}, year={2018}, url={https://example.org/a}}
@techreport{b, author={Moss, Dee and Ba, Eli}, title={Two},
  institution={OpenAI}, year={2019}}
"""
FRENCH = {
    "and": "et",
    "In": "Dans",
    "URL:": "URL :",
    "Technical Report": "Rapport technique",
}


def listed(words: dict[str, str]) -> list[str]:
    entries = parse_string(ENTRIES, "bibtex")
    formatted = style_with(words)().format_bibliography(entries)
    return [entry.text.render(Backend()) for entry in formatted]


def test_joining_words_are_the_languages_own() -> None:
    one, two = listed(FRENCH)
    assert "Ann Lake, Bea Baroni et Cy Chen" in one
    assert "Dans Proceedings" in one
    assert "URL : https://example.org/a" in one
    assert "Dee Moss et Eli Ba" in two
    assert "Rapport technique, OpenAI" in two


def test_a_style_leaves_the_one_before_alone() -> None:
    listed(FRENCH)
    one, _ = listed({**{word: word for word in FRENCH}, "and": "and"})
    assert "Bea Baroni and Cy Chen" in one
    assert "In Proceedings" in one
