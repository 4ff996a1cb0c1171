"""Figures that have a second picture, for a telephone: the site shows it there.

A figure function of the package may draw one (`drawing.phone_variant`). It travels in
the metadata of the cell's output; paper and notebooks show the wide picture.
"""

import hashlib
import json
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

from bilingual_book.sphinx_ext.cell_folds import is_cell
from bilingual_book.sphinx_ext.page_context import project_at

METADATA = "phone"  # of an output
WIDEST = 480  # pixels of a screen that shows the second picture
SIZE = re.compile(r'<svg\b[^>]*\bwidth="([\d.]+)pt" height="([\d.]+)pt"')


class phone_picture(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """Around a picture: `uri` is that of the second one, `size` its size."""


def keep_pictures(app: Sphinx, doctree: nodes.document) -> None:
    """Write the second pictures beside the first, and name them on these."""
    page = app.env.docname
    folder = Path(app.env.mystnb_config.output_folder)  # type: ignore[attr-defined]
    project, language = project_at(app.config.book_root), app.config.book_language
    source = project.executed / language / f"{page}.ipynb"
    cells = [cell for cell in doctree.findall(is_cell) if pictures_of(cell)]
    if not cells or not source.exists():
        return
    outputs = json.loads(source.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        for svg in phone_svgs(outputs[cell["cell_index"]]):
            name = f"phone-{hashlib.sha256(svg.encode()).hexdigest()[:32]}.svg"
            (folder / name).write_text(svg, encoding="utf-8")
            uri = Path(os.path.relpath(folder / name, app.srcdir)).as_posix()
            app.env.images.add_file(page, uri)
            found = SIZE.search(svg)
            for picture in pictures_of(cell):
                picture["phone"] = uri
                picture["phone_size"] = pixels(found[1], found[2]) if found else ()


def pictures_of(cell: nodes.Element) -> list[nodes.image]:
    """The pictures of a cell that the site may show."""
    return [
        image
        for image in cell.findall(nodes.image)
        if image.parent.get("mime_type") == "image/svg+xml"
    ]


def phone_svgs(cell: dict[str, Any]) -> Iterator[str]:
    """The second pictures among the outputs of a cell."""
    for output in cell.get("outputs", []):
        found = output.get("metadata", {}).get(METADATA)
        if found:
            yield str(found)


def pixels(*points: str) -> tuple[int, ...]:
    """Lengths in points, in the pixels of a page."""
    return tuple(round(float(length) * 4 / 3) for length in points)


class PhonePictures(SphinxPostTransform):
    """Wrap the pictures that have a second one."""

    default_priority = 195  # when each output has its form
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Wrap each."""
        for image in list(self.document.findall(nodes.image)):
            if "phone" in image:
                box = phone_picture("", uri=image["phone"], size=image["phone_size"])
                block = image.parent
                block.insert(block.index(image), box)
                block.remove(image)
                box += image


def visit_picture(translator: HTML5Translator, node: phone_picture) -> None:
    """Open the picture: first what a narrow screen shows."""
    builder: Any = translator.builder
    name = builder.env.images[node["uri"]][1]
    builder.images[node["uri"]] = name  # so that it is copied with the others
    address = posixpath.join(builder.imgpath, quote(name))
    size = ""
    if node["size"]:
        size = ' width="{}" height="{}"'.format(*node["size"])
    translator.body.append(
        f'<picture><source media="(max-width: {WIDEST}px)" srcset="{address}"{size}>'
    )


def depart_picture(translator: HTML5Translator, node: phone_picture) -> None:
    """Close the picture."""
    translator.body.append("</picture>\n")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_node(phone_picture, html=(visit_picture, depart_picture))
    app.connect("doctree-read", keep_pictures)
    app.add_post_transform(PhonePictures)
