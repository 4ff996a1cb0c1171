"""Which pages the tests open, and how."""

from playwright.sync_api import Page

from bilingual_book.project import LANGUAGES, find_project

PROJECT = find_project()
PAGES = [
    f"{language}/{slug}.html"
    for language in LANGUAGES
    for slug in [*PROJECT.pages, "search"]
]
CHAPTERS = [
    f"{language}/{slug}.html" for language in LANGUAGES for slug in PROJECT.notebooks
]
ALL = ["index.html", *PAGES]
WITH_FORMULAS = [
    f"{language}/{slug}.html"
    for language in LANGUAGES
    for slug in PROJECT.notebooks
    if "$" in PROJECT.source(language, slug).read_text(encoding="utf-8")
]


def open_whole(page: Page, address: str) -> None:
    """Open a page and wait for all of it, late pictures included.

    A quiet network alone does not say that the page is there: on a busy machine the
    browser pauses that long in the middle of reading it.
    """
    page.goto(address, wait_until="load")
    page.wait_for_load_state("networkidle")
