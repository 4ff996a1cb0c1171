"""One EPUB 3 per language, from the pages of the site: `_build/epub/`."""

import html
import os
import re
import time
import uuid
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bilingual_book.cover import epub_cover, write_covers
from bilingual_book.epub.pages import Chapter, PageReader
from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project, other_language
from bilingual_book.sphinx_build.builders import sphinx_folder

HERE = Path(__file__).parent
LARGEST = 15e6  # bytes
KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}
# What the pages have, in the words of https://www.w3.org/community/reports/publishingcg/
# "Schema.org Accessibility Properties for Discoverability Vocabulary".
FEATURES = (
    *("alternativeText", "MathML", "structuralNavigation"),
    *("tableOfContents", "readingOrder", "displayTransformability"),
)
CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/package.opf"
 media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
DOCTYPE = re.compile(r"<!DOCTYPE[^>]*>\s*", re.DOTALL)
EMPTY_SHAPE = re.compile(r'\bd=""')
NAME = re.compile(r'\sid="([^"]*)"')
NO_SHAPE = re.compile(r"<path\b(?![^>]*\sd=)")


@dataclass(frozen=True)
class Item:
    """A file of the book."""

    id: str
    href: str
    kind: str
    properties: str = ""


def build_epubs(project: Project) -> None:
    """Make both EPUBs.

    Raises:
        BookError: If the pages have not been built, or a book is too large.
    """
    for language in LANGUAGES:
        build_epub(project, language)


def epub_name(project: Project, language: str) -> str:
    """The name of the file: that of the PDF, with another ending."""
    name: str = project.languages[language]["pdf"]
    return name.removesuffix(".pdf") + ".epub"


def build_epub(project: Project, language: str) -> Path:
    """Make the EPUB of one language."""
    start = time.perf_counter()
    folder = sphinx_folder(project, language) / "html"
    texts = project.languages[language]
    reader = PageReader(project.pages, f"{project.base_url}{language}/", texts)
    chapters = [reader.read(slug, page(folder, slug)) for slug in project.pages]
    files = written(project, language, chapters)
    for source in sorted(set().union(*(chapter.pictures for chapter in chapters))):
        path = folder / source
        files[f"images/{path.name}"] = picture(path)
    target = project.build / "epub" / epub_name(project, language)
    target.parent.mkdir(parents=True, exist_ok=True)
    pack(files, target)
    size = target.stat().st_size
    if size > LARGEST:
        raise BookError(
            f"the EPUB holds {size / 1e6:.1f} MB",
            path=target,
            expected=f"at most {LARGEST / 1e6:.0f} MB",
            fix="look for large pictures",
        )
    seconds = time.perf_counter() - start
    print(f"{target} ({size / 1e6:.1f} MB) in {seconds:.0f} s", flush=True)
    return target


def page(folder: Path, slug: str) -> str:
    """A page as it was built.

    Raises:
        BookError: If it was not.
    """
    path = folder / f"{slug}.html"
    if not path.exists():
        raise BookError("the pages have not been built yet", path=path, fix="make book")
    return path.read_text(encoding="utf-8")


def picture(path: Path) -> bytes:
    """A picture; a drawing without what the format forbids: a DOCTYPE, empty paths."""
    if path.suffix != ".svg":
        return path.read_bytes()
    text = DOCTYPE.sub("", path.read_text(encoding="utf-8"))
    # The shape of a space is empty; it is used by its name, and so must be a shape.
    text = EMPTY_SHAPE.sub('d="M0 0"', text)
    text = NO_SHAPE.sub('<path d="M0 0"', text)
    seen: set[str] = set()

    def once(name: re.Match[str]) -> str:
        """A picture that is drawn twice has its name once."""
        if name[1] in seen:
            return ""
        seen.add(name[1])
        return name[0]

    return NAME.sub(once, text).encode()


def now() -> datetime:
    """When the book is made; the environment may say it, for the same file again."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(float(epoch), UTC) if epoch else datetime.now(UTC)


def written(
    project: Project, language: str, chapters: list[Chapter]
) -> dict[str, bytes]:
    """The files of a book, by name, without the pictures of its pages."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = project.languages[language]
    values: dict[str, Any] = {
        "language": language, "ui": texts["ui"], "texts": texts["epub"],
    }  # fmt: skip

    def sheet(title: str, body: str, kind: str) -> bytes:
        template = environment.get_template("page.xhtml")
        made = template.render(values, title=title, body=Markup(body), kind=kind)
        return made.encode()

    files: dict[str, bytes] = {"book.css": (HERE / "book.css").read_bytes()}
    cover = f'<img class="cover" src="images/cover.png" alt="{cover_text(texts)}"/>'
    files["cover.xhtml"] = sheet(texts["epub"]["cover"], cover, "cover")
    files["title.xhtml"] = sheet(
        texts["title"], title_page(project, language), "titlepage"
    )
    files["images/cover.png"] = epub_cover(language, texts)
    # The picture at the head of the first page is one of the site's static files.
    static = project.build / "epub" / "covers" / language
    write_covers(language, texts, static)
    files["images/cover.svg"] = picture(static / "cover.svg")
    for chapter in chapters:
        chapter.pictures.discard("_static/cover.svg")
        files[f"{chapter.slug}.xhtml"] = sheet(
            chapter.title, chapter.body, "bodymatter"
        )
    nav = environment.get_template("nav.xhtml")
    by_slug = {chapter.slug: chapter for chapter in chapters}
    parts = [
        (
            texts["parts"][part["caption"]],
            [by_slug[c["file"]] for c in part["chapters"]],
        )
        for part in project.toc["parts"]
    ]
    made = nav.render(values, first=chapters[0], parts=parts).strip()
    files["nav.xhtml"] = made.encode()
    package = environment.get_template("package.opf")
    files["package.opf"] = package.render(
        values, **facts(project, language, chapters)
    ).encode()
    return files


def facts(project: Project, language: str, chapters: list[Chapter]) -> dict[str, Any]:
    """What the package says of the book."""
    texts = project.languages[language]
    address = f"{project.base_url}{language}/"
    pages = [Item("cover", "cover.xhtml", "application/xhtml+xml")]
    pages.append(Item("title", "title.xhtml", "application/xhtml+xml"))
    pages += [
        Item(
            f"page-{chapter.slug}",
            f"{chapter.slug}.xhtml",
            "application/xhtml+xml",
            " ".join({"math": "mathml"}.get(name, name) for name in chapter.properties),
        )
        for chapter in chapters
    ]
    shown = set().union(*(chapter.pictures for chapter in chapters))
    names = sorted({"cover.svg", *(source.rsplit("/", 1)[-1] for source in shown)})
    pictures = [
        Item(f"picture-{number}", f"images/{name}", KINDS[Path(name).suffix])
        for number, name in enumerate(names)
    ]
    return {
        "identifier": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, address)}",
        "title": texts["title"],
        "author": texts["paper"]["author"],
        "description": texts["description"],
        "keywords": texts["paper"]["keywords"].split(", "),
        "licence": html.unescape(re.sub(r"<[^>]*>", "", texts["ui"]["licence"])),
        "source": address,
        "modified": now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "features": FEATURES,
        "summary": texts["epub"]["summary"],
        "items": [*pages, *pictures],
        "spine": ["cover", "title", "nav", *(item.id for item in pages[2:])],
    }


def cover_text(texts: dict[str, Any]) -> str:
    """What the cover shows, in words."""
    return html.escape(texts["ui"]["cover_alt"])


def title_page(project: Project, language: str) -> str:
    """What the book is called, under which licence it is, and where it comes from."""
    texts = project.languages[language]
    said = {
        "{date}": format_date(now(), "long", locale=texts["ui"]["locale"]),
        "{site}": project.base_url,
        "{repository}": project.repository.url,
        "{other}": project.languages[other_language(language)]["title"],
    }
    lines = []
    for line in [*texts["paper"]["imprint"], *texts["epub"]["imprint"]]:
        text = html.escape(line)
        for name, value in said.items():
            text = text.replace(name, html.escape(value))
        text = re.sub(r"&lt;(https?://.*?)&gt;", r'<a href="\1">\1</a>', text)
        lines.append(f"<p>{text}</p>")
    return (
        f'<div class="title-page"><h1>{html.escape(texts["title"])}</h1>'
        f"<p>{html.escape(texts['subtitle'])}</p>"
        f"<p>{html.escape(texts['paper']['author'])}</p></div>\n" + "\n".join(lines)
    )


def pack(files: dict[str, bytes], target: Path) -> None:
    """Write the file: its kind first, as it is."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        for name, content in sorted(files.items()):
            archive.writestr(f"EPUB/{name}", content)
