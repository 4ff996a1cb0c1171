"""The report: what was measured, and room for what only its author can say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transformers_explained.chapters.capstone.table import Table
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number
from transformers_explained.tasks.intervals import wilson

__all__ = ["write_report"]


def write_report(
    path: Path,
    table: Table,
    *,
    learned: int,
    tested: int,
    right: int,
    majority: float,
    words: float,
    errors: Sequence[tuple[str, str, str]],
) -> str:
    """Write the report as Markdown, and return it.

    Args:
        path: the file to write.
        table: the data.
        learned, tested: numbers of texts.
        right: how many of the test the model got right.
        majority: accuracy of always saying the commonest label.
        words: accuracy of counting words.
        errors: text, true label, predicted label of what it got wrong.
    """
    low, high = wilson(right / tested, tested)
    counted = ", ".join(f"{name} {number}" for name, number in table.counts.items())
    notes = [f"- {note}" for note in table.notes] or [f"- {_says('report-no-notes')}"]
    wrong = [
        f"- {_says('report-error', text=text, true=true, predicted=predicted)}"
        for text, true, predicted in errors
    ]
    parts = [
        _says("report-head", file=path.name),
        _says("report-data", number=len(table.texts), counts=counted),
        "\n".join(notes),
        _says("report-split", learned=learned, tested=tested),
        _says(
            "report-result",
            right=right,
            tested=tested,
            share=_percent(right / tested),
            low=_percent(low),
            high=_percent(high),
            majority=_percent(majority),
            words=_percent(words),
        ),
        "\n".join([_says("report-errors"), "", *wrong]),
        _says("report-yours"),
    ]
    text = "\n\n".join(parts) + "\n"
    path.write_text(text, encoding="utf-8")
    return text


def _percent(share: float) -> str:
    number = format_number(100 * share, digits=0)
    return label("capstone.percent", number=number)


def _says(key: str, **values: object) -> str:
    return label(f"capstone.{key}", **values)
