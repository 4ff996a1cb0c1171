"""Where the book's files are, and what its settings say."""

import hashlib
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from bilingual_book.errors import BookError
from bilingual_book.locales import LOCALES
from bilingual_book.quotes import typeset

LANGUAGES = tuple(LOCALES)
LOCK = "requirements.txt"
# Pins of what only makes files of the built book: no run of a page depends on them.
NOT_IN_RUNS = (b"pypdf==",)


def other_language(language: str) -> str:
    """The language of the other tree."""
    return next(code for code in LANGUAGES if code != language)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        BookError: If the file is missing or is not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BookError("the file is missing", path=path) from error
    except yaml.YAMLError as error:
        raise BookError(f"the file is not valid YAML: {error}", path=path) from error


@dataclass(frozen=True)
class Repository:
    """Where the sources are published: what launch buttons and links point at."""

    url: str
    branch: str

    @property
    def slug(self) -> str:
        """``owner/name``."""
        return "/".join(self.url.rstrip("/").split("/")[-2:])

    @property
    def notebooks_branch(self) -> str:
        """The branch that holds the generated notebooks."""
        return "notebooks"

    def file(self, path: str) -> str:
        """Where a file of the sources can be read."""
        return f"{self.url}/blob/{self.branch}/{path}"


@dataclass(frozen=True)
class Project:
    """A checkout of the book."""

    root: Path

    @property
    def book(self) -> Path:
        """The folder of the sources."""
        return self.root / "book"

    @property
    def build(self) -> Path:
        """The folder of everything that is generated."""
        return self.root / "_build"

    @property
    def site(self) -> Path:
        """The assembled site."""
        return self.build / "site"

    @property
    def package(self) -> Path:
        """The source of the lessons' package."""
        return self.root / "code" / "transformers_explained"

    @property
    def executed(self) -> Path:
        """The executed notebooks, one folder per language."""
        return self.build / "executed"

    @cached_property
    def config(self) -> dict[str, Any]:
        """``_config.yml``."""
        return dict(read_yaml(self.root / "_config.yml"))

    @cached_property
    def toc(self) -> dict[str, Any]:
        """``_toc.yml``."""
        return dict(read_yaml(self.root / "_toc.yml"))

    @cached_property
    def languages(self) -> dict[str, dict[str, Any]]:
        """``book/languages.yml``: the texts of the site, by language."""
        read = read_yaml(self.book / "languages.yml")
        return {name: typeset(texts, name) for name, texts in read.items()}

    @cached_property
    def pages(self) -> list[str]:
        """The slugs of all pages, in the order of the table of contents."""
        files = [chapter["file"] for _, chapter in self.chapters_by_part]
        return [self.toc["root"], *files]

    @property
    def chapters_by_part(self) -> list[tuple[str, dict[str, Any]]]:
        """Pairs (id of the part, entry of the table of contents)."""
        return [
            (part["caption"], chapter)
            for part in self.toc.get("parts", [])
            for chapter in part["chapters"]
        ]

    @cached_property
    def numbered(self) -> list[str]:
        """The slugs of the numbered chapters, in order."""
        return [
            chapter["file"]
            for part in self.toc.get("parts", [])
            if part.get("numbered")
            for chapter in part["chapters"]
        ]

    def source(self, language: str, slug: str) -> Path:
        """The source file of one page."""
        return self.book / language / f"{slug}.md"

    @cached_property
    def notebooks(self) -> list[str]:
        """The slugs of the pages that hold code to execute."""
        return [slug for slug in self.pages if self.is_notebook(slug)]

    def is_notebook(self, slug: str) -> bool:
        """Whether a page holds code: its front matter says ``file_format: mystnb``."""
        for language in LANGUAGES:
            path = self.source(language, slug)
            if path.exists():
                head = path.read_text(encoding="utf-8")[:600]
                return "file_format: mystnb" in head
        return False

    def known(self, slugs: Iterable[str], *, code: bool = False) -> list[str]:
        """The slugs, if all are pages of the book.

        Args:
            slugs: What someone typed.
            code: Whether the pages must hold code.

        Raises:
            BookError: Naming one that is not, and those that are.
        """
        pages = self.notebooks if code else self.pages
        for slug in (slugs := list(slugs)):
            if slug not in pages:
                what = "holds no code" if slug in self.pages else "is not in the book"
                raise BookError(
                    f"the page {slug!r} {what}",
                    path=self.root / "_toc.yml",
                    expected=f"one of: {', '.join(pages)}",
                )
        return slugs

    @cached_property
    def repository(self) -> Repository:
        """The repository of ``_config.yml``; in GitHub Actions, the one that runs."""
        settings = self.config.get("repository", {})
        url, branch = settings.get("url", ""), settings.get("branch", "main")
        if slug := os.environ.get("GITHUB_REPOSITORY"):
            server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
            url = f"{server}/{slug}"
            branch = os.environ.get("GITHUB_REF_NAME", branch)
        return Repository(url=url, branch=branch)

    @cached_property
    def base_url(self) -> str:
        """The address of the published site, ending in a slash."""
        slug = os.environ.get("GITHUB_REPOSITORY")
        if slug:
            owner, name = slug.split("/")
            if name.lower() == f"{owner.lower()}.github.io":
                return f"https://{owner.lower()}.github.io/"
            return f"https://{owner.lower()}.github.io/{name}/"
        address: str = self.config.get("html", {}).get("baseurl", "")
        return address.rstrip("/") + "/"

    def own_code(self, slug: str) -> Path:
        """The folder of what only one chapter uses: its figures, checks and texts."""
        return self.package / "chapters" / slug.replace("-", "_")

    @cached_property
    def shared_key(self) -> str:
        """A hash of all that every run depends on.

        The package without the chapters' own folders, the pinned environment and
        Python's version.
        """
        chapters = self.package / "chapters"
        files = [
            path
            for path in self.package.rglob("*")
            if chapters not in path.parent.parents
        ]
        return hashed([*files, self.root / LOCK], self.root, read=read_for_runs)

    def page_key(self, slug: str) -> str:
        """A hash of all that a page's run depends on and that is not in the page.

        A page is executed again when shared code changes, or its own folder: not when
        another chapter's does.
        """
        own = hashed(self.own_code(slug).rglob("*"), self.root)
        return hashlib.sha256(f"{self.shared_key} {own}".encode()).hexdigest()[:16]

    @property
    def cache(self) -> Path:
        """The folder of the outputs, and of what Sphinx is given of them."""
        return self.build / "cache"


def read_for_runs(path: Path) -> bytes:
    """The content of a file; of the lock, the pins that a run may depend on."""
    content = path.read_bytes()
    if path.name != LOCK:
        return content
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(NOT_IN_RUNS))


def hashed(
    paths: Iterable[Path], root: Path, read: Callable[[Path], bytes] = Path.read_bytes
) -> str:
    """A hash of the names and contents of files, and of Python's version."""
    digest = hashlib.sha256(platform.python_version().encode())
    for path in sorted(paths):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(read(path))
    return digest.hexdigest()[:16]


def find_project(start: Path | None = None) -> Project:
    """The project around a folder (default: the current one).

    Raises:
        BookError: If neither the folder nor one above it holds ``_toc.yml``.
    """
    folder = (start or Path.cwd()).resolve()
    for candidate in [folder, *folder.parents]:
        if (candidate / "_toc.yml").exists():
            return Project(candidate)
    raise BookError(
        "no _toc.yml here or in a folder above",
        path=folder,
        fix="run the command from the book's folder",
    )


def text_files(package: Path) -> dict[str, Path]:
    """The texts of figures and messages: the slug in their ids, and the file."""
    own = {
        path.parent.name.replace("_", "-"): path
        for path in sorted((package / "chapters").glob("*/texts.toml"))
    }
    shared = sorted((package / "lesson" / "texts").glob("*.toml"))
    return own | {path.stem: path for path in shared}
