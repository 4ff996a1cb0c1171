"""How this chapter finds the sentence and learns to read it: one recipe, for its page
and for the recorded runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.data.questions import Question
from transformers_explained.pretrained import load_bert
from transformers_explained.tasks.fitting import fit
from transformers_explained.tasks.question_answering import (
    Span,
    SpanFinder,
    Window,
    holds,
    rank_sentences,
    read_questions,
    with_examples,
)
from transformers_explained.tasks.sentiment import BertVectors, TopLayers, lower_states
from transformers_explained.tokenization import UnigramTokenizer
from transformers_explained.training import History, TrainingConfig, set_seed

NAME = "multilingual-e5-small"
LOWER = 9  # layers, of twelve, that stay as they are
BATCH_SIZE = 8
EPOCHS = {"top": 4, "scratch": 20}
# Chosen on the validation questions: see the recorded runs.
RATE = {"top": 1e-3, "scratch": 3e-3}


def encoder() -> Bert:
    """The pretrained encoder, without dropout: a run then depends on less."""
    return load_bert(NAME, dropout=0.0)


def reader(seed: int) -> SpanFinder:
    """The last layers of a pretrained encoder read for it, and a new head: what the
    seed draws does not depend on what was read before."""
    set_seed(seed)
    return SpanFinder(TopLayers(encoder(), lower=LOWER))


def small_reader(seed: int) -> SpanFinder:
    """The same architecture in small, all of it new."""
    set_seed(seed)
    return SpanFinder(BertVectors(Bert(small_config(encoder().config))))


def small_config(config: BertConfig) -> BertConfig:
    """The same architecture in small, for new weights: two layers, 64 wide."""
    return replace(config, d_model=64, num_heads=4, num_layers=2, d_ff=128)


def parts_to_learn(
    bert: Bert, tokenizer: UnigramTokenizer, questions: Sequence[Question]
) -> tuple[list[Question], list[Span]]:
    """The questions to learn from, and of each the sentence that it is read with.

    It is the sentence of the answer; without an answer, the nearest to the question. A
    question whose answer runs over two sentences is left out.
    """
    kept = []
    ranked = rank_sentences(bert, tokenizer, questions)
    for question, found in zip(questions, ranked, strict=True):
        if question.has_answer:
            found = [part for part in found if holds(part, question.answers[0])]
        kept += [(question, found[0])] if found else []
    return [question for question, _ in kept], [part for _, part in kept]


def read_states(
    bert: Bert,
    tokenizer: UnigramTokenizer,
    questions: Sequence[Question],
    parts: Sequence[Span] | None = None,
) -> list[Window]:
    """The windows of questions, as the states below the layers that are tuned."""
    read = read_questions(tokenizer, questions, parts)
    states = lower_states(bert, [window.example for window in read], layers=LOWER)
    return with_examples(read, states)


def tune(
    model: SpanFinder,
    read: Sequence[Window],
    *,
    seed: int,
    way: str = "top",
    rate: float | None = None,
    epochs: int | None = None,
) -> History:
    """Train a finder of spans, in place: AdamW, a warm-up, then half a cosine."""
    epochs = EPOCHS[way] if epochs is None else epochs
    updates = -(-len(read) // BATCH_SIZE) * epochs
    config = TrainingConfig(
        epochs=epochs,
        batch_size=BATCH_SIZE,
        learning_rate=RATE[way] if rate is None else rate,
        schedule="cosine",
        warmup_steps=updates // 10,
        seed=seed,
    )
    return fit(model, [window.example for window in read], config)
