"""Check one language's pages before anything runs: names that lead nowhere, pictures
without a text."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project, text_files
from bilingual_book.sources.code_trees import called_name, parse_code
from bilingual_book.sources.page import Element, Page, page_reader

# Words of the other language in a name: "échauffement ([warm-up]{.language-en})".
_MARKED = re.compile(r"\[([^\]]*)\]\{[^}]*\}")
_BIB_KEY = re.compile(
    r"^\s*@(?!comment|string|preamble)\w+\s*\{\s*([^,\s]+)", re.I | re.M
)
# What Sphinx itself offers to point at.
_BUILT_IN = frozenset({"genindex", "modindex", "search"})

PICTURES = frozenset({"figure", "image"})


@dataclass(frozen=True)
class Sources:
    """Everything that the pages of one language may name."""

    project: Project
    language: str

    @cached_property
    def pages(self) -> dict[str, Page]:
        """All pages by slug."""
        reader = page_reader(self.project)
        sources = {s: self.project.source(self.language, s) for s in self.slugs}
        return {
            slug: reader.read(path, self.language) for slug, path in sources.items()
        }

    @property
    def slugs(self) -> list[str]:
        """The pages of the table of contents, then those that are only files."""
        files = sorted(p.stem for p in (self.project.book / self.language).glob("*.md"))
        listed = [s for s in self.project.pages if s in files]
        return listed + [s for s in files if s not in listed]

    @cached_property
    def labels(self) -> frozenset[str]:
        """All that {ref}, {numref} and {eq} may point at."""
        elements = [e for page in self.pages.values() for e in page.elements]
        return _BUILT_IN | {n.lower() for e in elements for n in names_given(e)}

    @cached_property
    def terms(self) -> set[str]:
        """The terms of the glossary, in lower case."""
        glossaries = [
            e for page in self.pages.values() for e in page.directives("glossary")
        ]
        lines = [line for e in glossaries for line in e.source.splitlines()]
        names = (_MARKED.sub(r"\1", line) for line in lines if line[:1].strip())
        return {name.strip().lower() for name in names}

    @cached_property
    def works(self) -> set[str]:
        """The keys of the bibliography."""
        path = self.project.book / "references.bib"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return set(_BIB_KEY.findall(text))


def directive_name(element: Element) -> str:
    """The name of a directive; empty for other elements."""
    return element.value.split()[0] if element.kind == "directive" else ""


def names_given(element: Element) -> Iterator[str]:
    """The names under which an element can be pointed at."""
    options = element.options
    if element.kind == "label":
        yield element.value
    elif element.kind == "formula" and element.argument:
        yield element.argument
    elif element.kind == "code" and isinstance(options.get("mystnb"), dict):
        figure = options["mystnb"].get("figure") or {}
        if "name" in figure:
            yield str(figure["name"])
    for key in ("name", "label"):
        if options.get(key):
            yield str(options[key])


def check_sources(project: Project, slugs: Iterable[str] | None = None) -> None:
    """Check the pages of both languages.

    Raises:
        BookError: With one message per mistake: file, line, expected, what to do.
    """
    messages = []
    for language in LANGUAGES:
        sources = Sources(project, language)
        for slug in project.pages if slugs is None else slugs:
            if slug in sources.pages:
                messages += [str(e) for e in mistakes(sources, sources.pages[slug])]
    if messages:
        raise BookError("\n".join(messages))


def mistakes(sources: Sources, page: Page) -> Iterator[BookError]:
    """All mistakes of one page."""
    yield from missing_texts(page)
    yield from bare_tables(page)
    yield from unknown_targets(sources, page)
    yield from language_mistakes(page)
    yield from unknown_identifiers(sources.project, page)


def missing_texts(page: Page) -> Iterator[BookError]:
    """Pictures without alternative text."""
    for element in page.elements:
        options = element.options
        if element.kind == "code" and element.value == "code-cell":
            settings = options.get("mystnb") or {}
            if "figure" not in settings:
                continue
            alt = (settings.get("image") or {}).get("alt")
        elif element.kind == "image" or directive_name(element) in PICTURES:
            alt = options.get("alt")
        else:
            continue
        if not str(alt or "").strip():
            yield BookError(
                "this figure has no alternative text",
                path=page.path,
                line=element.line,
                expected="a text that says what the picture shows",
                fix="add `alt:` (of a cell: under mystnb, image)",
            )


def bare_tables(page: Page) -> Iterator[BookError]:
    """Tables without a caption, or without the name that a reference needs."""
    before: Element | None = None
    for element in page.elements:
        titled = (
            before is not None
            and directive_name(before) == "table"
            and before.argument
            and before.options.get("name")
        )
        if element.kind == "table" and not titled:
            yield BookError(
                "this table has no caption, or no name",
                path=page.path,
                line=element.line,
                expected="`:::{table} A caption` around it, and `:name: tab-…`",
                fix="add them: a table is numbered as a figure is",
            )
        before = element


def unknown_targets(sources: Sources, page: Page) -> Iterator[BookError]:
    """Citations, references and terms that lead nowhere."""
    for element in page.inline:
        if element.kind == "citation" and element.value not in sources.works:
            what = f"unknown citation {element.value!r}"
            expected = "a key of book/references.bib"
        elif element.kind == "term" and not known_term(element.argument, sources.terms):
            what = f"unknown term {element.argument!r}"
            expected = "a term of the glossary"
        elif element.kind == "reference" and is_lost(element, sources):
            what = f"unknown label in {element.value}"
            expected = "a label or a page of this language's tree"
        elif element.kind == "link" and is_lost_link(element.value, sources, page):
            what = f"the link {element.value!r} leads nowhere"
            expected = "a label of the book (`#label`) or a file beside this page"
        else:
            continue
        yield BookError(
            what,
            path=page.path,
            line=element.line,
            expected=expected,
            fix="mend the name, or add what it names",
        )


def known_term(written: str, terms: set[str]) -> bool:
    """Whether a {term} role names a term: `term` or `text <term>`."""
    inside = re.search(r"<([^>]+)>$", written)
    return (inside[1] if inside else written).strip().lower() in terms


def is_lost(element: Element, sources: Sources) -> bool:
    """Whether a reference's target does not exist; other roles are Sphinx's."""
    role = element.value[1:].partition("}")[0]
    if role == "doc":
        return element.argument.removesuffix(".md").lstrip("/") not in sources.pages
    if role in {"ref", "numref", "eq"}:
        return element.argument.lower() not in sources.labels
    return False


def is_lost_link(address: str, sources: Sources, page: Page) -> bool:
    """Whether a link inside the book leads nowhere."""
    path, _, anchor = address.partition("#")
    if path and not (page.path.parent / path).exists():
        return True
    return bool(anchor) and anchor.lower() not in sources.labels


def language_mistakes(page: Page) -> Iterator[BookError]:
    """The first cell of a notebook chooses the page's language."""
    found = []
    for cell in page.cells:
        for call in calls(cell, "use_language"):
            line = cell.source_line + call.lineno - 1
            found.append((line, first_text(call)))
    wrong = [line for line, value in found if value != page.language]
    if page.cells and not found:
        wrong = [page.cells[0].line]
    for line in wrong:
        yield BookError(
            "the language of figures and messages is not the page's",
            path=page.path,
            line=line,
            expected=f'use_language("{page.language}") in the first cell',
            fix="import it from transformers_explained and call it",
        )


def calls(cell: Element, *names: str) -> Iterator[ast.Call]:
    """The calls of some functions in a cell."""
    for node in ast.walk(parse_code(cell.source)):
        if isinstance(node, ast.Call) and called_name(node) in names:
            yield node


def first_text(call: ast.Call) -> str | None:
    """The first argument of a call when it is a plain text."""
    if call.args and isinstance(call.args[0], ast.Constant):
        value = call.args[0].value
        return value if isinstance(value, str) else None
    return None


def unknown_identifiers(project: Project, page: Page) -> Iterator[BookError]:
    """Identifiers in cells that name no text and no check of the package."""
    slug = page.path.stem
    texts, checks = label_ids(project.package), check_ids(project.package)
    for cell in page.cells:
        for call in calls(cell, "label", "check", "report"):
            name, value = called_name(call), first_text(call)
            if value is None:
                continue
            if name == "label" and value not in texts:
                expected = "an id of a texts.toml of code/transformers_explained"
            elif name == "check" and value not in checks:
                expected = "a check of a checks.py of code/transformers_explained"
            elif name == "report" and value.partition(".")[0] != slug:
                expected = f'a name that starts with "{slug}."'
            else:
                continue
            yield BookError(
                f"unknown {name} id {value!r}",
                path=page.path,
                line=cell.source_line + call.lineno - 1,
                expected=expected,
                fix="mend the id, or add it to the package",
            )


def label_ids(package: Path) -> set[str]:
    """The ids of the package's texts.

    Raises:
        BookError: If a text lacks a language.
    """
    found = set()
    for slug, path in text_files(package).items():
        text = path.read_text(encoding="utf-8")
        for key, entry in tomllib.loads(text).items():
            missing = [lang for lang in LANGUAGES if not entry.get(lang)]
            if missing:
                lines = text.splitlines()
                raise BookError(
                    f"the text [{key}] has no {' and no '.join(missing)}",
                    path=path,
                    line=lines.index(f"[{key}]") + 1 if f"[{key}]" in lines else None,
                    expected="fr and en for every text",
                    fix="write the missing language",
                )
            found.add(f"{slug}.{key}")
    return found


def check_ids(package: Path) -> set[str]:
    """The names of the checks that the package registers."""
    found = set()
    for path in sorted((package / "chapters").glob("*/checks.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called_name(node) == "register":
                name = first_text(node)
                if name:
                    found.add(name)
    return found
