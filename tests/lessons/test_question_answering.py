"""Question answering: SQuAD's measures, spans and windows, Hugging Face's head."""

import collections
import json
import random
import re
import string
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from test_unigram import pruned, tiny
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.chapters.question_answering import results, rivals, runs
from transformers_explained.data.questions import Answer, Question, load_questions
from transformers_explained.data.reviews import LANGUAGES
from transformers_explained.pretrained.weight_names import bert_from_weights
from transformers_explained.tasks.answer_measures import exact_match, f1, normalize
from transformers_explained.tasks.examples import Batch, Example, collate
from transformers_explained.tasks.fitting import fit, label_loss
from transformers_explained.tasks.question_answering import (
    NOWHERE,
    Found,
    SpanFinder,
    Window,
    best_span,
    choose_threshold,
    find_answers,
    holds,
    mean_f1,
    read_questions,
    sentences,
    token_span,
    windows,
    with_examples,
)
from transformers_explained.tasks.sentiment import BertVectors, TopLayers, lower_states
from transformers_explained.tokenization import UnigramTokenizer
from transformers_explained.training import TrainingConfig, set_seed


def question(context: str, asks: str = "b a?", *texts: str) -> Question:
    return Question(
        id="paragraph/question",
        paragraph="paragraph",
        context=context,
        question=asks,
        answers=tuple(Answer(text=t, start=context.index(t)) for t in texts),
        kind="what",
        phenomenon="plain" if texts else "absent",
        genre="notice",
        language="en",
        split="train",
    )


# ------------------------------------------------------------------- SQuAD's two rules


def squad_normalize(text: str) -> str:
    """The published rule of evaluate-v2.0, step by step: lower case; out with every
    sign of `string.punctuation`; articles into a space; one space between words."""
    lowered = text.lower()
    unpunctuated = "".join(c for c in lowered if c not in set(string.punctuation))
    without = re.compile(r"\b(a|an|the)\b", re.UNICODE).sub(" ", unpunctuated)
    return " ".join(without.split())


def squad_exact(gold: str, answer: str) -> int:
    return int(squad_normalize(gold) == squad_normalize(answer))


def squad_f1(gold: str, answer: str) -> float:
    gold_tokens = squad_normalize(gold).split() if gold else []
    answer_tokens = squad_normalize(answer).split() if answer else []
    if len(gold_tokens) == 0 or len(answer_tokens) == 0:
        return int(gold_tokens == answer_tokens)
    common = collections.Counter(gold_tokens) & collections.Counter(answer_tokens)
    same = sum(common.values())
    if same == 0:
        return 0
    precision = same / len(answer_tokens)
    recall = same / len(gold_tokens)
    return 2 * precision * recall / (precision + recall)


def squad_scores(answer: str, accepted: list[str]) -> tuple[int, float]:
    golds = [gold for gold in accepted if squad_normalize(gold)] or [""]
    return (
        max(squad_exact(gold, answer) for gold in golds),
        max(squad_f1(gold, answer) for gold in golds),
    )


def generated_cases() -> list[tuple[str, list[str]]]:
    """1,000 answers, each with 0 to 3 accepted ones: many words in common, articles,
    signs, capitals, accents, repetitions, nothing at all."""
    source = random.Random(0)
    words = [
        "a",
        "the",
        "An",
        "cat",
        "Cat",
        "black",
        "don't",
        "7.30",
        "$5",
        "THE",
        "été",
    ]
    words += ["«", "–", "l'eau", "a.m.", "theatre", "co-op", "3,000", "...", "(mouse)"]

    def phrase() -> str:
        chosen = source.choices(words, k=source.randint(0, 6))
        return "".join(
            word + source.choice([" ", "  ", ", ", "\u00a0"]) for word in chosen
        )

    return [
        (phrase(), [phrase() for _ in range(source.randint(0, 3))]) for _ in range(1000)
    ]


def test_both_measures_equal_the_published_rules_on_1000_cases() -> None:
    cases = generated_cases()
    kinds = collections.Counter()
    for answer, accepted in cases:
        exact, overlap = squad_scores(answer, accepted)
        assert normalize(answer) == squad_normalize(answer)
        assert exact_match(answer, accepted) == exact, (answer, accepted)
        assert f1(answer, accepted) == pytest.approx(overlap, abs=1e-12)
        kinds[exact, 0 < overlap < 1] += 1
    # The cases are no easy ones: each kind of result is there many times.
    assert min(kinds[1, False], kinds[0, True], kinds[0, False]) > 50, kinds


def test_french_has_its_own_articles_and_apostrophes() -> None:
    assert normalize("L'école, « Les Manguiers » !", "fr") == "école manguiers"
    assert normalize("l’eau", "fr") == normalize("de l'eau", "fr").removeprefix("de ")
    assert normalize("Des crêpes à la vapeur", "fr") == "crêpes à vapeur"
    assert exact_match("l'école", ["école"], "fr") == 1
    assert exact_match("l'école", ["école"], "en") == 0  # SQuAD's rule: "lécole"
    assert f1("la petite porte", ["porte"], "fr") == pytest.approx(2 / 3)
    assert normalize("a bus", "fr") == "a bus"  # no article here, but "il y a"


def test_silence_is_right_only_where_the_text_does_not_say() -> None:
    for language in LANGUAGES:
        assert f1("", [], language) == exact_match("", [], language) == 1
        assert f1("chat", [], language) == 0
        assert f1("", ["chat"], language) == exact_match("", ["chat"], language) == 0


# ------------------------------------------------------------------ places and windows


def test_every_answer_survives_the_way_to_tokens_and_back() -> None:
    """Through accents, apostrophes and the no-break spaces of French."""
    for language in LANGUAGES:
        asked = load_questions(language)
        read = read_questions(pruned(), asked)
        assert len(read) == len(asked)
        kept = total = 0
        for window, one in zip(read, asked, strict=True):
            if not one.has_answer:
                assert window.example.target == NOWHERE
                continue
            first, last = window.example.target  # type: ignore[misc]
            back = window.text(first, last)
            assert one.answers[0].text in back
            assert len(back) <= len(one.answers[0].text) + 3
            kept += back == one.answers[0].text
            total += 1
        assert kept / total > 0.98


def test_ends_are_inclusive() -> None:
    places = (None, (0, 2), (3, 5), (5, 6), (7, 9), None)
    assert token_span(places, Answer(text="...", start=3)) == (2, 3)
    assert token_span(places, Answer(text="..", start=7)) == (4, 4)
    assert token_span(places, Answer(text="...", start=8)) == NOWHERE  # it is cut
    assert token_span(places, Answer(text="..", start=2)) == NOWHERE  # 2 is a space


@given(st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=9), st.data())
def test_any_words_are_found_again(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start = len(" ".join(words[:first])) + (first > 0)
    answer = Answer(text=" ".join(words[first : last + 1]), start=start)
    places = tiny().token_spans(text)
    i, j = token_span(places, answer)
    assert text[places[i][0] : places[j][1]] == answer.text


def library_windows(
    asks: str, context: str, max_tokens: int, overlap: int
) -> list[list[str]]:
    """The windows of the `tokenizers` library, one token a word."""
    words = sorted({*asks.split(), *context.split()})
    vocabulary = {w: i for i, w in enumerate(["<s>", "</s>", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 1)],
    )
    tokenizer.enable_truncation(max_tokens, stride=overlap, strategy="only_second")
    found = tokenizer.encode(asks, context)
    return [found.tokens, *(one.tokens for one in found.overflowing)]


class OneWordOneToken(UnigramTokenizer):
    def tokenize(self, text: str) -> list[str]:
        return text.split()

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in re.finditer(r"\S+", text)]


@pytest.mark.parametrize("size", [1, 5, 6, 7, 13, 29])
@pytest.mark.parametrize(("max_tokens", "overlap"), [(11, 0), (11, 2), (14, 5)])
def test_windows_are_those_of_the_library(
    size: int, max_tokens: int, overlap: int
) -> None:
    asks, context = "who is it", " ".join(f"w{i}" for i in range(size))
    pieces = [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        *sorted({*asks.split(), *context.split()}),
    ]
    ours = OneWordOneToken(pieces, [0.0] * len(pieces), special=tiny().special)
    cut = windows(ours, question(context, asks), max_tokens=max_tokens, overlap=overlap)
    tokens = [[pieces[i] for i in window.example.inputs.tolist()] for window in cut]  # type: ignore[union-attr]
    assert tokens == library_windows(asks, context, max_tokens, overlap)


def test_a_long_text_is_read_whole_and_the_answer_is_found_in_its_window() -> None:
    context = " ".join(["b"] * 17 + ["ab"] + ["b"] * 19)
    asked = question(context, "a", "ab")
    cut = windows(tiny(), asked, max_tokens=17, overlap=3)
    assert len(cut) > 2
    seen = {place for window in cut for place in window.places if place}
    assert seen == set(tiny().token_spans(context))
    assert all(len(window.example.inputs) <= 17 for window in cut)
    holding = [w for w in cut if w.example.target != NOWHERE]
    assert 1 <= len(holding) < len(cut)
    for window in holding:
        assert window.text(*window.example.target) == "ab"  # type: ignore[misc]
        assert len(window.places) == len(window.example.inputs)
    with pytest.raises(ValueError, match="leave a step forward; got 9 where 9"):
        windows(tiny(), question(context, "a"), max_tokens=14, overlap=9)


def test_a_part_keeps_the_places_of_the_whole() -> None:
    context = "b aa b. ab b. b ab a b."
    asked = question(context, "a", "ab")
    part = sentences(context)[1]
    assert context[slice(*part)] == "ab b."
    [window] = windows(tiny(), asked, part=part)
    assert window.text(*window.example.target) == "ab"  # type: ignore[misc]
    assert {place for place in window.places if place} < set(
        tiny().token_spans(context)
    )
    [elsewhere] = windows(tiny(), asked, part=sentences(context)[0])
    assert elsewhere.example.target == NOWHERE


def test_sentences_cover_the_text_and_end_before_a_plain_space() -> None:
    text = "Voici M.\u00a0Sarr ! Il part à 7.30. Et toi ? Non"
    parts = [text[start:end] for start, end in sentences(text)]
    assert parts == ["Voici M.\u00a0Sarr !", "Il part à 7.30.", "Et toi ?", "Non"]
    for language in LANGUAGES:
        held = total = 0
        for one in load_questions(language):
            cut = sentences(one.context)
            assert "".join(one.context[slice(*part)] for part in cut) == (
                re.sub("(?<=[.!?]) ", "", one.context)
            )
            held += any(holds(part, answer) for part in cut for answer in one.answers)
            total += one.has_answer
        assert held / total > 0.97  # few answers run over two sentences


# ----------------------------------------------------------------- scores and decoding


def naive_best(
    start: list[float], end: list[float], inside: list[bool], longest: int
) -> tuple[int, int]:
    best, where = -float("inf"), (-1, -1)
    for i, first in enumerate(start):
        for j, last in enumerate(end):
            good = inside[i] and inside[j] and i <= j < i + longest
            if good and first + last > best:
                best, where = first + last, (i, j)
    return where


def test_best_span_equals_two_loops() -> None:
    generator = torch.Generator().manual_seed(0)
    for size in range(3, 40):
        start, end = torch.randn(2, size, generator=generator)
        inside = torch.arange(size) >= size // 3
        for longest in (1, 4, 30):
            first, last, score = best_span(start, end, inside, longest=longest)
            assert (first, last) == naive_best(
                start.tolist(), end.tolist(), inside.tolist(), longest
            )
            assert score == pytest.approx((start[first] + end[last]).item())


def test_two_arg_maxima_can_cross() -> None:
    start, end = torch.tensor([[0.0, 1.0, 5.0, 0.0], [0.0, 5.0, 1.0, 0.0]])
    inside = torch.tensor([False, True, True, True])
    assert (start.argmax(), end.argmax()) == (2, 1)
    assert best_span(start, end, inside)[:2] == (1, 1)


CONFIG = BertConfig(
    vocab_size=31,
    d_model=12,
    num_heads=3,
    num_layers=2,
    d_ff=20,
    max_len=23,
    dropout=0.0,
    pooler=False,
)


def hugging_face() -> transformers.BertForQuestionAnswering:
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=31,
        hidden_size=12,
        num_attention_heads=3,
        num_hidden_layers=2,
        intermediate_size=20,
        max_position_embeddings=17,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    return transformers.BertForQuestionAnswering(config)


def ours_of(theirs: transformers.BertForQuestionAnswering) -> SpanFinder:
    bert = bert_from_weights(
        theirs.config.to_dict(), theirs.bert.state_dict(), pooler=False
    )
    model = SpanFinder(BertVectors(bert))
    model.head.load_state_dict(theirs.qa_outputs.state_dict())
    return model


def test_head_loss_and_gradients_equal_hugging_face() -> None:
    theirs = hugging_face().train()
    ours = ours_of(theirs).train()
    ids = torch.randint(1, 31, (5, 13))
    spans = torch.tensor([[2, 7], [0, 0], [4, 4], [12, 12], [1, 9]])
    batch = Batch(ids, torch.ones_like(ids).bool(), spans)
    expected = theirs(
        input_ids=ids, start_positions=spans[:, 0], end_positions=spans[:, 1]
    )
    scores = ours(batch.inputs, batch.mask)
    assert scores.shape == (5, 2, 13)
    torch.testing.assert_close(scores[:, 0], expected.start_logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(scores[:, 1], expected.end_logits, atol=1e-5, rtol=0)
    loss, count = label_loss(ours, batch)
    assert count == 10  # five starts, five ends
    torch.testing.assert_close(loss / count, expected.loss, atol=1e-6, rtol=0)
    (loss / count).backward()
    expected.loss.backward()
    pairs = [
        (ours.head.weight.grad, theirs.qa_outputs.weight.grad),
        (
            ours.vectors.bert.embeddings.tokens.weight.grad,  # type: ignore[union-attr]
            theirs.bert.embeddings.word_embeddings.weight.grad,
        ),
    ]
    for mine, other in pairs:
        assert other is not None
        assert other.abs().max() > 1e-6
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=1e-4)


def test_padding_takes_no_share() -> None:
    """A batch's loss is the sum of the losses of its windows alone. (In Hugging Face's
    model the scores of the padding take part in the softmax.)"""
    set_seed(0)
    model = SpanFinder(BertVectors(Bert(CONFIG)))
    examples = [
        Example(inputs=torch.randint(1, 31, (size,)), target=(1, size - 2))
        for size in (5, 11, 8)
    ]
    together, _ = label_loss(model, collate(examples))
    alone = sum(label_loss(model, collate([one]))[0] for one in examples)
    torch.testing.assert_close(together, alone)
    together.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def toy() -> list[Question]:
    """Where does b follow the a? Answered by position alone, so quickly learned."""
    texts = ["ab b aa a", "b ab aa b a", "a b ab b b aa", "aa b b b ab a b"]
    return [question(text, "a", "ab") for text in texts]


def test_it_learns_a_word() -> None:
    """The answer is always the same token: some updates are enough."""
    asked = toy()
    read = read_questions(tiny(), asked)
    set_seed(0)
    model = SpanFinder(BertVectors(Bert(CONFIG)))
    config = TrainingConfig(epochs=150, batch_size=4, learning_rate=5e-3)
    history = fit(model, [window.example for window in read], config)
    assert history.losses[0] == pytest.approx(np.log(12), abs=0.4)
    for one, found in zip(asked, find_one_by_one(model, read), strict=True):
        assert found.text == "ab"
        assert found.start == one.answers[0].start
        assert found.margin > 0


def find_one_by_one(model: SpanFinder, read: list[Window]) -> list[Found]:
    return [find_answers(model, [window])[0] for window in read]


def test_the_best_window_answers_and_all_must_agree_on_silence() -> None:
    set_seed(0)
    model = SpanFinder(BertVectors(Bert(CONFIG)))
    cut = windows(
        tiny(), question("b ab a aa b a ab b b a", "a"), max_tokens=13, overlap=1
    )
    assert len(cut) > 1
    [found] = find_answers(model, cut)
    alone = find_one_by_one(model, cut)
    assert found.score == pytest.approx(max(one.score for one in alone))
    assert found.nowhere == pytest.approx(min(one.nowhere for one in alone))
    assert found.text == max(alone, key=lambda one: one.score).text


def test_states_and_ids_give_the_same_answers() -> None:
    set_seed(0)
    bert = Bert(CONFIG).eval()
    read = read_questions(tiny(), toy())
    states = lower_states(bert, [window.example for window in read], layers=1)
    top = SpanFinder(TopLayers(bert, lower=1))
    whole = SpanFinder(BertVectors(bert))
    whole.head.load_state_dict(top.head.state_dict())
    for one, other in zip(
        find_one_by_one(top, with_examples(read, states)),
        find_one_by_one(whole, read),
        strict=True,
    ):
        assert one.text == other.text
        assert one.margin == pytest.approx(other.margin, abs=1e-4)


def found(text: str, margin: float) -> Found:
    return Found(text=text, start=0, score=margin, nowhere=0.0)


def test_the_threshold_is_the_best_on_its_questions() -> None:
    asked = [question("x ab", "?", "ab"), question("x ab"), question("x ab", "?", "ab")]
    given = [found("ab", 2.0), found("x", 0.5), found("ab", 1.0)]
    threshold = choose_threshold(asked, given)
    assert threshold == pytest.approx(0.75)
    assert mean_f1(asked, [one.answer(threshold) for one in given]) == 1
    assert mean_f1(asked, [one.answer() for one in given]) == pytest.approx(2 / 3)
    # With nothing to gain from silence it never falls silent; else always.
    assert choose_threshold(asked[::2], given[::2]) < 1.0
    assert choose_threshold(asked[1:2], given[1:2]) > 0.5


# ------------------------------------------------------------------- the recorded runs


def test_jobs_of_the_choice_hold_no_test_question() -> None:
    recorded = results.read_results()
    assert all("test" not in row and row["seed"] == 0 for row in recorded.choosing)
    rates = runs.chosen_rates(recorded.choosing)
    for row in recorded.rows:
        if row["way"] in rates:
            assert row["rate"] == rates[row["way"]] == runs.RATE[row["way"]]


def test_committed_results_are_whole() -> None:
    recorded = results.read_results()
    for language in LANGUAGES:
        for way in runs.RATES:
            rows = recorded.chosen(way, language)
            assert [row["seed"] for row in rows] == [*runs.SEEDS]
            for told in LANGUAGES:
                scores = recorded.scores(way, language, told)
                assert scores.shape == (3, len(load_questions(told, "test")))
        # What leaves nothing to chance can be measured again here.
        for make, way in (
            (runs.overlap_row, "overlap"),
            (runs.question_row, "question"),
        ):
            [committed] = recorded.chosen(way, language)
            assert committed == json.loads(json.dumps(make(language)))


def test_results_of_other_questions_are_refused(tmp_path: Path) -> None:
    content = json.loads(results.RESULTS.read_text(encoding="utf-8"))
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**content, "questions": "others"}), encoding="utf-8")
    with pytest.raises(ValueError, match="measured on other questions"):
        results.read_results(path)


def test_packing_keeps_what_is_read() -> None:
    asked = [question("x ab", "?", "ab")]
    given = [Found(text="ab", start=2, score=1.2344, nowhere=0.1)]
    [back] = results.unpacked(results.packed(given), asked)
    assert (back.text, back.start) == ("ab", 2)
    assert back.margin == pytest.approx(1.134)


def test_the_interval_draws_paragraphs() -> None:
    """One hundred questions on four paragraphs tell no more than four numbers."""
    names = [name for name in "abcd" for _ in range(25)]
    scores = np.repeat([0.0, 1.0, 0.0, 1.0], 25)
    mean, low, high = results.interval(scores, names)
    assert (mean, low, high) == (0.5, 0.0, 1.0)
    alone = results.interval(scores, [str(i) for i in range(100)])
    assert alone[2] - alone[1] == pytest.approx(2 * 1.96 * 0.05, abs=0.02)


def test_told_apart() -> None:
    assert results.told_apart([3.0, 1.0, 2.0], [True, False, True]) == 1.0
    assert results.told_apart([1.0, 1.0, 0.0], [True, False, True]) == 0.25


def test_word_overlap_by_hand() -> None:
    context = (
        "The cat sleeps. The black mouse eats the cheese at 7.30. The end is near."
    )
    asked = question(context, "When does the mouse eat?", "7.30")
    worth = rivals.rarity([context, "the dog"])
    assert worth["the"] == 0
    assert worth["mouse"] == pytest.approx(np.log(2))
    given = rivals.overlap_answer(asked, worth, most_words=3)
    # "the" is in the question and cuts the run: four words follow it, three are kept.
    assert given.text == "cheese at 7"
    assert given.start == context.index("cheese")
