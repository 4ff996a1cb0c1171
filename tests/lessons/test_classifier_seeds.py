"""The seeds that the chapter `text-classifier` reads, and where they come from."""

import json
from importlib.resources import files

import pytest
from benchmarks import text_classifier

FOLDER = files("transformers_explained.chapters.text_classifier")


def test_record_holds_every_seed():
    record = json.loads((FOLDER / "seeds.json").read_text(encoding="utf-8"))
    assert record["seeds"] == list(text_classifier.SEEDS)
    assert record["command"] == "python -m benchmarks.text_classifier"
    for name in ("encoder-fr", "encoder-en", "no-positions-en"):
        assert len(record[name]) == 5
        assert all(0.4 < share < 0.9 for share in record[name])
        counts = [int(count) for count in record[f"seeds-right-{name}"]]
        assert len(counts) == 452
        assert sum(counts) / 452 == pytest.approx(sum(record[name]))
    mistakes = zip(
        record["negative-called-positive-en"],
        record["positive-called-negative-en"],
        record["encoder-en"],
        strict=True,
    )
    for one, other, right in mistakes:  # they are all the mistakes of the 452 reviews
        assert one + other == round(452 * (1 - right))


def test_names_come_from_the_cells_of_a_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "```{code-cell} python\nlimit = 3\n```\n"
        "```{code-cell} python\n:tags: [evidence]\nassert False\n```\n"
        "```{code-cell} python\ndef train_classifier():\n    return limit\n```\n"
        "```{code-cell} python\nassert False\n```\n",
        encoding="utf-8",
    )
    assert text_classifier.page_names(page)["train_classifier"]() == 3
    page.write_text("```{code-cell} python\nlimit = 3\n```\n", encoding="utf-8")
    with pytest.raises(ValueError, match="defines no train_classifier"):
        text_classifier.page_names(page)


def test_the_chapter_defines_what_is_called():
    cells = text_classifier.CELL.findall(
        text_classifier.PAGE.read_text(encoding="utf-8")
    )
    assert any("def train_classifier(language, seed=0, positions" in c for c in cells)
    assert any("def right_answers(model, language, split" in c for c in cells)
