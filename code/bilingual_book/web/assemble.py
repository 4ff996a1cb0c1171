"""Put the two built trees together: `_build/site/`."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bilingual_book.cover import write_covers
from bilingual_book.locales import LOCALES
from bilingual_book.project import LANGUAGES, Project, other_language
from bilingual_book.sphinx_build.builders import sphinx_folder
from bilingual_book.sphinx_ext.body import LIVE_FOLDER
from bilingual_book.sphinx_ext.page_context import THEME_SCRIPT
from bilingual_book.web.downloads import copy_files, listed
from bilingual_book.web.math_font import formula_signs, write_math_font

WEB = Path(__file__).parent / "theme"
CODE = Path(__file__).parents[2]
# Of what Sphinx and its extensions put among the static files, a page loads these.
GENERATED = ("search-index.js", "stemmer.js")
LAUNCH_LINK = re.compile(r'\s*<li><a href="\.\./([^"]+)"[^>]*><b>.*?</a></li>')
# What a chapter says of its length, in English.
MINUTES = re.compile(r"(\d+) minutes to read")
# A link, in a page, to what may not have been made: without it, its words.
MADE_LINK = re.compile(r'<a class="made" href="([^"]+)">([^<]*)</a>')


def assemble(project: Project) -> None:
    """Make the new site beside the old one, then swap them."""
    new = project.build / "site.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    copy_downloads(project, new)
    for language in LANGUAGES:
        write_list(project, language, new)
        copy_pages(project, language, new / language)
        copy_live_models(project, language, new)
        write_covers(language, project.languages[language], new / language / "_static")
    write_fonts(new)
    write_vocabularies(new)
    for name, text in root_files(project).items():
        (new / name).write_text(text, encoding="utf-8")
    swap(new, project.site)


def renew(project: Project) -> None:
    """Assemble again what has been built, if there is a site: new downloads are in."""
    if project.site.exists():
        assemble(project)


def copy_downloads(project: Project, new: Path) -> None:
    """Copy what goes beside the pages, when it has been made."""
    copy_files(project, new)
    for path in sorted((project.build / "pdf").glob("*.pdf")):
        shutil.copy(path, new / path.name)
    notebooks = project.build / "notebooks"
    if notebooks.exists():
        ignore = shutil.ignore_patterns("binder", "*.txt", "*.md")
        shutil.copytree(notebooks, new / "notebooks", ignore=ignore)
    slides = project.build / "slides"
    if slides.exists():
        shutil.copytree(slides, new, dirs_exist_ok=True)


def copy_pages(project: Project, language: str, target: Path) -> None:
    """Copy one language: its pages, its pictures and the static files they load."""
    html = sphinx_folder(project, language) / "html"
    static = target / "_static"
    static.mkdir(parents=True, exist_ok=True)
    for slug in [*project.pages, "search"]:
        text = (html / f"{slug}.html").read_text(encoding="utf-8")
        text = LAUNCH_LINK.sub(
            lambda link: link[0] if (target.parent / link[1]).exists() else "", text
        )
        text = MADE_LINK.sub(
            lambda link: link[0] if (target / link[1]).exists() else link[2], text
        )
        (target / f"{slug}.html").write_text(text, encoding="utf-8")
    for folder in ("_images", "_downloads"):
        if (html / folder).exists():
            shutil.copytree(html / folder, target / folder)
    for path in sorted((WEB / "static").iterdir()):
        shutil.copy(path, static / path.name)
    for name in GENERATED:
        shutil.copy(html / "_static" / name, static / name)
    (target / "index.html").write_text(redirect(project, language), encoding="utf-8")


def copy_live_models(project: Project, language: str, new: Path) -> None:
    """Copy the models that live in the pages, those that a page names.

    A name tells the weights: what both languages have is one file.
    """
    folder = sphinx_folder(project, language) / "html" / LIVE_FOLDER
    text = "".join(
        path.read_text(encoding="utf-8") for path in (new / language).glob("*.html")
    )
    for path in sorted(folder.glob("*.js")):
        if f'"{path.stem}"' in text:
            (new / LIVE_FOLDER).mkdir(exist_ok=True)
            shutil.copy(path, new / LIVE_FOLDER / path.name)


def write_fonts(new: Path) -> None:
    """Write the typeface of formulas with the signs of both languages."""
    pages = [path.read_text(encoding="utf-8") for path in new.glob("*/*.html")]
    signs = formula_signs(pages)
    first, *others = [new / language / "_static" for language in LANGUAGES]
    write_math_font(signs, first / "math.woff2")
    for folder in others:
        shutil.copy(first / "math.woff2", folder / "math.woff2")


def write_vocabularies(new: Path) -> None:
    """Write what the explorer of tokens loads when it is asked to, if there is one.

    The lessons know how; the machinery never imports them.
    """
    pages = (path.read_text(encoding="utf-8") for path in new.glob("*/*.html"))
    if not any("<token-explorer" in page for page in pages):
        return
    command = [
        sys.executable,
        "-m",
        "transformers_explained.pretrained.vocabulary_scripts",
    ]
    environment = os.environ | {"PYTHONPATH": str(CODE)}
    subprocess.run([*command, str(new / "vocabularies")], check=True, env=environment)


def redirect(project: Project, language: str) -> str:
    """The index of a language: it leads to the first page."""
    title = project.languages[language]["title"]
    page = f"{project.toc['root']}.html"
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n"
        f'<meta http-equiv="refresh" content="0; url={page}">\n'
        f'<link rel="canonical" href="{project.base_url}{language}/{page}">\n'
        f'</head>\n<body><p><a href="{page}">{title}</a></p></body>\n</html>\n'
    )


def templates() -> Environment:
    """The pages that Sphinx does not write."""
    return Environment(
        loader=FileSystemLoader(WEB), autoescape=True, undefined=StrictUndefined
    )


def write_list(project: Project, language: str, new: Path) -> None:
    """Write the page that lists what can be taken away, if there is anything."""
    found = listed(project, language, new)
    if not any([*found["books"].values(), *found["chapters"], *found["routes"]]):
        return
    texts = project.languages[language]
    other = other_language(language)
    decimal = LOCALES[language].decimal

    def number(size: float) -> str:
        """A size in megabytes."""
        form: str = texts["downloads"]["size"]
        return form.format(n=f"{size:.1f}".replace(".", decimal))

    page = templates().get_template("downloads.html")
    text = page.render(
        found,
        language=language,
        book=texts["title"],
        root=project.toc["root"],
        texts=texts["downloads"],
        other={"code": other, "name": project.languages[other]["name"]},
        theme_script=THEME_SCRIPT,
        number=number,
    )
    (new / language).mkdir(exist_ok=True)
    (new / language / "downloads.html").write_text(text, encoding="utf-8")


def root_files(project: Project) -> dict[str, str]:
    """What stands beside the two languages, by name."""
    environment = templates()
    values = {
        "languages": project.languages,
        "codes": json.dumps(LANGUAGES),
        "base": project.base_url,
        "path": urlsplit(project.base_url).path,
        "root": project.toc["root"],
        "theme_script": THEME_SCRIPT,
        "facts": course_facts(project),
    }
    return {
        "index.html": environment.get_template("landing.html").render(values),
        "404.html": environment.get_template("not_found.html").render(values),
        "sitemap.xml": sitemap(project),
        "robots.txt": f"User-agent: *\nSitemap: {project.base_url}sitemap.xml\n",
        ".nojekyll": "",
    }


def course_facts(project: Project) -> dict[str, int]:
    """How long the course is, as its chapters say."""
    found = [
        MINUTES.search(project.source("en", slug).read_text(encoding="utf-8"))
        for slug in project.numbered
    ]
    minutes = [int(match[1]) for match in found if match] or [0]
    return {
        "chapters": len(project.numbered),
        "shortest": min(minutes),
        "longest": max(minutes),
        "hours": round(sum(minutes) / 60),
    }


def sitemap(project: Project) -> str:
    """Every page in every language, each naming the other."""
    entries = []
    for slug in project.pages:
        addresses = {
            code: f"{project.base_url}{code}/{slug}.html" for code in LANGUAGES
        }
        links = "".join(
            f'<xhtml:link rel="alternate" hreflang="{code}" href="{address}"/>'
            for code, address in addresses.items()
        )
        entries += [
            f"<url><loc>{address}</loc>{links}</url>" for address in addresses.values()
        ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
        + "\n".join(entries)
        + "\n</urlset>\n"
    )


def swap(new: Path, site: Path) -> None:
    """Replace the site by the new one."""
    old = site.with_name("site.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)
