"""The quotes of the texts around the pages, and of the pages themselves."""

import pytest
from docutils.utils import smartquotes

from bilingual_book.quotes import typeset


@pytest.mark.parametrize(
    ("language", "written", "printed"),
    [
        ("fr", "l'attention d'« un mot »", "l’attention d’« un mot »"),
        ("en", 'the model\'s "mouse", ("cat")', "the model’s “mouse”, (“cat”)"),
        ("en", '<a href="x">readers\'</a>', '<a href="x">readers’</a>'),
        ("en", {"a": ["it's", 1]}, {"a": ["it’s", 1]}),
    ],
)
def test_quotes_are_those_of_the_language(
    language: str, written: object, printed: object
) -> None:
    assert typeset(written, language) == printed


def test_an_apostrophe_before_markup_stays_one() -> None:
    """The pieces of l'*attention*, as Sphinx gives them to docutils."""
    pieces = [("plain", "c'est l'"), ("plain", "attention")]
    assert list(smartquotes.educate_tokens(pieces, "q", "fr")) == [
        "c’est l’",
        "attention",
    ]
