"""What a reader types leads to the section that treats it."""

import pytest
from playwright.sync_api import Page


def results(page: Page, origin: str, language: str, query: str) -> list[str]:
    """The addresses that a query finds, best first."""
    page.goto(f"{origin}{language}/search.html?q={query}")
    links = page.locator("#results a").all()
    return [link.get_attribute("href") or "" for link in links]


@pytest.mark.parametrize("forms", [("tête", "têtes", "tete"), ("masque", "masques")])
def test_accented_word_its_plural_and_its_plain_form_find_the_same(
    page: Page, origin: str, forms: tuple[str, ...]
) -> None:
    found = [results(page, origin, "fr", form) for form in forms]
    assert found[0]
    assert all(other[:5] == found[0][:5] for other in found[1:])


@pytest.mark.parametrize(
    ("language", "query", "first"),
    [
        ("fr", "têtes", "multi-head.html"),
        ("fr", "masque", "attention.html#"),
        ("fr", "encodage des positions", "positions.html"),
        ("fr", "attention multi-tête", "multi-head.html"),
        ("en", "masks", "attention.html#"),
        ("en", "multi-head", "multi-head.html"),
        ("en", "positional encoding", "positions.html"),
    ],
)
def test_query_leads_to_the_right_section_first(
    page: Page, origin: str, language: str, query: str, first: str
) -> None:
    assert results(page, origin, language, query)[0].startswith(first)


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
