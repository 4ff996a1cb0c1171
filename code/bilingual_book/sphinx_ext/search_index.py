"""The search index: by section, one file per language that opens from disk too.

Words are reduced by the language's stemmer (« têtes » finds « tête ») and then freed
of their accents (« tete » finds it too). Python writes the index with the same stemmer
that the page uses for what the reader types: both come with Sphinx.
"""

import json
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

WORD = re.compile(r"[^\W_]+", re.UNICODE)
# What is typed or pasted for an apostrophe; some count as letters.
APOSTROPHES = re.compile("[\u02b9-\u02bd\u2018\u2019\u201b\u2032\u00b4\u0060]")
EXCERPT = 160  # characters shown of a section
# How much a word counts by where it stands.
IN_PAGE_TITLE, IN_TITLE, IN_ENTRY, IN_STRONG, IN_TEXT = 24.0, 16.0, 6.0, 3.0, 1.0
IN_WORD_ENTRY, IN_DEFINITION, IN_CODE = 9.0, 0.5, 0.3
# Exercises, key points: they repeat what the sections before them teach.
AFTER_THE_LESSON = 0.5
NAME_IN_FORMULA = re.compile(r"\\operatorname\*?\{([^{}]*)\}")
# A formula that an excerpt can show: N, d_k, N = 6.
READABLE = re.compile(r"[^\\{}^_&]{1,11}|\w_\w")
SATURATION = 4.0  # BM25's: the tenth occurrence says little more than the fifth


@dataclass
class Section:
    """What is searched and shown of one section, or of one entry of the glossary.

    Attributes:
        page: its page.
        anchor: its place on the page; empty at the top.
        title: its heading.
        other: its name in the other language, if it has one.
        boost: how much the words of its title count.
        factor: how much it counts as a whole.
        text: what an excerpt shows.
        words: its texts, each with how much its words count.
    """

    page: str
    anchor: str
    title: str
    other: str = ""
    boost: float = IN_TITLE
    factor: float = 1.0
    text: list[str] = field(default_factory=list)
    words: list[tuple[str, float]] = field(default_factory=list)


def without_accents(word: str) -> str:
    """The letters alone: « tête » becomes "tete", « cœur » becomes "coeur"."""
    word = word.lower().replace("œ", "oe").replace("æ", "ae")
    parts = unicodedata.normalize("NFD", word)
    return "".join(part for part in parts if not unicodedata.combining(part))


def key(word: str, stem: Callable[[str], str]) -> str:
    """A word as the index writes it; search.js does the same.

    The French stemmer keeps the s of « résidus »: it goes here.
    """
    return re.sub(r"(?<=[iou])s$", "", without_accents(stem(word)))


def simple(text: str) -> str:
    """A text in one way of writing: ligatures, wide letters, accents, apostrophes."""
    text = unicodedata.normalize("NFKC", APOSTROPHES.sub("'", text))
    return unicodedata.normalize("NFC", text.lower())


def words_of(text: str, stem: Callable[[str], str]) -> list[str]:
    """The words of a text as the index writes them; search.js does the same."""
    return [key(word, stem) for word in WORD.findall(simple(text))]


def sections_of(page: str, doctree: nodes.document) -> Iterator[Section]:
    """The sections of a page, each with its own text and not that of the inner ones."""
    factor = 1.0
    for node in doctree.findall(nodes.section):
        title = next(iter(node.children), None)
        if not isinstance(title, nodes.title):
            continue  # the inside of a solution is no section of the book
        if f"{page}-exercises" in node["ids"]:
            factor = AFTER_THE_LESSON
        section = Section(page, node["ids"][0], shown(title), factor=factor)
        if not isinstance(node.parent, nodes.section):
            section.anchor, section.boost = "", IN_PAGE_TITLE
        for child in node.children:
            if not isinstance(child, nodes.section | nodes.title | addnodes.glossary):
                collect(child, section)
        yield section
    for item in doctree.findall(nodes.definition_list_item):
        if isinstance(item.parent.parent, addnodes.glossary):
            yield entry_of(page, item)


def entry_of(page: str, item: nodes.definition_list_item) -> Section:
    """An entry of the glossary; the other language's word finds it too."""
    term, definition = item[0], item[-1]
    title = "".join(text.astext() for text in term.findall(nodes.Text))
    text = str(definition[0].astext())
    return Section(
        page,
        term["ids"][0],
        title,
        other="".join(
            word.astext()
            for word in definition.findall(nodes.inline)
            if any(name.startswith("language-") for name in word["classes"])
        ),
        # An entry of one word is what that word means; of several, something narrower.
        boost=IN_WORD_ENTRY if len(WORD.findall(title)) == 1 else IN_ENTRY,
        text=[text],
        words=[(text, IN_DEFINITION)],
    )


def collect(node: nodes.Node, section: Section) -> None:
    """Add the texts below a node to the section."""
    block = None
    for text in node.findall(nodes.Text):
        weight, shown = weight_of(text)
        content = text.astext()
        if weight:
            section.words.append((searched(text), weight))
        if shown:
            if block_of(text) is not block:  # no word runs into that of the next block
                block = block_of(text)
                section.text.append(" ")
            section.text.append(content)


def searched(text: nodes.Text) -> str:
    """The words of a text; of a formula, the functions that it names."""
    words = str(text.astext())
    if isinstance(text.parent, nodes.math | nodes.math_block):
        return " ".join(NAME_IN_FORMULA.findall(words))
    return words


def shown(title: nodes.title) -> str:
    """A heading in plain text: √d_k, not its TeX."""
    words = ""
    for text in title.findall(nodes.Text):
        content = text.astext()
        if isinstance(text.parent, nodes.math):
            content = re.sub(r"[\\{}]", "", content.replace(r"\sqrt", "√"))
        words += content
    return words


def ancestors(node: nodes.Node) -> Iterator[nodes.Element]:
    """The elements around a node, from the inside."""
    while isinstance(node.parent, nodes.Element):
        node = node.parent
        yield node


def block_of(text: nodes.Text) -> nodes.Element | None:
    """The paragraph, cell or title that a text stands in."""
    return next((e for e in ancestors(text) if not isinstance(e, nodes.Inline)), None)


def weight_of(text: nodes.Text) -> tuple[float, bool]:
    """How much a text counts, and whether an excerpt shows it."""
    weight, shown = IN_TEXT, True
    for element in ancestors(text):
        if isinstance(element, nodes.raw | nodes.comment | addnodes.index):
            return 0.0, False
        if isinstance(element, nodes.math | nodes.math_block):
            return IN_TEXT, bool(READABLE.fullmatch(text.astext()))
        if isinstance(element, addnodes.pending_xref):
            # A reference without words of its own holds the label, which no one reads.
            if element.get("reftarget") == text.astext():
                return 0.0, False
        elif isinstance(element, nodes.literal_block):
            weight, shown = IN_CODE, False
        elif isinstance(element, nodes.table):
            shown = False  # cells make no sentence
        elif isinstance(element, nodes.strong):
            weight = max(weight, IN_STRONG)
        if isinstance(element, nodes.section):
            break
    return weight, shown


def excerpt(section: Section) -> str:
    """The first words of a section."""
    text = " ".join("".join(section.text).split())
    if len(text) <= EXCERPT:
        return text
    return text[:EXCERPT].rsplit(" ", 1)[0] + " …"


def build_index(
    sections: list[Section],
    stem: Callable[[str], str],
    stopwords: set[str],
) -> dict[str, Any]:
    """The index that the page loads.

    Returns:
        ``pages`` (title by slug), ``sections`` (page, anchor, title, excerpt) and
        ``terms``: for each word, pairs (section, weight) flattened into one list.
    """
    stopped = {key(word, stem) for word in stopwords}
    postings: dict[str, dict[int, float]] = defaultdict(dict)
    for number, section in enumerate(sections):
        counts: defaultdict[str, float] = defaultdict(float)
        for text, weight in section.words:
            for word in words_of(text, stem):
                counts[word] += weight
        scores = {w: n / (n + SATURATION) for w, n in counts.items()}
        for name in {section.title, section.other}:
            title = set(words_of(name, stem)) - stopped
            for word in title:  # a short title says more precisely what it is on
                scores[word] = scores.get(word, 0) + section.boost / (2 + len(title))
        for word, score in scores.items():
            if word not in stopped and (len(word) > 1 or word.isalpha()):
                postings[word][number] = score * section.factor
    terms = {}
    for word, found in sorted(postings.items()):
        rarity = math.log(1 + len(sections) / len(found))
        flat: list[int] = []
        for number, score in found.items():
            flat += [number, max(1, round(100 * score * rarity))]
        terms[word] = flat
    return {
        "pages": {s.page: s.title for s in sections if not s.anchor},
        "sections": [[s.page, s.anchor, s.title, excerpt(s)] for s in sections],
        "terms": terms,
    }


def write_citations(app: Sphinx, page: str, doctree: nodes.document) -> None:
    """Put in the place of each citation what the page shows."""
    for node in list(doctree.findall(addnodes.pending_xref)):
        if node.get("refdomain") != "cite":
            continue
        shown = app.env.domains["cite"].resolve_xref(
            app.env, page, app.builder, node["reftype"], node["reftarget"], node, node
        )
        node.replace_self(nodes.inline("", shown.astext() if shown else ""))


def write_index(app: Sphinx, exception: Exception | None) -> None:
    """Write the index and the stemmer beside the pages."""
    if exception is not None or app.builder.name != "html":
        return
    indexer = getattr(app.builder, "indexer", None)
    if indexer is None:
        return
    sections: list[Section] = []
    for page in sorted(app.env.found_docs):
        doctree = app.env.get_doctree(page)
        write_citations(app, page, doctree)
        sections += sections_of(page, doctree)
    index = build_index(sections, cache(indexer.lang.stem), set(indexer.lang.stopwords))
    static = Path(app.outdir) / "_static"
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (static / "search-index.js").write_text(f"bookIndex={text}\n", encoding="utf-8")
    stemmer = indexer.get_js_stemmer_code()
    (static / "stemmer.js").write_text(stemmer, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("build-finished", write_index)
