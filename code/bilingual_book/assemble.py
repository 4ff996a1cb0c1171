"""Put the two built trees together: `_build/site/`."""

import shutil
from html import escape
from pathlib import Path

from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sphinx_run import sphinx_folder


def assemble(project: Project) -> None:
    """Make the new site beside the old one, then swap them."""
    new = project.build / "site.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for language in LANGUAGES:
        html = sphinx_folder(project, language) / "html"
        ignore = shutil.ignore_patterns(".buildinfo", "_sphinx_design_static")
        shutil.copytree(html, new / language, ignore=ignore)
    (new / "index.html").write_text(landing_page(project), encoding="utf-8")
    (new / ".nojekyll").touch()
    swap(new, project.site)


def swap(new: Path, site: Path) -> None:
    """Replace the site by the new one."""
    old = site.with_name("site.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def landing_page(project: Project) -> str:
    """The page at the root: a choice of language that needs no script."""
    links = "\n".join(
        f'<p lang="{language}"><a href="{language}/index.html">{escape(t["title"])}</a></p>'
        for language, t in project.languages.items()
    )
    return f"<!doctype html><meta charset=utf-8><title>…</title>\n{links}\n"
