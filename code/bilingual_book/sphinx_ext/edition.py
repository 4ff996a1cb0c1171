"""What a page says of itself: its edition, how to cite it, where to report an error."""

import datetime
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from babel.dates import format_date

from bilingual_book.project import Project, read_yaml


@dataclass(frozen=True, kw_only=True)
class Edition:
    """What ``CITATION.cff`` and the last change of the sources say."""

    authors: str
    version: str
    date: datetime.date
    together: bool = False  # the authors sign as one: each language has its name

    def signed(self, texts: dict[str, Any]) -> str:
        """The authors in a language."""
        return str(texts["paper"]["author"]) if self.together else self.authors

    def day(self, locale: str) -> str:
        """The date as a locale writes it: `fr_FR`, `en_GB`."""
        written = format_date(self.date, "long", locale=locale)
        first = locale.startswith("fr") and self.date.day == 1
        return written.replace("1", "1er", 1) if first else written


@cache
def edition(root: Path) -> Edition:
    """The edition of the book at a path."""
    cited = read_yaml(root / "CITATION.cff")
    names = [
        author.get("name") or f"{author['given-names']} {author['family-names']}"
        for author in cited["authors"]
    ]
    return Edition(
        authors=", ".join(names),
        version=str(cited["version"]),
        date=last_change(root),
        together=all("name" in author for author in cited["authors"]),
    )


def last_change(root: Path) -> datetime.date:
    """The day of the last commit; today where the sources are no checkout."""
    command = ["git", "-C", str(root), "log", "-1", "--format=%cs"]
    try:
        found = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return datetime.datetime.now(tz=datetime.UTC).date()
    return datetime.date.fromisoformat(found.stdout.strip())


def citation(project: Project, language: str, slug: str, title: str) -> dict[str, str]:
    """How to cite a page: in words and as BibTeX."""
    ours = edition(project.root)
    texts = project.languages[language]
    address = f"{project.base_url}{language}/{slug}.html"
    day = ours.day(texts["ui"]["locale"])
    facts = {
        "author": f"{{{ours.signed(texts)}}}",
        "title": title,
        "booktitle": texts["title"],
        "year": str(ours.date.year),
        "edition": texts["ui"]["cite"]["edition"].format(
            version=ours.version, date=day
        ),
        "url": address,
    }
    fields = ",\n".join(f"  {name} = {{{value}}}" for name, value in facts.items())
    key = f"transformers-{slug}-{language}"
    return {
        "words": texts["ui"]["cite"]["words"].format(
            authors=ours.signed(texts),
            title=title,
            book=texts["title"],
            version=ours.version,
            date=day,
            url=address,
        ),
        "bibtex": f"@incollection{{{key},\n{fields}\n}}",
    }


def report_address(project: Project, language: str, slug: str, title: str) -> str:
    """A new issue in the repository of the build, with the page already named."""
    ours = edition(project.root)
    texts = project.languages[language]["ui"]["report"]
    page = f"{project.base_url}{language}/{slug}.html"
    body = texts["body"].format(page=page, version=ours.version, date=ours.date)
    subject = texts["subject"].format(title=title)
    return (
        f"{project.repository.url}/issues/new"
        f"?title={quote(subject, safe='')}&body={quote(body, safe='')}"
    )
