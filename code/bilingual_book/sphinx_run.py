"""Build one language with Jupyter Book: `python -m bilingual_book.sphinx_run fr html`.

A process per language: Sphinx keeps global state, and two processes use two cores.
"""

import argparse
import os
import sys
from pathlib import Path

from jupyter_book.sphinx import build_sphinx

from bilingual_book.project import LANGUAGES, Project, find_project

BUILDERS = ("html", "latex", "linkcheck")


def sphinx_folder(project: Project, language: str) -> Path:
    """Where Sphinx works for one language."""
    return project.build / "sphinx" / language


def run(project: Project, language: str, builder: str) -> int:
    """Build; every warning is an error, because a reader would meet it."""
    overlay = project.build / "overlay" / language
    folder = sphinx_folder(project, language)
    status = build_sphinx(
        str(project.book / language),
        str(folder / builder),
        path_config=str(overlay / "_config.yml"),
        confoverrides={
            "external_toc_path": str(overlay / "_toc.yml"),
            "external_toc_exclude_missing": True,
            "latex_individualpages": False,
        },
        doctreedir=str(folder / f".doctrees-{builder}"),
        noconfig=True,
        builder=builder,
        quiet=not sys.stdout.isatty(),
        warningiserror=True,
        keep_going=True,
    )
    return status if isinstance(status, int) else 2


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=LANGUAGES)
    parser.add_argument("builder", choices=BUILDERS)
    arguments = parser.parse_args()
    os.environ.setdefault("NO_COLOR", "1")
    return run(find_project(), arguments.language, arguments.builder)


if __name__ == "__main__":
    sys.exit(main())
