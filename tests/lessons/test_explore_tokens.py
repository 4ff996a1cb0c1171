"""The explorer of tokens: its page, its tables, and its engine equal to our Python."""

import gzip
import html
import json
import random
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from transformers_explained.data.names import load_names
from transformers_explained.data.tales import load_tales
from transformers_explained.explore import tokens
from transformers_explained.explore.tokens import FOLDER, SIZES, explore_tokens
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.language import LANGUAGES
from transformers_explained.pretrained import load_tokenizer, load_whole_tokenizer
from transformers_explained.pretrained.vocabulary_scripts import vocabulary_scripts
from transformers_explained.tokenization import Tokenizer

EXAMPLES = ["Le chat <b>&\"' noir mange.", "œuvre"]


@pytest.fixture(scope="module")
def tokenizers() -> dict[str, Tokenizer]:
    return {
        "minilm": load_tokenizer("minilm"),
        "smollm2": load_tokenizer("smollm2"),
        "e5": load_whole_tokenizer(),
    }


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    return vocabulary_scripts()


def bundle_of(tokenizers: dict[str, Tokenizer], language: str) -> dict[str, str]:
    sent: list[dict[str, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "show", sent.append)
        use_language(language)
        explore_tokens(tokenizers, EXAMPLES)
        use_language("en")
    (bundle,) = sent
    return bundle


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_script_the_pieces_stand_in_a_table(
    tokenizers: dict[str, Tokenizer], language: str
) -> None:
    bundle = bundle_of(tokenizers, language)
    page = re.sub(r"<script.*?</script>", "", bundle["text/html"], flags=re.DOTALL)
    page = re.sub(r"data-json='[^']*'", "", page)
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    for row, tokenizer in zip(rows, tokenizers.values(), strict=True):
        cut = tokenizer.tokenize(EXAMPLES[0])
        shown = [html.unescape(c) for c in re.findall(r"<code>(.*?)</code>", row)]
        assert shown == cut
        assert f"<td>{len(cut)}</td>" in row
    assert bundle["application/pdf"]
    assert EXAMPLES[0] in bundle["text/plain"]


def test_scripts_say_their_licence_and_their_size(scripts: dict[str, str]) -> None:
    assert scripts.keys() == SIZES.keys()
    for name, script in scripts.items():
        assert re.match(r"/\*! The vocabulary of .* (MIT|Apache) License", script)
        kilobytes = len(gzip.compress(script.encode(), 6)) / 1000
        assert kilobytes == pytest.approx(SIZES[name], rel=0.03)


def test_misuse_is_named(tokenizers: dict[str, Tokenizer]) -> None:
    with pytest.raises(ValueError, match="at least one text"):
        explore_tokens(tokenizers, [])
    with pytest.raises(ValueError, match="minilm, smollm2, e5; got 'gpt'"):
        explore_tokens({"gpt": tokenizers["minilm"]}, ["a"])


# ------------------------------------------------------------------ in a real browser


def texts_of_all_kinds() -> list[str]:
    """More than 200: tales, names of seven languages, characters drawn at random."""
    draw = random.Random(0)
    texts = ["", "   ", " Le  chat", "x" * 101, "[MASK] <|im_end|> </s> <s>", "👩‍💻🇹🇬"]
    texts += ["e\u0301te\u0301 o\u0323\u0301ba", "don't l'été", "1 234,5 m² ٣"]
    for language in LANGUAGES:
        tales = load_tales(language)
        texts += draw.sample([p for t in tales for p in t.text.split("\n\n")], 30)
    for kinds in load_names().values():
        texts += [", ".join(draw.sample(kinds["countries"], 4)) for _ in range(6)]
    # Characters whose category has not changed since Unicode 3.2: a browser's tables
    # and Python's are of different versions. SmolLM2 lacks six control characters.
    old = unicodedata.ucd_3_2_0
    characters = [
        c
        for c in map(chr, range(0x20, 0x110000))
        if (category := unicodedata.category(c)) not in ("Cn", "Cs", "Co")
        and old.category(c) == category
    ]
    for _ in range(70):
        texts.append("".join(draw.choices(characters, k=draw.randint(1, 25))))
    odd = " \t\n\r\u00a0\u2028\u0301aéÉœ1½²'-.,!«»𐐷👩\u200d💻東İßﬁǅ㎏"
    for _ in range(40):
        texts.append("".join(draw.choices(odd, k=draw.randint(1, 30))))
    return texts


@pytest.fixture(scope="module")
def page(
    chromium_path: str,
    tokenizers: dict[str, Tokenizer],
    scripts: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    """The explorer in a page on a disk, beside the folder of the vocabularies."""
    playwright = pytest.importorskip("playwright.sync_api")
    root = tmp_path_factory.mktemp("site")
    (root / FOLDER).mkdir()
    (root / "en").mkdir()
    for name, script in scripts.items():
        (root / FOLDER / f"{name}.js").write_text(script, encoding="utf-8")
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Demo</title>'
    body = bundle_of(tokenizers, "en")["text/html"]
    file = Path(root, "en", "page.html")
    file.write_text(head + body, encoding="utf-8")
    with playwright.sync_playwright() as tools:
        running = tools.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox"]
        )
        page = running.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(file.as_uri())
        yield page
        assert problems == []
        running.close()


def test_by_keyboard_a_vocabulary_loads_and_cuts(
    page: Any, tokenizers: dict[str, Tokenizer]
) -> None:
    explorer = page.locator("token-explorer")
    rows = explorer.get_by_role("region")
    assert rows.count() == 3
    first = rows.first
    cut = tokenizers["minilm"].tokenize(EXAMPLES[0])
    assert first.get_by_role("listitem").all_text_contents() == cut
    area = explorer.get_by_role("textbox")
    assert area.input_value() == EXAMPLES[0]
    button = first.get_by_role("button")
    assert button.get_attribute("aria-label") == "MiniLM: Load (110\u00a0kB)"
    button.focus()
    page.keyboard.press("Enter")
    button.wait_for(state="detached")
    area.fill("la souris")
    explorer.get_by_text("MiniLM: tokens: 3").wait_for(state="attached")
    assert first.get_by_role("listitem").all_text_contents() == ["la", "sour", "##is"]
    others = rows.nth(1)
    assert others.get_by_role("listitem").count() == 0  # waits for its vocabulary
    assert "not loaded" in others.inner_text()
    explorer.get_by_role("button", name="œuvre").click()
    assert area.input_value() == "œuvre"


@pytest.mark.parametrize("name", SIZES)
def test_the_engine_equals_our_python(
    page: Any, tokenizers: dict[str, Tokenizer], name: str
) -> None:
    texts = texts_of_all_kinds()
    assert len(texts) > 200
    expected = [tokenizers[name].tokenize(text) for text in texts]
    found = page.evaluate(
        """async ([name, texts]) => {
          const explorer = document.querySelector("token-explorer"), cut = [];
          for (const text of texts) cut.push(await explorer.cut(name, text));
          return cut;
        }""",
        [name, texts],
    )
    for text, ours, theirs in zip(texts, expected, found, strict=True):
        assert theirs == ours, json.dumps(text)
