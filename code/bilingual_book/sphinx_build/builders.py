"""Run a Sphinx builder for both languages, a process for each."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sphinx_build.overlay import write_overlay


def sphinx_folder(project: Project, language: str) -> Path:
    """Where Sphinx works for one language."""
    return project.build / "sphinx" / language


def run_sphinx(project: Project, builder: str, only: str = "") -> None:
    """Run one builder for all languages, side by side.

    Args:
        project: The book.
        builder: Sphinx's name for it.
        only: The slug of the one page to read again, if the others are to stay as they
            were built.

    Raises:
        BookError: If a language fails; its doctrees are removed, so that the next build
            meets the same warning again.
    """
    for language in LANGUAGES:
        write_overlay(project, language)
    start = time.perf_counter()
    module = "bilingual_book.sphinx_build.process"
    command = [sys.executable, "-X", "utf8", "-m", module]
    processes = {
        language: subprocess.Popen(
            [*command, language, builder, "--only", only],
            cwd=project.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
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
