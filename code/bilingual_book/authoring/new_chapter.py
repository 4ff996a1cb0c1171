"""Begin a chapter: `python -m bilingual_book new-chapter <slug>`.

What is written runs and passes every check, shows each convention once, and waits to be
replaced.
"""

import re
from pathlib import Path

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project

SKELETON = Path(__file__).parent / "skeleton"
SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
# Of the skeleton, the file in the chapter's own folder.
FOLDER = {
    "init.py.txt": "__init__.py",
    "figures.py.txt": "figures.py",
    "checks.py.txt": "checks.py",
    "texts.toml": "texts.toml",
}


def new_chapter(
    project: Project, slug: str, titles: dict[str, str], after: str = ""
) -> list[Path]:
    """Write both pages, the folder and the claims, and list the chapter.

    Args:
        project: The book.
        slug: The name of the files, such as ``vision`` or ``long-texts``.
        titles: By language; one that is missing is made of the slug.
        after: The chapter that this one follows; default: the last numbered one.

    Returns:
        The files that were written, `_toc.yml` last.

    Raises:
        BookError: If the slug is no slug, or one of the files is there already.
    """
    if not SLUG.fullmatch(slug):
        raise BookError(
            f"{slug!r} cannot name a chapter",
            expected="small letters, digits and single hyphens, such as long-texts",
        )
    after = after or (project.numbered or project.pages)[-1]
    project.known([after])
    texts = chapter_files(project, slug, titles)
    for path in texts:
        if path.exists():
            raise BookError("the file is there already", path=path)
    toc = project.root / "_toc.yml"
    texts[toc] = with_chapter(toc.read_text(encoding="utf-8"), slug, after)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def chapter_files(
    project: Project, slug: str, titles: dict[str, str]
) -> dict[Path, str]:
    """The files of a new chapter and what stands in them."""
    own = project.own_code(slug)
    usual = slug.replace("-", " ").capitalize()

    def filled(name: str, language: str) -> str:
        text = (SKELETON / name).read_text(encoding="utf-8")
        text = text.replace("@slug@", slug).replace("@folder@", own.name)
        return text.replace("@title@", titles.get(language) or usual)

    pages = {
        project.source(code, slug): filled(f"{code}.md", code) for code in LANGUAGES
    }
    code = {own / target: filled(name, "en") for name, target in FOLDER.items()}
    claims = project.book / "claims" / f"{slug}.yml"
    return {**pages, **code, claims: filled("claims.yml", "en")}


def with_chapter(toc: str, slug: str, after: str) -> str:
    """The table of contents with a chapter behind another; comments stay."""
    lines = toc.splitlines()
    for index, line in enumerate(lines):
        entry = re.fullmatch(rf"(\s*- file:\s+){re.escape(after)}(\s*#.*)?", line)
        if entry:
            lines.insert(index + 1, f"{entry[1]}{slug}")
    return "\n".join(lines) + "\n"
