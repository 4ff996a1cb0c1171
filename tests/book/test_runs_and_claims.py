"""Both runs print the same numbers; the register of claims holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_output

from bilingual_book.checks.claims import check_claims, check_register
from bilingual_book.checks.compare_runs import (
    compare_runs,
    printed_numbers,
    same_numbers,
)
from bilingual_book.errors import BookError
from bilingual_book.project import Project

Change = Callable[..., None]

BIB = "@article{elman1990finding,\n  title = {Finding Structure in Time}\n}\n"


def reported(name: str, value: object) -> Any:
    """The output of a report."""
    return new_output(
        "display_data",
        {"application/papermill.record/text/plain": repr(str(value))},
        metadata={
            "scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"},
            "report": {"value": value, "digits": None, "unit": ""},
        },
    )


def printed(text: str) -> Any:
    """The output of a print."""
    return new_output("stream", name="stdout", text=text)


@pytest.fixture
def outputs(executed_book: Project) -> Change:
    """Put outputs into the executed cell of page `one`, and tags on it."""

    def change(language: str, *made: Any, tags: list[str] | None = None) -> None:
        path = executed_book.executed / language / "one.ipynb"
        notebook = nbformat.read(path, as_version=4)
        (cell,) = [c for c in notebook.cells if c.cell_type == "code"]
        cell.outputs = list(made)
        cell.metadata["tags"] = tags or []
        nbformat.write(notebook, path)

    return change


SAME = [
    ("0,5 mot", "0.5 words"),
    ("1\u202f234,5", "1,234.5"),
    ("1\u00a0234\u202f567", "1,234,567"),
    ("12.5", "12.5"),  # Python's own way of printing, in both
    ("[1,2,3] (4, 5)", "[1,2,3] (4, 5)"),
    ("\u22120,25", "-0.25"),
    ("3,2\u00a0×\u00a010⁻⁷", "3.2\u00a0×\u00a010⁻⁷"),
    ("1e-05", "1e-05"),
    ("3 mots sur 4", "of 4 words, 3"),
    ("rien", "nothing"),
    ("bloc-2", "block-2"),
]
DIFFERENT = [
    ("0,5", "0.6"),
    ("0,5", "5"),
    ("1\u202f234", "1.234"),
    ("1", "1 2"),
    ("-1", "1"),
    ("10⁻⁷", "10⁻⁸"),
    ("1e-05", "1e-06"),
    ("0.12345678", "0.12345679"),
    ("3 3 4", "3 4 4"),
]


def numbers(text: str) -> list[str]:
    cell = nbformat.v4.new_code_cell("x", outputs=[printed(text)])
    return printed_numbers(cell)


@pytest.mark.parametrize(("french", "english"), SAME)
def test_the_same_numbers(french: str, english: str) -> None:
    assert same_numbers(numbers(french), numbers(english))


@pytest.mark.parametrize(("french", "english"), DIFFERENT)
def test_other_numbers(french: str, english: str) -> None:
    assert not same_numbers(numbers(french), numbers(english))


@pytest.mark.parametrize("kind", ["text/plain", "text/markdown", "text/html"])
def test_rich_outputs_are_read(kind: str) -> None:
    output = new_output("display_data", {kind: "0.25"})
    assert printed_numbers(nbformat.v4.new_code_cell("x", outputs=[output])) == ["0.25"]


def test_equal_runs_pass(executed_book: Project, outputs: Change) -> None:
    outputs("fr", printed("0,5"), reported("one.mean", 0.5))
    outputs("en", printed("0.5"), reported("one.mean", 0.5))
    compare_runs(executed_book)


def test_a_printed_number_that_differs(executed_book: Project, outputs: Change) -> None:
    outputs("fr", printed("perte : 0,5"))
    outputs("en", printed("loss: 0.6"))
    with pytest.raises(BookError, match="a printed number is 0,5 in fr; in en") as it:
        compare_runs(executed_book)
    message = str(it.value)
    assert "fr/one.md:10: " in message
    assert "en/one.md:10) it is 0.6" in message
    assert "language-example or machine-dependent" in message


def test_reports_are_compared_in_full(executed_book: Project, outputs: Change) -> None:
    outputs("fr", reported("one.mean", 0.1))
    outputs("en", reported("one.mean", 0.1 + 1e-15))
    with pytest.raises(BookError, match=r"report 'one.mean' is 0\.1 in fr"):
        compare_runs(executed_book)


def test_a_report_in_one_language(executed_book: Project, outputs: Change) -> None:
    outputs("fr", reported("one.mean", 0.1))
    outputs("en")
    with pytest.raises(BookError, match=r"it is None"):
        compare_runs(executed_book)


@pytest.mark.parametrize("tag", ["language-example", "machine-dependent"])
def test_tagged_cells_may_differ(
    executed_book: Project, outputs: Change, tag: str
) -> None:
    outputs("fr", printed("3 s"), tags=[tag])
    outputs("en", printed("4 s"), tags=[tag])
    compare_runs(executed_book)


def test_another_tag_excuses_nothing(executed_book: Project, outputs: Change) -> None:
    outputs("fr", printed("3 s"), tags=["hide-input"])
    outputs("en", printed("4 s"), tags=["hide-input"])
    with pytest.raises(BookError, match="a printed number"):
        compare_runs(executed_book)


REGISTERS = {
    "one": """\
- claim: {fr: "La moyenne.", en: "The mean."}
  report: one.mean
  value: 0.5
  tolerance: 0.01
""",
    "two": """\
- claim: {fr: "Elman.", en: "Elman."}
  source: elman1990finding
""",
}


@pytest.fixture
def registers(executed_book: Project, outputs: Change) -> Path:
    """The folder of registers that hold."""
    for language in ("fr", "en"):
        outputs(language, reported("one.mean", 0.505))
    (executed_book.book / "references.bib").write_text(BIB, encoding="utf-8")
    folder = executed_book.book / "claims"
    folder.mkdir()
    for slug, register in REGISTERS.items():
        (folder / f"{slug}.yml").write_text(register, encoding="utf-8")
    check_claims(executed_book)
    return folder


BROKEN = {
    "a value out of tolerance": (
        ("one", "value: 0.5", "value: 0.4"),
        "one.mean is 0.505",
    ),
    "an unknown report": (
        ("one", "one.mean", "one.median"),
        "run reports no 'one.median'",
    ),
    "another chapter's": (
        ("one", "one.mean", "two.mean"),
        "'two.mean' is of another chapter",
    ),
    "an unknown source": (
        ("two", "elman1990", "elman1991"),
        "unknown source 'elman1991finding'",
    ),
    "a language missing": (
        ("two", ', en: "Elman."', ""),
        "not in both languages",
    ),
    "no tolerance": (("one", "  tolerance: 0.01\n", ""), "the claim has the keys"),
    "a negative tolerance": (("one", "0.01", "-1"), "the tolerance is negative"),
    "not a number": (("one", "value: 0.5", "value: half"), "not numbers"),
    "a truth value": (("one", "value: 0.5", "value: true"), "not numbers"),
    "not a list": (("one", REGISTERS["one"], "3\n"), "the register is not a list"),
}


def refused(book: Project) -> str:
    """What is said of registers that do not hold."""
    with pytest.raises(BookError) as caught:
        check_claims(Project(book.root))
    return str(caught.value)


@pytest.mark.parametrize("name", BROKEN)
def test_a_claim_that_does_not_hold(
    executed_book: Project, registers: Path, name: str
) -> None:
    (slug, old, new), what = BROKEN[name]
    path = registers / f"{slug}.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    message = refused(executed_book)
    assert what in message
    assert f"claims/{slug}.yml" in message
    assert "expected:" in message


def test_a_chapter_without_claims(executed_book: Project, registers: Path) -> None:
    (registers / "two.yml").unlink()
    message = refused(executed_book)
    assert "claims/two.yml: the chapter two makes no claim" in message


def test_claims_of_no_page(executed_book: Project, registers: Path) -> None:
    (registers / "two.yml").rename(registers / "three.yml")
    assert "claims/three.yml:1: three: no such page" in refused(executed_book)


def test_the_line_of_a_claim(executed_book: Project, registers: Path) -> None:
    path = registers / "one.yml"
    text = path.read_text(encoding="utf-8").replace("value: 0.5", "value: 0.4")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BookError, match=r"one\.yml:1: one: one\.mean is 0\.505"):
        check_claims(executed_book)


def test_both_runs_must_bear_a_claim_out(
    executed_book: Project, registers: Path, outputs: Change
) -> None:
    outputs("en", reported("one.mean", 0.9))
    with pytest.raises(BookError, match=r"one\.mean is 0\.9 in the en run"):
        check_claims(executed_book)


@pytest.mark.parametrize("value", [float("nan"), "half", None])
def test_a_report_that_is_no_number(
    executed_book: Project, registers: Path, outputs: Change, value: object
) -> None:
    outputs("fr", reported("one.mean", value))
    with pytest.raises(BookError, match=r"one\.mean is"):
        check_claims(executed_book)


def test_no_register(executed_book: Project) -> None:
    with pytest.raises(BookError, match=r"one\.yml: the chapter one makes no claim"):
        check_register(executed_book)
