"""Print all pages and all decks: `_build/printed/<language>/`."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bilingual_book.errors import BookError
from bilingual_book.printed.browser import chromium, print_page, printer
from bilingual_book.project import LANGUAGES, Project

HANDOUT = "?print-pdf&showNotes=separate-page"
FITTED = "html[data-fitted]"  # the script of the slides has set their sizes


def build_printed(project: Project) -> None:
    """Print the pages of both languages, side by side, and the decks that there are.

    Raises:
        BookError: If there is no site, or no Chromium.
    """
    if not project.site.exists():
        raise BookError("there is no site yet", path=project.site, fix="make book")
    chromium()
    new = project.build / "printed.new"
    shutil.rmtree(new, ignore_errors=True)
    with ThreadPoolExecutor(len(LANGUAGES)) as pool:
        list(pool.map(lambda code: print_language(project, code, new), LANGUAGES))
    shutil.rmtree(project.build / "printed", ignore_errors=True)
    new.rename(project.build / "printed")


def print_language(project: Project, language: str, folder: Path) -> None:
    """Print one language: `pages/<slug>.pdf`, `handouts/<deck>.pdf`."""
    start = time.perf_counter()
    target = folder / language
    decks = sorted((project.site / language / "slides").glob("*.html"))
    names = [deck.stem for deck in decks if deck.stem != "index"]
    with printer() as page:
        for slug in project.pages:
            name = f"{language}/{slug}.html"
            print_page(project, page, name, target / "pages" / f"{slug}.pdf")
        middle = time.perf_counter()
        for deck in names:
            name = f"{language}/slides/{deck}.html{HANDOUT}"
            path = target / "handouts" / f"{deck}.pdf"
            print_page(project, page, name, path, ready=FITTED)
    end = time.perf_counter()
    size = sum(path.stat().st_size for path in target.rglob("*.pdf"))
    print(
        f"{language}: {len(project.pages)} pages printed in {middle - start:.0f} s, "
        f"{len(names)} handouts in {end - middle:.0f} s ({size / 1e6:.1f} MB)",
        flush=True,
    )
