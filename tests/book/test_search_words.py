"""One word, however it is typed: what Python writes into the index."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bilingual_book.sphinx_ext.search_index import words_of

WEB = Path(__file__).parents[2] / "code" / "bilingual_book" / "web" / "theme"
APOSTROPHES = "'\u2019\u2018\u201b\u02bc\u02b9\u2032\u00b4`\uff07"


def words(text: str) -> list[str]:
    """The words of a text, no stemmer between."""
    return words_of(text, str)


@pytest.mark.parametrize("apostrophe", APOSTROPHES)
def test_any_apostrophe_parts_two_words(apostrophe: str) -> None:
    assert words(f"l{apostrophe}attention") == ["l", "attention"]


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("te\u0302te", "tete"),  # the accent as a sign of its own
        ("T\u00caTE", "tete"),
        ("\uff53\uff4f\uff46\uff54\uff4d\uff41\uff58", "softmax"),  # full width
        ("coe\ufb03cient", "coefficient"),  # a ligature of three
        ("\u0153uvre", "oeuvre"),
        ("\U0001d412oftmax", "softmax"),  # a letter of mathematics
    ],
)
def test_a_word_is_one_however_it_is_typed(typed: str, word: str) -> None:
    assert words(typed) == [word]


def test_the_page_splits_as_python_does(
    tmp_path: Path, require_tool: Callable[[tuple[str, ...], str], str]
) -> None:
    node = require_tool(("node",), "apt-get install nodejs")
    script = (WEB / "static" / "search.js").read_text(encoding="utf-8")
    start = script.index("  const apostrophes")
    end = script.index("  // What a word finds")
    typed = [f"l{a}attention" for a in APOSTROPHES]
    typed += ["te\u0302te", "\uff33OFT\uff4dax", "coe\ufb03cient", "\u0153uvre"]
    typed += ["a" * 200_000, "\u0301" * 200_000, "mot " * 50_000]
    file = tmp_path / "split.js"
    file.write_text(
        "(() => {\n" + script[start:end] + "\n"
        "  const texts = JSON.parse(require('fs').readFileSync(0, 'utf-8'));\n"
        "  console.log(JSON.stringify(texts.map((t) => split(t).map(plain))));\n})();",
        encoding="utf-8",
    )
    run = subprocess.run(
        [node, str(file)],
        input=json.dumps(typed).encode(),
        capture_output=True,
        check=True,
        timeout=20,
    )
    found = json.loads(run.stdout)
    assert found[:-3] == [words(text) for text in typed[:-3]]
    assert found[-3:] == [["a" * 64], [], ["mot"] * 32]
