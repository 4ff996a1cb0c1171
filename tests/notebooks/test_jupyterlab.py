"""A notebook in JupyterLab, by a reader with a browser: opened, then run.

The reader has solved the exercises already: their functions must outlive the run.
"""

import ast
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import nbformat
import pytest
from bare import (
    Bare,
    assert_numbers_of_the_page,
    assert_ran,
    code_cells,
    install_from,
    made_notebook,
)
from nbformat import NotebookNode
from playwright.sync_api import Browser, Page, expect

LANGUAGE, SLUG = "en", "multi-head"
NAME = f"{SLUG}.ipynb"
# All cells are in the page, not only those in sight; no news is fetched.
SETTINGS = {
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false"}',
}
MINUTE = 60_000
pytestmark = pytest.mark.timeout(600)


def solve(notebook: NotebookNode) -> list[str]:
    """Mark each function that an exercise asks for as the reader's; name them."""
    names: list[str] = []
    for cell in code_cells(notebook):
        if "check(" in cell.source:
            found = [
                node.name
                for node in ast.parse(cell.source).body
                if isinstance(node, ast.FunctionDef)
            ]
            cell.source += "".join(f"\n{name}.of = 'the reader'" for name in found)
            names += found
    return names


@pytest.fixture(scope="module")
def opened(
    bare: Bare, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, NotebookNode, str]]:
    """The notebook's path, what is in it, and where JupyterLab shows it."""
    folder = tmp_path_factory.mktemp("lab") / "Carnets à moi"
    folder.mkdir()
    notebook = made_notebook(LANGUAGE, SLUG)
    install_from(notebook, bare.package)
    names = solve(notebook)
    assert names
    asked = ", ".join(f"{name}.of" for name in names)
    notebook.cells.append(nbformat.v4.new_code_cell(f"print({asked})"))
    nbformat.write(notebook, folder / NAME)
    settings = Path(bare.variables["JUPYTERLAB_SETTINGS_DIR"])
    for name, text in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.port={port}", "--IdentityProvider.token=open"]
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"]
    server = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(bare.variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/lab"
    try:
        wait_for(f"{address}?token=open", server)
        yield folder / NAME, notebook, f"{address}/tree/{NAME}?token=open"
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers."""
    for _ in range(240):
        assert server.poll() is None, "JupyterLab has ended"
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"no answer from {address}")


@pytest.fixture(scope="module")
def lab(browser: Browser, opened: tuple[Path, NotebookNode, str]) -> Iterator[Page]:
    """The notebook, opened in JupyterLab."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.goto(opened[2], timeout=2 * MINUTE)
    cells = page.locator(".jp-Notebook .jp-Cell")
    expect(cells).to_have_count(len(opened[1].cells), timeout=MINUTE)
    yield page
    page.close()


def pictures(notebook: NotebookNode) -> int:
    """How many outputs are drawings."""
    return sum(
        "image/png" in output.get("data", {})
        for cell in code_cells(notebook)
        for output in cell.outputs
    )


def test_figures_are_there_before_the_run(
    lab: Page, opened: tuple[Path, NotebookNode, str]
) -> None:
    shown = lab.locator(".jp-OutputArea img")
    expect(shown).to_have_count(pictures(opened[1]), timeout=MINUTE)
    widths = shown.evaluate_all("all => all.map(e => e.complete && e.naturalWidth)")
    assert all(width > 100 for width in widths)


def test_the_explorer_is_a_table_before_the_run(lab: Page) -> None:
    explorer = lab.locator(".jp-RenderedHTMLCommon:has(figcaption) table").first
    expect(explorer).to_be_visible()
    heads = explorer.locator("tr").first.locator("th").all_text_contents()
    rows = explorer.locator("tr").count() - 1
    assert len(heads) > 3
    assert rows > 2
    for row in range(1, rows + 1):
        shares = explorer.locator("tr").nth(row).locator("td").all_text_contents()
        assert len(shares) == len(heads) - 1
        assert 97 <= sum(map(int, shares)) <= 103  # per cent, each rounded


def test_solutions_are_folded_before_the_run(
    lab: Page, opened: tuple[Path, NotebookNode, str]
) -> None:
    written = sum(
        cell.source.count("<details>")
        for cell in opened[1].cells
        if cell.cell_type == "markdown"
    )
    folds = lab.locator(".jp-RenderedMarkdown details")
    expect(folds).to_have_count(written)
    assert written > 3
    assert folds.evaluate_all("all => all.filter(e => e.open).length") == 0
    code = folds.filter(has=lab.locator("pre")).first.locator("pre").first
    expect(code).to_be_hidden()


def test_what_runs_equals_the_page_and_leaves_the_reader_s_names(
    lab: Page, opened: tuple[Path, NotebookNode, str]
) -> None:
    path, notebook, _ = opened
    lab.get_by_role("menuitem", name="Run", exact=True).click()
    lab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    prompts = lab.locator(".jp-CodeCell .jp-InputPrompt")
    last = f"[{len(code_cells(notebook))}]:"
    expect(prompts.last).to_have_text(last, timeout=5 * MINUTE)
    explorer = lab.locator("attention-explorer").first
    expect(explorer.get_by_role("radio").first).to_be_visible()
    lab.keyboard.press("Control+s")
    until = time.monotonic() + 60
    while (ran := nbformat.read(path, as_version=4)).cells[-1].execution_count is None:
        assert time.monotonic() < until, "not saved"
        time.sleep(0.5)
    assert_ran(ran)
    assert_numbers_of_the_page(ran, LANGUAGE, SLUG)
    asked, said = ran.cells[-1].source, ran.cells[-1].outputs[0].text
    assert said.count("the reader") == asked.count(".of") > 0
