"""The body of a page, mended for readers: tables, pictures, scripts."""

import posixpath
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import imagesize
from docutils import nodes
from sphinx.application import Sphinx

from bilingual_book.sphinx_ext.code_lines import mend_code

WORKS = "en"  # the language of all works in the bibliography
TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
HEAD = re.compile(r"<thead\b.*?</thead>", re.DOTALL)
HEADER_CELL = re.compile(r"<th\b(?![^>]*\bscope=)")
NAMELESS_FIRST = re.compile(r"<tr\b[^>]*>\s*<th\b[^>]*>\s*(<p>\s*</p>)?\s*</th>")
FIRST_CELL = re.compile(r"(<tr\b[^>]*>\s*)<td\b([^>]*)>(.*?)</td>", re.DOTALL)
CELL = re.compile(r"<(t[hd])\b([^>]*)>(.*?)</\1>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
# A name in a cell may go on below after a sign: `attn_` + `output_weights`.
CODE_IN_CELL = re.compile(r'<span class="pre">[^<]*</span>')
LONG_NAME = re.compile(r"(\w[_.(=])(?=\w)")
# On a telephone, a cell with more signs than this gets room for some words per line.
LONG_CELL = 22
PICTURE = re.compile(r"<img\b[^>]*>")
FIGURE = re.compile(
    r"(<figure\b[^>]*>\s*)(<img\b[^>]*>|<picture>.*?</picture>)", re.DOTALL
)
WIDTH = re.compile(r'\bwidth="(\d+)"')
# A sign before a formula, the formula, and what follows it without a break. A formula
# that is longer may have to scroll, and stays alone.
FORMULA = re.compile(
    r'([(\[«“]?\u00a0?)(<span class="math">(?:(?!</span>).)*</span>)'
    r"([.,;:!?)\]»”…]+|\u00a0[;:!?»])?",
    re.DOTALL,
)
# A word of inline code: an option such as -m is not broken after its hyphen.
WORD_OF_CODE = re.compile(r'<span class="pre">([^<\s]{1,24})</span>')
# sphinx-exercise gives the insides of all exercises of a page one name.
INSIDE = re.compile(r'(<section\b[^>]*?) id="(?:exercise|solution)-content"')
SECTION = re.compile(r'<section id="([^"]+)">((?:\s*<span id="[^"]+"></span>)*)')
NAME = re.compile(r'id="([^"]+)"')
SCRIPT = re.compile(r"<script data-(\w+-explorer)>(.*?)</script>\s*", re.DOTALL)
# A model that lives in the page brings its scripts along, which it reads when asked to.
LIVE_PART = re.compile(
    r'<script data-live-part="([\w-]+)">(.*?)</script>\s*', re.DOTALL
)
LIVE_FOLDER = "live"  # beside the pages; the site has one for both languages
SOURCE = re.compile(r'\bsrc="([^"]*)"')


def mend_table(markup: str) -> str:
    """Give a table its own box, which scrolls, and its headers their direction."""
    markup = HEAD.sub(
        lambda head: HEADER_CELL.sub('<th scope="col"', head[0]), markup, count=1
    )
    markup = HEADER_CELL.sub('<th scope="row"', markup)
    markup = markup.replace(' border="1"', "")
    # A header cell without a name, as pandas writes above its index, is no header: the
    # cells below it are those of their rows.
    head = HEAD.search(markup)
    if head and NAMELESS_FIRST.search(head[0]):
        rows = FIRST_CELL.sub(r'\1<th scope="row"\2>\3</th>', markup[head.end() :])
        markup = markup[: head.end()] + rows
    markup = re.sub(r"<th\b[^>]*>\s*(<p>\s*</p>)?\s*</th>", "<td></td>", markup)
    markup = CODE_IN_CELL.sub(lambda name: LONG_NAME.sub(r"\1<wbr>", name[0]), markup)
    return f'<div class="table-box">{CELL.sub(mark_long_cell, markup)}</div>'


def mark_long_cell(cell: re.Match[str]) -> str:
    """Name a cell that holds more than a word or two."""
    name, attributes, content = cell.groups()
    if len(TAG.sub("", content).strip()) <= LONG_CELL:
        return cell[0]
    return f"<{name}{add_class(attributes, 'long')}>{content}</{name}>"


def add_class(attributes: str, name: str) -> str:
    """The attributes of a tag with one class more."""
    if 'class="' in attributes:
        return attributes.replace('class="', f'class="{name} ', 1)
    return f'{attributes} class="{name}"'


def without_repeats(markup: str) -> str:
    """Keep the explorers' script once, the first time: all copies are the same.

    Every explorer carries it, because Colab shows each output in a frame of its own.
    A copy that differs stays.
    """
    seen: set[str] = set()

    def once(script: re.Match[str]) -> str:
        text = script[0].strip()
        if text in seen:
            return ""
        seen.add(text)
        return script[0]

    return SCRIPT.sub(once, markup)


def brought_near(markup: str, folder: Path) -> str:
    """Take the explorers' scripts out of a page; each comes when it is near."""

    def write(script: re.Match[str]) -> str:
        name, text = script[1], script[2].strip()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.js").write_text(text + "\n", encoding="utf-8")
        return (
            f'<script type="text/plain" data-near="{name}"'
            f' data-src="../{folder.name}/{name}.js"></script><script>now()</script>\n'
        )

    return SCRIPT.sub(write, markup)


def put_aside(markup: str, folder: Path) -> str:
    """Take the scripts of living models out of a page, into files of their names."""

    def write(part: re.Match[str]) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{part[1]}.js").write_text(part[2].strip() + "\n", encoding="utf-8")
        return ""

    return LIVE_PART.sub(write, markup)


def hold_together(formula: re.Match[str]) -> str:
    """Keep a formula on one line with the bracket or the stop that touches it."""
    before, markup, after = formula.groups("")
    if not before.strip() and not after:
        return formula[0]
    return f'<span class="together">{before}{markup}{after}</span>'


def hold_option(word: re.Match[str]) -> str:
    """Keep a short word of code on one line if it has a hyphen."""
    if "-" not in word[1]:
        return word[0]
    return f'<span class="pre together">{word[1]}</span>'


def box_picture(figure: re.Match[str]) -> str:
    """Put the picture of a figure in a box, in which a wide one scrolls.

    The style sheet is told its natural width, which decides how far it may shrink. A
    picture with a second one for a telephone fits there.
    """
    opening, picture = figure.groups()
    width = None if picture.startswith("<picture") else WIDTH.search(picture)
    style = f' style="--natural:{width[1]}px"' if width else ""
    return f'{opening}<div class="picture-box"{style}>{picture}</div>'


def name_sections(markup: str, labels: set[str]) -> str:
    """Write the label of each section, which the other language's page has too.

    Args:
        markup: The body of a page.
        labels: The labels that stand in its source.
    """

    def name(section: re.Match[str]) -> str:
        for found in NAME.findall(section[0]):
            if found in labels:
                opening = f'<section id="{section[1]}" data-label="{found}">'
                return opening + section[2]
        return section[0]

    return SECTION.sub(name, INSIDE.sub(r"\1", markup))


def labels_of(app: Sphinx, pagename: str) -> set[str]:
    """The labels that stand in the source of a page, as a page writes them."""
    domain: Any = app.env.get_domain("std")
    found = domain.anonlabels.items()
    return {nodes.make_id(label) for label, (page, _) in found if page == pagename}


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height in CSS pixels; None for a kind that is not known."""
    if not path.is_file():
        return None
    width, height = imagesize.get(path)
    return (round(width), round(height)) if width > 0 else None


def mend_picture(markup: str, path: Path, *, first: bool) -> str:
    """Give a picture its size, so that the text does not jump, and load it late.

    Args:
        markup: The ``img`` tag.
        path: The file of the picture.
        first: Whether it is the first picture, which may be in view from the start.
    """
    if "width=" in markup:
        return markup
    extra = "" if first else ' loading="lazy"'
    extra += ' decoding="async"'
    size = picture_size(path)
    if size is not None:
        extra += f' width="{size[0]}" height="{size[1]}"'
    return f"<img{extra}{markup.removeprefix('<img')}"


def mend_body(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Mend the body that the template will show."""
    body = context.get("body")
    if not body:
        return
    if app.builder.name == "html":
        body = put_aside(body, Path(app.outdir) / LIVE_FOLDER)
    else:  # a book that holds no scripts
        body = LIVE_PART.sub("", body)
    page = app.builder.get_target_uri(pagename)
    # Sphinx copies the pictures after the pages: read them where they come from.
    sources = {
        posixpath.join("_images", name): Path(app.srcdir) / path
        for path, name in app.builder.images.items()
    }
    count = 0

    def picture(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        source = SOURCE.search(match[0])
        address = unquote(source[1]) if source else ""
        address = posixpath.normpath(posixpath.join(posixpath.dirname(page), address))
        path = sources.get(address, Path(app.outdir) / address)
        return mend_picture(match[0], path, first=count == 1)

    body = TABLE.sub(lambda match: mend_table(match[0]), body)
    # docutils writes a list whose entries have a role that is no longer a list item's.
    body = body.replace('role="doc-biblioentry"', 'role="listitem"')
    body = name_sections(body, labels_of(app, pagename))
    body = without_repeats(PICTURE.sub(picture, body))
    if app.builder.name == "html":
        body = brought_near(body, Path(app.outdir) / LIVE_FOLDER)
    body = WORD_OF_CODE.sub(hold_option, body)
    body = FORMULA.sub(hold_together, FIGURE.sub(box_picture, body))
    if app.builder.name == "html":
        body = mend_code(body)
    if app.config.book_language != WORKS:
        body = body.replace('role="listitem">', f'role="listitem" lang="{WORKS}">')
    context["body"] = body


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", mend_body, priority=900)
