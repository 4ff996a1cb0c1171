"""The reviews: what the data card promises, measured on the packaged file."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import re
from collections import defaultdict

import numpy as np
import pytest
from written import words

from transformers_explained.data.reviews import (
    LABELS,
    LANGUAGES,
    PHENOMENA,
    SPLITS,
    Language,
    load_reviews,
)

FIRST_TEST_NUMBER = 645  # the reviews before it are for training and validation
FROZEN_TEST = "9d661994be5b64d67e1beeb191574b08700845845310c5fe373f4f20ea5966c7"

both_languages = pytest.mark.parametrize("language", LANGUAGES)


def number(review) -> int:
    return int(review.id.removeprefix("review-"))


def texts(language: Language) -> list[str]:
    return [review.text for review in load_reviews(language=language)]


def test_there_are_enough_reviews_and_the_test_split_is_large():
    assert len(load_reviews()) >= 1_000
    assert len(load_reviews("test")) >= 400
    assert sum(len(load_reviews(split)) for split in SPLITS) == len(load_reviews())


@pytest.mark.parametrize("phenomenon", ["irony", "understatement"])
def test_the_test_split_holds_enough_to_say_something_of(phenomenon):
    found = [r for r in load_reviews("test") if r.phenomenon == phenomenon]
    assert len(found) >= 60


def test_the_test_split_is_frozen():
    """Texts and labels are those of before the first score.

    A fault that is found later is told in the data card and stays in the file.
    """
    digest = hashlib.sha256()
    for review in load_reviews("test"):
        row = (review.id, review.fr, review.en, review.label, review.phenomenon)
        digest.update("\t".join(row).encode() + b"\n")
    assert digest.hexdigest() == FROZEN_TEST


def test_identifiers_follow_the_order_of_writing():
    ids = [review.id for review in load_reviews()]
    assert ids == [f"review-{place:03d}" for place in range(1, len(ids) + 1)]


def test_every_field_holds_a_known_value():
    for review in load_reviews():
        assert review.label in LABELS
        assert review.phenomenon in PHENOMENA
        assert review.split in SPLITS
        assert re.fullmatch(r"[a-z]+", review.domain)
    assert len({review.domain for review in load_reviews()}) >= 12


def test_records_are_frozen():
    review = load_reviews()[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        review.label = "negative"  # type: ignore[misc]


@both_languages
def test_one_language_gives_the_same_records_with_one_text(language):
    for both, one in zip(
        load_reviews("valid"), load_reviews("valid", language), strict=True
    ):
        assert one.text == getattr(both, language)
        assert (one.id, one.label, one.target) == (both.id, both.label, both.target)
        assert one.target == (one.label == "positive")


def test_an_unknown_split_or_language_is_refused():
    with pytest.raises(ValueError, match=r"split must be one of .*got 'dev'"):
        load_reviews("dev")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match=r"language must be one of .*got 'de'"):
        load_reviews(language="de")  # type: ignore[call-overload]


@pytest.mark.parametrize("split", [None, *SPLITS])
def test_labels_are_balanced(split):
    positive = np.mean([review.target for review in load_reviews(split)])
    assert abs(positive - 0.5) <= 0.02


@pytest.mark.parametrize("phenomenon", PHENOMENA)
def test_labels_are_balanced_within_each_phenomenon_outside_test(phenomenon):
    targets = [
        review.target
        for review in load_reviews()
        if review.phenomenon == phenomenon and review.split != "test"
    ]
    assert len(targets) >= 30
    assert abs(np.mean(targets) - 0.5) <= 0.1


def test_the_split_is_the_one_that_the_data_card_describes():
    """Drawn within each label and phenomenon by the SHA-256 of the identifier.

    The reviews that were the first test split joined training and validation, a fifth
    of each group going to validation.
    """
    strata = defaultdict(list)
    for review in load_reviews():
        if number(review) < FIRST_TEST_NUMBER:
            strata[review.label, review.phenomenon].append(review)
        else:
            assert review.split == "test"
    for stratum in strata.values():
        once_test = round(len(stratum) * 220 / 640)
        valid_of_those = round(once_test / 5)
        always_valid = round(len(stratum) * 80 / 640)
        for place, review in enumerate(sorted(stratum, key=_draw)):
            valid = place < valid_of_those or 0 <= place - once_test < always_valid
            assert review.split == ("valid" if valid else "train")


def _draw(review) -> str:
    name = f"reviews-r{review.id.removeprefix('review-')}"
    return hashlib.sha256(name.encode()).hexdigest()


@both_languages
def test_no_text_stands_twice(language):
    assert len({text.lower() for text in texts(language)}) == len(texts(language))


@both_languages
def test_no_two_reviews_share_half_of_their_trigrams(language):
    """Below ten words, people do say the same."""
    trigrams = [
        set(zip(tokens, tokens[1:], tokens[2:], strict=False))
        for tokens in map(words, texts(language))
        if len(tokens) >= 10
    ]
    for one, other in itertools.combinations(trigrams, 2):
        assert len(one & other) <= 0.5 * min(len(one), len(other))
