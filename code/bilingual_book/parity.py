"""Both trees hold the same pages with the same structure and the same code."""

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project


def check_parity(project: Project) -> None:
    """Check that each page of the table of contents stands in both trees.

    Raises:
        BookError: Naming the missing page.
    """
    for slug in project.pages:
        for language in LANGUAGES:
            path = project.source(language, slug)
            if not path.exists():
                raise BookError(
                    "the page is missing in this language",
                    path=path,
                    expected="every page of _toc.yml in both trees",
                )
