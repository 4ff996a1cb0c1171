"""Which pages the tests open."""

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
