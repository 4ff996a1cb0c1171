"""Self-checks of the chapter "Tokenization"."""

from itertools import pairwise

from transformers_explained.lesson.check import Attempt, register
from transformers_explained.tokenization import SpecialTokens, WordPieceTokenizer


@register("tokenization.predict")
def predict(attempt: Attempt) -> None:
    """Three merges found on paper, the tie settled by age."""
    answer = attempt.value()
    attempt.expect_type(answer, list)
    attempt.require(len(answer) == 3, "tokenization.probe-three")
    pairs = [tuple(pair) if isinstance(pair, list) else pair for pair in answer]
    attempt.require(
        all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs),
        "tokenization.probe-pairs",
    )
    attempt.require(pairs[0] == ("a", "r"), "tokenization.probe-first")
    swapped = [("a", "r"), ("c", "ar"), ("b", "ar")]
    attempt.require(pairs != swapped, "tokenization.probe-tie")
    attempt.require(
        pairs == [("a", "r"), ("b", "ar"), ("c", "ar")], "tokenization.probe-merges"
    )


@register("tokenization.longest")
def longest(attempt: Attempt) -> None:
    """The longest piece first, from the left, or the whole word unknown."""
    pieces = {"p", "port", "porta", "##able", "##ble", "##or", "##t", "able", "##e"}
    reference = WordPieceTokenizer(
        ["[UNK]", *sorted(pieces)],
        special=SpecialTokens(pad=None, start=None, end=None),
    )
    for word in ("portable", "port", "able", "port" * 2, "porte", "portx", "blep"):
        got = attempt.call(word=word, pieces=pieces)
        attempt.expect_equal(got, reference.cut_word(word))


@register("tokenization.stream")
def stream(attempt: Attempt) -> None:
    """Bytes joined before they are decoded."""
    for text, cuts in (("mouse", (2,)), ("œuvre", (1,)), ("à l'été : 5 €", (1, 7, 15))):
        units = text.encode()
        limits = [0, *cuts, len(units)]
        tokens = [units[a:b] for a, b in pairwise(limits)]
        attempt.expect_equal(attempt.call(tokens=tokens), text)


@register("tokenization.ways")
def ways(attempt: Attempt) -> None:
    """The number of cuts: a sum where Viterbi has a minimum."""
    letters = set("portable")
    pieces = letters | {"port", "por", "porta", "able", "table", "ble"}
    for word, known, wanted in (
        ("porte", letters, 1),
        ("portable", pieces, 13),
        ("port", {"por", "ort"}, 0),
        ("aaaa", {"a", "aa"}, 5),
    ):
        attempt.expect_equal(attempt.call(word=word, pieces=known), wanted)
