"""The book's own sources: names, addresses, texts in both languages."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from bilingual_book.checks.claims import check_register
from bilingual_book.checks.names import check_sources, first_text, label_ids
from bilingual_book.checks.parity import check_parity
from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.sources.code_trees import called_name
from bilingual_book.sources.page import PageReader, page_reader
from transformers_explained.lesson.labels import label_ids as loaded_label_ids

ROOT = Path(__file__).parents[2]
PROJECT = Project(ROOT)


def tracked_files() -> list[Path]:
    """The files of the repository, or of the folder where there is none."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    if found.returncode:
        pytest.skip("git is missing: apt-get install git")
    paths = [ROOT / name for name in found.stdout.splitlines()]
    return [path for path in paths if path.is_file()]


def text_of(path: Path) -> str:
    """A text file; empty for another."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.fixture(scope="module")
def reader() -> PageReader:
    return page_reader(PROJECT)


def test_both_trees_agree() -> None:
    check_parity(PROJECT)


def test_every_name_leads_somewhere() -> None:
    check_sources(PROJECT)


def test_the_register_of_claims() -> None:
    check_register(PROJECT)


def test_every_text_is_in_both_languages() -> None:
    assert set(loaded_label_ids()) == label_ids(PROJECT.package)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_without_a_language_is_seen(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "chapters" / "one"
    folder.mkdir(parents=True)
    path = folder / "texts.toml"
    path.write_text(f'[a]\n{language} = "x"\n', encoding="utf-8")
    with pytest.raises(BookError, match=r"texts\.toml:1: the text \[a\] has no"):
        label_ids(tmp_path)


def test_every_text_that_the_package_asks_for_exists() -> None:
    known = label_ids(PROJECT.package)
    missing = []
    for path in sorted(PROJECT.package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called_name(node) == "label":
                name = first_text(node)
                if name is not None and name not in known:
                    missing.append(f"{path}:{node.lineno}: {name}")
    assert not missing, "\n".join(missing)


def test_every_check_has_a_hint() -> None:
    from bilingual_book.checks.names import check_ids

    hints = {name.replace(".", ".hint-") for name in check_ids(PROJECT.package)}
    assert hints
    assert hints - label_ids(PROJECT.package) == set()


MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/[\w.]")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|conda\.anaconda", re.I
)
ASSET = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=[\"'](?:https?:)?//"
    r"|<link[^>]+rel=[\"']?stylesheet[^>]+href=[\"'](?:https?:)?//"
    r"|@import\s+(?:url\()?[\"']?https?:|url\([\"']?https?:"
    r"|fonts\.googleapis|cdn\.jsdelivr|cdnjs\.cloudflare|unpkg\.com",
    re.I,
)
RULES = {"a machine's path": MACHINE_PATH, "a registry": REGISTRY, "an asset": ASSET}


@pytest.mark.parametrize("name", RULES)
def test_no_file_names(name: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in tracked_files()
        if path != Path(__file__)
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if RULES[name].search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a machine's path", "see /home/me/book"),
        ("a machine's path", '"/root/.cache"'),
        ("a registry", "https://pypi.org/simple"),
        ("an asset", '<script src="https://a.org/b.js">'),
        ("an asset", '<img alt="" src="//a.org/b.png">'),
        ("an asset", "@import url(https://a.org/b.css)"),
        ("an asset", "src: url('https://a.org/b.woff2')"),
    ],
)
def test_such_a_line_is_seen(name: str, text: str) -> None:
    assert RULES[name].search(text)


def test_every_page_describes_itself(reader: PageReader) -> None:
    for language in LANGUAGES:
        for slug in PROJECT.pages:
            page = reader.read(PROJECT.source(language, slug), language)
            settings = {**page.metadata, **page.metadata.get("myst", {})}
            text = (settings.get("html_meta") or {}).get("description", "")
            assert 20 <= len(text) <= 300, f"{page.path}: {text!r}"
