"""One configuration and one table of contents, overlaid per language."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project, find_project
from bilingual_book.sphinx_build.overlay import (
    overlay_config,
    overlay_toc,
    write_overlay,
)

GITHUB = ("GITHUB_REPOSITORY", "GITHUB_REF_NAME", "GITHUB_SERVER_URL", "GITHUB_SHA")


@pytest.fixture(autouse=True)
def _outside_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GITHUB:
        monkeypatch.delenv(name, raising=False)


def test_the_repository_of_the_configuration(book: Project) -> None:
    settings = book.config["repository"]
    assert book.repository.url == settings["url"]
    assert book.repository.branch == settings["branch"]


def test_a_fork_publishes_under_its_own_name(
    book: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "Somebody/my-fork")
    monkeypatch.setenv("GITHUB_REF_NAME", "trial")
    assert book.repository.url == "https://github.com/Somebody/my-fork"
    assert book.repository.branch == "trial"
    assert book.repository.slug == "Somebody/my-fork"
    assert book.base_url == "https://somebody.github.io/my-fork/"
    config = overlay_config(book, "fr")
    assert config["repository"]["url"].endswith("Somebody/my-fork")
    assert config["html"]["baseurl"] == "https://somebody.github.io/my-fork/fr/"


def test_a_site_of_its_own(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "Somebody/somebody.github.io")
    assert book.base_url == "https://somebody.github.io/"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_overlay_speaks_one_language(book: Project, language: str) -> None:
    config_path, toc_path = write_overlay(book, language)
    config = yaml.safe_load(config_path.read_text(encoding="utf-8"))
    sphinx = config["sphinx"]["config"]
    assert sphinx["language"] == language
    assert sphinx["html_search_language"] == language
    assert config["title"] == book.languages[language]["title"]
    for path in [*config["bibtex_bibfiles"], config["execute"]["cache"]]:
        assert Path(path).is_absolute()
    toc = yaml.safe_load(toc_path.read_text(encoding="utf-8"))
    captions = [part["caption"] for part in toc["parts"]]
    assert captions == [book.languages[language]["parts"]["start"]]


def test_an_overlay_that_is_the_same_is_not_written_again(book: Project) -> None:
    path, _ = write_overlay(book, "fr")
    before = path.stat().st_mtime_ns
    assert write_overlay(book, "fr")[0].stat().st_mtime_ns == before


def test_the_table_of_contents_stays_as_it_is(book: Project) -> None:
    before = yaml.safe_dump(book.toc)
    overlay_toc(book, "fr")
    assert yaml.safe_dump(book.toc) == before


def test_pages_in_order(book: Project) -> None:
    assert book.pages == ["intro", "one", "two"]
    assert book.notebooks == ["one", "two"]


def test_the_project_is_found_from_below(book: Project) -> None:
    assert find_project(book.book / "fr").root == book.root
    with pytest.raises(BookError, match=r"no _toc\.yml here or in a folder above"):
        find_project(Path("/"))


@pytest.mark.parametrize("text", ["a: [", None])
def test_a_file_that_cannot_be_read(book: Project, text: str | None) -> None:
    path = book.root / "_toc.yml"
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(BookError, match=r"_toc\.yml: the file is"):
        _ = book.pages


def keys(value: Any, prefix: str = "") -> set[str]:
    """The paths of all keys."""
    if not isinstance(value, dict):
        return {prefix}
    return {k for key, v in value.items() for k in keys(v, f"{prefix}.{key}")}


def test_both_languages_have_the_same_texts(book: Project) -> None:
    french, english = (keys(book.languages[language]) for language in LANGUAGES)
    assert french == english
    assert not [k for lang in LANGUAGES for k in empty(book.languages[lang])]


def empty(value: Any, prefix: str = "") -> list[str]:
    """The paths of the texts that are empty."""
    if isinstance(value, dict):
        return [k for key, v in value.items() for k in empty(v, f"{prefix}.{key}")]
    return [] if value else [prefix]
