"""Unigram: the best cut, and equal to the `tokenizers` library."""

import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from transformers_explained.data.reviews import load_reviews
from transformers_explained.pretrained import load_tokenizer, load_whole_tokenizer
from transformers_explained.tokenization import SpecialTokens, UnigramTokenizer

BOOK = Path(__file__).parents[2] / "book"
SCRIPTS = {"Latin": "fr", "Cyrillic": "ru", "Arabic": "ar", "Indian": "hi", "Han": "zh"}
TINY_SPECIAL = SpecialTokens(pad="<pad>", unk="<unk>", start="<s>", end="</s>")
TINY = {"<s>": 0.0, "<pad>": 0.0, "</s>": 0.0, "<unk>": 0.0, "▁": -2.5, "a": -3.0}
TINY |= {"b": -3.5, "ab": -5.0, "ba": -4.5, "▁a": -4.0, "bab": -9.0, "▁ba": -7.5}
TINY |= {"aa": -6.0, "bx": -9.5}  # as good as a + a; with an x, else unknown


def tiny() -> UnigramTokenizer:
    return UnigramTokenizer(
        TINY, TINY.values(), normalization={0xB2: "b"}, special=TINY_SPECIAL
    )


@cache
def whole() -> UnigramTokenizer:
    return load_whole_tokenizer()


@cache
def pruned() -> UnigramTokenizer:
    tokenizer = load_tokenizer("multilingual-e5-small")
    assert isinstance(tokenizer, UnigramTokenizer)
    return tokenizer


@cache
def reference() -> Tokenizer:
    """The library's tokenizer of the same pieces. It normalizes with Unicode's own
    tables, not with those of our file."""
    pieces = list(zip(whole().vocabulary, whole().scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return tokenizer


@cache
def texts_of_five_scripts() -> list[str]:
    """1,000 texts: names of countries and languages, with digits and punctuation."""
    source = random.Random(0)
    texts = []
    for language in SCRIPTS.values():
        locale = Locale(language)
        names = [*locale.territories.values(), *locale.languages.values()]
        for _ in range(200):
            words = source.sample(names, source.randint(1, 12))
            marks = source.choices(
                [" ", ", ", ". ", " (", "\u00a0: ", " 1 024,5 "], k=12
            )
            texts.append("".join(w + m for w, m in zip(words, marks, strict=False)))
    return texts


def without_space(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The library counts the space before a word as part of its first piece."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    return start, end


def test_equals_the_library_on_five_scripts() -> None:
    texts = texts_of_five_scripts()
    assert len(texts) == 1000
    for text, expected in zip(texts, reference().encode_batch(texts), strict=True):
        ids = whole().encode(text, add_special_tokens=True)
        assert ids == expected.ids, text
        assert whole().tokenize(text) == expected.tokens[1:-1]
        theirs = [without_space(text, span) for span in expected.offsets[1:-1]]
        spans = zip(
            expected.tokens[1:-1], whole().token_spans(text), theirs, strict=True
        )
        for token, ours, span in spans:
            assert token == "▁" or ours == span, text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        " Le  chat\u00a0noir\nmange. ",
        "« Ça alors ! » : 1 234,5 €, ﬁn, m², 5½, … ™",
        "e\u0301te\u0301, o\u0323\u0301ba, n\u0303andu",  # decomposed, as on a Mac
        "Ékpé àwọn ọjọ́ ñandú Ɛ ɖ ƒ ŋ 東京 ፊደል ߒߞߏ",
        "𐐷𐐷𐐷 chat𐐷chat 𐐷",  # unknown characters: neighbours are one token
        "👩‍💻 😂😂 🇹🇬 ❤️",
        "</s> is written here, and <unk>",
    ],
)
def test_equals_the_library_on_odd_texts(text: str) -> None:
    # To the library a zero-width joiner is no space; SentencePiece's map makes it one.
    expected = reference().encode(text.replace("\u200d", " "))
    assert whole().encode(text, add_special_tokens=True) == expected.ids
    assert whole().tokenize(text) == expected.tokens[1:-1]


def test_pair_equals_the_library() -> None:
    first, second = "Où est le chat ?", "The cat is on the mat."
    expected = reference().encode(first, second)
    assert whole().encode_pair(first, second) == (expected.ids, [0] * len(expected.ids))


# ---------------------------------------------------------------------- by itself


def all_cuts(word: str) -> Iterator[list[str]]:
    if not word:
        yield []
    for end in range(1, len(word) + 1):
        for rest in all_cuts(word[end:]):
            yield [word[:end], *rest]


@given(st.text("ab▁", max_size=9))
@example("▁abab")
def test_best_of_all_cuts(word: str) -> None:
    def score(cut: list[str]) -> float:
        return sum(TINY[piece] for piece in cut)

    known = [cut for cut in all_cuts(word) if all(piece in TINY for piece in cut)]
    found = tiny().cut_word(word)
    assert "".join(found) == word
    assert score(found) == pytest.approx(max(map(score, known)))


@given(st.text("abx▁", max_size=12))
@example("▁aa")
@example("▁abxb")
def test_ties_and_unknown_characters_as_in_the_library(word: str) -> None:
    library = Tokenizer(models.Unigram(list(TINY.items()), unk_id=3))
    assert tiny().cut_word(word) == library.encode(word).tokens


def test_cut_by_hand() -> None:
    # ▁a + b + a + b: -13.5, ▁a + ba + b: -12, ▁a + bab: -13, ▁ + ab + ab: -12.5
    assert tiny().tokenize("abab") == ["▁a", "ba", "b"]
    assert tiny().encode("abab") == [9, 8, 6]
    assert tiny().encode("a b", add_special_tokens=True) == [0, 9, 4, 6, 2]


def test_unknown_neighbours_are_one_token() -> None:
    assert tiny().tokenize("axyzb x") == ["▁a", "xyz", "b", "▁", "x"]
    assert tiny().encode("axyzb x") == [9, 3, 6, 4, 3]
    assert tiny().detokenize(tiny().tokenize("axyzb x")) == "axyzb x"


def test_normalization_before_the_cut() -> None:
    assert tiny().normalize(" a²  e\u0301 ") == "ab é"
    assert tiny().tokenize("a²") == tiny().tokenize("ab")


@given(st.text())
@example("e\u0301\u0323 ﬃ \r\n ½²\u200d\u3000ｶﾞ\u1112\u1161\u11ab")
@example("▁ a▁b")
@example("\u0301 a")
def test_text_of_tokens_is_the_normalized_text(text: str) -> None:
    tokenizer = whole()
    tokens = tokenizer.tokenize(text)
    assert tokenizer.detokenize(tokens) == tokenizer.normalize(text)
    if tokenizer.unk_id not in tokenizer.encode(text):
        assert tokenizer.decode(tokenizer.encode(text), skip_special_tokens=False) == (
            tokenizer.normalize(text)
        )


@given(st.text(st.characters(codec="latin-1")))
@example("L'été, c'est “l’ﬁn”…")
def test_each_token_stands_in_its_span(text: str) -> None:
    tokenizer = whole()
    spans = tokenizer.token_spans(text)
    tokens = tokenizer.tokenize(text)
    assert len(spans) == len(tokens)
    assert spans == sorted(spans)
    for token, (start, end) in zip(tokens, spans, strict=True):
        there = tokenizer.normalize(text[start:end])
        assert token.removeprefix("▁") in there


def test_scores_must_be_as_many_as_pieces() -> None:
    with pytest.raises(ValueError, match="got 2 scores, 14 pieces"):
        UnigramTokenizer(TINY, [0.0, -1.0], special=TINY_SPECIAL)


# ------------------------------------------------------------- the pruned vocabulary


def paragraphs(language: str) -> list[str]:
    """The book's prose: it chose no piece."""
    found = []
    for path in sorted((BOOK / language).glob("*.md")):
        text = re.sub(r"^---$.*?^---$", "", path.read_text("utf-8"), flags=re.S | re.M)
        text = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.S | re.M)
        for paragraph in re.split(r"\n\s*\n", text):
            if len(paragraph) > 60 and paragraph.strip()[:1] not in set(":#(|%<"):
                found.append(paragraph.strip())
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
def test_unseen_texts_are_cut_as_by_all_pieces(language: str) -> None:
    reviews = [getattr(review, language) for review in load_reviews()]
    for texts in (paragraphs(language), reviews):
        alike = sum(pruned().tokenize(t) == whole().tokenize(t) for t in texts)
        print(f"{language}: {alike} of {len(texts)}")
        assert len(texts) > 300
        assert alike >= 0.99 * len(texts)


def test_pruned_pieces_keep_their_scores_and_order() -> None:
    ids = [whole().token_to_id[piece] for piece in pruned().vocabulary]
    assert ids == sorted(ids)
    assert pruned().scores == tuple(whole().scores[i] for i in ids)
    assert pruned().normalization == whole().normalization
    assert pruned().vocabulary[:4] == ("<s>", "<pad>", "</s>", "<unk>")
    assert pruned().vocabulary[-1] == "<mask>"


def test_no_letter_of_ours_is_unknown() -> None:
    letters = [chr(i) for i in range(0x21, 0x250) if chr(i).isprintable()]
    unknown = [c for c in letters if pruned().unk_id in pruned().encode(c)]
    assert [c for c in unknown if whole().unk_id not in whole().encode(c)] == []
    assert pruned().unk_id not in pruned().encode("1 234,5 € « œuf » – “é” … 😂 ≤ ½ №")
