"""Parts of pages that are computed from other pages and from data, as Markdown.

A page asks for one with `:::{computed} formulas`.
"""

from collections.abc import Callable

from bilingual_book.computed.course import map_table, masterclass, powers
from bilingual_book.computed.decks import decks
from bilingual_book.computed.drawn_map import drawn_map
from bilingual_book.computed.formulas import formulas, poster_link
from bilingual_book.computed.routes import timetable
from bilingual_book.project import Project


def course_map(project: Project, language: str, _: str) -> str:
    """The map, drawn and in words."""
    return f"{drawn_map(project, language)}\n\n{map_table(project, language, '')}"


# What a page may ask for: a function of the book, the language and what follows.
PARTS: dict[str, Callable[[Project, str, str], str]] = {
    "decks": decks,
    "formulas": formulas,
    "map": course_map,
    "masterclass": masterclass,
    "poster": poster_link,
    "powers": powers,
    "route": timetable,
}
