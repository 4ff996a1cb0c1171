"""An explorer of tokens: write a text, see its pieces under three vocabularies.

The page cuts the text itself. The site has the vocabularies in a folder of its own, as
`pretrained.vocabulary_scripts` writes them, and loads one when a reader asks for it.
Without JavaScript, on paper, and in a notebook away from the site, the pieces of the
first text stand there, as Python cut it.
"""

import base64
import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from transformers_explained.drawing.style import render
from transformers_explained.drawing.token_rows import VOCABULARY_NAMES, token_rows
from transformers_explained.lesson.display import show
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.language import current_language
from transformers_explained.tokenization import Tokenizer

FOLDER = "vocabularies"  # of the site, beside the languages'
# Kilobytes to load, for the reader to know beforehand.
SIZES = {"minilm": 110, "smollm2": 210, "e5": 1280}


def explore_tokens(
    tokenizers: Mapping[str, Tokenizer], examples: Sequence[str]
) -> None:
    """Show three vocabularies for the reader to explore.

    Args:
        tokenizers: by the names "minilm", "smollm2" and "e5": their pieces of the first
            example stand there from the start.
        examples: texts to try, the first one from the start.

    Raises:
        ValueError: if there is no example, or a name is none of these.
    """
    if not examples:
        raise ValueError("examples must hold at least one text; got none")
    for name in tokenizers:
        if name not in SIZES:
            raise ValueError(f"a name must be one of {', '.join(SIZES)}; got {name!r}")
    pieces = {name: t.tokenize(examples[0]) for name, t in tokenizers.items()}
    picture = token_rows({name: [cut] for name, cut in pieces.items()})
    lines = [
        f"{VOCABULARY_NAMES[name]}: {' | '.join(cut)}" for name, cut in pieces.items()
    ]
    show(
        {
            "text/html": f"{_element(pieces, examples)}\n{_script()}",
            "application/pdf": base64.b64encode(render(picture, "pdf")).decode(),
            "text/plain": "\n".join([examples[0], *lines]),
        }
    )


def _element(pieces: Mapping[str, Sequence[str]], examples: Sequence[str]) -> str:
    keys = ("title", "write", "examples", "loading", "failed", "waiting", "help")
    texts = {key: label(f"tokens-support.{key}") for key in keys}
    texts["load"] = label("tokens-support.load", size="{size}")
    texts["count"] = label("tokens-support.count", number="{number}")
    data = {
        "folder": f"../{FOLDER}/",
        "examples": list(examples),
        "vocabularies": [
            {
                "name": name,
                "title": VOCABULARY_NAMES[name],
                "size": label("tokens-support.size", kilobytes=SIZES[name]),
                "pieces": list(cut),
            }
            for name, cut in pieces.items()
        ],
        "text": texts,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    attribute = html.escape(text, quote=False).replace("'", "&#39;")
    rows = "".join(
        f"<tr><th>{html.escape(VOCABULARY_NAMES[name])}</th>"
        f"<td>{len(cut)}</td><td>{' '.join(map(_code, cut))}</td></tr>"
        for name, cut in pieces.items()
    )
    return (
        f"<token-explorer lang='{current_language()}' data-json='{attribute}'>"
        f"<p>{html.escape(examples[0])}</p><table>{rows}</table></token-explorer>"
    )


def _code(piece: str) -> str:
    return f"<code>{html.escape(piece)}</code>"


@cache
def _script() -> str:
    """The script element, style included, without comments and indentation."""
    folder = files("transformers_explained") / "explore"
    style = (folder / "token_explorer.css").read_text(encoding="utf-8")
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    style = re.sub(r"\s+", " ", style).strip()
    lines = [
        line.strip()
        for name in ("byte_pairs.js", "tokenizers.js", "token_explorer.js")
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
    ]
    code = "\n".join(line for line in lines if line and not line.startswith("//"))
    return (
        "<script data-token-explorer>{\n"
        f"const TOKENS_CSS = {json.dumps(style)};\n{code}\n}}</script>"
    )
