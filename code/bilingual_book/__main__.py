"""The command line: `python -m bilingual_book COMMAND`."""

import argparse
import io
import sys

from bilingual_book.authoring.new_chapter import new_chapter
from bilingual_book.checks.claims import check_claims
from bilingual_book.checks.compare_runs import compare_runs
from bilingual_book.checks.copy_code import copy_code
from bilingual_book.checks.names import check_sources
from bilingual_book.checks.parity import check_parity
from bilingual_book.checks.runs import check_outputs
from bilingual_book.checks.shape import check_shape
from bilingual_book.epub.build import build_epubs
from bilingual_book.errors import BookError
from bilingual_book.language.check import check_language, term_uses
from bilingual_book.notebooks.export import build_notebooks, check_notebooks
from bilingual_book.paper.chapters import cut_chapters
from bilingual_book.paper.pdf import build_pdf
from bilingual_book.paper.poster import build_posters
from bilingual_book.printed.build import build_printed
from bilingual_book.project import LANGUAGES, Project, find_project
from bilingual_book.runs.execute import run_pages
from bilingual_book.slides.decks import build_slides, renew_slides
from bilingual_book.sphinx_build.builders import run_sphinx
from bilingual_book.web.archive import build_zip
from bilingual_book.web.assemble import renew
from bilingual_book.web.build import build_book, build_page
from bilingual_book.web.screenshots import take_screenshots
from bilingual_book.web.serve import PORT, serve
from bilingual_book.wheelhouse import install_line, make_wheelhouse


def build(project: Project, arguments: argparse.Namespace) -> None:
    """Execute and build the book, or one page of it."""
    if arguments.only:
        build_page(project, arguments.only)
    else:
        build_book(project)
    if renew_slides(project):
        renew(project)


def execute(project: Project, arguments: argparse.Namespace) -> None:
    """Execute some pages (default: all) without building the site."""
    languages = [arguments.lang] if arguments.lang else LANGUAGES
    slugs = project.known(arguments.slug, code=True) or project.notebooks
    run_pages(project, slugs, languages)


def parity(project: Project, arguments: argparse.Namespace) -> None:
    """Compare the two trees, or some pages of them."""
    slugs = project.known(arguments.slug) or project.pages
    check_parity(project, slugs)
    check_sources(project, slugs)
    print(f"{len(slugs)} pages: both languages agree")


def shape(project: Project, arguments: argparse.Namespace) -> None:
    """Check the shape of all chapters, or of some."""
    slugs = project.known(arguments.slug, code=True) or project.notebooks
    check_shape(project, slugs)
    print(f"{len(slugs)} chapters have the shape of CONTRIBUTING.md")


def language(project: Project, arguments: argparse.Namespace) -> None:
    """Check how some pages are written, or all; say where the terms of one lead."""
    for slug in project.known(arguments.slug):
        for code in LANGUAGES:
            print("\n".join(term_uses(project, code, slug)))
    check_language(project, arguments.slug)
    print("every word is known, and the typography is that of the language")


def start_chapter(project: Project, arguments: argparse.Namespace) -> None:
    """Begin a chapter and say what was written and what comes next."""
    titles = {"fr": arguments.fr, "en": arguments.en}
    slug = arguments.slug
    for path in new_chapter(project, slug, titles, arguments.after):
        print(path)
    print(
        f"\nNow write, and look: python -m bilingual_book build --only {slug}\n"
        "Wrong answers that its check must refuse: "
        "tests/lessons/test_exercise_checks.py"
    )


def copy(project: Project, arguments: argparse.Namespace) -> None:
    """Copy the code of a page to the other language, then compare the two."""
    for message in copy_code(
        project, arguments.slug, arguments.source, arguments.target
    ):
        print(message)
    check_parity(project, [arguments.slug])


def pdf(project: Project, _: argparse.Namespace) -> None:
    """Make the PDFs, cut them into chapters; the site, if there is one, offers them."""
    build_pdf(project)
    build_posters(project)
    cut_chapters(project)
    renew(project)


def epub(project: Project, _: argparse.Namespace) -> None:
    """Make the EPUBs; the site, if there is one, offers them."""
    build_epubs(project)
    renew(project)


def printed(project: Project, _: argparse.Namespace) -> None:
    """Print pages and slides with a browser; the site offers what comes of it."""
    build_printed(project)
    renew(project)


def notebooks(project: Project, _: argparse.Namespace) -> None:
    """Make the notebooks; the site, if there is one, links to them."""
    build_notebooks(project)
    renew(project)


def slides(project: Project, _: argparse.Namespace) -> None:
    """Make the slides; the site, if there is one, links to them."""
    build_slides(project)
    renew(project)


def wheelhouse(project: Project, _: argparse.Namespace) -> None:
    """Fetch the wheels for a classroom, and say what to type there."""
    folder = make_wheelhouse(project)
    print(f"{folder}\nOn each machine, beside this folder: {install_line()}")


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
    one.add_argument("--only", metavar="SLUG", help="one page; the others stay")
    one.set_defaults(run=build)

    one = commands.add_parser("pdf", help="make one PDF per language")
    one.set_defaults(run=pdf)

    one = commands.add_parser("printed", help="print the pages and slides of the site")
    one.set_defaults(run=printed)

    one = commands.add_parser("epub", help="make one EPUB per language")
    one.set_defaults(run=epub)

    one = commands.add_parser("links", help="check the links of the built pages")
    one.set_defaults(run=lambda project, _: run_sphinx(project, "linkcheck"))

    one = commands.add_parser("execute", help="execute pages without building")
    one.add_argument("slug", nargs="*")
    one.add_argument("--lang", choices=LANGUAGES)
    one.set_defaults(run=execute)

    one = commands.add_parser("new-chapter", help="begin a chapter in both languages")
    one.add_argument("slug")
    one.add_argument("--fr", default="", metavar="TITLE", help="its French title")
    one.add_argument("--en", default="", metavar="TITLE", help="its English title")
    one.add_argument("--after", default="", metavar="SLUG", help="what it follows")
    one.set_defaults(run=start_chapter)

    one = commands.add_parser("parity", help="compare the two trees")
    one.add_argument("slug", nargs="*")
    one.set_defaults(run=parity)

    one = commands.add_parser("language", help="check spelling, typography and terms")
    one.add_argument("slug", nargs="*")
    one.set_defaults(run=language)

    one = commands.add_parser("shape", help="check cells, quizzes, folds and formulas")
    one.add_argument("slug", nargs="*")
    one.set_defaults(run=shape)

    one = commands.add_parser("check", help="check the runs and the notebooks")
    one.set_defaults(run=check)

    one = commands.add_parser("notebooks", help="make the notebooks")
    one.set_defaults(run=notebooks)

    one = commands.add_parser("slides", help="make the slides from the built pages")
    one.set_defaults(run=slides)

    one = commands.add_parser("zip", help="pack the site into one file")
    one.set_defaults(run=lambda project, _: build_zip(project))

    one = commands.add_parser("serve", help="serve the built site")
    one.add_argument(
        "--classroom", action="store_true", help="let the local network in"
    )
    one.add_argument("--port", type=int, default=PORT)
    one.set_defaults(
        run=lambda project, said: serve(
            project, classroom=said.classroom, port=said.port
        )
    )

    one = commands.add_parser("wheelhouse", help="fetch wheels for a classroom")
    one.set_defaults(run=wheelhouse)

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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # "?" where its encoding lacks a sign
            stream.reconfigure(errors="replace")
    try:
        arguments.run(find_project(), arguments)
    except BookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
