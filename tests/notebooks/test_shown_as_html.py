"""A notebook as a web page shows it that nobody can run: nbviewer and its like."""

from pathlib import Path

from bare import code_cells, made_notebook
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, expect


def test_it_can_be_read(browser: Browser, tmp_path: Path) -> None:
    notebook = made_notebook("fr", "attention")
    text, _ = HTMLExporter().from_notebook_node(notebook)
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    page = browser.new_page()
    # What it fetches, the script of formulas, comes from other sites.
    page.route("http*://**", lambda route: route.abort())
    page.goto(file.as_uri(), wait_until="domcontentloaded")

    drawn = sum(
        "image/png" in output.get("data", {})
        for cell in code_cells(notebook)
        for output in cell.outputs
    )
    figures = page.locator(".jp-OutputArea-output").locator("img, svg:not(figure svg)")
    sizes = figures.evaluate_all("all => all.map(e => e.getBoundingClientRect().width)")
    assert drawn > 3
    assert len([size for size in sizes if size > 100]) == drawn

    explorer = page.locator("attention-explorer")
    expect(explorer.get_by_role("radio").first).to_be_visible()

    folds = page.locator(".jp-RenderedMarkdown details")
    written = [
        c.source.count("<details>") for c in notebook.cells if "<det" in c.source
    ]
    expect(folds).to_have_count(sum(written))
    assert folds.evaluate_all("all => all.filter(e => e.open).length") == 0
    page.close()
