"""The index of the printed book, made from the terms and from the text itself.

A term is listed where a section introduces it (in its title, in bold or italics) or
speaks of it at length. Its bold page is the best of these in the chapter that
introduces it, or that of its definition in the glossary. The names of models are listed
by the same rule, without a bold page. The words of the other language lead to those of
this one, and the classes and functions whose source is shown are listed by their names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx_exercise.nodes import exercise_enumerable_node, solution_node

from bilingual_book.project import other_language
from bilingual_book.sources.terms import Finder, Term, Use, read_terms
from bilingual_book.sphinx_ext.glossary_links import terms_file
from bilingual_book.sphinx_ext.paper import (
    SOURCE_FILE,
    PaperTransform,
    lines_together,
    raw,
)
from bilingual_book.sphinx_ext.quiz import quiz

# In both languages; a name inside another, as in mini-BERT, is no place.
MODELS = (
    *("BART", "BERT", "ChatGPT", "Chinchilla", "DistilBERT", "GPT-1", "GPT-2", "GPT-3"),
    *("InstructGPT", "Llama", "MiniLM", "Mistral", "multilingual-e5-small", "RoBERTa"),
    *("SmolLM2", "T5", "ViT", "word2vec"),
)
MODEL = re.compile(rf"(?<![\w-])(?:{'|'.join(MODELS)})(?![\w-])")
MENTIONS = 2  # in one section make it a place to read about the term
MAIN = "|spxpagem"  # what makes a page bold
PLACES = 7  # per term, the best ones: an index is a choice
IN_TITLE, STRESSED = 100, 10  # what counts more than a plain mention
PARENTHESIS = re.compile(r"\s*\(([^)]*)\)")
JOINED = re.compile(r"\s*/\s*")
DEFINITION = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)
ELSEWHERE = (
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.table,
    nodes.figure,
    nodes.raw,
    nodes.citation,
    quiz,
    solution_node,
    exercise_enumerable_node,
)
STRESS = (nodes.strong, nodes.emphasis)


@dataclass
class Place:
    """A section that speaks of a term, and the text after which the mark stands."""

    page: str = ""
    weight: int = 0
    first: nodes.Text | None = None
    end: int = 0  # of the word, in that text


@dataclass
class Mentions:
    """The places of a term, by section."""

    places: dict[int, Place] = field(default_factory=dict)

    def best(self) -> list[Place]:
        """The places that the index names, in the order of the book.

        A term that no section treats is listed where it comes first.
        """
        places = {n: place for n, place in self.places.items() if place.first}
        worth = sorted(
            (n for n, place in places.items() if place.weight >= MENTIONS),
            key=lambda n: -places[n].weight,
        )
        return [places[n] for n in sorted(worth[:PLACES] or list(places)[:1])]

    def main(self, page: str) -> Place | None:
        """The best place of one page."""
        here = [place for place in self.best() if place.page == page]
        return max(here, key=lambda place: place.weight, default=None)


def entries_of(term: str) -> list[str]:
    """The entries of a term: "causal mask / padding mask" is two of them."""
    parts = JOINED.split(term)
    if any(re.match(r"d(e |')", part) for part in parts):
        return [term]  # « jeu d'entraînement / de validation » cannot be cut
    return parts


def entry_of(use: Use, words: str, language: str) -> str:
    """Which entry of its term some words stand for: the one that begins as they do."""

    def common(entry: str) -> int:
        pairs = zip(entry.lower(), words.lower(), strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(entries_of(use.term.words[language]), key=common)


def names_in(text: str, finder: Finder, language: str) -> Iterator[tuple[str, int]]:
    """The entries that a text speaks of, each with the end of its words."""
    for use in finder.uses(text):
        yield entry_of(use, text[use.start : use.end], language), use.end
    for model in MODEL.finditer(text):
        yield model[0], model.end()


def bare(entry: str) -> str:
    """An entry without its parenthesis."""
    return PARENTHESIS.sub("", entry).strip()


def path_of(name: str, names: set[str]) -> tuple[str, ...]:
    """Where an entry stands: « attention additive » below « attention »."""
    for size in range(len(name.split()) - 1, 0, -1):
        words = name.split()
        head, rest = " ".join(words[:size]), " ".join(words[size:])
        if head in names and not rest.startswith("("):
            return (head, rest)
    return (name,)


def turned(name: str, names: set[str]) -> tuple[str, ...] | None:
    """The second place of an entry: "additive attention" also below "attention"."""
    for head in sorted(names, key=len, reverse=True):
        if bare(name).endswith(f" {head}"):
            return (head, bare(name).removesuffix(f" {head}"))
    return None


def mark(path: tuple[str, ...], suffix: str = "", *, style: str = "") -> str:
    """The LaTeX that makes an entry of the page where it stands."""
    levels = []
    for level in path:
        shown = re.sub(r"([_%&#])", r"\\\1", level)
        if style:
            shown = rf"\{style}{{{shown}}}"
        key = level.replace("_", " ")  # xindy compares, and finds accents, itself
        levels.append(rf"{key}@\spxentry{{{shown}}}")
    return rf"\index{{{'!'.join(levels)}{suffix}}}"


def all_marks(name: str, names: set[str], suffix: str = "") -> str:
    """All the entries of a term."""
    paths = [path_of(name, names)]
    if len(paths[0]) == 1 and (second := turned(name, names)) is not None:
        paths.append(second)
    return "".join(mark(path, suffix) for path in paths)


def section_of(text: nodes.Node) -> nodes.section | None:
    """The innermost section with a title around a text."""
    node = text.parent
    while node is not None:
        if isinstance(node, nodes.section) and isinstance(
            node.next_node(descend=True), nodes.title
        ):
            return node
        node = node.parent
    return None


def is_elsewhere(text: nodes.Node) -> bool:
    """Whether a text is code, a formula, a table, an exercise…"""
    node = text.parent
    while node is not None:
        if isinstance(node, ELSEWHERE):
            return True
        node = node.parent
    return False


def paragraph_of(text: nodes.Node) -> tuple[nodes.paragraph, nodes.Node] | None:
    """The paragraph around a text, and its child that holds the text."""
    child: nodes.Node = text
    while child.parent is not None:
        if isinstance(child.parent, nodes.paragraph):
            return child.parent, child
        child = child.parent
    return None


def insert_marks(text: nodes.Text, places: list[tuple[int, str]]) -> None:
    """Put each mark just after its word, which may be the last on its page."""
    spot = paragraph_of(text)
    assert spot is not None
    paragraph, child = spot
    where = next(i for i, each in enumerate(paragraph.children) if each is child)
    if child is not text:  # within bold or italics: after these
        paragraph.insert(where + 1, raw("".join(tex for _, tex in places)))
        return
    pieces: list[nodes.Node] = []
    start = 0
    for end, tex in sorted(places):
        pieces += [nodes.Text(text.astext()[start:end]), raw(tex)]
        start = end
    pieces.append(nodes.Text(text.astext()[start:]))
    paragraph[where : where + 1] = pieces


class MakeIndex(PaperTransform):
    """Write the marks of the index into the pages."""

    default_priority = 880  # before solutions move

    def run(self, **kwargs: Any) -> None:
        """Mark definitions, places, the other language's words and the sources."""
        language = self.config.book_language
        terms = read_terms(terms_file(self.config))
        homes = {
            name: term.introduced
            for term in terms
            for name in entries_of(term.words[language])
        }
        treated = self.mark_places(terms, homes, language)
        known = {term.words[language] for term in terms}
        self.mark_definitions(known, set(homes), treated)
        self.mark_sources()
        self.document.append(raw("".join(other_words(terms, language))))

    def mark_definitions(
        self, known: set[str], names: set[str], treated: set[str]
    ) -> None:
        """In the glossary; Sphinx's own entries, of the glossary only, go.

        Args:
            known: The terms.
            names: Their entries.
            treated: The entries that have a bold page in their chapter.
        """
        for term in self.document.findall(nodes.term):
            text = term.astext().replace("’", "'")  # as in book/terms.csv
            for index in list(term.findall(addnodes.index)):
                index.parent.remove(index)
            if text in known:
                marks = [
                    all_marks(entry, names, "" if entry in treated else MAIN)
                    for entry in entries_of(text)
                ]
                term += raw("".join(marks))

    def mark_places(
        self, terms: list[Term], homes: dict[str, str], language: str
    ) -> set[str]:
        """In the numbered chapters, where a section introduces or treats a term.

        Args:
            terms: The terms.
            homes: By entry, the chapter that introduces it.
            language: Of the book.

        Returns:
            The entries that have a bold page there.
        """
        found: dict[str, Mentions] = {}
        finders: dict[str, Finder] = {}
        for text, number, page in self.texts_of_chapters():
            finder = finders.setdefault(
                page, Finder(terms=terms, language=language, page=page)
            )
            for name, end in names_in(text.astext(), finder, language):
                mentions = found.setdefault(name, Mentions())
                place = mentions.places.setdefault(number, Place(page))
                if isinstance(text.parent, nodes.title):
                    place.weight += IN_TITLE
                    continue
                place.weight += STRESSED if isinstance(text.parent, STRESS) else 1
                if place.first is None and paragraph_of(text) is not None:
                    place.first, place.end = text, end
        # By identity: two texts with the same words are equal to Python.
        marks: dict[int, tuple[nodes.Text, list[tuple[int, str]]]] = {}
        names, treated = set(homes), set()
        for name in sorted(found):
            main = found[name].main(homes.get(name, ""))
            if main is not None:
                treated.add(name)
            for place in found[name].best():
                assert place.first is not None
                _, where = marks.setdefault(id(place.first), (place.first, []))
                suffix = MAIN if place is main else ""
                where.append((place.end, all_marks(name, names, suffix)))
        for text, places in marks.values():
            insert_marks(text, places)
        return treated

    def texts_of_chapters(self) -> Iterator[tuple[nodes.Text, int, str]]:
        """The texts of the numbered chapters, each with its section and its page."""
        sections: dict[int, int] = {}
        for page in self.document.findall(addnodes.start_of_file):
            if page["docname"] not in self.project.numbered:
                continue
            for text in list(page.findall(nodes.Text)):
                section = section_of(text)
                if section is not None and not is_elsewhere(text):
                    number = sections.setdefault(id(section), len(sections))
                    yield text, number, page["docname"]

    def mark_sources(self) -> None:
        """Where a class or a function is shown, on the page where it begins."""
        for block in list(self.document.findall(nodes.literal_block)):
            if SOURCE_FILE.match(block.astext()):
                shown = DEFINITION.search(block.astext())
                if shown is not None:
                    room = rf"\together{{{lines_together(block.astext())}}}"
                    entry = mark((shown[1],), style="sphinxcode")
                    block.parent.insert(block.parent.index(block), raw(room + entry))


def other_words(terms: list[Term], language: str) -> Iterator[str]:
    """What leads from a word of the other language to this one's."""
    other = other_language(language)
    names = {name for term in terms for name in entries_of(term.words[language])}
    own = {word.lower() for name in names for word in (name, bare(name))}
    for term in terms:
        here, there = (entries_of(term.words[code]) for code in (language, other))
        if len(here) != len(there):
            continue
        for entry, foreign in zip(here, there, strict=True):
            if bare(foreign).lower() not in own:
                target = ", ".join(path_of(entry, names))
                yield mark((bare(foreign),), rf"|see{{{target}}}", style="emph") + "%\n"


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_post_transform(MakeIndex)
