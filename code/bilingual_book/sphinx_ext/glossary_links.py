"""The first use of a term in a chapter leads to the glossary and shows its entry.

Only running prose counts: paragraphs and lists before the exercises. A heading, code, a
formula, a link, a caption, a table, a goal or a fold keeps its words as they are. On
screen the term is a link, and a small box beside it says the other language's word and
the definition; on paper there is an index instead (`term_index`). The glossary leads
back to the chapters that use a term.
"""

import hashlib
import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

from bilingual_book.project import other_language
from bilingual_book.quotes import typeset
from bilingual_book.sources.terms import Finder, Term, Use, read_terms
from bilingual_book.sphinx_ext.page_context import book_texts, project_at

GLOSSARY = "glossary"
# Where prose runs; what stands anywhere else is no place for a term.
AROUND = (
    nodes.section,
    nodes.bullet_list,
    nodes.enumerated_list,
    nodes.list_item,
    nodes.definition_list,
    nodes.definition_list_item,
    nodes.definition,
)
BOXES = (nodes.admonition, nodes.note, nodes.tip, nodes.hint, nodes.warning)
NOT_IN_BOXES = {"goals", "dropdown"}
SOMETHING_ELSE = "\ufffc"  # stands for a formula, a link, code


class term_use(nodes.Inline, nodes.TextElement):  # type: ignore[misc]  # noqa: N801
    """The first use of a term: `term` is its anchor in the glossary."""


class term_boxes(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """What is shown beside the terms of a page: `uses` are pairs (anchor, term)."""


class term_chapters(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """Below an entry, links to the chapters that use the term."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The first use of a term in the texts of a page."""

    term: Term
    text: nodes.Text
    start: int
    end: int


def first_uses(page: nodes.Element, finder: Finder) -> list[Place]:
    """The terms of a page, each where it is used first."""
    met: list[Term] = []
    places = []
    for paragraph in prose(page, finder.page):
        pieces = list(pieces_of(paragraph, finder))
        for use in finder.uses("".join(words for _, words in pieces)):
            place = place_of(use, pieces)
            if place is not None and use.term not in met:
                met.append(use.term)
                places.append(place)
    return places


def prose(page: nodes.Element, name: str) -> Iterator[nodes.paragraph]:
    """The paragraphs that a chapter is made of, up to its exercises."""
    for paragraph in page.findall(nodes.paragraph):
        around = list(ancestors(paragraph, page))
        if any(f"{name}-exercises" in element["ids"] for element in around):
            return
        if all(is_prose(element) for element in around):
            yield paragraph


def ancestors(node: nodes.Node, top: nodes.Element) -> Iterator[nodes.Element]:
    """The elements around a node, from the inside, below a top."""
    while node.parent is not top:
        node = node.parent
        yield node


def is_prose(element: nodes.Element) -> bool:
    """Whether the text in an element belongs to the running text."""
    if type(element) in BOXES:
        return NOT_IN_BOXES.isdisjoint(element["classes"])
    return isinstance(element, AROUND)


def pieces_of(
    element: nodes.Element, finder: Finder
) -> Iterator[tuple[nodes.Text | None, str]]:
    """The words of a paragraph, with the nodes that hold them.

    What is not plain text counts as one sign, so that no term runs across it. Words in
    italics are a title or a foreign expression, unless they introduce a term.
    """
    for child in element.children:
        if isinstance(child, nodes.Text):
            yield child, child.astext()
        elif isinstance(child, nodes.strong) or (
            isinstance(child, nodes.emphasis) and finder.is_form(child.astext())
        ):
            yield from pieces_of(child, finder)
        else:
            yield None, SOMETHING_ELSE


def place_of(use: Use, pieces: list[tuple[nodes.Text | None, str]]) -> Place | None:
    """Where a use is; one that runs over several nodes cannot be a link."""
    position = 0
    for text, words in pieces:
        start, end = use.start - position, use.end - position
        if text is not None and start >= 0 and end <= len(words):
            return Place(term=use.term, text=text, start=start, end=end)
        position += len(words)
    return None


def put(places: list[Place], make: Callable[[Term, str], list[nodes.Node]]) -> None:
    """Replace each use by what ``make`` returns for the term and its words."""
    by_text: dict[int, list[Place]] = {}
    for place in places:
        by_text.setdefault(id(place.text), []).append(place)
    for group in by_text.values():
        text, words = group[0].text, group[0].text.astext()
        new: list[nodes.Node] = []
        end = 0
        for place in group:
            new.append(nodes.Text(words[end : place.start]))
            new += make(place.term, words[place.start : place.end])
            end = place.end
        new.append(nodes.Text(words[end:]))
        siblings = text.parent.children
        at = next(i for i, child in enumerate(siblings) if child is text)
        text.parent[at : at + 1] = new


def anchors(env: BuildEnvironment) -> dict[str, str]:
    """The anchors of the glossary's entries, by the term as it is written there."""
    domain: Any = env.get_domain("std")
    return {
        name: anchor
        for (kind, name), (page, anchor) in domain.objects.items()
        if kind == "term" and page == GLOSSARY
    }


class TermUses(SphinxPostTransform):
    """Mark the first uses of a page, or list them in the glossary."""

    default_priority = 950  # when folds are folds and references are links
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Change the tree that is about to be written."""
        self.project = project_at(self.config.book_root)
        self.language = self.config.book_language
        self.terms = read_terms(terms_file(self.config))
        self.anchors = anchors(self.env)
        if self.env.docname == GLOSSARY:
            self.list_chapters()
        elif places := self.uses(self.document, self.env.docname):
            put(places, self.link)
            used = [(self.anchor(place.term), place.term) for place in places]
            self.document.append(term_boxes("", uses=used))

    def uses(self, page: nodes.Element, name: str) -> list[Place]:
        """The first uses of the glossary's terms; only a chapter has any."""
        if name not in self.project.notebooks:
            return []
        finder = Finder(terms=self.terms, language=self.language, page=name)
        return [p for p in first_uses(page, finder) if self.anchor(p.term)]

    def anchor(self, term: Term) -> str:
        """The anchor of a term; empty when the glossary does not hold it."""
        return self.anchors.get(term.words[self.language], "")

    def link(self, term: Term, words: str) -> list[nodes.Node]:
        """The words as a link to their entry."""
        return [term_use("", words, anchor=self.anchor(term))]

    def list_chapters(self) -> None:
        """Below each entry, name the numbered chapters that use it."""
        chapters: dict[str, list[str]] = {}
        for name in self.project.notebooks:
            if not chapter_number(self.env, name):
                continue
            for place in self.uses(self.env.get_doctree(name), name):
                chapters.setdefault(self.anchor(place.term), []).append(name)
        for item in self.document.findall(nodes.definition_list_item):
            ids = [name for term in item.findall(nodes.term) for name in term["ids"]]
            pages = [page for name in ids for page in chapters.get(name, [])]
            if pages:
                item[-1].append(term_chapters("", anchor=ids[0], pages=pages))


def use_id(anchor: str) -> str:
    """Where a chapter uses the term of this anchor first."""
    return f"use-{anchor.removeprefix('term-')}"


def visit_use(translator: HTML5Translator, node: term_use) -> None:
    """Open the link."""
    builder: Any = translator.builder
    page = builder.get_relative_uri(builder.current_docname, GLOSSARY)
    anchor = node["anchor"]
    translator.body.append(
        f'<a class="term" id="{use_id(anchor)}" href="{page}#{anchor}" '
        f'aria-describedby="{box_id(anchor)}">'
    )


def depart_use(translator: HTML5Translator, node: term_use) -> None:
    """Close the link."""
    translator.body.append("</a>")


def box_id(anchor: str) -> str:
    """The name of the box that describes a term."""
    return f"about-{anchor.removeprefix('term-')}"


def visit_boxes(translator: HTML5Translator, node: term_boxes) -> None:
    """Write the boxes; a script shows each beside its term."""
    language = translator.config.book_language
    other = other_language(language)
    texts = ui(translator.config)
    for anchor, term in node["uses"]:
        definition = typeset(term.definitions[language], language)
        translator.body.append(
            f'<div class="about-term" id="{box_id(anchor)}" role="tooltip" popover>'
            f'<p>{html.escape(texts["other_word"])} <b lang="{other}">'
            f"{html.escape(typeset(term.words[other], other))}</b></p>"
            f"<p>{html.escape(definition)}</p></div>\n"
        )
    raise nodes.SkipNode


def visit_chapters(translator: HTML5Translator, node: term_chapters) -> None:
    """Write the links to the chapters, by their numbers."""
    builder: Any = translator.builder
    links = []
    for page in node["pages"]:
        address = f"{builder.get_relative_uri(GLOSSARY, page)}#{use_id(node['anchor'])}"
        title = html.escape(builder.env.titles[page].astext())
        number = chapter_number(builder.env, page)
        links.append(f'<a href="{address}" title="{title}">{number}</a>')
    texts = ui(translator.config)
    label = texts["used_in_one" if len(links) == 1 else "used_in_many"]
    translator.body.append(
        f'<p class="used-in">{html.escape(label)} {", ".join(links)}</p>\n'
    )
    raise nodes.SkipNode


def chapter_number(env: BuildEnvironment, page: str) -> str:
    """The number of a chapter; empty where it has none."""
    return ".".join(map(str, env.toc_secnumbers.get(page, {}).get("") or ()))


def ui(config: Config) -> dict[str, str]:
    """The texts around the pages, in the book's language."""
    texts: dict[str, str] = book_texts(config)["ui"]
    return texts


def terms_file(config: Config) -> Path:
    """The data of the glossary."""
    return project_at(config.book_root).book / "terms.csv"


def note_terms(app: Sphinx, config: Config) -> None:
    """Write all pages again when the terms change."""
    path = terms_file(config)
    data = path.read_bytes() if path.exists() else b""
    config.book_terms = hashlib.sha256(data).hexdigest()


def rewrite_glossary(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The glossary names chapters: when one changes, it is written again."""
    return [GLOSSARY] if GLOSSARY in env.found_docs else []


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_config_value("book_terms", "", "html")
    app.add_node(term_use, html=(visit_use, depart_use))
    app.add_node(term_boxes, html=(visit_boxes, None))
    app.add_node(term_chapters, html=(visit_chapters, None))
    app.add_post_transform(TermUses)
    app.connect("config-inited", note_terms)
    app.connect("env-updated", rewrite_glossary)
