"""What the templates show around a page: texts, switch, launch buttons, addresses."""

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from bilingual_book.project import LANGUAGES, Project, other_language
from bilingual_book.sphinx_ext.edition import citation, edition, report_address

# Before the first paint: that there are scripts, the theme that the reader chose, and
# whether code scrolls instead of going on below. Without script, the system's theme.
THEME_SCRIPT = (
    "document.documentElement.classList.add('js');"
    "try{document.documentElement.dataset.code=localStorage.code||'';"
    "document.getElementById('dark').media="
    "{dark:'all',light:'not all'}[localStorage.theme]||'(prefers-color-scheme: dark)'"
    "}catch{}"
)
DESCRIPTION = re.compile(r'<meta content="([^"]*)"[^>]*name="description"')
TAG = re.compile(r"<[^>]*>")
NUMBER = re.compile(r"^\d+\.\s+")
FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)  # what a source begins with


@cache
def project_at(root: str) -> Project:
    """The project that the overlay names."""
    return Project(Path(root))


def book_texts(config: Config) -> dict[str, Any]:
    """The texts of ``book/languages.yml`` in the book's language."""
    return project_at(config.book_root).languages[config.book_language]


def add_context(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Add to the context what the templates ask for."""
    project = project_at(app.config.book_root)
    language = app.config.book_language
    texts = project.languages[language]
    other = other_language(language)
    page = f"{pagename}.html"
    heading = html.unescape(TAG.sub("", str(context.get("title") or "")))
    if pagename == "search":
        heading = texts["ui"]["search"]
    metatags = str(context.get("metatags") or "")
    description = DESCRIPTION.search(metatags)
    context.update(
        ui=texts["ui"],
        search_texts=json.dumps(texts["ui"]["search_texts"], ensure_ascii=False),
        quiz_words=json.dumps(texts["ui"]["quiz"], ensure_ascii=False),
        page_title=html.escape(page_title(project, language, pagename, heading)),
        page_description=html.unescape(description[1])
        if description
        else texts["description"],
        hidden_from_search=pagename not in project.pages,
        alternates=alternates(project, page),
        other={
            "code": other,
            "name": project.languages[other]["name"],
            "title": project.languages[other]["ui"]["switch"],
            "href": f"../{other}/{page}",
        },
        part=part_name(project, language, pagename),
        theme_script=THEME_SCRIPT,
        social_card=f"{project.base_url}{language}/_static/cover.png",
        launch=launch_links(project, language, pagename),
        local_toc=local_toc(str(context.get("toc") or "")),
        repository_url=project.repository.url,
        about=about_page(project, language, pagename, heading),
        promises={
            way: promise(project, language, str(context[way]["link"]))
            for way in ("prev", "next")
            if context.get(way)
        },
    )


def about_page(
    project: Project, language: str, pagename: str, heading: str
) -> dict[str, Any]:
    """The edition of a page, how to cite it, where to report an error.

    A book without ``CITATION.cff`` says nothing of itself.
    """
    if pagename not in project.pages or not (project.root / "CITATION.cff").exists():
        return {}
    ours = edition(project.root)
    texts = project.languages[language]["ui"]
    return {
        "edition": texts["edition"].format(
            version=ours.version, date=ours.day(texts["locale"])
        ),
        "authors": ours.signed(project.languages[language]),
        "cite": citation(project, language, pagename, NUMBER.sub("", heading)),
        "report": report_address(project, language, pagename, heading),
        "address": f"{project.base_url}{language}/{pagename}.html",
    }


def promise(project: Project, language: str, link: str) -> str:
    """What a page says of itself in its front matter."""
    source = project.source(language, link.split("/")[-1].removesuffix(".html"))
    if not source.exists():
        return ""
    front = FRONT.match(source.read_text(encoding="utf-8"))
    said = yaml.safe_load(front[1]) if front else {}
    meta = said.get("html_meta") or said.get("myst", {}).get("html_meta") or {}
    return str(meta.get("description", ""))


def page_title(project: Project, language: str, pagename: str, heading: str) -> str:
    """The title in the browser's tab; the first page bears the book's."""
    title: str = project.languages[language]["title"]
    if pagename == project.toc["root"] or not heading:
        return f"{title} – {project.languages[language]['subtitle']}"
    return f"{heading} – {title}"


def part_name(project: Project, language: str, pagename: str) -> str:
    """The part of the book that a page belongs to; none for its first page."""
    names: dict[str, str] = project.languages[language]["parts"]
    parts = {chapter["file"]: part for part, chapter in project.chapters_by_part}
    return names[parts[pagename]] if pagename in parts else ""


def alternates(project: Project, page: str) -> dict[str, str]:
    """The page's addresses by language, for search engines."""
    addresses = {code: f"{project.base_url}{code}/{page}" for code in LANGUAGES}
    return {**addresses, "x-default": addresses["en"]}


def launch_links(
    project: Project, language: str, pagename: str
) -> list[dict[str, str | bool]]:
    """Where a chapter can be run, and its other forms."""
    if pagename not in project.notebooks:
        return []
    ui = project.languages[language]["ui"]
    repository = project.repository
    path = f"{language}/{pagename}.ipynb"
    branch = repository.notebooks_branch
    return [
        {
            "name": "Colab",
            "says": ui["launch_colab"],
            "href": "https://colab.research.google.com/github/"
            f"{repository.slug}/blob/{branch}/{path}",
        },
        {
            "name": "Binder",
            "says": ui["launch_binder"],
            "href": f"https://mybinder.org/v2/gh/{repository.slug}/{branch}"
            f"?labpath={path.replace('/', '%2F')}",
        },
        {
            "name": ui["notebook"],
            "says": ui["launch_notebook"],
            "href": f"../notebooks/{path}",
            "download": True,
        },
        {
            "name": ui["slides"],
            "says": ui["launch_slides"],
            "href": f"../{language}/slides/{pagename}.html",
        },
        {
            "name": "PDF",
            "says": ui["launch_pdf"],
            "href": f"../downloads/{language}/{pagename}.pdf",
            "download": True,
        },
        {
            "name": ui["downloads"],
            "says": ui["launch_downloads"],
            "href": f"../{language}/downloads.html",
        },
    ]


def local_toc(toc: str) -> str:
    """The sections of the page, without the page's own title."""
    inner = re.search(r"<ul>.*?<a[^>]*>.*?</a>\s*(<ul>.*</ul>)\s*</li>", toc, re.DOTALL)
    return inner[1] if inner else ""


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", add_context, priority=800)
