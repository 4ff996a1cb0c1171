"""The words of a chapter that lead to the glossary."""

import re
from typing import cast

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from bilingual_book.project import LANGUAGES, find_project
from bilingual_book.sources.terms import (
    Finder,
    Form,
    Term,
    form_pattern,
    read_form,
    read_terms,
    usual_forms,
)
from bilingual_book.sphinx_ext.glossary_links import first_uses, put

PROJECT = find_project()
TERMS = read_terms(PROJECT.book / "terms.csv")


def term(en: str, fr: str, link_en: str = "", link_fr: str = "") -> Term:
    return Term(
        words={"en": en, "fr": fr},
        definitions={"en": "A thing.", "fr": "Une chose."},
        links={"en": link_en, "fr": link_fr},
    )


def found(language: str, text: str, page: str = "") -> list[tuple[str, str]]:
    """Pairs (words of the text, term) in a sentence, with the book's own terms."""
    finder = Finder(terms=TERMS, language=language, page=page)
    return [
        (text[use.start : use.end], use.term.words[language])
        for use in finder.uses(text)
    ]


def test_the_terms_of_the_book_are_read() -> None:
    assert {"attention", "self-attention"} <= {term.words["en"] for term in TERMS}
    assert read_terms(PROJECT.root / "no-such-file.csv") == []


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("dot product", ["dot product"]),
        ("lot / mini-lot", ["lot", "mini-lot"]),
        ("long short-term memory (LSTM)", ["long short-term memory", "LSTM"]),
        ("masked (causal) self-attention", ["masked self-attention"]),
    ],
)
def test_a_term_has_its_usual_forms(written: str, forms: list[str]) -> None:
    assert usual_forms(written) == forms


def test_the_columns_say_which_words_stand_for_a_term() -> None:
    assert read_form(" key points ") == Form(text="key points")
    assert read_form("!pay attention") == Form(text="pay attention", stands=False)
    assert read_form("multi-head: head") == Form(text="head", page="multi-head")
    assert read_form("!bert: a head") == Form(text="a head", page="bert", stands=False)
    one = term("head", "tête", link_en="no", link_fr="multi-head: têtes")
    assert one.forms("en") == []
    assert [form.text for form in one.forms("fr")] == ["têtes", "tête"]
    with pytest.raises(ValueError, match="must hold a word; got '!'"):
        read_form("!")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "two queries", [("queries", "query / key / value")]),
        ("en", "Losses fall.", [("Losses", "loss")]),
        ("en", "fine tuning", [("fine tuning", "fine-tuning")]),
        ("en", "an encoder-decoder", [("encoder-decoder", "encoder–decoder")]),
        ("en", "the encoder's states", [("encoder", "encoder / decoder")]),
        ("en", "confusion matrices", [("confusion matrices", "confusion matrix")]),
        (
            "en",
            "causal self-attention",
            [("causal self-attention", "masked (causal) self-attention")],
        ),
        ("en", "RNNs", [("RNNs", "recurrent neural network (RNN)")]),
        ("en", "dot\nproducts", [("dot\nproducts", "dot product")]),
        ("en", "self-attention and attention", ["self-attention", "attention"]),
        ("fr", "des plongements", [("plongements", "plongement")]),
        ("fr", "des masques causaux", ["masque causal / masque de remplissage"]),
        ("fr", "les réseaux récurrents", ["réseau de neurones récurrent (RNN)"]),
        ("fr", "d'états cachés", [("états cachés", "état caché")]),
        ("fr", "l'encodeur", [("encodeur", "encodeur / décodeur")]),
        ("fr", "l’auto-attention causale", ["auto-attention masquée (causale)"]),
        ("fr", "poids d’attention", [("poids d’attention", "poids d'attention")]),
        ("fr", "Époques", [("Époques", "époque")]),
        ("fr", "«\u00a0Attention\u00a0» dit", [("Attention", "attention")]),
    ],
)
def test_a_term_is_found_in_its_forms(
    language: str, text: str, expected: list[tuple[str, str] | str]
) -> None:
    got = found(language, text)
    assert len(got) == len(expected)
    for use, wanted in zip(got, expected, strict=True):
        assert use == wanted or use[1] == wanted


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "tokenizers"),  # a longer word
        ("en", "token-level"),
        ("en", "pre-attention"),
        ("en", "num_layers"),
        ("en", "we read Attention Is All You Need"),  # a title
        ("en", "pay attention to this"),
        ("en", "an rnn"),  # a short form has its capitals
        ("en", "a bias of 5"),  # only where the word has that sense
        ("fr", "faites attention"),
        ("fr", "Attention aux masques."),
        ("fr", "à l'époque"),
        ("fr", "la forme d'un tableau"),
        ("fr", "il nous invite"),
    ],
)
def test_other_words_are_left_alone(language: str, text: str) -> None:
    assert found(language, text) == []


def test_a_word_can_stand_for_a_term_on_one_page_only() -> None:
    assert found("fr", "une tête", "multi-head")[0][1] == "tête d'attention"
    assert found("fr", "une tête", "fine-tuning") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_usual_form_of_each_term_is_found_alone(language: str) -> None:
    """A typo in the columns would lose a term; the data themselves are tried."""
    for each in TERMS:
        for form in each.forms(language):
            if form.stands:
                got = found(language, form.text, form.page)
                assert [name for _, name in got] == [each.words[language]], form


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_one_page_are_on_that_page(language: str) -> None:
    for each in TERMS:
        for form in each.forms(language):
            if form.page:
                assert form.page in PROJECT.pages, form
            if form.page and form.stands:
                page = PROJECT.source(language, form.page)
                pattern = form_pattern(form.text, language)
                assert re.search(pattern, page.read_text(encoding="utf-8")), form


def marked(rst: str, page: str = "one") -> str:
    """A page with its first uses between brackets."""
    terms = [term("token", "token"), term("embedding", "plongement")]
    doctree = publish_doctree(rst, settings_overrides={"report_level": 5})
    places = first_uses(doctree, Finder(terms=terms, language="en", page=page))
    put(places, lambda _, words: [nodes.inline("", f"[{words}]")])
    return cast("str", doctree.astext())


def test_the_first_use_on_a_page_and_no_other() -> None:
    text = marked("A token, another token.\n\n- An embedding of tokens.\n\n  Tokens.\n")
    assert text.split("\n\n") == [
        "A [token], another token.",
        "An [embedding] of tokens.",
        "Tokens.",
    ]


def test_two_terms_of_one_sentence() -> None:
    assert marked("one token one embedding one") == "one [token] one [embedding] one"


def test_equal_texts_of_a_paragraph_are_told_apart() -> None:
    assert marked("a ``x`` token ``x`` token") == "a x [token] x token"


NOT_PROSE = {
    "a heading": "Token\n=====\n\nText.\n",
    "code": "::\n\n  token\n",
    "inline code": "A ``token``.\n",
    "a formula": "A :math:`token`.\n",
    "a link": "A `token <https://example.org>`_.\n",
    "a title in italics": "*The token book*.\n",
    "a caption": ".. figure:: a.png\n\n   A token.\n",
    "a table": "==  =====\na   b\n==  =====\na   token\n==  =====\n",
    "the title of a box": ".. admonition:: Token\n\n   Text.\n",
    "goals": ".. admonition:: Goals\n   :class: goals\n\n   A token.\n",
    "a fold": ".. note::\n   :class: dropdown\n\n   A token.\n",
    "a quotation": "Text.\n\n   A token.\n",
    "a footnote": "Text [1]_.\n\n.. [1] A token.\n",
}


@pytest.mark.parametrize("what", NOT_PROSE)
def test_only_running_prose_holds_terms(what: str) -> None:
    before = marked(NOT_PROSE[what])
    assert "oken" in before
    assert "[token]" not in before.lower()
    # The same page goes on: the first use in prose is the one that counts.
    assert "[token]" in marked(f"{NOT_PROSE[what]}\n\nA token.\n")


@pytest.mark.parametrize(
    "rst",
    [
        "A **token**.\n",
        "The *token* is.\n",
        "- A list.\n\n  1. A token.\n",
        ".. note::\n\n   A token.\n",
        ".. admonition:: Remember\n   :class: key-point\n\n   A token.\n",
    ],
)
def test_prose_is_also_in_lists_boxes_and_strong_words(rst: str) -> None:
    assert "[token]" in marked(rst)


def test_nothing_is_linked_from_the_exercises_on() -> None:
    exercises = "A token.\n\n.. _one-exercises:\n\nTrain\n-----\n\nAn embedding.\n\n"
    text = marked(f"Title\n=====\n\n{exercises}Keep\n----\n\nAn embedding.\n")
    assert "[token]" in text
    assert "[embedding]" not in text
