"""The page "Your own data": bad files are told kindly, the split is fair, the report
says what was measured."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.chapters.capstone import figures, model
from transformers_explained.chapters.capstone.table import (
    Table,
    TableError,
    read_table,
)
from transformers_explained.chapters.capstone.written import write_report
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.language import LANGUAGES
from transformers_explained.tasks.examples import Example
from transformers_explained.tasks.sentiment import lower_states

GOOD = [f"text number {i},{'ab'[i % 2]}" for i in range(24)]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.csv"


def lines(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def test_a_good_file_is_read_without_a_word(file: Path) -> None:
    file.write_bytes(lines("text,label", *GOOD, '"a, b ""c""",a'))
    table = read_table(file)
    assert table.notes == ()
    assert table.texts[0] == "text number 0"
    assert table.texts[-1] == 'a, b "c"'
    assert table.names == ("a", "b")
    assert table.counts == {"a": 13, "b": 12}


ACCENTS = [f"déjà n° {i} ; l'œuvre" for i in range(24)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_whatever_a_spreadsheet_saves_is_read(
    file: Path, separator: str, encoding: str, end: str
) -> None:
    rows = [f'Étiquette{separator}"TEXTE"{separator}date']
    rows += [
        f'{"ab"[i % 2]}{separator}"{text}"{separator}2026'
        for i, text in enumerate(ACCENTS)
    ]
    file.write_bytes((end.join(rows) + end).encode(encoding))
    table = read_table(file)
    assert list(table.texts) == ACCENTS
    assert table.labels[:3] == ("a", "b", "a")
    said = " ".join(table.notes)
    assert ("1252" in said) == (encoding == "cp1252")
    assert ("UTF-16" in said) == (encoding == "utf-16")
    assert ("semicolons" in said) == (separator == ";")
    assert ("tabs" in said) == (separator == "\t")


def test_what_is_left_out_is_counted(file: Path) -> None:
    extra = ["only text,", ",a", GOOD[0], GOOD[0], "twice,a", "twice,b", ""]
    file.write_bytes(lines("text,label", *GOOD, *extra))
    table = read_table(file)
    assert len(table.texts) == 24
    assert "twice" not in table.texts
    assert [note.rstrip(".").split(": ")[1] for note in table.notes] == [
        "2",
        "2 too many",
        "1",
    ]


REFUSED = {
    "nothing": (b"", "is empty"),
    "spaces": (b" \n\n", "is empty"),
    "a workbook": (b"PK\x03\x04 and more", "CSV UTF-8"),
    "no header": (lines(*GOOD), "it says: text number 0,a"),
    "another header": (lines("review,stars", *GOOD), "it says: review,stars"),
    "no column of labels": (lines("text", *GOOD), 'a column "label"'),
    "a cell too many": (lines("text,label", GOOD[0], "Well, no,a"), "Line 3: .*Well"),
    "an open quote": (lines("text,label", '"open,a', *GOOD), "Near line 2"),
    "no labels": (lines("text,label", *(f"t {i}," for i in range(30))), "is empty"),
    "one class": (
        lines("text,label", *(f"t {i},cat" for i in range(30))),
        'same label, "cat"',
    ),
    "three rows": (lines("text,label", *GOOD[:3]), "Usable texts: 3. At least 20"),
    "a rare label": (lines("text,label", *GOOD, "alone,rare"), "Too rare: rare"),
    "labels that are none": (
        lines("text,label", *(f"t {i},{i}" for i in range(40))),
        "Different labels: 40",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_serve_is_refused_with_what_to_do(
    file: Path, name: str
) -> None:
    data, said = REFUSED[name]
    file.write_bytes(data)
    with pytest.raises(TableError, match=said) as caught:
        read_table(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", REFUSED)
def test_the_page_s_language_says_it(file: Path, name: str) -> None:
    file.write_bytes(REFUSED[name][0])
    said = set()
    for language in LANGUAGES:
        use_language(language)
        with pytest.raises(TableError) as caught:
            read_table(file)
        said.add(str(caught.value))
    assert len(said) == 2


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"absent\.csv"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(TableError, match="There is no file"):
        read_table(tmp_path)  # a folder


def test_an_open_quote_in_a_long_file_is_found(file: Path) -> None:
    many = [f"text {i},{'ab'[i % 2]}" for i in range(9000)]
    file.write_bytes(lines("text,label", *many[:50], '"open,a', *many[50:] * 5))
    with pytest.raises(TableError, match="Near line"):
        read_table(file)


def test_the_split_has_every_label_on_both_sides() -> None:
    labels = ["a"] * 40 + ["b"] * 20 + ["c"] * 4
    learn, test = model.split(labels, part=0.25, seed=1)
    assert sorted(learn + test) == list(range(64))
    assert Counter(labels[i] for i in test) == {"a": 10, "b": 5, "c": 1}
    assert model.split(labels, seed=1) == (learn, test)
    assert model.split(labels, seed=2) != (learn, test)


@pytest.fixture
def bert() -> Bert:
    torch.manual_seed(2)
    config = BertConfig(
        vocab_size=50,
        d_model=12,
        num_layers=11,
        num_heads=3,
        d_ff=20,
        max_len=16,
        dropout=0.0,
    )
    return Bert(config).eval()


def test_the_classifier_reads_what_the_encoder_computes(bert: Bert) -> None:
    bert = bert.double()
    classifier = model.TextClassifier(bert, 4).double().eval()
    ids = [[1, 7, 9, 31, 2], [1, 8, 2]]
    found = model.shares(classifier, bert, ids)
    assert found.shape == (2, 4)
    for row, share in zip(ids, found, strict=True):
        with torch.no_grad():
            hidden = bert(torch.tensor([row])).hidden
            expected = classifier.head(hidden.mean(dim=1)).softmax(dim=-1)
        torch.testing.assert_close(share, expected[0], atol=1e-10, rtol=0)
    [state] = lower_states(bert, [Example(inputs=ids[0], target=0)], layers=9)
    looks = classifier.looks(state.inputs)  # type: ignore[arg-type]
    assert looks.shape == (3, 5, 5)
    torch.testing.assert_close(looks.sum(dim=-1), torch.ones(3, 5).double())


def test_fine_tuning_learns_what_can_be_learned(bert: Bert) -> None:
    ids = [[0, 10 + 5 * (i % 3), 20 + i % 7, 2] for i in range(60)]
    targets = [i % 3 for i in range(60)]
    below = bert.encoder.layers[0].feed_forward.linear1.weight.clone()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "RATE", 1e-2)
        classifier = model.fine_tune(bert, ids, targets, 3)
    found = model.shares(classifier, bert, ids).argmax(dim=1).tolist()
    assert sum(f == t for f, t in zip(found, targets, strict=True)) > 50
    assert torch.equal(below, bert.encoder.layers[0].feed_forward.linear1.weight)


def test_each_token_is_taken_away_once() -> None:
    assert model.without_each([0, 5, 6, 2]) == [[0, 6, 2], [0, 5, 2]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_says_what_was_measured(tmp_path: Path, language: str) -> None:
    use_language(language)
    table = Table(("x", "y"), ("chat", "chien"), ("A note.",))
    text = write_report(
        tmp_path / "report.md",
        table,
        learned=31,
        tested=17,
        right=13,
        majority=0.41,
        words=0.59,
        errors=[("wrong one", "chat", "chien")],
    )
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == text
    for part in ("chat 1, chien 1", "- A note.", "31", "13", "17", "41", "59", "76"):
        assert part in text
    assert "53" in text  # Wilson's interval of 13 in 17
    assert "90" in text
    assert "wrong one" in text


def test_the_figures_hold_the_numbers() -> None:
    grid = torch.tensor([[3, 1], [0, 12]])
    texts = [t.get_text() for t in figures.confusion(grid, ["a", "b"]).axes[0].texts]
    assert texts == ["3", "1", "0", "12"]
    drawn = figures.reading(["$x", "y"], torch.tensor([0.25, 0.5]), torch.zeros(2))
    assert [bar.get_width() for bar in drawn.axes[0].patches] == [25.0, 50.0]
    assert drawn.axes[0].get_yticklabels()[0].get_text() == "$x"
