"""Numbers handed to the prose: what glue reads, and what it shows."""

from typing import Any

import nbformat
import pytest
import torch
from myst_nb.core.variables import format_plain_text
from myst_nb.ext.glue import extract_glue_data_cell

from transformers_explained import report
from transformers_explained.lesson import display as outputs
from transformers_explained.lesson import report as reporting
from transformers_explained.lesson.first_cell import use_language

Sent = list[tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What `report` would display."""
    kept: Sent = []
    monkeypatch.setattr(
        reporting, "show", lambda data, metadata: kept.append((data, metadata))
    )
    return kept


def glued(sent: Sent) -> dict[str, str]:
    """Pass outputs through myst-nb's own extraction, and show them as its role does."""
    outputs_ = [
        nbformat.v4.new_output("display_data", data=dict(data), metadata=metadata)
        for data, metadata in sent
    ]
    cell = nbformat.v4.new_code_cell(outputs=outputs_)
    found = extract_glue_data_cell(cell)
    assert cell.outputs == []  # nothing of it is left to show
    return {
        name: format_plain_text(output["data"]["text/plain"], "s")
        for name, output in found
    }


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["1,234.5", "12", "2.50", "88.1%", "3.00\u00a0ms", "quatre"]),
        (
            "fr",
            ["1\u202f234,5", "12", "2,50", "88,1\u00a0%", "3,00\u00a0ms", "quatre"],
        ),
    ],
)
def test_prose_shows_the_number_as_the_language_writes_it(
    sent: Sent, language: str, expected: list[str]
) -> None:
    use_language(language)
    try:
        report("demo.a", 1234.5, digits=1)
        report("demo.b", torch.tensor(12))
        report("demo.c", 2.5, digits=2)
        report("demo.d", 88.125, digits=1, unit="%")
        report("demo.e", 3.0, digits=2, unit="ms")
        report("demo.f", "quatre")
    finally:
        use_language("en")
    assert glued(sent) == dict(
        zip([f"demo.{k}" for k in "abcdef"], expected, strict=True)
    )


def test_the_number_itself_is_kept_at_full_precision(sent: Sent) -> None:
    report("demo.third", 1 / 3, digits=2, unit="s")
    assert sent[0][1]["report"] == {"value": 1 / 3, "digits": 2, "unit": "s"}


@pytest.mark.parametrize("name", ["", "demo", "demo.", "demo.x.y", "Demo.x", "demo x"])
def test_malformed_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r'name must be "<slug>\.<key>"'):
        report(name, 1)


def test_values_that_are_no_number_are_refused() -> None:
    with pytest.raises(ValueError, match="value must be finite"):
        report("demo.x", float("inf"))
    with pytest.raises(TypeError, match=r"one number; got shape \(2,\)"):
        report("demo.x", torch.zeros(2))
    with pytest.raises(ValueError, match="digits and unit go with a number"):
        report("demo.x", "text", digits=2)


def test_nothing_is_printed_outside_of_a_notebook(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert outputs.running_shell() is None
    report("demo.x", 1.5)
    assert capsys.readouterr().out == ""


def test_the_name_stays_the_function_whatever_was_imported_before() -> None:
    """A module of the same name would take its place on the second import."""
    from transformers_explained import report as first
    from transformers_explained import report as second

    assert first is second is reporting.report
