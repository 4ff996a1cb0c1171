"""The tales: what the data card promises, measured on the packaged files."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import re

import pytest
from written import runs_of_words, words

from transformers_explained.data.reviews import LANGUAGES, SPLITS
from transformers_explained.data.tales import load_tales, split_by_slug

FROZEN_TEST = "55bf1af248f6e4f0c17719e0f40b1a2e1bb509425d99ba25e3bbc1ef9cb41ae6"
# What a text never holds: as elsewhere in the sources, apostrophes are straight.
STRANGE_SIGNS = {"fr": '’“”"', "en": "’“”«»\u00a0\u202f"}
NAMED = {
    "valid": {
        "akpene-counts-to-a-million",
        "mama-ronkes-kilo",
        "one-uniform",
        "the-bees-as-witnesses",
        "the-telephone-under-the-ice",
        "wind-by-the-bottle",
    },
    "test": {
        "a-ram-called-president",
        "light-at-pump-three",
        "snow-for-beginners",
        "the-cook-who-lost-her-tongue",
        "the-ghost-who-was-cold",
        "the-welders-left-hand",
    },
}

both_languages = pytest.mark.parametrize("language", LANGUAGES)


@both_languages
def test_there_are_enough_tales_and_words(language):
    tales = load_tales(language)
    assert len(tales) >= 40
    assert sum(len(words(tale.text)) for tale in tales) >= 12_000


@both_languages
def test_a_tale_is_short_and_a_tale(language):
    for tale in load_tales(language):
        assert 150 <= len(words(tale.text)) <= 500, tale.slug


def test_both_languages_tell_the_same_tales_in_the_same_order():
    slugs = [tale.slug for tale in load_tales("en")]
    assert len(set(slugs)) == len(slugs)
    assert [tale.slug for tale in load_tales("fr")] == slugs


@both_languages
def test_no_two_tales_share_a_run_of_eight_words(language):
    tales = [(tale.slug, runs_of_words(tale.text)) for tale in load_tales(language)]
    for (one, its), (other, others) in itertools.combinations(tales, 2):
        assert its & others == set(), f"{one} and {other}"


@both_languages
def test_no_two_tales_begin_with_the_same_three_words(language):
    openings = [tuple(words(tale.text)[:3]) for tale in load_tales(language)]
    assert len(set(openings)) == len(openings)


@both_languages
def test_paragraphs_and_signs_are_those_of_the_language(language):
    for tale in load_tales(language):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", tale.slug)
        assert tale.title == tale.title.strip() != ""
        assert "\n\n\n" not in tale.text
        assert "  " not in tale.text
        assert not set(STRANGE_SIGNS[language]) & set(tale.title + tale.text)
        for paragraph in tale.text.split("\n\n"):
            assert paragraph == paragraph.strip() != ""
            assert "\n" not in paragraph, tale.slug


def test_the_split_stays_as_it_was_drawn():
    assert [len(load_tales("en", split)) for split in SPLITS] == [32, 6, 6]
    for split, slugs in NAMED.items():
        assert {tale.slug for tale in load_tales("en", split)} == slugs


def test_the_test_tales_are_frozen():
    """They are those of before the first score.

    A fault that is found later is told in the data card and stays in the file.
    """
    digest = hashlib.sha256()
    for language in LANGUAGES:
        for tale in load_tales(language, "test"):
            row = (tale.slug, language, tale.title, tale.text)
            digest.update("\t".join(row).encode() + b"\n")
    assert digest.hexdigest() == FROZEN_TEST


@both_languages
def test_both_languages_of_a_tale_are_in_the_same_split(language):
    split = {tale.slug: tale.split for tale in load_tales("en")}
    assert {tale.slug: tale.split for tale in load_tales(language)} == split


def test_the_split_hangs_on_the_slugs_alone():
    slugs = [tale.slug for tale in load_tales("en")]
    assert split_by_slug(reversed(slugs)) == split_by_slug(slugs)


@both_languages
def test_a_split_gives_its_tales_in_the_order_of_writing(language):
    whole = load_tales(language)
    for split in SPLITS:
        chosen = load_tales(language, split)
        assert chosen == tuple(tale for tale in whole if tale.split == split)


def test_records_are_frozen():
    tale = load_tales("en")[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        tale.title = "Another"  # type: ignore[misc]


def test_an_unknown_split_or_language_is_refused():
    with pytest.raises(ValueError, match=r"language must be 'fr' or 'en'; got 'de'"):
        load_tales("de")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"split must be one of .*got 'dev'"):
        load_tales("en", "dev")  # type: ignore[arg-type]
