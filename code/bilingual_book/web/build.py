"""From sources to site: parity, execution, one Sphinx build per language."""

import time

from bilingual_book.checks.names import check_sources
from bilingual_book.checks.parity import check_parity
from bilingual_book.checks.runs import check_outputs
from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.execute import run_pages
from bilingual_book.sphinx_build.builders import run_sphinx
from bilingual_book.web.assemble import assemble


def build_book(project: Project) -> None:
    """Check, execute, build and assemble; the site in place changes only at the end."""
    start = time.perf_counter()
    check_parity(project)
    check_sources(project)
    run_pages(project, project.notebooks)
    check_outputs(project)
    run_sphinx(project, "html")
    assemble(project)
    tell(project, "index", time.perf_counter() - start)


def build_page(project: Project, slug: str) -> None:
    """Execute and build one page in both languages; the others stay as last built.

    Raises:
        BookError: If there is no such page, or the book has not been built yet.
    """
    start = time.perf_counter()
    project.known([slug])
    if not project.site.exists():
        raise BookError(
            "the book has not been built yet",
            path=project.site,
            expected="all pages once: this one leads to others",
            fix="run once: python -m bilingual_book build",
        )
    check_parity(project, [slug])
    check_sources(project, [slug])
    pages = [slug] if slug in project.notebooks else []
    run_pages(project, pages)
    check_outputs(project, pages)
    run_sphinx(project, "html", only=slug)
    assemble(project)
    tell(project, slug, time.perf_counter() - start)


def tell(project: Project, page: str, seconds: float) -> None:
    """Say where what was built can be opened."""
    print(f"Ready in {seconds:.0f} s. Open:")
    for language in LANGUAGES:
        print(f"  {project.site / language / page}.html")
