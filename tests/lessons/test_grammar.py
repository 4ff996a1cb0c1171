"""The grammar: right probabilities, one way to draw a sentence, its entropy."""

import math
import random
from collections import Counter
from itertools import product

import pytest

from transformers_explained.data.grammar import (
    START,
    Grammar,
    agreement_cases,
    grammar_of,
    sample_sentences,
)

LANGUAGES = ("fr", "en")


def sentences(
    grammar: Grammar, symbol: str = START
) -> list[tuple[tuple[str, ...], float]]:
    """All that a symbol can become, one entry for each way to draw it."""
    if symbol not in grammar.rules:
        return [((symbol,), 1.0)]
    found = []
    for p, symbols in grammar.rules[symbol]:
        for parts in product(*(sentences(grammar, part) for part in symbols)):
            words = tuple(word for part, _ in parts for word in part)
            found.append((words, p * math.prod(q for _, q in parts)))
    return found


def thin(grammar: Grammar) -> Grammar:
    """The same grammar with two nouns and verbs of each kind: few enough to list."""
    rules = dict(grammar.rules)
    for symbol, choices in rules.items():
        if symbol.split()[-1] in {"noun", "seeing", "doing", "place"}:
            kept = [choices[0], choices[-1]]
            total = sum(p for p, _ in kept)
            rules[symbol] = [(p / total, symbols) for p, symbols in kept]
    return Grammar(rules)


@pytest.mark.parametrize("language", LANGUAGES)
def test_choices_sum_to_one(language: str) -> None:
    for symbol, choices in grammar_of(language).rules.items():
        assert math.fsum(p for p, _ in choices) == pytest.approx(1, abs=1e-12), symbol
        assert len({symbols for _, symbols in choices}) == len(choices), symbol


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_can_be_drawn_in_two_ways(language: str) -> None:
    ways = Counter(words for words, _ in sentences(thin(grammar_of(language))))
    assert len(ways) > 10_000
    assert set(ways.values()) == {1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_entropy_and_length_equal_those_of_the_list_of_all_sentences(
    language: str,
) -> None:
    grammar = thin(grammar_of(language))
    listed = sentences(grammar)
    assert math.fsum(p for _, p in listed) == pytest.approx(1, abs=1e-10)
    entropy = -math.fsum(p * math.log(p) for _, p in listed)
    length = math.fsum(p * len(words) for words, p in listed)
    assert grammar.entropy() == pytest.approx(entropy, abs=1e-9)
    assert grammar.mean_length() == pytest.approx(length, abs=1e-9)


def test_both_languages_say_as_much() -> None:
    french, english = map(grammar_of, LANGUAGES)
    assert french.entropy() == pytest.approx(english.entropy(), abs=1e-12)
    assert french.mean_length() == pytest.approx(english.mean_length(), abs=1e-12)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sampling_confirms_the_entropy(language: str) -> None:
    _, measured = sample_sentences(language, 60_000, seed=0)
    # The spread of such a mean over seeds is 0.001.
    assert measured == pytest.approx(grammar_of(language).entropy_per_word(), abs=5e-3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_next_words_multiply_to_the_sentence(language: str) -> None:
    grammar, generator = grammar_of(language), random.Random(1)
    for _ in range(50):
        words, log_probability = grammar.sample(generator)
        total = 0.0
        for place, word in enumerate(words):
            chances = grammar.next_word(words[:place])
            assert math.fsum(chances.values()) == pytest.approx(1, abs=1e-12)
            total += math.log(chances[word])
        assert total == pytest.approx(log_probability, abs=1e-9)
        assert grammar.next_word(words) == {}


def test_the_course_s_sentences_are_in_it() -> None:
    for language, text in (
        ("fr", "le chat noir mange la souris ."),
        ("en", "the black cat eats the mouse ."),
        ("fr", "le chat est sur le tapis ."),
        ("en", "the cat is on the mat ."),
        ("fr", "la souris que les chats regardent mange ."),
        ("en", "the mouse that the cats watch eats ."),
    ):
        grammar, words = grammar_of(language), text.split()
        assert all(
            grammar.next_word(words[:place])[word] > 0
            for place, word in enumerate(words)
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_a_subject_only_verbs_that_agree_are_possible(language: str) -> None:
    grammar, generator = grammar_of(language), random.Random(2)
    seen = set()
    for _ in range(30):
        for case in agreement_cases(language, generator):
            chances = grammar.next_word(case.prefix)
            assert all(chances.get(verb, 0) > 0 for verb in case.right)
            assert all(verb not in chances for verb in case.wrong)
            seen.add(case.distractors)
    assert seen == {0, 1, 2}


def test_what_cannot_begin_a_sentence_is_refused() -> None:
    with pytest.raises(ValueError, match="got 'cats' after 'the cat'"):
        grammar_of("en").next_word(["the", "cat", "cats"])
    with pytest.raises(ValueError, match="language must be 'fr' or 'en'; got 'de'"):
        grammar_of("de")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="count must be at least 1; got 0"):
        sample_sentences("fr", 0, seed=0)
