"""What a reader types leads to the section that treats it."""

import pytest
from playwright.sync_api import Page


def results(page: Page, origin: str, language: str, query: str) -> list[str]:
    """The addresses that a query finds, best first."""
    page.goto(f"{origin}{language}/search.html?q={query}")
    links = page.locator("#results a").all()
    return [link.get_attribute("href") or "" for link in links]


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("fr", ("tête", "têtes", "tete", "TÊTES")),
        ("fr", ("masque", "masques", "Masque")),
        ("fr", ("plongement", "plongements")),
        ("fr", ("résidu", "résidus")),
        ("fr", ("BLEU", "bleu")),
        ("en", ("mask", "masks", "masking")),
        ("en", ("head", "heads", "Heads")),
        ("en", ("query", "queries")),
        ("en", ("BLEU", "bleu")),
    ],
)
def test_a_word_in_all_its_forms_finds_the_same(
    page: Page, origin: str, language: str, forms: tuple[str, ...]
) -> None:
    found = [results(page, origin, language, form) for form in forms]
    assert found[0]
    assert all(other[:5] == found[0][:5] for other in found[1:])


# What a reader types, and the section that treats it: a label of both languages, a page
# (its top) or an entry of the glossary for a word that no section is about.
FIRST = [
    ("fr", "masque", "attention-masks"),
    ("fr", "masques", "attention-masks"),
    ("fr", "tête", "multi-head.html"),
    ("fr", "têtes", "multi-head.html"),
    ("fr", "softmax", "vectors-and-matrices-softmax"),
    ("fr", "BLEU", "translation-2017"),
    ("fr", "score bleu", "translation-2017"),
    ("fr", "encodage des positions", "positions.html"),
    ("fr", "attention multi-tête", "multi-head.html"),
    ("fr", "auto-attention", "attention-self"),
    ("fr", "requête, clé, valeur", "attention-formula"),
    ("fr", "connexion résiduelle", "encoder-residual"),
    ("fr", "résidus", "encoder-residual"),
    ("fr", "residu", "encoder-residual"),
    ("fr", "recherche en faisceau", "translation-decoding"),
    ("fr", "lissage des étiquettes", "translation-smoothing"),
    ("fr", "n-grammes", "history-counting"),
    ("fr", "plongements", "glossary.html#term-plongement"),
    ("fr", "embedding", "glossary.html#term-plongement"),
    ("fr", "graine", "glossary.html#term-graine"),
    ("en", "mask", "attention-masks"),
    ("en", "heads", "multi-head.html"),
    ("en", "softmax", "vectors-and-matrices-softmax"),
    ("en", "BLEU", "translation-2017"),
    ("en", "multi-head", "multi-head.html"),
    ("en", "positional encoding", "positions.html"),
    ("en", "self-attention", "attention-self"),
    ("en", "beam search", "translation-decoding"),
    ("en", "label smoothing", "translation-smoothing"),
    ("en", "n-gram", "history-counting"),
    ("en", "embeddings", "glossary.html#term-embedding"),
    ("en", "seed", "glossary.html#term-seed"),
]


@pytest.mark.parametrize(("language", "query", "first"), FIRST)
def test_query_leads_to_the_right_section_first(
    page: Page, origin: str, language: str, query: str, first: str
) -> None:
    address = results(page, origin, language, query)[0]
    if ".html" in first:
        assert address == first
        return
    # An anchor is made from the title; the label stands at the same section.
    page.goto(f"{origin}{language}/{address}")
    section = page.locator(f"section[id='{address.split('#')[1]}']")
    labels = section.locator(":scope > span[id]").evaluate_all(
        "(spans) => spans.map((span) => span.id)"
    )
    assert first in labels


def test_exercises_and_key_points_come_after_the_lesson(
    page: Page, origin: str
) -> None:
    found = results(page, origin, "fr", "softmax")
    lessons = [address for address in found if address.startswith("attention.html#")]
    ends = ("#exercices", "#a-retenir")
    assert any(address.endswith(ends) for address in lessons)
    assert not any(address.endswith(ends) for address in lessons[:3])


def test_a_formula_in_a_heading_is_shown_as_text(page: Page, origin: str) -> None:
    page.goto(origin + "fr/search.html?q=softmax")
    titles = page.locator("#results a").all_inner_texts()
    assert any("√d_k" in title for title in titles)
    assert not any("\\" in title for title in titles)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_excerpt_holds_neither_tex_nor_a_hole_for_a_citation(
    page: Page, origin: str, language: str
) -> None:
    page.goto(f"{origin}{language}/search.html")
    excerpts = page.evaluate("bookIndex.sections.map((section) => section[3])")
    assert len(excerpts) > 100
    for excerpt in excerpts:
        assert "\\" not in excerpt
        assert "_{" not in excerpt
    assert any("Vaswani" in excerpt for excerpt in excerpts)


def test_every_result_leads_to_a_place_that_exists(page: Page, origin: str) -> None:
    for address in results(page, origin, "fr", "attention")[:10]:
        page.goto("about:blank")  # else a place on the same page is no new response
        response = page.goto(f"{origin}fr/{address}")
        assert response is not None
        assert response.ok
        if "#" in address:
            assert page.locator(f"[id='{address.split('#')[1]}']").count() == 1


def test_header_field_searches_and_nothing_found_is_said(
    page: Page, origin: str
) -> None:
    page.goto(origin + "fr/intro.html")
    page.keyboard.press("/")
    page.keyboard.type("softmax")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fr/search.html?q=softmax")
    assert page.locator("#results li").count() > 0
    page.locator("#query").fill("zzzz")
    assert "Aucune" in page.locator("#count").inner_text()


@pytest.mark.parametrize(
    "typed",
    [
        "te\u0302te",
        "\uff54\u00ea\uff54\uff45",
        "l\u2019tête",
        "l\u02bctête",
        "TE\u0302TES",
    ],
)
def test_a_word_is_found_however_it_is_typed(
    page: Page, origin: str, typed: str
) -> None:
    expected = results(page, origin, "fr", "tête")[0]
    page.locator("#query").fill(typed)
    assert page.locator("#results a").first.get_attribute("href") == expected


def test_a_pasted_book_does_not_stop_the_page(page: Page, origin: str) -> None:
    page.goto(f"{origin}fr/search.html")
    for text in ("a" * 200_000, "mot inconnu " * 17_000, "\u0301" * 200_000):
        milliseconds = page.evaluate(
            """(text) => {
              const field = document.getElementById("query");
              const start = performance.now();
              field.value = text;
              field.dispatchEvent(new Event("input"));
              return performance.now() - start;
            }""",
            text,
        )
        assert milliseconds < 2000
