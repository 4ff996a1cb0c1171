"""Slides from the chapters: each page is cut at its marks when it is written.

What stands on a slide is what the page shows, from the same tree. What is too long to
be read from the last row becomes the speaker's: captions, answers, and of a paragraph
all but its bold sentence. Links lead back to the pages.
"""

import html
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from bilingual_book.quotes import typeset
from bilingual_book.sphinx_ext.body import (
    FORMULA,
    PICTURE,
    SCRIPT,
    SOURCE,
    TABLE,
    hold_together,
    mend_table,
)
from bilingual_book.sphinx_ext.cell_folds import cell_fold, cell_folds, is_cell, part
from bilingual_book.sphinx_ext.folds import fold
from bilingual_book.sphinx_ext.glossary_links import term_use
from bilingual_book.sphinx_ext.page_context import project_at
from bilingual_book.sphinx_ext.phone_pictures import phone_picture
from bilingual_book.sphinx_ext.slide_marks import BETWEEN

# Signs of a paragraph: a longer one leaves its bold sentence on the slide; one longer
# still, without such a sentence, is for the speaker.
SAID = 160
READ = 320
UP = "../"  # from a deck to the pages
HEADERLINK = re.compile(r'<a class="headerlink".*?</a>', re.DOTALL)
NAMES = re.compile(r' (?:id|aria-describedby)="[^"]*"')
HREF = re.compile(r'(<a\b[^>]*?\bhref=")(#?)([^"]*)"')
EXPLORER = re.compile(r"<(\w+-explorer)\b")
SPACE = re.compile(r"\n\s*\n+")


@dataclass
class Slide:
    """One slide.

    Attributes:
        title: its heading.
        html: what the room sees.
        notes: what the speaker sees.
    """

    title: str
    html: str = ""
    notes: str = ""


@dataclass
class Deck:
    """The slides of a page.

    Attributes:
        title: of the page.
        number: of the chapter; empty where it has none.
        slides: in the order of the page.
        scripts: those of its explorers, by name.
    """

    title: str
    number: str
    slides: list[Slide] = field(default_factory=list)
    scripts: dict[str, str] = field(default_factory=dict)


class Cutter:
    """Cuts one page, which Sphinx has just written.

    Args:
        app: Sphinx.
        page: the name of the page.
        deck: what is filled.
    """

    def __init__(self, app: Sphinx, page: str, deck: Deck) -> None:
        self.builder: Any = app.builder
        self.language: str = app.config.book_language
        self.page = page
        self.deck = deck

    def cut(self, doctree: nodes.document) -> None:
        """Fill the deck."""
        for block in doctree.findall(nodes.Element):
            if "slide" in block:
                self.deck.slides.append(Slide(typeset(block["slide"], self.language)))
            elif "on_slide" not in block:
                continue
            self.add(self.deck.slides[-1], block)

    def add(self, slide: Slide, block: nodes.Element) -> None:
        """Put a block on a slide, and what the speaker says about it in the notes."""
        notes: list[nodes.Element] = []
        shown = plain(block)
        if isinstance(shown, nodes.paragraph):
            sentence = bold_sentence(shown)
            if sentence is not None or (slide.html and len(shown.astext()) > READ):
                notes.append(shown)
                shown = sentence or nodes.paragraph()
        for caption in list(shown.findall(nodes.caption)):
            notes.append(nodes.paragraph("", "", *caption.deepcopy().children))
            caption.parent.remove(caption)
        if (answer := answer_to(block)) is not None:
            notes.extend(plain(answer).children[1:])
        if shown.children or not isinstance(shown, nodes.paragraph):
            slide.html += self.render(shown)
        for text in block.get("slide_notes", []):
            slide.notes += (
                f"<p>{html.escape(typeset(text, self.language), False)}</p>\n"
            )
        slide.notes += "".join(self.render(node) for node in notes)

    def render(self, node: nodes.Element) -> str:
        """The markup of a block, with addresses as they are seen from a deck."""
        body = str(self.builder.render_partial(node)["fragment"])
        body = SCRIPT.sub(self.keep_script, HEADERLINK.sub("", body))
        body = TABLE.sub(lambda match: mend_table(match[0]), body)
        body = FORMULA.sub(hold_together, body)
        body = HREF.sub(self.lead_back, body)
        body = PICTURE.sub(lambda tag: SOURCE.sub(rf'src="{UP}\1"', tag[0]), body)
        if not EXPLORER.search(body):  # its drawing names its own parts
            body = NAMES.sub("", body)
        return SPACE.sub("\n", body).strip() + "\n"

    def lead_back(self, link: re.Match[str]) -> str:
        """An address in the page, or beside it, from a deck."""
        start, here, address = link.groups()
        if here:
            return f'{start}{UP}{self.page}.html#{address}"'
        away = re.match(r"[a-z]+:", address)
        return link[0] if away else f'{start}{UP}{address}"'

    def keep_script(self, script: re.Match[str]) -> str:
        """Take an explorer's script away: all decks share it."""
        self.deck.scripts[script[1]] = script[2]
        return ""


def plain(block: nodes.Element) -> nodes.Element:
    """A copy of a block without what only a page has.

    Folds, links of terms, second pictures, and the code that a picture is drawn by.
    """
    copy = block.deepcopy()
    for cell in copy.findall(is_cell):
        code = part(cell, "cell_code_source")
        if code is not None and is_drawn(cell):
            cell.remove(code)
    for kind in (cell_folds, cell_fold):
        for node in list(copy.findall(kind)):
            node.parent.remove(node)
    for kind in (term_use, phone_picture):
        for node in list(copy.findall(kind)):
            node.replace_self(node.children)
    for node in copy.findall(nodes.Element):
        for name in ("slide", "on_slide", "slide_notes"):
            node.attributes.pop(name, None)
    return copy


def is_drawn(cell: nodes.Element) -> bool:
    """Whether a cell shows a picture, or an explorer."""
    return cell.next_node(nodes.image) is not None or any(
        EXPLORER.search(node.astext()) for node in cell.findall(nodes.raw)
    )


def bold_sentence(paragraph: nodes.paragraph) -> nodes.block_quote | None:
    """The whole sentence that a long paragraph has in bold, if there is one."""
    if len(paragraph.astext()) <= SAID:
        return None
    for strong in paragraph.findall(nodes.strong):
        words = strong.astext().strip()
        if words and words[-1] in ".?!…":
            sentence = strong.deepcopy()
            first = sentence.next_node(nodes.Text)
            if first is not None:
                text = first.astext()
                first.parent.replace(first, nodes.Text(text[:1].upper() + text[1:]))
            return nodes.block_quote("", nodes.paragraph("", "", sentence))
    return None


def answer_to(block: nodes.Element) -> nodes.Element | None:
    """The folded answer below a question."""
    if "predict" not in block.get("classes", []):
        return None
    siblings = block.parent.children
    for node in siblings[block.parent.index(block) + 1 :]:
        if isinstance(node, BETWEEN):
            continue
        is_answer = isinstance(node, fold) and "answer" in node.get("classes", [])
        return node if is_answer else None
    return None


def deck_path(app: Sphinx, page: str) -> Path:
    """Where the slides of a page are left."""
    return Path(app.outdir).parent / "slides" / f"{page}.json"


def write_deck(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Leave the slides of a page beside the pages."""
    project = project_at(app.config.book_root)
    if doctree is None or pagename not in project.notebooks:
        return
    numbers = app.env.toc_secnumbers.get(pagename, {}).get("") or ()
    deck = Deck(str(context.get("title") or ""), ".".join(map(str, numbers)))
    Cutter(app, pagename, deck).cut(doctree)
    path = deck_path(app, pagename)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(deck), ensure_ascii=False, indent=1)
    path.write_text(text, encoding="utf-8")


def without_deck(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],
    changed: set[str],
    removed: set[str],
) -> list[str]:
    """The pages to write because their slides are not there."""
    if app.builder.name != "html" or app.config.book_only:
        return []
    chapters = project_at(app.config.book_root).notebooks
    return [
        p for p in chapters if p in env.found_docs and not deck_path(app, p).exists()
    ]


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("env-get-outdated", without_deck)
    app.connect("html-page-context", write_deck, priority=700)
