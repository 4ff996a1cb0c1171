"""Build one language with Jupyter Book.

`python -m bilingual_book.sphinx_build.process fr html`: a process per language, because
Sphinx keeps global state and two processes use two cores.
"""

import argparse
import os
import sys

from jupyter_book.sphinx import build_sphinx

from bilingual_book.project import LANGUAGES, Project, find_project
from bilingual_book.sphinx_build.builders import sphinx_folder

BUILDERS = ("html", "latex", "linkcheck")


def run(project: Project, language: str, builder: str, only: str = "") -> int:
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
            "book_only": only,
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
    parser.add_argument("--only", default="", help="the one page to read again")
    arguments = parser.parse_args()
    os.environ.setdefault("NO_COLOR", "1")
    language, builder = arguments.language, arguments.builder
    return run(find_project(), language, builder, arguments.only)


if __name__ == "__main__":
    sys.exit(main())
