"""A Sphinx extension that writes down where every name leads and how it is called.

The notebooks show the same names and numbers as the pages ("Figure 5.2", "(3)"); they
are read here, from the build that numbers them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FILE_NAME = "links.json"


def write_links(app: Sphinx, exception: Exception | None) -> None:
    """Write the table beside the built pages."""
    if exception is None and app.builder.format == "html":
        table = {
            "labels": dict(labels(app)),
            "equations": dict(equations(app)),
            "pages": {doc: node.astext() for doc, node in app.env.titles.items()},
            "citations": dict(citations(app)),
            "terms": dict(terms(app)),
        }
        path = Path(app.outdir).parent / FILE_NAME
        text = json.dumps(table, ensure_ascii=False, indent=1, sort_keys=True)
        path.write_text(text, encoding="utf-8")


def labels(app: Sphinx) -> Iterator[tuple[str, dict[str, str]]]:
    """What {ref} and {numref} know: page, anchor, title and number as it is written."""
    domain: Any = app.env.get_domain("std")
    titles = {name: str(title) for name, (_, _, title) in domain.labels.items()}
    exercises = getattr(app.env, "sphinx_exercise_registry", {})
    for name, (page, anchor) in domain.anonlabels.items():
        number = figure_number(app, page, anchor)
        title = titles.get(name) or ""
        if exercises.get(name, {}).get("type") == "exercise":
            number = number or figure_number(app, page, name)
            title = number or title
        yield (
            name,
            {"page": page, "anchor": anchor, "title": title, "number": number},
        )


def figure_number(app: Sphinx, page: str, anchor: str) -> str:
    """ "Fig. 5.2", "Section 3"...; empty when the place has no number."""
    formats = app.config.numfig_format
    for kind, found in app.env.toc_fignumbers.get(page, {}).items():
        if anchor in found and kind in formats:
            return str(formats[kind] % dotted(found[anchor]))
    numbers: dict[str, tuple[int, ...]] = app.env.toc_secnumbers.get(page, {})
    if not numbers:
        return ""
    for section in app.env.get_doctree(page).findall(nodes.section):
        if anchor in section["ids"]:
            # The page's own number is under the empty name.
            number = numbers.get(f"#{section['ids'][0]}", numbers.get("", ()))
            return str(formats["section"] % dotted(number))
    return ""


def dotted(number: tuple[int, ...]) -> str:
    """``(5, 2)`` as ``5.2``."""
    return ".".join(map(str, number))


def equations(app: Sphinx) -> Iterator[tuple[str, dict[str, str]]]:
    """The numbered formulas."""
    domain: Any = app.env.get_domain("math")
    for label, (page, count) in domain.equations.items():
        anchor = f"equation-{label}"
        numbers = app.env.toc_fignumbers.get(page, {}).get("displaymath", {})
        number = dotted(numbers[anchor]) if anchor in numbers else str(count)
        yield label, {"page": page, "anchor": anchor, "number": number}


def citations(app: Sphinx) -> Iterator[tuple[str, dict[str, str]]]:
    """The works of the bibliography and where each stands."""
    domain: Any = app.env.domains.get("cite")
    for citation in domain.citations if domain else []:
        page = citation.bibliography_key.docname
        yield citation.key, {"page": page, "anchor": citation.citation_id}


def terms(app: Sphinx) -> Iterator[tuple[str, dict[str, str]]]:
    """The terms of the glossary, in lower case."""
    domain: Any = app.env.get_domain("std")
    for (kind, name), (page, anchor) in domain.objects.items():
        if kind == "term":
            yield name.lower(), {"page": page, "anchor": anchor}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", write_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
