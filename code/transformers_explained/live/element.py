"""A model living in a page: what stands there first, and what comes when asked for.

First stands a result, written by Python as plain HTML, with a button. The button loads
two scripts, one with the engine and the interface, one with the weights. An output in a
notebook carries both; the book's machinery moves them into files beside the pages, so
that a page stays light.
"""

import hashlib
import html
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from transformers_explained.lesson.labels import label
from transformers_explained.lesson.language import current_language

FOLDER = "../live/"  # of the site, seen from a page
ENGINE = ("transformer.js", "decoding.js", "texts.js")
# In the order in which they are read; "explore/" where they come from there.
SCRIPTS = ("explore/byte_pairs.js", *ENGINE, "explore/shared.js", "panels.js")


def live_element(
    name: str, data: dict[str, Any], model: dict[str, Any], first: str
) -> str:
    """A living model: the first result, the loader, and the two scripts.

    Args:
        name: of the interface: its script is `<name>.js`, its element
            `<name>-explorer`.
        data: what the interface reads.
        model: what the engine reads.
        first: HTML, what stands there before anything is loaded.
    """
    written = _json(model)
    weights = f"{name}-{hashlib.sha256(written.encode()).hexdigest()[:10]}"
    engine = interface(name)
    size = round(0.76 * len(written) / 1000)  # base64, compressed on its way
    text = data["text"] | {
        "load": label("live-support.load", kilobytes=size),
        "loading": label("live-support.loading"),
        "failed": label("live-support.failed"),
    }
    parts = {"folder": FOLDER, "parts": [name, weights], "model": weights}
    attribute = html.escape(_json(data | parts | {"text": text}), quote=False)
    return "\n".join(
        (
            f"<{name}-explorer lang='{current_language()}' "
            f"data-json='{attribute.replace(chr(39), '&#39;')}'>{first}"
            f"</{name}-explorer>",
            _part(name, engine),
            _part(weights, f"liveParts[{weights!r}] = {written};"),
            f"<script data-{name}-explorer>{{\n{loader(name)}\n}}</script>",
        )
    )


def _part(name: str, code: str) -> str:
    """A script that defines one part, under its name."""
    code = code.replace("</", "<\\/")
    return (
        f'<script data-live-part="{name}">globalThis.liveParts ??= {{}};\n'
        f"{code}\n</script>"
    )


@cache
def interface(name: str) -> str:
    """The engine and one interface as a script, style included."""
    style = read("explore/explorer.css") + read("live.css")
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    style = re.sub(r"\s+", " ", style).strip()
    code = "\n".join(short(read(script)) for script in (*SCRIPTS, f"{name}.js"))
    return f"{{\nconst CSS = {json.dumps(style)};\n{code}\nliveParts.{name} = true;\n}}"


@cache
def loader(name: str) -> str:
    """The script that every page has: a button, and what it loads."""
    return short(read("loader.js")).replace("NAME", name)


def read(script: str) -> str:
    """A file of this folder, or of the explorers'."""
    package = files("transformers_explained")
    folder, _, file = script.rpartition("/")
    return (package / (folder or "live") / file).read_text(encoding="utf-8")


def short(script: str) -> str:
    """A script without comments on lines of their own and without indentation."""
    lines = [line.strip() for line in script.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
