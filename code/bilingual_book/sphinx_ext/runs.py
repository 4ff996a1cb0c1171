"""Read a page again when it was executed again, though its text is the same.

Sphinx compares the dates of sources. What a page shows also changes with the code that
it imports: the table of what was read says of which run the outputs were.
"""

import json
from collections.abc import Iterable
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from bilingual_book.sphinx_ext.page_context import project_at


def run_key(app: Sphinx, page: str) -> str:
    """Which run the outputs of a page are of; empty for a page that holds no code."""
    folder = project_at(app.config.book_root).executed / app.config.book_language
    try:
        run = json.loads((folder / f"{page}.ipynb").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    return str(run["metadata"]["run"].get("key", ""))


def shown_runs(env: Any) -> dict[str, str]:
    """The run of each page that was read; kept with what Sphinx remembers."""
    env.book_runs = runs = getattr(env, "book_runs", {})
    return runs


def executed_again(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],
    changed: set[str],
    removed: set[str],
) -> list[str]:
    """The pages to read though their sources are the same.

    With `book_only`, no other page that was read before is read: all stay as they were
    built.
    """
    if app.config.book_only:
        changed.intersection_update({app.config.book_only})
        return [page for page in env.found_docs if page == app.config.book_only]
    shown = shown_runs(env)
    return [p for p in env.found_docs - added if shown.get(p) != run_key(app, p)]


def remember(app: Sphinx, page: str, _: list[str]) -> None:
    """Note which run is shown."""
    shown_runs(app.env)[page] = run_key(app, page)


def forget(_: Sphinx, env: BuildEnvironment, page: str) -> None:
    """Forget a page that is gone or that is read anew."""
    shown_runs(env).pop(page, None)


def merge(
    _: Sphinx, env: BuildEnvironment, pages: Iterable[str], other: BuildEnvironment
) -> None:
    """Take over what another process has read."""
    shown = shown_runs(other)
    shown_runs(env).update((page, shown[page]) for page in pages if page in shown)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("book_only", "", "")
    app.connect("env-get-outdated", executed_again)
    app.connect("source-read", remember)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
