"""The toy tasks: right words, disjoint splits, vocabularies of the training part."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from transformers_explained import numbers_in_words as niw


@pytest.mark.parametrize(
    ("number", "english", "french"),
    [
        (0, "zero", "zéro"),
        (21, "twenty-one", "vingt et un"),
        (71, "seventy-one", "soixante et onze"),
        (80, "eighty", "quatre-vingts"),
        (99, "ninety-nine", "quatre-vingt-dix-neuf"),
        (1_200, "one thousand two hundred", "mille deux cents"),
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
def test_words_lose_nothing(number):
    for language in ("en", "fr"):
        text = num2words(number, lang=language).replace(",", "")
        assert niw.join_words(niw.words(text)) == text


def test_words_keep_the_hyphen_on_the_left():
    assert niw.words("ninety-nine thousand") == ["ninety-", "nine", "thousand"]


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
    assert set(data.french.tokens) - set(niw.SPECIAL) == train_words
    held_out = {w for pair in data.splits.test for w in niw.words(pair.french)}
    assert held_out - train_words  # else this test would show nothing
    unseen = next(iter(held_out - train_words))
    assert data.french.encode(unseen) == [niw.UNKNOWN_ID, niw.END_ID]


def test_default_sizes_cover_every_word():
    data = niw.translation_data()
    assert len(data.splits.train) == 10_000
    assert len(data.splits.test) == 2_000
    assert len(data.splits.valid) == 500
    for pair in data.splits.valid + data.splits.test:
        assert niw.UNKNOWN_ID not in data.english.encode(pair.english)
        ids = data.french.encode(pair.french)
        assert niw.UNKNOWN_ID not in ids
        assert data.french.decode(ids) == pair.french


def test_vocabulary_decodes_up_to_the_end():
    vocabulary = niw.Vocabulary(["vingt et un", "quatre-vingts"])
    ids = vocabulary.encode("quatre-vingts")
    assert ids[-1] == niw.END_ID
    padded = [niw.START_ID, *ids, niw.PAD_ID, *vocabulary.encode("un")]
    assert vocabulary.decode(padded) == "quatre-vingts"
    assert len(vocabulary) == len(niw.SPECIAL) + 5


def test_symbols_are_copied_or_reversed():
    for task, step in (("copy", 1), ("reverse", -1)):
        examples = niw.symbol_examples(task, 50, num_symbols=7, length=5, seed=2)
        assert len(examples) == 50
        for example in examples:
            *symbols, end = example.source
            assert end == niw.END_ID
            assert example.target == [*symbols[::step], niw.END_ID]
            assert len(symbols) == 5
            assert set(symbols) <= set(range(4, 11))
        used = {symbol for example in examples for symbol in example.source[:-1]}
        assert used == set(range(4, 11))


def test_symbol_draws_are_independent_and_reproducible():
    first = niw.symbol_examples("copy", 100, seed=1)
    assert first == niw.symbol_examples("copy", 100, seed=1)
    others = [tuple(e.source) for e in niw.symbol_examples("copy", 100, seed=2)]
    assert not {tuple(e.source) for e in first} & set(others)


def test_unknown_task_is_refused():
    with pytest.raises(ValueError, match="got 'sort'"):
        niw.symbol_examples("sort", 1)


def test_collate_pads_and_shifts():
    batch = niw.collate(
        [
            niw.Example(source=[5, 6, 7, 2], target=[8, 9, 2]),
            niw.Example(source=[5, 2], target=[8, 2]),
        ]
    )
    assert torch.equal(batch.source, torch.tensor([[5, 6, 7, 2], [5, 2, 0, 0]]))
    assert torch.equal(batch.inputs, torch.tensor([[1, 8, 9], [1, 8, 0]]))
    assert torch.equal(batch.labels, torch.tensor([[8, 9, 2], [8, 2, 0]]))
