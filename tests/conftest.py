"""Tools of the system that some tests need: found, or the test is skipped by name.

With REQUIRE_ALL=1, as the workflows set it, a missing tool is a failure.
"""

import os
import shutil
from collections.abc import Callable

import pytest


def _require_tool(names: tuple[str, ...], install: str) -> str:
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    message = f"{names[0]} is missing: {install}"
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def require_tool() -> Callable[[tuple[str, ...], str], str]:
    """Return a function: the path of the first of these programs that there is."""
    return _require_tool


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of a Chromium, best the one without a window.

    The whole browser draws tabs and buttons for every page that is opened, even where
    nobody looks: it takes three times as long.
    """
    shells = ("chromium-headless-shell", "chrome-headless-shell")
    names = (*shells, "chromium", "chromium-browser", "google-chrome")
    return _require_tool(names, "apt-get install chromium-headless-shell")
