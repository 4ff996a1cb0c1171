"""What all tests of the lessons' package share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings

# The same examples at each run, so that a failure can be run again; and no deadline,
# since the first call of a kernel is slow.
settings.register_profile("lessons", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("lessons")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--device cuda` runs the tests where a graphics card is at hand."""
    parser.addoption("--device", default="cpu", help="where tensors are made")


def pytest_configure(config: pytest.Config) -> None:
    """Make every tensor on the chosen device."""
    device: str = config.getoption("--device")
    if device == "cpu":
        return
    torch.set_default_device(device)
    # The card would round the products of float32 to ten bits: compare like with like.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


@pytest.fixture(autouse=True)
def _reproducible() -> None:
    """One thread (two change the last digits), one seed."""
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(params=[torch.float64, torch.float32], ids=["fp64", "fp32"])
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    """Both precisions of a comparison (see `parity.TOLERANCE`)."""
    chosen: torch.dtype = request.param
    return chosen


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Any]:
    """A real Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as tools:
        running = tools.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox"]
        )
        yield running
        running.close()


@pytest.fixture
def open_html(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a page from the disk; in the end, nothing may have gone wrong in it."""
    pages = []

    def open_page(text: str, **settings: Any) -> Any:
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        page = browser.new_page(**settings)
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        pages.append(page)
        page.goto(file.as_uri())
        return page

    yield open_page
    for page in pages:
        assert page.problems == []
        page.close()
