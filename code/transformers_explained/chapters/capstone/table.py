"""A table of texts and labels, read kindly.

Whatever a spreadsheet has made of the file is understood if it can be, and noted; what
cannot be understood is refused in one sentence, in the page's language, that says what
to do. Nothing is repaired in silence.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers_explained.lesson.labels import label

__all__ = ["LEAST_PER_LABEL", "LEAST_TEXTS", "Table", "TableError", "read_table"]

LEAST_TEXTS, LEAST_PER_LABEL, MOST_LABELS = 20, 4, 20
LONGEST_CELL = 20  # lines of one text; more means a quotation mark that nothing closes
# What the two columns may be called, in small letters.
TEXT_NAMES = frozenset({"text", "texte", "texts", "textes"})
LABEL_NAMES = frozenset(
    {"label", "labels", "étiquette", "etiquette", "classe", "class"}
)
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
# The first bytes of what is no text: what a spreadsheet saves, and a compressed file.
NOT_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF")
Row = tuple[str, str]


class TableError(ValueError):
    """A file that cannot serve; the message says why and what to do."""


@dataclass(frozen=True)
class Table:
    """Texts, their labels, and what was noted while they were read."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The labels that occur, in alphabetical order."""
        return tuple(sorted(set(self.labels)))

    @property
    def counts(self) -> dict[str, int]:
        """How many texts have each label."""
        found = Counter(self.labels)
        return {name: found[name] for name in self.names}


def read_table(path: str | Path) -> Table:
    """Read a file with a column of texts and one of labels.

    Raises:
        TableError: if it cannot serve: no such file, no text file, no such columns, a
            cell too many, a quotation mark left open, no labels, one label only, too
            few texts, or too many different labels.
    """
    path = Path(path)
    text, notes = _decoded(_bytes(path))
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    if separator != ",":
        notes.append(_says(f"note-{SEPARATORS[separator]}"))
    places = _columns(first, separator)
    rows, found = _clean(_rows(text, separator, places))
    notes += found
    _check_enough(rows)
    texts, labels = zip(*rows, strict=True)
    return Table(texts, labels, tuple(notes))


def _says(key: str, **values: object) -> str:
    return label(f"capstone.{key}", **values)


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise TableError(_says("no-file", path=str(path), folder=str(Path.cwd())))
    data = path.read_bytes()
    if not data.strip():
        raise TableError(_says("empty", path=path.name))
    if data.startswith(NOT_TEXT):
        raise TableError(_says("not-text", path=path.name))
    return data


def _decoded(data: bytes) -> tuple[str, list[str]]:
    """The text of a file, and a note if its encoding is not UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), [_says("note-utf-16")]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:  # the older Western encoding, from a spreadsheet
        return data.decode("cp1252", errors="replace"), [_says("note-cp1252")]


def _columns(first: str, separator: str) -> tuple[int, int, int]:
    """Where the text and the label stand, and how many columns there are."""
    header = next(csv.reader([first], delimiter=separator), [])
    names = [name.strip().lower() for name in header]
    places = [
        next((place for place, name in enumerate(names) if name in wanted), None)
        for wanted in (TEXT_NAMES, LABEL_NAMES)
    ]
    if places[0] is None or places[1] is None:
        raise TableError(_says("header", first=first[:60]))
    return places[0], places[1], len(names)


def _rows(text: str, separator: str, places: tuple[int, int, int]) -> list[Row]:
    """Text and label of each line below the header; empty lines are left."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[Row] = []
    in_text, in_label, width = places
    begun, line = False, 1
    try:
        for cells in reader:
            start, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not begun:
                begun = True
                continue
            if max(cell.count("\n") for cell in cells) > LONGEST_CELL:
                raise TableError(_says("open-quote", line=str(start)))
            if len(cells) > width:
                raise TableError(_says("wide", line=str(start), text=cells[0][:40]))
            cells += [""] * (width - len(cells))
            rows.append((cells[in_text].strip(), cells[in_label].strip()))
    except csv.Error:
        raise TableError(_says("open-quote", line=str(line))) from None
    return rows


def _clean(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """The rows that can serve, each text once, and what was left out."""
    if rows and not any(name for _, name in rows):
        raise TableError(_says("no-labels"))
    notes = []
    whole = [row for row in rows if all(row)]
    if len(whole) < len(rows):
        notes.append(_says("note-missing", number=len(rows) - len(whole)))
    once = list(dict.fromkeys(whole))
    if len(once) < len(whole):
        notes.append(_says("note-double", number=len(whole) - len(once)))
    times = Counter(text for text, _ in once)
    kept = [row for row in once if times[row[0]] == 1]
    if len(kept) < len(once):
        number = len({text for text, _ in once if times[text] > 1})
        notes.append(_says("note-contradiction", number=number))
    return kept, notes


def _check_enough(rows: Sequence[Row]) -> None:
    counts = Counter(name for _, name in rows)
    if len(rows) < LEAST_TEXTS:
        raise TableError(_says("few", number=len(rows), least=LEAST_TEXTS))
    if len(counts) == 1:
        raise TableError(_says("one-class", name=next(iter(counts))))
    if len(counts) > MOST_LABELS:
        raise TableError(_says("many", number=len(counts), most=MOST_LABELS))
    rare = sorted(name for name, count in counts.items() if count < LEAST_PER_LABEL)
    if rare:
        names = ", ".join(rare)
        raise TableError(_says("rare", names=names, least=LEAST_PER_LABEL))
