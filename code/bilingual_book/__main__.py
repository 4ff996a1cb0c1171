"""The command line: `python -m bilingual_book COMMAND`."""

import argparse
import sys

from bilingual_book.archive import build_zip
from bilingual_book.build import build_book, run_sphinx
from bilingual_book.claims import check_claims
from bilingual_book.compare_runs import compare_runs
from bilingual_book.copy_code import copy_code
from bilingual_book.errors import BookError
from bilingual_book.execute import run_pages
from bilingual_book.notebooks import build_notebooks, check_notebooks
from bilingual_book.outputs import check_outputs
from bilingual_book.parity import check_parity
from bilingual_book.pdf import build_pdf
from bilingual_book.project import LANGUAGES, Project, find_project
from bilingual_book.screenshots import take_screenshots
from bilingual_book.source_checks import check_sources


def execute(project: Project, arguments: argparse.Namespace) -> None:
    """Execute some pages (default: all) without building the site."""
    languages = [arguments.lang] if arguments.lang else LANGUAGES
    run_pages(project, arguments.slug or project.notebooks, languages)


def parity(project: Project, arguments: argparse.Namespace) -> None:
    """Compare the two trees, or some pages of them."""
    slugs = arguments.slug or project.pages
    check_parity(project, slugs)
    check_sources(project, slugs)
    print(f"{len(slugs)} pages: both languages agree")


def copy(project: Project, arguments: argparse.Namespace) -> None:
    """Copy the code of a page to the other language, then compare the two."""
    for message in copy_code(
        project, arguments.slug, arguments.source, arguments.target
    ):
        print(message)
    check_parity(project, [arguments.slug])


def check(project: Project, _: argparse.Namespace) -> None:
    """Check the executed pages and the notebooks made from them."""
    check_outputs(project)
    compare_runs(project)
    check_claims(project)
    check_notebooks(project)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m bilingual_book", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("build", help="execute and build both languages")
    one.set_defaults(run=lambda project, _: build_book(project))

    one = commands.add_parser("pdf", help="make one PDF per language")
    one.set_defaults(run=lambda project, _: build_pdf(project))

    one = commands.add_parser("links", help="check the links of the built pages")
    one.set_defaults(run=lambda project, _: run_sphinx(project, "linkcheck"))

    one = commands.add_parser("execute", help="execute pages without building")
    one.add_argument("slug", nargs="*")
    one.add_argument("--lang", choices=LANGUAGES)
    one.set_defaults(run=execute)

    one = commands.add_parser("parity", help="compare the two trees")
    one.add_argument("slug", nargs="*")
    one.set_defaults(run=parity)

    one = commands.add_parser("check", help="check the runs and the notebooks")
    one.set_defaults(run=check)

    one = commands.add_parser("notebooks", help="make the notebooks")
    one.set_defaults(run=lambda project, _: build_notebooks(project))

    one = commands.add_parser("zip", help="pack the site into one file")
    one.set_defaults(run=lambda project, _: build_zip(project))

    one = commands.add_parser("screenshots", help="photograph ten pages")
    one.set_defaults(run=lambda project, _: take_screenshots(project))

    one = commands.add_parser(
        "copy-code", help="copy a page's code to the other language"
    )
    one.add_argument("slug")
    one.add_argument("--from", dest="source", choices=LANGUAGES, required=True)
    one.add_argument("--to", dest="target", choices=LANGUAGES, required=True)
    one.set_defaults(run=copy)
    return top


def main() -> int:
    """Run a command; a mistake in the book is one message and exit status 1."""
    arguments = parser().parse_args()
    try:
        arguments.run(find_project(), arguments)
    except BookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
