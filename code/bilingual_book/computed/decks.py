"""Where the slides are, for those who teach: the deck of a route, or all of them."""

import html

from bilingual_book.errors import BookError
from bilingual_book.project import Project

ALL = "all"


def decks(project: Project, language: str, which: str) -> str:
    """A line of links, on paper of addresses, to the slides and to their handouts.

    Raises:
        BookError: If there is no such route.
    """
    texts = project.languages[language]
    names = texts["computed"]["decks"]
    if which == ALL:
        links = [
            ("slides/index.html", texts["slides"]["decks"]),
            ("downloads.html", texts["downloads"]["title"]),
        ]
    elif which in texts["slides"]["route_titles"]:
        links = [
            (f"slides/route-{which}.html", names["route"]),
            (f"../downloads/{language}/route-{which}-handout.pdf", names["print"]),
        ]
    else:
        raise BookError(
            f"there is no route {which!r}",
            expected=f"one of: {', '.join([ALL, *texts['slides']['route_titles']])}",
        )
    on_screen = " · ".join(
        f'<a class="made" href="{address}">{html.escape(name)}</a>'
        for address, name in links
    )
    site = f"{project.base_url}{language}/"
    on_paper = "\\\\".join(
        f"{name}{names['colon']} \\url{{{absolute(site, address)}}}"
        for address, name in links
    )
    return (
        f'```{{raw}} html\n<p class="decks">{on_screen}</p>\n```\n\n'
        f"```{{raw}} latex\n\\par\\noindent {on_paper}\\par\n```"
    )


def absolute(site: str, address: str) -> str:
    """The address of a file, told from the folder of a language's pages."""
    if address.startswith("../"):
        return site.rstrip("/").rpartition("/")[0] + address.removeprefix("..")
    return site + address
