"""What a reader can take away: the files, and the page that lists them.

They lie apart, in `downloads/`, so that the zip of the site can do without them.
"""

import html
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bilingual_book.project import LANGUAGES, Project

FOLDER = "downloads"
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
ROLE = re.compile(r"\{[\w:.-]+\}|[`*]")


@dataclass(frozen=True)
class File:
    """A file to download: its address from a language's pages, and megabytes."""

    href: str
    size: float


def copy_files(project: Project, new: Path) -> None:
    """Copy what has been made: EPUBs, chapters cut and printed, handouts."""
    target = new / FOLDER
    for path in sorted((project.build / "epub").glob("*.epub")):
        target.mkdir(exist_ok=True)
        shutil.copy(path, target / path.name)
    for language in LANGUAGES:
        printed = project.build / "printed" / language
        sources = {
            "": project.build / "pdf" / "chapters" / language,
            "-accessible": printed / "pages",
            "-handout": printed / "handouts",
        }
        for ending, folder in sources.items():
            for path in sorted(folder.glob("*.pdf")):
                (target / language).mkdir(parents=True, exist_ok=True)
                name = f"{path.stem}{ending}.pdf"
                shutil.copy(path, target / language / name)


def listed(project: Project, language: str, new: Path) -> dict[str, Any]:
    """What the page of a language lists: whole books, chapters, routes."""
    texts = project.languages[language]

    def file(inside: str) -> File | None:
        path = new / inside
        if not path.is_file():
            return None
        return File(f"../{inside}", path.stat().st_size / 1e6)

    name = str(texts["pdf"]).removesuffix(".pdf")
    own = f"{FOLDER}/{language}"
    chapters = []
    for slug in project.pages:
        files = [
            file(f"{own}/{slug}.pdf"),
            file(f"{own}/{slug}-accessible.pdf"),
            file(f"notebooks/{language}/{slug}.ipynb"),
            file(f"{own}/{slug}-handout.pdf"),
        ]
        if any(files):
            chapters.append((slug, title(project, language, slug), files))
    routes = [
        (said, found)
        for route, said in texts["slides"]["route_titles"].items()
        if (found := file(f"{own}/route-{route}-handout.pdf"))
    ]
    return {
        "books": {
            "pdf": file(texts["pdf"]),
            "epub": file(f"{FOLDER}/{name}.epub"),
        },
        "chapters": chapters,
        "routes": routes,
    }


def title(project: Project, language: str, slug: str) -> str:
    """What a page is called, with the number of its chapter."""
    text = project.source(language, slug).read_text(encoding="utf-8")
    found = TITLE.search(text)
    name = html.unescape(ROLE.sub("", found[1])) if found else slug
    if slug in project.numbered:
        return f"{project.numbered.index(slug) + 1}. {name}"
    return name
