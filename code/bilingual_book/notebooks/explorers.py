"""An explorer in a notebook that was opened and has not run yet.

Until its reader trusts it, Jupyter takes scripts and drawings out of a notebook and
leaves their words, run together. A table of attention weights, or a list of what each
learning rate does, stays: it stands in for the drawing. A model that lives in the page
has its first result in words; its weights come back when its cell is run.
"""

import html
import json
import re
from typing import Any

EXPLORER = re.compile(r"<\w+-explorer\b")
_DATA = re.compile(r"data-json='([^']*)'")
_LIVE_PART = re.compile(r"<script data-live-part=.*?</script>\s*", re.DOTALL)
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


def with_table(element: str) -> str:
    """The same explorer, its drawing replaced by a table or a list, without weights."""
    element = _LIVE_PART.sub("", element)
    found = _DATA.search(element)
    if found is None or not _DRAWING.search(element):  # it has a table
        return element
    data = json.loads(html.unescape(found[1]))
    words = sentences(data) if "says" in data else first_head(data)
    return _DRAWING.sub(lambda _: words, element, count=1)


def sentences(data: dict[str, Any]) -> str:
    """What each learning rate does, for the way to descend that is shown first."""
    said = data["says"][data["at"]["mode"]]
    return f"<ul>{''.join(f'<li>{html.escape(text)}</li>' for text in said)}</ul>"


def first_head(data: dict[str, Any]) -> str:
    """The weights of the head that is shown first, in hundredths."""
    queries, keys = data["queries"], data["keys"]
    size = len(queries) * len(keys)
    first = (data["at"]["layer"] * data["heads"] + data["at"]["head"]) * size
    weights = data["weights"][first : first + size]
    head = "".join(f"<th>{html.escape(key)}</th>" for key in ["", *keys])
    rows = [f"<tr>{head}</tr>"]
    for number, query in enumerate(queries):
        row = weights[number * len(keys) : (number + 1) * len(keys)]
        cells = "".join(f"<td>{_percent(weight)}</td>" for weight in row)
        rows.append(f"<tr><th>{html.escape(query)}</th>{cells}</tr>")
    sign = html.escape(data["text"]["percent"].strip())
    return f"<table>{''.join(rows)}</table><p>({sign})</p>"


def _percent(thousandths: int | None) -> str:
    return "NaN" if thousandths is None else str((thousandths + 5) // 10)
