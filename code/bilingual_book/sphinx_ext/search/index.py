"""The search index: one file per language, a script, so that it opens from disk too."""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

from bilingual_book.locales import LOCALES
from bilingual_book.project import Project
from bilingual_book.sources.terms import Term, read_terms
from bilingual_book.sphinx_ext.page_context import project_at
from bilingual_book.sphinx_ext.search.definitions import Explanations, own_label
from bilingual_book.sphinx_ext.search.sections import Kind, Part, Reader, Section
from bilingual_book.sphinx_ext.search.words import WORD, Stem, key, words_of

# How much a section counts as a whole. The pages around the chapters repeat them;
# exercises and key points repeat the sections before them.
WHOLE = {
    Kind.LESSON: 1.0,
    Kind.ENTRY: 1.0,
    Kind.BEFORE: 0.8,
    Kind.AFTER: 0.4,
    Kind.END: 0.5,
}
# How much a word of a heading counts, by what the heading is of. An entry of the
# glossary of one word is what that word means; of several, something narrower.
IN_PAGE_TITLE, IN_TITLE, IN_INNER_TITLE = 24.0, 16.0, 10.0
IN_ENTRY, IN_WORD_ENTRY = 6.0, 9.0
IN_LABEL = 2.0  # English, in both languages
IN_LABEL_WHOLE = 10.0  # `encoder-layer-norm` is on LayerNorm
IN_NAME = 40.0  # a function or a class that a section defines
SATURATION = 4.0  # BM25's: the tenth occurrence says little more than the fifth
# What a term's explanation has more of each of its words than another section.
EXPLAINS = 6.0
LONG_NAME = re.compile(r"_|[a-z][A-Z]")  # `attention` is a word like any other
DEFINING = re.compile(r"^\s*((?:def|class) .*)", re.MULTILINE)  # shown of a listing
NUMBERED = ("figure", "displaymath", "table")

Postings = dict[str, dict[int, float]]


def build_index(
    sections: list[Section],
    stem: Stem,
    stopwords: set[str],
    terms: list[Term],
    language: str,
) -> dict[str, Any]:
    """The index that the page loads.

    Returns:
        ``pages`` (title by slug), ``sections`` (page, anchor, title, number, text, the
        lines of code that define a name, and the same of its folds), ``stopped`` (words
        that are not looked for), ``terms`` (for each word, pairs (section, weight)
        flattened into one list) and ``definitions`` (for each term, the section that
        explains it).
    """
    stopped = {key(word, stem) for word in stopwords}
    explained = Explanations(sections, stem, english(), stopped, language).of(terms)
    postings: Postings = defaultdict(dict)
    for number, section in enumerate(sections):
        for word, score in weights_of(section, stem, stopped).items():
            if len(word) > 1 or word.isalpha():
                postings[word][number] = score * WHOLE[section.kind]
    mark_explanations(postings, explained)
    return {
        "pages": {s.page: s.title for s in sections if s.is_page},
        "sections": [row(section) for section in sections],
        "stopped": sorted(stopped),
        "terms": flattened(postings, len(sections)),
        "definitions": explained,
    }


def english() -> Stem:
    """The stemmer of English, in which the labels are written."""
    return cache(SearchEnglish({}).stem)


def weights_of(section: Section, stem: Stem, stopped: set[str]) -> dict[str, float]:
    """How much each word counts in a section."""
    counts: defaultdict[str, float] = defaultdict(float)
    labels = [(own_label(p, section.page), IN_LABEL) for p in section.parts]
    for text, weight in [*section.words, *labels]:
        for word in words_of(text, stem):
            counts[word] += weight
    scores = {word: n / (n + SATURATION) for word, n in counts.items()}
    for word, score in in_headings(section, stem, stopped):
        scores[word] = scores.get(word, 0) + score
    return {word: score for word, score in scores.items() if word not in stopped}


def in_headings(
    section: Section, stem: Stem, stopped: set[str]
) -> Iterator[tuple[str, float]]:
    """What its words have more for being in a heading, a label, or defined."""
    for name in {section.title, section.other}:
        ahead = set(words_of(name.partition(":")[0], stem)) - stopped
        words = set(words_of(name, stem)) - stopped
        for word in words:
            # A short title says more precisely what it is on; "RMSNorm: LayerNorm
            # without the mean" is on the first of them.
            size = len(ahead) if word in ahead else len(words)
            yield word, boost(section) / (2 + size)
    for part in section.parts:
        whole = own_label(part, section.page).replace(" ", "")
        if " " in own_label(part, section.page).strip():
            yield from ((word, IN_LABEL_WHOLE) for word in words_of(whole, stem))
    for name in section.names:
        if LONG_NAME.search(name):
            yield words_of(name, stem)[0], IN_NAME


def boost(section: Section) -> float:
    """How much the words of a heading count."""
    if section.kind is Kind.ENTRY:
        one = len(WORD.findall(section.title)) == 1
        return IN_WORD_ENTRY if one else IN_ENTRY
    if section.is_page:
        return IN_PAGE_TITLE
    return IN_TITLE if section.outer else IN_INNER_TITLE


def mark_explanations(postings: Postings, explained: dict[str, int]) -> None:
    """Let each word of a term lead to its explanation, the first in the book."""
    first: dict[str, tuple[int, int]] = {}
    for phrase, number in explained.items():
        words = phrase.split()
        for word in words:
            if number in postings.get(word, {}):
                first[word] = min(first.get(word, (number, 99)), (number, len(words)))
    for word, (number, size) in first.items():
        postings[word][number] += EXPLAINS / size


def flattened(postings: Postings, count: int) -> dict[str, list[int]]:
    """For each word, its sections and weights; a rare word counts more."""
    terms = {}
    for word, found in sorted(postings.items()):
        rarity = math.log(1 + count / len(found))
        flat: list[int] = []
        for number, score in found.items():
            flat += [number, max(1, round(100 * score * rarity))]
        terms[word] = flat
    return terms


def row(section: Section) -> list[Any]:
    """What the page shows of a section."""
    folds = [[fold.anchor, fold.title, *shown(fold)] for fold in section.folds]
    title = [section.page, section.anchor, section.title, section.number]
    return [*title, *shown(section), folds]


def shown(part: Part) -> list[str]:
    """What an excerpt is taken from."""
    text = " ".join("".join(part.text).split())
    code = dict.fromkeys(DEFINING.findall("\n".join(part.code)))
    return [text, "\n".join(code)]


def numbered(app: Sphinx, page: str, doctree: nodes.document) -> Iterator[list[str]]:
    """The figures, tables and formulas of a page: kind, number, page, anchor, words."""
    found = app.env.toc_fignumbers.get(page, {})
    named = {
        name: node for node in doctree.findall(nodes.Element) for name in node["ids"]
    }
    for kind in NUMBERED:
        for anchor, number in found.get(kind, {}).items():
            dotted = ".".join(map(str, number))
            yield [kind, dotted, page, anchor, caption(named.get(anchor))]


def caption(node: nodes.Element | None) -> str:
    """The words below a figure or above a table; a formula has none."""
    captions = node.findall(nodes.caption) if node is not None else iter(())
    return next((" ".join(text.astext().split()) for text in captions), "")


def kind_of(project: Project, page: str) -> Kind:
    """What the sections of a page are for."""
    if page in project.numbered:
        return Kind.LESSON
    chapters = [project.pages.index(chapter) for chapter in project.numbered]
    after = bool(chapters) and project.pages.index(page) > chapters[0]
    return Kind.AFTER if after else Kind.BEFORE


def numbers_of(app: Sphinx, page: str) -> dict[str, str]:
    """The numbers of a page's sections by their names there; "" is the page's own."""
    found: dict[str, tuple[int, ...]] = app.env.toc_secnumbers.get(page, {})
    return {
        name.removeprefix("#"): ".".join(map(str, number))
        for name, number in found.items()
        if number
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
    project, language = project_at(app.config.book_root), app.config.book_language
    sections: list[Section] = []
    others: list[list[str]] = []
    domain: Any = app.env.get_domain("std")
    labels = {nodes.make_id(name) for name in domain.anonlabels}
    for page in project.pages:
        if page not in app.env.found_docs:
            continue
        doctree = app.env.get_doctree(page)
        write_citations(app, page, doctree)
        reader = Reader(page, kind_of(project, page), numbers_of(app, page), labels)
        sections += reader.sections(doctree)
        others += numbered(app, page, doctree)
    stopwords = set(indexer.lang.stopwords) | set(LOCALES[language].asking)
    terms = read_terms(project.book / "terms.csv")
    index = build_index(sections, cache(indexer.lang.stem), stopwords, terms, language)
    index["numbered"] = others
    static = Path(app.outdir) / "_static"
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (static / "search-index.js").write_text(f"bookIndex={text}\n", encoding="utf-8")
    stemmer = indexer.get_js_stemmer_code()
    (static / "stemmer.js").write_text(stemmer, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("build-finished", write_index)
