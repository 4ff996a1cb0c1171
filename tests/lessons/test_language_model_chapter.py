"""What the chapter on the next word trains, counts and records."""

import math
import random

import pytest
import torch

from transformers_explained.chapters.language_model import assistant, runs
from transformers_explained.chapters.language_model.grammar_model import (
    GrammarWords,
    RecurrentModel,
    causal,
    draw_rows,
    fresh_sentences,
    prefers_right,
    sentence_loss,
    small_model,
    train,
    unmasked,
)
from transformers_explained.chapters.language_model.ngram import NGram
from transformers_explained.chapters.language_model.tales_model import (
    load_tales_model,
    longest_copy,
    measure,
    summary,
    tales_tokenizer,
)
from transformers_explained.data.grammar import agreement_cases
from transformers_explained.data.tales import load_tales
from transformers_explained.lesson.language import LANGUAGES


def test_ngram_by_hand() -> None:
    ngram = NGram(2, vocab_size=4, end_id=0)
    ngram.read([[0, 1, 2, 0, 1, 3]])
    # After 1: once 2, once 3. Alone: 1 twice, 2, 0 and 3 once, of five.
    alone = (1 + 1 / 4) / (5 + 1)
    assert ngram.probability([0, 1], 2) == pytest.approx((1 + alone) / (2 + 1))
    assert ngram.probability([0, 1], 2) == ngram.probability([0, 3, 1], 2)
    assert ngram.size == 4 + 4


@pytest.mark.parametrize("order", [1, 3])
def test_ngram_chances_sum_to_one(order: int) -> None:
    words = GrammarWords("fr")
    ngram = NGram(order, len(words.words), words.end_id)
    rows = draw_rows(words, random.Random(0), rows=3, length=20).tolist()
    ngram.read(rows)
    for context in (rows[0][:1], rows[0][:4], [words.end_id, 7, 7]):
        chances = [ngram.probability(context, w) for w in range(ngram.vocab_size)]
        assert sum(chances) == pytest.approx(1)


def test_ngram_never_looks_behind_a_full_stop() -> None:
    one, two = (NGram(3, vocab_size=5, end_id=0) for _ in range(2))
    one.read([[0, 1, 2, 0, 3, 4]])
    two.read([[0, 1, 2, 0], [0, 3, 4]])
    assert one.counts == two.counts


def test_order_must_be_positive() -> None:
    with pytest.raises(ValueError, match="order must be at least 1; got 0"):
        NGram(0, vocab_size=3, end_id=0)


def test_only_the_mask_hides_what_follows() -> None:
    words = GrammarWords("en")
    model = small_model(len(words.words)).eval()
    ids = draw_rows(words, random.Random(1), rows=2, length=9)
    other = ids.clone()
    other[:, -1] = (other[:, -1] + 1) % len(words.words)
    with torch.no_grad():
        for scores, seen in ((causal(model), False), (unmasked(model), True)):
            changed = (scores(ids) - scores(other))[:, :-1].abs().max() > 0
            assert bool(changed) == seen
        assert torch.allclose(causal(model)(ids)[:, -1], model(ids)[0][:, -1])


def test_few_steps_lower_the_loss_from_its_start() -> None:
    words = GrammarWords("fr")
    lstm = RecurrentModel(len(words.words), width=7)
    losses = train(lstm, list(lstm.parameters()), words, steps=12)
    assert losses[0] == pytest.approx(math.log(len(words.words)), abs=0.5)
    assert losses[-1] < losses[0]


def test_the_grammar_s_own_chances_cost_what_is_said() -> None:
    words = GrammarWords("en")
    sentences, own = fresh_sentences(words, 40)

    def truth(ids: torch.Tensor) -> torch.Tensor:
        scores = torch.full((*ids.shape, len(words.words)), -1e9)
        for row, line in enumerate(ids.tolist()):
            for place in range(len(line)):
                prefix = words.decode(line[1 : place + 1])
                for word, p in words.grammar.next_word(prefix).items():
                    scores[row, place, words.ids[word]] = math.log(p)
        return scores

    assert sentence_loss(truth, words, sentences) == pytest.approx(own, abs=1e-5)
    for case in agreement_cases("en", random.Random(0)):
        assert prefers_right(truth, words, case)


def test_sentences_that_the_grammar_allows() -> None:
    words = GrammarWords("en")
    assert words.allows(["the", "mouse", "that", "the", "cats", "watch", "sleeps", "."])
    assert not words.allows(
        ["the", "mouse", "that", "the", "cats", "watch", "sleep", "."]
    )
    assert not words.allows(["the", "mouse", "that", "the", "cats", "watch"])
    assert not words.allows([])


def test_longest_copy() -> None:
    sources = ["the black cat eats the mouse", "a dog sleeps"]
    assert longest_copy("see the black cat sleep", sources) == 3
    assert longest_copy("cat eats the mouse", sources) == 4
    assert longest_copy("he cat", sources) == 1  # whole words only
    assert longest_copy("nothing alike", sources) == 0


def test_bits_per_byte() -> None:
    tales = load_tales("fr", "test")[:1]
    size = len(tales[0].text.encode())
    found = summary(8 * math.log(2) * size, 100, tales)  # eight bits for each byte
    assert found["bits_per_byte"] == pytest.approx(8)
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))


def test_every_run_is_recorded() -> None:
    record = runs.recorded()
    for language in ("fr", "en"):
        assert [run["seed"] for run in record["grammar"][language]] == list(runs.SEEDS)
        sentences, own = fresh_sentences(GrammarWords(language))
        assert record["grammar"][language][0]["own"] == pytest.approx(own, abs=1e-5)
        assert len(sentences) == 4000
        asked = [row["question"] for row in assistant.answers(language)]
        assert asked == [q[language == "fr"] for q in assistant.QUESTIONS]


def test_recorded_models_have_the_size_of_those_made_now() -> None:
    words = GrammarWords("en")
    recorded = runs.recorded()["grammar"]["en"][0]
    for name, model in (
        ("transformer", small_model(len(words.words))),
        ("lstm", RecurrentModel(len(words.words))),
    ):
        size = sum(p.numel() for p in model.parameters())
        assert size == recorded[name]["parameters"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_weights_of_the_tales_are_those_of_the_record(language: str) -> None:
    """In eight bits they lose next to nothing on the validation tales."""
    model = load_tales_model(language)
    run = runs.recorded()["tales"][language]
    assert sum(p.numel() for p in model.parameters()) == run["parameters"]
    assert run["best_step"] == run["curves"]["step"][-1]
    held = measure(model, tales_tokenizer(language), load_tales(language, "valid"))
    assert held["loss"] == pytest.approx(run["curves"]["valid"][-1], abs=1e-3)
