"""The reviews: what the data card promises, measured on the packaged file."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import re
from collections import Counter, defaultdict

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from transformers_explained.reviews import (
    LABELS,
    LANGUAGES,
    PHENOMENA,
    SPLITS,
    Language,
    load_reviews,
)

both_languages = pytest.mark.parametrize("language", LANGUAGES)


def words(text: str) -> list[str]:
    """Lower-case words; "l'eau" and "don't" are one word each."""
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower())


def texts(language: Language) -> list[str]:
    return [review.text for review in load_reviews(language=language)]


def test_there_are_enough_reviews_and_the_test_split_is_large():
    assert len(load_reviews()) >= 600
    assert len(load_reviews("test")) >= 200
    assert sum(len(load_reviews(split)) for split in SPLITS) == len(load_reviews())


def test_identifiers_follow_the_order_of_writing():
    ids = [review.id for review in load_reviews()]
    assert ids == [f"review-{number:03d}" for number in range(1, len(ids) + 1)]


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
def test_labels_are_balanced_within_each_phenomenon(phenomenon):
    targets = [r.target for r in load_reviews() if r.phenomenon == phenomenon]
    assert len(targets) >= 30
    assert abs(np.mean(targets) - 0.5) <= 0.1


def test_three_reviews_in_ten_are_not_plain():
    not_plain = [review.phenomenon != "plain" for review in load_reviews()]
    assert np.mean(not_plain) >= 0.3


def test_the_split_is_the_one_that_the_data_card_describes():
    """Drawn within each label and phenomenon by the SHA-256 of the identifier."""
    strata = defaultdict(list)
    for review in load_reviews():
        strata[review.label, review.phenomenon].append(review)
    for stratum in strata.values():
        number_test = round(len(stratum) * 220 / 640)
        number_valid = round(len(stratum) * 80 / 640)
        for place, review in enumerate(sorted(stratum, key=_draw)):
            if place < number_test:
                assert review.split == "test"
            elif place < number_test + number_valid:
                assert review.split == "valid"
            else:
                assert review.split == "train"


def _draw(review) -> str:
    name = f"reviews-r{review.id.removeprefix('review-')}"
    return hashlib.sha256(name.encode()).hexdigest()


@both_languages
def test_texts_have_five_to_sixty_words(language):
    lengths = [len(words(text)) for text in texts(language)]
    assert min(lengths) >= 5
    assert max(lengths) <= 60
    assert min(lengths) <= 8, "no review is as short as a text message"
    assert max(lengths) >= 45, "no review is as long as a letter"


@both_languages
def test_no_two_reviews_share_half_of_their_trigrams(language):
    trigrams = [
        set(zip(tokens, tokens[1:], tokens[2:], strict=False))
        for tokens in map(words, texts(language))
    ]
    for one, other in itertools.combinations(trigrams, 2):
        assert len(one & other) <= 0.5 * min(len(one), len(other))


@both_languages
def test_no_opening_is_worn_out(language):
    openings = Counter(tuple(words(text)[:2]) for text in texts(language))
    _, count = openings.most_common(1)[0]
    assert count <= 0.03 * len(texts(language))


@both_languages
def test_vocabulary_is_rich(language):
    assert len({word for text in texts(language) for word in words(text)}) >= 2_500


@both_languages
def test_the_label_cannot_be_guessed_from_the_length(language):
    targets = [review.target for review in load_reviews()]
    for length in (
        [len(words(text)) for text in texts(language)],
        [len(text) for text in texts(language)],
    ):
        assert abs(roc_auc_score(targets, length) - 0.5) <= 0.1


@both_languages
def test_counting_words_helps_but_is_not_enough(language):
    train = load_reviews("train", language)
    test = load_reviews("test", language)
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1_000)
    )
    model.fit([r.text for r in train], [r.target for r in train])
    accuracy = model.score([r.text for r in test], [r.target for r in test])
    assert 0.60 <= accuracy <= 0.80


def test_french_typography():
    """A no-break space inside « » and before ; : ! ? wherever a space is written."""
    for text in texts("fr"):
        assert not re.search(r" [;:!?»]|« ", text), text
