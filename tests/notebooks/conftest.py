"""One bare Python for all the notebooks: each first cell adds what is still missing."""

from collections.abc import Iterator

import pytest
from bare import Bare, make_bare
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """What the notebooks are run with."""
    return make_bare(tmp_path_factory.mktemp("bare"))


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
