"""Which pages the tests open, and how."""

from playwright.sync_api import Page, Request

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


QUIET_MS = 500  # no request for so long, and the page has all that it asks for
PATIENCE_MS = 30_000
STEP_MS = 50


class Requests:
    """The requests of a page that wait for an answer.

    Playwright's own "networkidle" counts the same, but a request that begins and ends
    before the page is read to its end can have it wait for ever, as a busy machine has
    shown (github.com/microsoft/playwright/issues/42598).
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.waiting: list[Request] = []
        self.quiet_ms = 0
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def _began(self, request: Request) -> None:
        self.waiting.append(request)
        self.quiet_ms = 0

    def _ended(self, request: Request) -> None:
        if request in self.waiting:
            self.waiting.remove(request)

    def settle(self) -> None:
        """Return when none has waited for QUIET_MS; name those that never end."""
        self.quiet_ms = 0
        for _ in range(PATIENCE_MS // STEP_MS):
            self.page.wait_for_timeout(STEP_MS)
            self.quiet_ms = 0 if self.waiting else self.quiet_ms + STEP_MS
            if self.quiet_ms >= QUIET_MS:
                return
        raise AssertionError(f"never answered: {[r.url for r in self.waiting]}")


def open_whole(page: Page, address: str) -> Requests:
    """Open a page and wait for all of it, late pictures included.

    A quiet network alone does not say that the page is there: on a busy machine the
    browser pauses that long in the middle of reading it.
    """
    requests = Requests(page)
    page.goto(address, wait_until="load")
    requests.settle()
    return requests
