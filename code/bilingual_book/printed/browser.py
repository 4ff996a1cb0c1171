"""A headless Chromium that prints pages of the site from disk."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bilingual_book.errors import BookError
from bilingual_book.project import Project

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 120_000  # milliseconds; a page takes a second where nothing else runs
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Pictures load late on the site; here all must be there.
READY = """async () => {
  await document.fonts.ready;
  await Promise.allSettled([...document.images].map((image) => {
    image.loading = "eager";
    return image.decode();
  }));
}"""
# On the screen where it is read, an address need not stand behind each link.
LIVE_LINKS = "article a[href]::after { content: none !important; }"
# A link to another page leads to a file of this machine: on paper, to the site.
LEAD_TO_SITE = """([folder, site]) => {
  const page = (address) => address.split(/[?#]/)[0];
  for (const link of document.querySelectorAll("a[href]")) {
    if (!link.href.startsWith(folder)) continue;
    if (link.hash && page(link.href) === page(location.href)) continue;
    link.href = site + link.href.slice(folder.length);
  }
}"""


def chromium() -> str:
    """The path of Chromium.

    Raises:
        BookError: If there is none.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise BookError("Chromium is missing", fix="apt-get install chromium")
    return found


@contextmanager
def printer() -> Iterator["Page"]:
    """A page of a browser that shows what a printer would get."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"]
        )
        # A4 between its margins, so that what the script measures is what is printed.
        page = browser.new_page(
            viewport={"width": 680, "height": 960},
            color_scheme="light",
            reduced_motion="reduce",
        )
        page.set_default_timeout(PATIENCE)
        page.emulate_media(media="print")
        yield page
        browser.close()


def print_page(
    project: Project, page: "Page", name: str, target: Path, ready: str = ""
) -> None:
    """Print a page of the site with tags, bookmarks and links that lead to the site.

    Args:
        project: the book.
        page: of the browser.
        name: of the page, from the folder of the site; a query may follow.
        target: the PDF.
        ready: what must be in the page before it is printed (CSS).
    """
    path, _, query = name.partition("?")
    file = project.site / path
    if not file.exists():
        raise BookError("the page is not there", path=file, fix="make book slides")
    page.goto(f"{file.as_uri()}?{query}")
    if ready:
        page.locator(ready).first.wait_for(state="attached")
    page.evaluate(READY)
    page.add_style_tag(content=LIVE_LINKS)
    folder = f"{project.site.as_uri()}/"
    page.evaluate(LEAD_TO_SITE, [folder, project.base_url])
    target.parent.mkdir(parents=True, exist_ok=True)
    page.pdf(
        path=target, format="A4", prefer_css_page_size=True, print_background=True,
        tagged=True, outline=True,
    )  # fmt: skip
