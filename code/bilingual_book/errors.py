"""The one kind of error that the machinery raises for a mistake in the book."""

from pathlib import Path


class BookError(Exception):
    """A mistake in the book's sources, told to the author in one message.

    Args:
        what: What was found.
        path: The file it was found in.
        line: The line, from 1, when there is one.
        expected: What was expected instead.
        fix: What to do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        expected: str = "",
        fix: str = "",
    ) -> None:
        place = f"{path}:{line}: " if line else f"{path}: " if path else ""
        parts = [f"{place}{what}"]
        if expected:
            parts.append(f"  expected: {expected}")
        if fix:
            parts.append(f"  to do: {fix}")
        super().__init__("\n".join(parts))
