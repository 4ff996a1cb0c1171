"""Texts by identifier, and numbers as each language writes them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from transformers_explained.lesson import labels
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.labels import label, label_ids
from transformers_explained.lesson.language import current_language
from transformers_explained.lesson.number_format import format_number

# Names written as escapes, so that no editor can change them unseen.
THIN, WIDE, MINUS = "\u202f", "\u00a0", "\u2212"


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    use_language("en")


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of texts of our own instead of the package's."""
    monkeypatch.setattr(labels, "files", lambda _: tmp_path)
    labels._texts.cache_clear()
    (tmp_path / "chapters").mkdir()
    folder = tmp_path / "lesson" / "texts"
    folder.mkdir(parents=True)
    yield folder
    labels._texts.cache_clear()


def test_every_text_has_both_languages_and_the_same_placeholders() -> None:
    identifiers = label_ids()
    assert "common.key-position" in identifiers
    assert len(identifiers) == len(set(identifiers))


def test_language_is_chosen_once_for_all_texts() -> None:
    use_language("fr")
    assert (current_language(), label("common.loss")) == ("fr", "perte")
    use_language("en")
    assert (current_language(), label("common.loss")) == ("en", "loss")


@pytest.mark.parametrize("language", ["de", "FR", "", "french"])
def test_other_languages_are_refused(language: str) -> None:
    with pytest.raises(ValueError, match="language must be one of 'fr', 'en'"):
        use_language(language)


def test_numbers_in_texts_follow_the_language(texts: Path) -> None:
    (texts / "demo.toml").write_text(
        '[both]\nfr = "{n} essais, perte {loss:.2f}, en {year}"\n'
        'en = "{n} runs, loss {loss:.2f}, in {year}"\n',
        encoding="utf-8",
    )
    values = {"n": 12345, "loss": 0.5, "year": "2017"}
    assert label("demo.both", **values) == "12,345 runs, loss 0.50, in 2017"
    use_language("fr")
    assert label("demo.both", **values) == f"12{THIN}345 essais, perte 0,50, en 2017"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('[a]\nfr = "un"\n', "must have exactly fr and en"),
        ('[a]\nfr = "un"\nen = "one"\nde = "eins"\n', "must have exactly fr and en"),
        ('[a]\nfr = "un"\nen = " "\n', "en must be a text"),
        ('[a]\nfr = "un"\nen = 1\n', "en must be a text"),
        ('[a]\nfr = "{x}"\nen = "{y}"\n', "same placeholders in fr and en"),
        ('[a]\nfr = "{x!r}"\nen = "{x!r}"\n', "a placeholder must be {name}"),
        ('[a]\nfr = "{}"\nen = "{}"\n', "a placeholder must be {name}"),
        ('[a]\nfr = "{x:d}"\nen = "{x:d}"\n', "format must be like .2f"),
        ('[A_b]\nfr = "un"\nen = "one"\n', "must be made of a-z"),
        ('a = "un"\n', "must have exactly fr and en"),
    ],
)
def test_a_text_at_fault_is_named(texts: Path, entry: str, message: str) -> None:
    (texts / "demo.toml").write_text(entry, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        label("demo.a" if "[A_b]" not in entry else "demo.b")
    with pytest.raises(ValueError, match=message):
        label_ids()


def test_unknown_identifiers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no file lesson/texts/no-such\.toml"):
        label("no-such.text")
    with pytest.raises(ValueError, match=r"no table \[no-such\] in lesson/texts/com"):
        label("common.no-such")
    with pytest.raises(ValueError, match=r'must be "<slug>\.<key>"'):
        label("common")


@pytest.mark.parametrize("values", [{}, {"number": 1, "extra": 2}, {"nombre": 1}])
def test_values_and_placeholders_must_agree(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"takes the values \['number'\]"):
        label("common.head", **values)


@pytest.mark.parametrize(
    ("value", "digits", "english", "french"),
    [
        (0, None, "0", "0"),
        (999, None, "999", "999"),
        (1000, None, "1,000", f"1{THIN}000"),
        (109_482_240, None, "109,482,240", f"109{THIN}482{THIN}240"),
        (10**21, None, "1" + ",000" * 7, "1" + f"{THIN}000" * 7),
        (1234.5, 1, "1,234.5", f"1{THIN}234,5"),
        (-3.25, 2, f"{MINUS}3.25", f"{MINUS}3,25"),
        (-0.001, 2, "0.00", "0,00"),
        (2.0, None, "2", "2"),
        (2.0, 3, "2.000", "2,000"),
        (7, 2, "7.00", "7,00"),
        (0.1, None, "0.1", "0,1"),
        (1 / 3, None, "0.333333", "0,333333"),
        (999_999.96, None, "1,000,000", f"1{THIN}000{THIN}000"),
        (1_234_567.89, None, "1,234,568", f"1{THIN}234{THIN}568"),
        (3.2e-14, 2, f"3.20{WIDE}×{WIDE}10⁻¹⁴", f"3,20{WIDE}×{WIDE}10⁻¹⁴"),
        (-5e-5, 2, f"{MINUS}5.00{WIDE}×{WIDE}10⁻⁵", f"{MINUS}5,00{WIDE}×{WIDE}10⁻⁵"),
        (5e-5, 5, "0.00005", "0,00005"),
        (0.004, 2, "0.00", "0,00"),
        (1e20, None, f"1.0{WIDE}×{WIDE}10²⁰", f"1,0{WIDE}×{WIDE}10²⁰"),
    ],
)
def test_numbers_are_written_for_each_language(
    value: float, digits: int | None, english: str, french: str
) -> None:
    assert format_number(value, digits=digits) == english
    use_language("fr")
    assert format_number(value, digits=digits) == french


def test_numbers_of_numpy_and_torch_are_numbers() -> None:
    for one in (torch.tensor(2.5), torch.tensor([2.5]), np.float32(2.5), np.array(2.5)):
        assert format_number(one, digits=1) == "2.5"
    assert format_number(torch.tensor(1234)) == "1,234"
    assert format_number(torch.tensor(0.1)) == "0.1"  # float32 is 0.10000000149


@pytest.mark.parametrize("value", ["2", None, True, 1j, torch.zeros(2), np.zeros(3)])
def test_what_is_not_one_number_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="value must be"):
        format_number(value)  # type: ignore[arg-type]


def test_infinite_numbers_and_negative_digits_are_refused() -> None:
    with pytest.raises(ValueError, match="must be finite; got nan"):
        format_number(float("nan"))
    with pytest.raises(ValueError, match="digits must be 0 or more; got -1"):
        format_number(1.0, digits=-1)


@given(st.floats(-1e14, 1e14, allow_nan=False), st.integers(0, 8))
def test_what_is_written_can_be_read_back(value: float, digits: int) -> None:
    """Whatever the language, the text means the number, to half its last decimal."""
    for language in ("fr", "en"):
        use_language(language)
        text = format_number(value, digits=digits).replace(MINUS, "-")
        if language == "fr":
            text = text.replace(THIN, "").replace(",", ".")
        text = text.replace(",", "")
        if "×" in text:
            mantissa, power = text.split("×")
            exponent = power.strip()[2:].translate(
                str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
            )
            assert float(mantissa) * 10.0 ** int(exponent) == pytest.approx(
                value, rel=0.06
            )
        else:
            assert (
                abs(float(text) - value)
                <= 0.5000001 * 10.0**-digits + abs(value) * 2e-16
            )


def test_apostrophes_are_those_of_a_printed_book() -> None:
    use_language("fr")
    assert label("history.hint-read").startswith("Combien de fois l’état")
