"""A real browser on the built site, served as a host would: compressed."""

import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from serving import CompressingHandler

from bilingual_book.project import Project, find_project


@pytest.fixture(scope="session")
def project() -> Project:
    """The book."""
    return find_project(Path(os.environ.get("BOOK_ROOT", ".")))


@pytest.fixture(scope="session")
def site(project: Project) -> Path:
    """The built site; without one its tests are skipped by name."""
    if not (project.site / "index.html").exists():
        message = f"{project.site} is missing: make book"
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return project.site


@pytest.fixture(scope="session")
def origin(site: Path, project: Project) -> Iterator[str]:
    """The address of a server of the site."""
    CompressingHandler.prefix = urlsplit(project.base_url).path
    handler = partial(CompressingHandler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path,
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that opens a fresh browser profile; all are closed later."""
    contexts: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        contexts.append(browser.new_context(**options))  # type: ignore[arg-type]
        return contexts[-1]

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """A page in a fresh profile."""
    return new_context().new_page()
