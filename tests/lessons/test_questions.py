"""The questions: what the data card promises, measured on the packaged files."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import re
import unicodedata
from collections import Counter

import pytest
from written import runs_of_words, words

from transformers_explained.data.questions import (
    KINDS,
    PHENOMENA,
    Question,
    find_answer,
    load_questions,
    split_by_id,
)
from transformers_explained.data.reviews import LANGUAGES, SPLITS, Language

FROZEN_TEST = "f2272405b0cc853e4ef41e902d0058f553b10c0804f5e2d2f972e061070d7249"
# What a text never holds: as elsewhere in the sources, apostrophes are straight.
STRANGE_SIGNS = {"fr": '’“”"—', "en": "’“”«»—\u00a0\u202f"}
ARTICLES = {"fr": r"(?:les?|la|une?|des) |l'", "en": r"(?:an?|the) "}

both_languages = pytest.mark.parametrize("language", LANGUAGES)


def paragraphs(language: Language) -> dict[str, str]:
    return {q.paragraph: q.context for q in load_questions(language)}


def sentences(language: Language) -> list[str]:
    """All that is written in a language: the paragraphs, then the questions."""
    asked = [q.question for q in load_questions(language)]
    return [*paragraphs(language).values(), *asked]


def answered(language: Language) -> list[Question]:
    return [question for question in load_questions(language) if question.has_answer]


@both_languages
def test_there_are_enough_paragraphs_and_questions(language):
    assert len(paragraphs(language)) >= 64
    assert len(load_questions(language)) >= 320
    per_paragraph = Counter(q.paragraph for q in load_questions(language))
    assert set(per_paragraph.values()) <= {5, 6}


@both_languages
def test_a_paragraph_is_short(language):
    for name, context in paragraphs(language).items():
        assert 60 <= len(words(context)) <= 110, name


def test_both_languages_ask_the_same_in_the_same_order():
    for fr, en in zip(load_questions("fr"), load_questions("en"), strict=True):
        for field in ("id", "paragraph", "kind", "phenomenon", "genre", "split"):
            assert getattr(fr, field) == getattr(en, field), en.id
        assert fr.has_answer == en.has_answer, en.id
    ids = [question.id for question in load_questions("en")]
    assert len(set(ids)) == len(ids)


@both_languages
def test_every_span_stands_where_it_says_between_two_words(language):
    for question in answered(language):
        for answer in question.answers:
            text = question.context
            assert text[answer.start : answer.end] == answer.text, question.id
            assert answer.text == answer.text.strip()
            for side in (text[: answer.start][-1:], text[answer.end :][:1]):
                assert not side.isalnum(), question.id


@both_languages
def test_an_answer_has_one_to_eight_words(language):
    for question in answered(language):
        for answer in question.answers:
            assert 1 <= len(words(answer.text)) <= 8, question.id


@both_languages
def test_two_answers_of_a_question_differ_by_more_than_an_article(language):
    for question in answered(language):
        bare = [
            re.sub(rf"^(?:{ARTICLES[language]})", "", answer.text.lower())
            for answer in question.answers
        ]
        assert len(set(bare)) == len(bare), question.id


@both_languages
@pytest.mark.parametrize("split", [None, *SPLITS])
def test_enough_questions_have_no_answer(language, split):
    asked = load_questions(language, split)
    absent = sum(not question.has_answer for question in asked)
    assert 0.15 <= absent / len(asked) <= 0.25


@both_languages
def test_a_right_answer_may_stand_twice(language):
    twice = [
        question
        for question in answered(language)
        if question.context.count(question.answers[0].text) > 1
    ]
    assert len(twice) >= 10


def test_every_kind_and_phenomenon_has_its_share():
    kinds = Counter(question.kind for question in load_questions("en"))
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 15
    phenomena = Counter(question.phenomenon for question in load_questions("en"))
    assert set(phenomena) == set(PHENOMENA)
    assert min(phenomena.values()) >= 50
    assert len({question.genre for question in load_questions("en")}) >= 12


@both_languages
def test_no_two_paragraphs_share_a_run_of_eight_words(language):
    runs = [(name, runs_of_words(text)) for name, text in paragraphs(language).items()]
    for (one, its), (other, others) in itertools.combinations(runs, 2):
        assert its & others == set(), f"{one} and {other}"


@both_languages
def test_signs_are_those_of_the_language(language):
    for text in sentences(language):
        assert text == text.strip() != ""
        assert not set(STRANGE_SIGNS[language]) & set(text), text
        assert "\n" not in text
        assert unicodedata.is_normalized("NFC", text)
        assert "  " not in text
    for question in load_questions(language):
        assert question.question.endswith("?"), question.id
        assert re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", question.id)


def test_french_spaces_do_not_break():
    for text in sentences("fr"):
        assert not re.search(r"\s(?<![\u00a0\u202f])[:;!?%»]|«(?!\u00a0)", text), text
        assert not re.search(r"[^\s:\d][!?;:»]", text), text
        assert not re.search(r"\d (?:h|km|m|kg|g|cm|mm|ml|francs)\b", text), text
        assert not re.search(r"\d[ \u00a0]\d{3}\b|\d\.\d", text), text


def test_english_has_no_space_before_a_sign():
    for text in sentences("en"):
        assert not re.search(r"\s[:;!?%]", text), text


def test_the_split_is_a_quarter_and_fifteen_per_cent():
    names = {s: {q.paragraph for q in load_questions("en", s)} for s in SPLITS}
    assert [len(names[split]) for split in SPLITS] == [38, 10, 16]
    whole = paragraphs("en")
    assert split_by_id(whole) == {n: s for s in SPLITS for n in names[s]}
    assert split_by_id(reversed(list(whole))) == split_by_id(whole)


def test_the_test_questions_are_frozen():
    """They are those of before the first score.

    A fault that is found later is told in the data card and stays in the file.
    """
    digest = hashlib.sha256()
    for language in LANGUAGES:
        for question in load_questions(language, "test"):
            row = [question.id, question.context, question.question]
            row += [question.kind, question.phenomenon]
            row += [f"{answer.start}:{answer.text}" for answer in question.answers]
            digest.update("\t".join(row).encode() + b"\n")
    assert digest.hexdigest() == FROZEN_TEST


@both_languages
def test_a_split_gives_its_questions_in_the_order_of_writing(language):
    whole = load_questions(language)
    for split in SPLITS:
        chosen = load_questions(language, split)
        assert chosen == tuple(q for q in whole if q.split == split)


def test_an_answer_that_stands_twice_is_found_by_its_occurrence():
    context = "L'eau est là : l'eau de la rivière, et la rivière."
    assert find_answer(context, "eau", 1).start == 2
    assert find_answer(context, "eau", 2).start == 17
    assert find_answer(context, "est").end == 9
    with pytest.raises(ValueError, match="stands 2 times"):
        find_answer(context, "eau")
    with pytest.raises(ValueError, match="stands 2 times, not 3"):
        find_answer(context, "eau", 3)
    with pytest.raises(ValueError, match="stands 1 times, not 1"):
        find_answer(context, "est", 1)
    with pytest.raises(ValueError, match="stands 0 times"):
        find_answer(context, "riv")  # not a whole word


def test_records_are_frozen():
    question = load_questions("en")[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        question.question = "Another?"  # type: ignore[misc]


def test_an_unknown_split_or_language_is_refused():
    with pytest.raises(ValueError, match=r"language must be 'fr' or 'en'; got 'de'"):
        load_questions("de")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"split must be one of .*got 'dev'"):
        load_questions("en", "dev")  # type: ignore[arg-type]
