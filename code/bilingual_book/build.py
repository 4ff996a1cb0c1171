"""From sources to site: parity, execution, one Sphinx build per language."""

import shutil
import subprocess
import sys
import time

from bilingual_book.assemble import assemble
from bilingual_book.errors import BookError
from bilingual_book.execute import run_pages
from bilingual_book.outputs import check_outputs
from bilingual_book.overlay import write_overlay
from bilingual_book.parity import check_parity
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.source_checks import check_sources
from bilingual_book.sphinx_run import sphinx_folder


def run_sphinx(project: Project, builder: str) -> None:
    """Run one builder for all languages, side by side.

    Raises:
        BookError: If a language fails; its doctrees are removed, so that the next build
            meets the same warning again.
    """
    for language in LANGUAGES:
        write_overlay(project, language)
    start = time.perf_counter()
    command = [sys.executable, "-m", "bilingual_book.sphinx_run"]
    processes = {
        language: subprocess.Popen(
            [*command, language, builder],
            cwd=project.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for language in LANGUAGES
    }
    failures = []
    for language, process in processes.items():
        output = process.communicate()[0]
        if process.returncode:
            failures.append(f"--- {language} ({builder})\n{output.strip()}")
            doctrees = sphinx_folder(project, language) / f".doctrees-{builder}"
            shutil.rmtree(doctrees, ignore_errors=True)
        else:
            seconds = time.perf_counter() - start
            print(f"Sphinx {language} ({builder}): {seconds:.1f} s", flush=True)
    if failures:
        raise BookError(
            "Sphinx reported problems\n" + "\n".join(failures),
            path=project.book,
            expected="a build without a warning",
            fix="mend what the messages name; the site in place is left as it is",
        )


def build_book(project: Project) -> None:
    """Check, execute, build and assemble; the site in place changes only at the end."""
    start = time.perf_counter()
    check_parity(project)
    check_sources(project)
    run_pages(project, project.notebooks)
    check_outputs(project)
    run_sphinx(project, "html")
    assemble(project)
    print(f"The book is ready in {time.perf_counter() - start:.0f} s. Open:")
    for language in LANGUAGES:
        print(f"  {project.site / language / 'index.html'}")
