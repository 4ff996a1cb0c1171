"""The toy tasks: right words, disjoint splits, vocabularies of the training part."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from transformers_explained import numbers_in_words as niw
from transformers_explained import sequence_pairs
from transformers_explained.seq2seq import Transformer
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
    assert niw.in_words(number) == niw.Pair(
        number=number, english=english, french=french
    )


def test_negative_number_is_refused():
    with pytest.raises(ValueError, match="got -1"):
        niw.in_words(-1)


@given(st.integers(min_value=0, max_value=niw.LARGEST))
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
    train=st.integers(0, 40),
    valid=st.integers(0, 20),
    test=st.integers(0, 20),
)
def test_splits_are_disjoint_and_reproducible(seed, train, valid, test):
    splits = niw.number_splits(seed, train=train, valid=valid, test=test)
    parts = [splits.train, splits.valid, splits.test]
    assert [len(part) for part in parts] == [train, valid, test]
    numbers = [pair.number for part in parts for pair in part]
    assert len(set(numbers)) == train + valid + test
    assert all(0 <= number <= niw.LARGEST for number in numbers)
    assert splits == niw.number_splits(seed, train=train, valid=valid, test=test)


def test_splits_depend_on_the_seed_only():
    """The numbers themselves: they must be the same on every machine."""
    first = niw.number_splits(0, train=3, valid=1, test=1)
    assert [pair.number for pair in first.train] == [50494, 99346, 55125]
    other = niw.number_splits(1, train=3, valid=1, test=1)
    assert [pair.number for pair in other.train] != [50494, 99346, 55125]


def test_too_many_numbers_are_refused():
    with pytest.raises(ValueError, match="must fit in 100000 numbers"):
        niw.number_splits(train=99_000, valid=1_000, test=1)


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
    assert len(data.splits.test) == 2_000
    assert len(data.splits.valid) == 500
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
        sequence_pairs.collate,
        dataclasses.replace(config, learning_rate=3e-3, warmup_steps=20),
    )
    english = [pair.english.upper() for pair in data.splits.train]
    french = [pair.french for pair in data.splits.train]
    assert niw.translate(model, data.english, data.french, english) == french
