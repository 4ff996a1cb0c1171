"""The toy tasks: right words, disjoint splits, vocabularies of the training part."""

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from transformers_explained.data.number_words import (
    LARGEST,
    Pair,
    in_words,
    number_splits,
)
from transformers_explained.seq2seq import Transformer
from transformers_explained.tasks import sequence_pairs
from transformers_explained.tasks import translation as niw
from transformers_explained.tasks.examples import collate
from transformers_explained.training import set_seed, train


@pytest.mark.parametrize(
    ("number", "english", "french"),
    [
        (0, "zero", "zéro"),
        (21, "twenty-one", "vingt et un"),
        (71, "seventy-one", "soixante et onze"),
        (80, "eighty", "quatre-vingts"),
        (99, "ninety-nine", "quatre-vingt-dix-neuf"),
        (1_200, "one thousand, two hundred", "mille deux cents"),
        (80_000, "eighty thousand", "quatre-vingt mille"),
    ],
)
def test_in_words(number, english, french):
    assert in_words(number) == Pair(number=number, english=english, french=french)


def test_negative_number_is_refused():
    with pytest.raises(ValueError, match="got -1"):
        in_words(-1)


@given(st.integers(min_value=0, max_value=LARGEST))
def test_words_lose_nothing_but_the_comma(number):
    for language in ("en", "fr"):
        text = num2words(number, lang=language)
        assert niw.join_words(niw.words(text)) == text.replace(",", "")
    assert "," not in text


def test_words_keep_the_hyphen_on_the_left():
    text = "Ninety-nine thousand, one"
    assert niw.words(text) == ["ninety-", "nine", "thousand", "one"]


@given(
    seed=st.integers(0, 1000),
    train=st.integers(0, 500),
    valid=st.integers(0, 20),
    test=st.integers(0, 20),
)
def test_splits_are_disjoint_and_reproducible(seed, train, valid, test):
    splits = number_splits(seed, train=train, valid=valid, test=test)
    parts = [splits.train, splits.valid, splits.test]
    assert [len(part) for part in parts] == [train, valid, test]
    numbers = [{pair.number for pair in part} for part in parts]
    assert len(set.union(*numbers)) == sum(map(len, numbers))  # no number in two
    assert all(0 <= number <= LARGEST for part in numbers for number in part)
    assert len(numbers[1]) == valid
    assert len(numbers[2]) == test  # none comes twice
    assert splits == number_splits(seed, train=train, valid=valid, test=test)


@pytest.mark.parametrize("train", [450, 10_000])
def test_small_numbers_are_all_learned_and_none_is_in_the_exam(train):
    splits = number_splits(1, train=train)
    assert set(range(100)) <= {pair.number for pair in splits.train}
    lengths = Counter(pair.digits for pair in splits.train)
    assert lengths == dict.fromkeys((1, 2, 3, 4, 5), train // 5)
    for part, each in ((splits.valid, 100), (splits.test, 200)):
        assert Counter(pair.digits for pair in part) == dict.fromkeys((3, 4, 5), each)


def test_splits_depend_on_the_seed_only():
    """The numbers themselves: they must be the same on every machine."""
    first = number_splits(0)
    assert [pair.number for pair in first.train[:5]] == [95, 501, 8109, 82, 6605]
    other = number_splits(1)
    assert [pair.number for pair in other.train[:5]] != [95, 501, 8109, 82, 6605]


@pytest.mark.parametrize("sizes", [{"train": -1}, {"valid": 1_500, "test": 1_300}])
def test_sizes_that_cannot_be_are_refused(sizes):
    with pytest.raises(ValueError, match="at most 899 numbers of three digits"):
        number_splits(**sizes)


def test_vocabularies_come_from_the_training_part_only():
    data = niw.translation_data(3, train=20)
    train_words = {w for pair in data.splits.train for w in niw.words(pair.french)}
    assert set(data.french.tokens) - set(sequence_pairs.SPECIAL) == train_words
    held_out = {w for pair in data.splits.test for w in niw.words(pair.french)}
    assert held_out - train_words  # else this test would show nothing
    unseen = next(iter(held_out - train_words))
    assert data.french.encode(unseen) == [
        sequence_pairs.UNKNOWN_ID,
        sequence_pairs.END_ID,
    ]


def test_default_sizes_cover_every_word():
    data = niw.translation_data()
    assert len(data.splits.train) == 10_000
    assert len(data.splits.test) == 600
    assert len(data.splits.valid) == 300
    for pair in data.splits.valid + data.splits.test:
        assert sequence_pairs.UNKNOWN_ID not in data.english.encode(pair.english)
        ids = data.french.encode(pair.french)
        assert sequence_pairs.UNKNOWN_ID not in ids
        assert data.french.decode(ids) == pair.french


def test_vocabulary_decodes_up_to_the_end():
    vocabulary = niw.Vocabulary.of(["vingt et un", "quatre-vingts"])
    ids = vocabulary.encode("quatre-vingts")
    assert ids[-1] == sequence_pairs.END_ID
    padded = [
        sequence_pairs.START_ID,
        *ids,
        sequence_pairs.PAD_ID,
        *vocabulary.encode("un"),
    ]
    assert vocabulary.decode(padded) == "quatre-vingts"
    assert niw.Vocabulary(vocabulary.tokens[4:]).encode("quatre-vingts") == ids
    assert len(vocabulary) == len(sequence_pairs.SPECIAL) + 5


def test_translate_reads_and_writes_words():
    """Overfit ten numbers, and read them back through words on both sides."""
    data = niw.translation_data(train=10)
    examples = data.examples(data.splits.train)
    sizes = niw.translation_config(data.english, data.french)
    sizes = dataclasses.replace(sizes, d_model=32, d_ff=64)
    set_seed(0)
    model = Transformer(sizes)
    config = dataclasses.replace(niw.translation_training(), epochs=150)
    train(
        model,
        examples,
        sequence_pairs.smoothed_loss,
        collate,
        dataclasses.replace(config, learning_rate=3e-3, warmup_steps=20),
    )
    english = [pair.english.upper() for pair in data.splits.train]
    french = [pair.french for pair in data.splits.train]
    assert niw.translate(model, data.english, data.french, english) == french
    by_digits = niw.exact_match_by_digits(model, data, data.splits.train)
    assert by_digits == dict.fromkeys((1, 2, 3, 4, 5), 1.0)
    assert niw.exact_match_by_digits(model, data, [in_words(77_777)]) == {5: 0.0}


def test_unknown_words_are_named():
    vocabulary = niw.Vocabulary.of(["ninety-nine", "one"])
    assert niw.unknown_words("Ninety-nine", vocabulary) == []
    assert niw.unknown_words("99 cats, one, 99", vocabulary) == ["99", "cats"]
    assert niw.unknown_words("", vocabulary) == []
