"""What the explorers share: their data in an attribute, and their script.

An explorer is an element whose content, a drawing, stands in print and where no script
runs. Every output carries the script, because Colab shows each output in a frame of its
own; the script defines the element once per page.
"""

from __future__ import annotations

import html
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from transformers_explained.lesson.language import current_language


def element(name: str, data: dict[str, Any], drawing: str, caption: str) -> str:
    """Return an explorer with its script.

    Args:
        name: of the element, `<name>-explorer`, and of its script, `<name>.js`.
        data: what the script reads.
        drawing: an SVG with an alternative text, for paper and without a script.
        caption: of the drawing.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    attribute = html.escape(text, quote=False).replace("'", "&#39;")
    return (
        f"<{name}-explorer lang='{current_language()}' data-json='{attribute}'>"
        f"<figure>{drawing}<figcaption>{html.escape(caption)}</figcaption></figure>"
        f"</{name}-explorer>\n{script(name)}"
    )


@cache
def script(name: str) -> str:
    """Return the script element, style included, without comments and indentation."""
    folder = files("transformers_explained") / "explore"
    shared, own = (
        (folder / file).read_text(encoding="utf-8")
        for file in ("shared.js", f"{name}.js")
    )
    style = (folder / "explorer.css").read_text(encoding="utf-8")
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    style = re.sub(r"\s+", " ", style).strip()
    lines = [line.strip() for line in (shared + own).splitlines()]
    code = "\n".join(line for line in lines if line and not line.startswith("//"))
    return (
        f"<script data-{name}-explorer>{{\n"
        f"const CSS = {json.dumps(style)};\n{code}\n}}</script>"
    )
