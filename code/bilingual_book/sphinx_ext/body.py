"""The body of a page, mended for readers: tables, pictures, links."""

import posixpath
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from sphinx.application import Sphinx

from bilingual_book.pictures import picture_size

TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
HEAD = re.compile(r"<thead\b.*?</thead>", re.DOTALL)
HEADER_CELL = re.compile(r"<th\b(?![^>]*\bscope=)")
NAMELESS_FIRST = re.compile(r"<tr\b[^>]*>\s*<th\b[^>]*>\s*(<p>\s*</p>)?\s*</th>")
FIRST_CELL = re.compile(r"(<tr\b[^>]*>\s*)<td\b([^>]*)>(.*?)</td>", re.DOTALL)
PICTURE = re.compile(r"<img\b[^>]*>")
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
    return f'<div class="table-box">{markup}</div>'


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
    context["body"] = PICTURE.sub(picture, body)


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", mend_body, priority=900)
