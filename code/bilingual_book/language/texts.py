"""All that the project says to its readers, by language."""

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from bilingual_book.language.cell_words import cell_sentences
from bilingual_book.language.prose import Sentence, prose
from bilingual_book.project import LANGUAGES, Project, text_files
from bilingual_book.sources.page import PageReader, page_reader

# Pages for those who come to the sources.
_FRONT = {"fr": ("README.fr.md",), "en": ("README.md", "CONTRIBUTING.md")}
# Names, addresses and settings among the texts of languages.yml.
_SETTINGS = frozenset({"locale", "name", "pdf"})


@dataclass(frozen=True)
class Text:
    """A sentence, and the file it stands in."""

    path: Path
    sentence: Sentence
    in_code: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.sentence.line}"


def all_texts(project: Project, language: str) -> Iterator[Text]:
    """Pages, cells, figures, glossary, claims and interface of one language."""
    reader = page_reader(project)
    for path in sorted((project.book / language).glob("*.md")):
        yield from page_texts(path, language, reader)
    for name in _FRONT[language]:
        yield from markdown_texts(project.root / name, reader)
    for path in text_files(project.package).values():
        yield from label_texts(path, language)
    yield from term_texts(project.book / "terms.csv", language)
    yield from yaml_texts(project.book / "languages.yml", language)
    for path in [
        *project.book.glob("poster.yml"),
        *sorted((project.book / "claims").glob("*.yml")),
    ]:
        yield from yaml_texts(path, language)


def own_texts(project: Project, language: str, slug: str) -> Iterator[Text]:
    """A page, its figures and messages, its claims."""
    path = project.source(language, slug)
    yield from page_texts(path, language, page_reader(project))
    labels = project.own_code(slug) / "texts.toml"
    if labels.exists():
        yield from label_texts(labels, language)
    claims = project.book / "claims" / f"{slug}.yml"
    if claims.exists():
        yield from yaml_texts(claims, language)


def page_texts(path: Path, language: str, reader: PageReader) -> Iterator[Text]:
    """A page: its prose, then what its cells say."""
    yield from markdown_texts(path, reader)
    for sentence in cell_sentences(reader.read(path, language).cells):
        yield Text(path, sentence, in_code=True)


def markdown_texts(path: Path, reader: PageReader) -> Iterator[Text]:
    """The prose of a Markdown file."""
    for sentence in prose(path.read_text(encoding="utf-8"), reader):
        yield Text(path, sentence)


def label_texts(path: Path, language: str) -> Iterator[Text]:
    """The texts of figures and messages."""
    source = path.read_text(encoding="utf-8")
    for key, entry in tomllib.loads(source).items():
        line = source[: source.index(f"[{key}]")].count("\n") + 1
        for shown in str(entry.get(language, "")).splitlines():
            yield Text(path, Sentence(line, shown, unmarked=True))


def term_texts(path: Path, language: str) -> Iterator[Text]:
    """The terms and their definitions."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        for row in rows:
            for key, text in row.items():
                if key in LANGUAGES:  # the other language's term is marked by its place
                    here = "" if key == language else key
                    yield Text(path, Sentence(rows.line_num, text, here, True))
            definition = row[f"definition_{language}"]
            yield Text(path, Sentence(rows.line_num, definition, unmarked=True))


def yaml_texts(path: Path, language: str) -> Iterator[Text]:
    """All texts that stand below a key with the language's name."""
    root = yaml.compose(path.read_text(encoding="utf-8"))
    for sentence in _below(root, language, inside=False):
        yield Text(path, replace(sentence, unmarked=True))


def _below(node: Any, language: str, *, inside: bool) -> Iterator[Sentence]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value not in _SETTINGS:
                here = inside or key.value == language
                yield from _below(value, language, inside=here)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _below(item, language, inside=inside)
    elif inside and node is not None:
        yield Sentence(node.start_mark.line + 1, node.value)
