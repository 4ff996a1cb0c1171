"""Both trees: each difference is found, and named in both files."""

from pathlib import Path

import pytest

from bilingual_book.checks.copy_code import copy_code
from bilingual_book.checks.new_cells import align
from bilingual_book.checks.parity import check_parity
from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project

WHOLE = Path(__file__).parent / "whole"
PAGE = """\
---
file_format: mystnb
---
(page)=
# {title}

{sentence} {{cite:t}}`elman1990finding`, {{eq}}`eq-one`, $x_i$.

```{{math}}
:label: eq-one
y = 2x
```

(page-part)=
## {title}

:::{{admonition}} {title}
:class: key-point
{sentence}
:::

```{{code-cell}} python
---
tags: [machine-dependent]
mystnb:
  figure:
    name: fig-one
    caption: {title}
  image:
    alt: {sentence}
---
# {title}
draw("{sentence}", size=3)
```

:::{{exercise}} {title}
:label: ex-one
{sentence}
:::

| {title} | b |
|---------|---|
| 1 | 2 |

```python
shown = "{title}"
```
"""
TEXTS = {
    "fr": {"title": "Titre", "sentence": "Une phrase, puis une autre"},
    "en": {"title": "Title", "sentence": "Two sentences"},
}


@pytest.fixture
def pair(book: Project) -> Project:
    """A book whose page `one` agrees in both languages."""
    for language in LANGUAGES:
        path = book.source(language, "one")
        path.write_text(PAGE.format(**TEXTS[language]), encoding="utf-8")
    check_parity(book, ["one"])
    return book


CHANGES = {
    "a heading's level": ("## Title", "### Title"),
    "a label": ("(page-part)=", "(page-section)="),
    "no label": ("(page-part)=\n", ""),
    "a citation": ("elman1990finding", "vaswani2017attention"),
    "a reference": ("{eq}`eq-one`", "{eq}`eq-two`"),
    "an inline formula": ("$x_i$", "$x_j$"),
    "a formula": ("y = 2x", "y = 3x"),
    "a formula's label": (":label: eq-one", ":label: eq-two"),
    "a directive": (":::{admonition} Title", ":::{note}"),
    "a class": (":class: key-point", ":class: common-mistake"),
    "tags": ("[machine-dependent]", "[language-example]"),
    "a figure's name": ("name: fig-one", "name: fig-two"),
    "a text that is empty": ("alt: Two sentences", "alt: ''"),
    "code": ("size=3", "size=4"),
    "shown code": ("shown =", "seen ="),
    "an exercise's label": (":label: ex-one", ":label: ex-two"),
    "no exercise": ("{exercise}", "{tip}"),
    "a table": ("| 1 | 2 |", "| 1 | 2 |\n| 3 | 4 |"),
    "the kind of page": ("file_format: mystnb", "file_format: mystnb\norphan: true"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_difference_names_both_files(pair: Project, name: str) -> None:
    path = pair.source("en", "one")
    old, new = CHANGES[name]
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BookError, match="the two languages differ") as caught:
        check_parity(pair, ["one"])
    message = str(caught.value)
    assert "fr/one.md:" in message
    assert "en/one.md:" in message
    assert "to do:" in message


def test_the_line_of_differing_code(pair: Project) -> None:
    path = pair.source("en", "one")
    text = path.read_text(encoding="utf-8").replace("size=3", "size=4")
    path.write_text(text, encoding="utf-8")
    line = text.splitlines().index('draw("Two sentences", size=4)') + 1
    with pytest.raises(BookError, match=f"en/one.md:{line}  draw.*size=4"):
        check_parity(pair, ["one"])


def test_sentences_may_be_ordered_otherwise(pair: Project) -> None:
    path = pair.source("en", "one")
    text = path.read_text(encoding="utf-8")
    old = "{cite:t}`elman1990finding`, {eq}`eq-one`, $x_i$"
    assert old in text
    new = "$x_i$ ($x_i$), {cite:p}`elman1990finding` {eq}`eq-one`"
    path.write_text(text.replace(old, new), encoding="utf-8")
    check_parity(pair, ["one"])


def test_code_that_is_not_python(pair: Project) -> None:
    path = pair.source("fr", "one")
    text = path.read_text(encoding="utf-8").replace("size=3)", "size=3")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BookError, match=r"fr/one\.md:\d+: this code is not Python"):
        check_parity(pair, ["one"])


def test_copied_code_agrees_and_keeps_its_texts(pair: Project) -> None:
    path = pair.source("fr", "one")
    text = path.read_text(encoding="utf-8").replace("size=3", "size=4, bold=True")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BookError, match="copy-code one"):
        check_parity(pair, ["one"])
    before = pair.source("en", "one").read_text(encoding="utf-8")
    assert copy_code(pair, "one", "fr", "en") == []
    after = pair.source("en", "one").read_text(encoding="utf-8")
    assert after == before.replace("size=3", "size=4, bold=True")
    check_parity(pair, ["one"])


def add_cells(path: Path, *changes: tuple[str, str]) -> None:
    """Replace texts of a page."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


EVIDENCE = """\

```{code-cell} python
---
tags: [evidence]
mystnb:
  image:
    alt: Une courbe
---
# contrôle
draw("Une phrase, puis une autre", size=5)
report("one.size", 5)
```
"""


def test_a_new_cell_is_added_with_its_options(pair: Project) -> None:
    add_cells(
        pair.source("fr", "one"), ("\n:::{exercise}", f"{EVIDENCE}\n:::{{exercise}}")
    )
    told = copy_code(pair, "one", "fr", "en")
    english = pair.source("en", "one")
    text = english.read_text(encoding="utf-8")
    added = EVIDENCE.replace("Une phrase, puis une autre", "Two sentences")
    added = added.replace("# contrôle", "# Title")  # a comment that stood nearby
    assert f"size=3)\n```\n{added}\n:::{{exercise}}" in text
    line = text.splitlines().index("    alt: Une courbe") + 1
    assert told == [f"{english}:{line}: to translate: alt: Une courbe"]
    check_parity(pair, ["one"])


def test_a_new_cell_stands_as_far_into_the_prose(pair: Project) -> None:
    cell = "```{code-cell} python\nx = 1\n```\n"
    for language in LANGUAGES:
        path = pair.source(language, "one")
        prose = f"## {TEXTS[language]['title']}\n\nFirst.\n\nNext.\n\nLast.\n"
        add_cells(path, (f"## {TEXTS[language]['title']}\n", prose))
    add_cells(pair.source("fr", "one"), ("Next.\n", f"Next.\n\n{cell}"))
    assert copy_code(pair, "one", "fr", "en") == []
    text = pair.source("en", "one").read_text(encoding="utf-8")
    assert f"Next.\n\n{cell}\nLast.\n" in text
    check_parity(pair, ["one"])


def test_a_cell_that_was_split(pair: Project) -> None:
    """The half that is more alike is the old cell; the other is added."""
    for language in LANGUAGES:
        path = pair.source(language, "one")
        title = TEXTS[language]["title"]
        add_cells(path, ("size=3)\n", f'size=3)\ny = f(1)\nassert y, "{title}"\n'))
    check_parity(pair, ["one"])
    add_cells(
        pair.source("fr", "one"),
        ("y = f(1)\n", "y = f(1)\n```\n\n```{code-cell} python\n:tags: [evidence]\n"),
    )
    assert copy_code(pair, "one", "fr", "en") == []
    text = pair.source("en", "one").read_text(encoding="utf-8")
    assert (
        "y = f(1)\n```\n\n```{code-cell} python\n:tags: [evidence]\n"
        'assert y, "Title"\n```\n'
    ) in text
    check_parity(pair, ["one"])


def test_a_new_first_and_last_cell(pair: Project) -> None:
    cell = "```{code-cell} python\n{}\n```\n"
    first, last = cell.replace("{}", "x = 1"), cell.replace("{}", "z = 1")
    path = pair.source("fr", "one")
    add_cells(path, ("# Titre\n", f"# Titre\n\n{first}"))
    path.write_text(path.read_text(encoding="utf-8") + f"\n{last}", encoding="utf-8")
    assert copy_code(pair, "one", "fr", "en") == []
    text = pair.source("en", "one").read_text(encoding="utf-8")
    assert f"# Title\n\n{first}" in text
    assert text.endswith(f"\n\n{last}")
    check_parity(pair, ["one"])


def test_copying_takes_no_cell_away(pair: Project) -> None:
    path = pair.source("en", "one")
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n```{code-cell} python\nx = 1\n```\n", encoding="utf-8")
    with pytest.raises(BookError, match=r"one\.md:\d+: fr has no such piece"):
        copy_code(pair, "one", "fr", "en")


def test_a_new_piece_inside_a_block(pair: Project) -> None:
    add_cells(
        pair.source("fr", "one"),
        (":label: ex-one\n", ":label: ex-one\n```python\nx = 1\n```\n"),
    )
    with pytest.raises(BookError, match="stands inside another block"):
        copy_code(pair, "one", "fr", "en")


@pytest.mark.parametrize(
    ("one", "other", "partner", "surplus"),
    [
        (["a", "b", "c"], ["a", "c"], {0: 0, 2: 1}, []),
        (["a", "c"], ["a", "b", "c"], {0: 0, 1: 2}, [1]),
        (["f(1, 2)", "zz = 7"], ["f(1, 3)"], {0: 0}, []),
        (["zz = 7", "f(1, 2)"], ["f(1, 3)"], {1: 0}, []),
        (["(", "b"], ["(", "b"], {0: 0, 1: 1}, []),
        ([], ["a"], {}, [0]),
    ],
)
def test_cells_are_aligned(
    one: list[str], other: list[str], partner: dict[int, int], surplus: list[int]
) -> None:
    aligned = align(one, other)
    assert (aligned.partner, aligned.surplus) == (partner, surplus)
