"""A computed table with its caption: it is numbered as those of the sources are."""

from collections.abc import Iterable


def captioned(lines: Iterable[str], caption: str) -> list[str]:
    """The lines of a table, below a caption."""
    return [f"::::{{table}} {caption}", "", *lines, "::::"]
