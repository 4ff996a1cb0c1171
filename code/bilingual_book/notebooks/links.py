"""What references, citations and numbers become in a notebook: text and address."""

import ast
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from pybtex.database import parse_file
from pybtex.richtext import Text

from bilingual_book.errors import BookError
from bilingual_book.locales import LOCALES
from bilingual_book.project import Project
from bilingual_book.sphinx_build.builders import sphinx_folder
from bilingual_book.sphinx_ext.link_table import FILE_NAME


@dataclass(frozen=True)
class Links:
    """The names of one language's pages, as the site numbers them."""

    project: Project
    language: str

    @cached_property
    def table(self) -> dict[str, dict[str, Any]]:
        """What the build of the site wrote down."""
        path = sphinx_folder(self.project, self.language) / FILE_NAME
        if not path.exists():
            raise BookError(
                "the table of references is missing",
                path=path,
                expected="the pages of this language, built",
                fix="run: python -m bilingual_book build",
            )
        return dict(json.loads(path.read_text(encoding="utf-8")))

    @cached_property
    def works(self) -> dict[str, Any]:
        """The entries of the bibliography."""
        path = self.project.book / "references.bib"
        return dict(parse_file(str(path)).entries)

    @property
    def texts(self) -> dict[str, Any]:
        """The texts of the notebooks in this language."""
        return dict(self.project.languages[self.language]["notebook"])

    def address(self, page: str, anchor: str = "") -> str:
        """The address of a place in the published site."""
        place = f"#{anchor}" if anchor else ""
        return f"{self.project.base_url}{self.language}/{page}.html{place}"

    def file(self, path: Path, text: str) -> str:
        """A link to a file of the repository, where it can be read and downloaded."""
        place = path.resolve().relative_to(self.project.root.resolve()).as_posix()
        shown = text or f"`{path.name}`"
        return f"[{shown}]({self.project.repository.file(place)})"

    def find(self, kind: str, name: str) -> dict[str, str]:
        """An entry of the table.

        Raises:
            KeyError: If there is none.
        """
        found = self.table[kind]
        return dict(found[name] if name in found else found[name.lower()])

    def page(self, slug: str, text: str = "") -> str:
        """A link to a page, by its title if there is no text."""
        return f"[{text or self.table['pages'][slug]}]({self.address(slug)})"

    def label(self, name: str, text: str = "", *, numbered: bool = False) -> str:
        """A link to a label, by title or number."""
        entry = self.find("labels", name)
        number = entry["number"]
        if numbered and "%s" in text:
            text = text.replace("%s", number.split()[-1])
        shown = text or (number if numbered else entry["title"]) or number or name
        return f"[{shown}]({self.address(entry['page'], entry['anchor'])})"

    def number(self, name: str) -> str:
        """The number of a figure, table or exercise as it is written; may be empty."""
        return str(self.table["labels"].get(name, {}).get("number", ""))

    def equation(self, name: str) -> str:
        """A link to a formula by its number."""
        entry = self.find("equations", name)
        return f"[({entry['number']})]({self.address(entry['page'], entry['anchor'])})"

    def term(self, name: str, text: str = "") -> str:
        """A link to a term of the glossary."""
        entry = self.find("terms", name)
        return f"[{text or name}]({self.address(entry['page'], entry['anchor'])})"

    def citation(self, keys: str, role: str) -> str:
        """Citations as links: "Vaswani et al. (2017)", or in parentheses for cite:p."""
        inside = role in {"cite", "cite:p", "cite:ps"}
        shown = []
        for key in (key.strip() for key in keys.split(",")):
            authors, year = self.authors(key), self.works[key].fields.get("year", "")
            if role == "cite:author":
                text = authors
            elif role == "cite:year":
                text = year
            else:
                text = f"{authors}, {year}" if inside else f"{authors} ({year})"
            entry = self.find("citations", key)
            shown.append(f"[{text}]({self.address(entry['page'], entry['anchor'])})")
        joined = f"{LOCALES[self.language].semicolon} ".join(shown)
        return f"({joined})" if inside else joined

    def authors(self, key: str) -> str:
        """The authors of a work: one, two, or the first *et al.*"""
        people = self.works[key].persons.get("author", [])
        names = [plain(" ".join([*p.prelast_names, *p.last_names])) for p in people]
        if not names:
            return plain(self.works[key].fields.get("title", key))
        if len(names) == 2:
            return f" {self.texts['and']} ".join(names)
        return names[0] if len(names) == 1 else f"{names[0]} et al."


def plain(text: str) -> str:
    """A text of the bibliography without its LaTeX."""
    return str(Text.from_latex(text)).strip()


def reported_numbers(cells: Iterable[NotebookNode]) -> dict[str, str]:
    """The numbers that the cells reported, as the page shows them."""
    found = {}
    for cell in cells:
        for output in cell.get("outputs", []):
            record = output.get("metadata", {}).get("scrapbook")
            if record:
                written = output.data[f"{record['mime_prefix']}text/plain"]
                found[record["name"]] = str(ast.literal_eval(written))
    return found
