"""Make the decks: `_build/slides/`, which the site takes in.

The slides were cut when the pages were built; here they get a frame, and reveal.js, of
which all decks share one copy.
"""

import importlib.util
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project, other_language, read_yaml
from bilingual_book.sphinx_build.builders import sphinx_folder
from bilingual_book.sphinx_ext.page_context import THEME_SCRIPT

HERE = Path(__file__).parent
# Of reveal.js, which the package sphinx-revealjs ships, a deck loads these, and its
# window for the speaker.
REVEAL = ("dist/reveal.js", "dist/reveal.css", "LICENSE")
SPEAKER = "plugin/notes/notes.js"
# The number before the title of a chapter, and any tag.
TAG = re.compile(r'<span class="section-number">.*?</span>|<[^>]*>')


@dataclass(frozen=True)
class Deck:
    """What one file shows.

    Attributes:
        name: of the file, without its ending.
        title: on the first slide.
        above: a line above the title.
        chapters: the slides of one chapter or of several, as `sphinx_ext.decks` left
            them, each with its `slug`.
    """

    name: str
    title: str
    above: str
    chapters: list[dict[str, Any]]

    @property
    def scripts(self) -> list[str]:
        """The names of the explorers' scripts."""
        return sorted({name for part in self.chapters for name in part["scripts"]})

    @property
    def count(self) -> int:
        """The number of slides; a route has one more for each chapter, its title."""
        titles = len(self.chapters) if len(self.chapters) > 1 else 0
        return 1 + titles + sum(len(part["slides"]) for part in self.chapters)


def build_slides(project: Project) -> None:
    """Make all decks anew.

    Raises:
        BookError: If the pages have not been built, or a route names no chapter.
    """
    new = project.build / "slides.new"
    shutil.rmtree(new, ignore_errors=True)
    (new / "slides").mkdir(parents=True)
    scripts: dict[str, str] = {}
    for language in LANGUAGES:
        decks = [*chapter_decks(project, language), *route_decks(project, language)]
        folder = new / language / "slides"
        folder.mkdir(parents=True)
        for name, text in rendered(project, language, decks).items():
            (folder / name).write_text(text, encoding="utf-8")
        for deck in decks:
            for part in deck.chapters:
                scripts |= part["scripts"]
        print(f"{language}: {', '.join(f'{d.name} {d.count}' for d in decks)}")
    for name, text in scripts.items():
        (new / "slides" / f"{name}.js").write_text(text, encoding="utf-8")
    copy_shared(project, new / "slides")
    shutil.rmtree(project.build / "slides", ignore_errors=True)
    new.rename(project.build / "slides")


def renew_slides(project: Project) -> bool:
    """Make the decks again from the pages as they are now; whether there were any."""
    made = (project.build / "slides").exists()
    if made:
        build_slides(project)
    return made


def chapter_slides(project: Project, language: str, slug: str) -> dict[str, Any]:
    """What the build of a page has left.

    Raises:
        BookError: If it has left nothing.
    """
    path = sphinx_folder(project, language) / "slides" / f"{slug}.json"
    if not path.exists():
        raise BookError("the pages have not been built yet", path=path, fix="make book")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**found, "slug": slug, "title": TAG.sub("", found["title"])}


def chapter_decks(project: Project, language: str) -> list[Deck]:
    """A deck for each numbered chapter whose source has marks."""
    texts = project.languages[language]["slides"]
    chapters = [chapter_slides(project, language, slug) for slug in project.numbered]
    return [
        Deck(
            name=chapter["slug"],
            title=chapter["title"],
            above=texts["chapter"].format(number=chapter["number"]),
            chapters=[chapter],
        )
        for chapter in chapters
        if chapter["slides"]
    ]


def routes(project: Project) -> dict[str, list[str]]:
    """The chapters of each route.

    Raises:
        BookError: If one is not in the book.
    """
    found: dict[str, list[str]] = read_yaml(project.book / "routes.yml")
    return {name: project.known(slugs, code=True) for name, slugs in found.items()}


def route_decks(project: Project, language: str) -> list[Deck]:
    """A deck for each route: the slides of its chapters, in its order."""
    texts = project.languages[language]["slides"]
    return [
        Deck(
            name=f"route-{name}",
            title=texts["route_titles"][name],
            above=texts["route"],
            chapters=[chapter_slides(project, language, slug) for slug in slugs],
        )
        for name, slugs in routes(project).items()
    ]


def rendered(project: Project, language: str, decks: list[Deck]) -> dict[str, str]:
    """The files of one language, by name."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["markup"] = Markup
    texts = project.languages[language]
    other = other_language(language)
    values = {
        "language": language,
        "book": texts["title"],
        "licence": Markup(texts["ui"]["licence"]),
        "texts": texts["slides"],
        "other": {"code": other, "name": project.languages[other]["name"]},
        "theme_script": Markup(THEME_SCRIPT),
    }
    template = environment.get_template("deck.html")
    files = {f"{d.name}.html": template.render(values, deck=d) for d in decks}
    index = environment.get_template("index.html")
    files["index.html"] = index.render(
        values,
        chapters=[deck for deck in decks if not deck.name.startswith("route-")],
        routes=[deck for deck in decks if deck.name.startswith("route-")],
    )
    return files


def copy_shared(project: Project, folder: Path) -> None:
    """Copy what all decks share: reveal.js with its licence, our style and script.

    Raises:
        BookError: If the package that ships reveal.js is not installed.
    """
    package = importlib.util.find_spec("sphinx_revealjs")
    if package is None or package.origin is None:
        raise BookError(
            "reveal.js is not installed",
            expected="the package sphinx-revealjs, which ships it",
            fix="pip install -r requirements.txt",
        )
    reveal = Path(package.origin).parent / "_static" / "revealjs"
    for name in REVEAL:
        target = "reveal-license.txt" if name == "LICENSE" else Path(name).name
        shutil.copy(reveal / name, folder / target)
    speaker = (reveal / SPEAKER).read_text(encoding="utf-8")
    for language in LANGUAGES:
        words = project.languages[language]["slides"]["speaker"] | {
            'en\\">': f'{language}\\">',  # of the whole window
            "en-US', { hour12: true": f"{language}', {{ hour12: false",
        }
        text = in_words(speaker, words)
        (folder / f"notes-{language}.js").write_text(text, encoding="utf-8")
    for path in sorted((HERE / "static").iterdir()):
        shutil.copy(path, folder / path.name)


def in_words(script: str, words: dict[str, str]) -> str:
    """The script of the speaker's window, its English words replaced.

    Raises:
        BookError: If one of them is not there exactly once, as after a new release.
    """
    for english, said in words.items():
        places = [m.start() for m in re.finditer(re.escape(english), script)]
        places = [place for place in places if script[place - 1] in ">'\""]
        if len(places) != 1:
            raise BookError(
                f"the speaker's window says {english!r} {len(places)} times",
                expected="once",
                fix="write what it says now below `speaker` in book/languages.yml",
            )
        (place,) = places
        script = script[:place] + said + script[place + len(english) :]
    return script
