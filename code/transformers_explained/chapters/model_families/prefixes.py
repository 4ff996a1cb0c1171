"""One model, three jobs, told apart by the first word: T5's idea, on the toy grammar.

The sentences are drawn in both languages at once. The jobs: `translate` gives the
French sentence, `summarize` leaves out what stands between the subject's noun and the
verb, `classify` says whether the subject is one or many.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from transformers_explained.data.grammar import END, NUMBERS, Grammar, grammar_of
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.tasks.examples import IGNORED, Batch, Example, collate
from transformers_explained.tasks.sequence_pairs import (
    END_ID,
    PAD_ID,
    SPECIAL,
    decoder_inputs,
    write,
)
from transformers_explained.training import (
    Trainer,
    TrainingConfig,
    cross_entropy,
    set_seed,
)

JOBS = ("translate:", "summarize:", "classify:")


def draw_jobs(seed: int) -> dict[str, tuple[list[str], list[str]]]:
    """A sentence drawn in both languages: job -> (what goes in, what comes out)."""
    told = {}
    for language in ("en", "fr"):
        # The two grammars have the same choices in the same order.
        draw = random.Random(seed)
        grammar = grammar_of(language)
        number = draw.choice(NUMBERS)
        symbols = draw.choices(*_choices(grammar, f"{number} subject"))[0]
        noun = _expand(grammar, symbols[0], draw)
        middle = [w for s in symbols[1:] for w in _expand(grammar, s, draw)]
        told[language] = noun, middle, _expand(grammar, f"{number} verb phrase", draw)
    noun, middle, verb = told["en"]
    sentence = [*noun, *middle, *verb, END]
    french = [word for part in told["fr"] for word in part] + [END]
    answers = (french, [*noun, *verb, END], [number])
    return {
        job: ([job, *sentence], answer)
        for job, answer in zip(JOBS, answers, strict=True)
    }


def _choices(
    grammar: Grammar, symbol: str
) -> tuple[list[tuple[str, ...]], list[float]]:
    rule = grammar.rules[symbol]
    return [symbols for _, symbols in rule], [p for p, _ in rule]


def _expand(grammar: Grammar, symbol: str, draw: random.Random) -> list[str]:
    if symbol not in grammar.rules:
        return [symbol]
    symbols = draw.choices(*_choices(grammar, symbol))[0]
    return [word for part in symbols for word in _expand(grammar, part, draw)]


class Words:
    """One vocabulary for both languages, the jobs and the answers."""

    def __init__(self) -> None:
        known = {*grammar_of("en").words, *grammar_of("fr").words, *JOBS, *NUMBERS}
        self.tokens = [*SPECIAL, *sorted(known)]
        self.id_of = {token: i for i, token in enumerate(self.tokens)}

    def encode(self, words: list[str]) -> list[int]:
        return [self.id_of[word] for word in words] + [END_ID]

    def decode(self, ids: list[int]) -> list[str]:
        return [self.tokens[i] for i in ids if i != END_ID]


def examples(words: Words, seeds: Iterable[int]) -> list[Example]:
    """The three jobs of each sentence."""
    return [
        Example(inputs=words.encode(source), target=words.encode(target))
        for seed in seeds
        for source, target in draw_jobs(seed).values()
    ]


def job_loss(model: Transformer, batch: Batch) -> tuple[object, int]:
    """Summed cross-entropy of the answers, whatever the job, and their number."""
    logits, _ = model(batch.inputs, decoder_inputs(batch.targets))
    return cross_entropy(logits, batch.targets, ignore_id=IGNORED)


def trained(words: Words, *, sentences: int = 3_000, epochs: int = 2) -> Transformer:
    """A small encoder–decoder that has learned the three jobs together."""
    set_seed(0)
    model = Transformer(
        TransformerConfig(
            vocab_size=len(words.tokens),
            d_model=64,
            num_heads=4,
            num_encoder_layers=2,
            num_decoder_layers=2,
            d_ff=128,
            max_len=32,
            dropout=0.0,
            pad_id=PAD_ID,
            norm="pre",
        )
    )
    config = TrainingConfig(
        epochs=epochs,
        batch_size=64,
        learning_rate=3e-3,
        schedule="cosine",
        warmup_steps=30,
        betas=(0.9, 0.98),
    )
    rows = examples(words, range(1_000, 1_000 + sentences))
    Trainer(model, rows, job_loss, collate, config).run(progress=False)  # type: ignore[arg-type]
    return model.eval()


def answers(model: Transformer, words: Words, seeds: list[int]) -> dict[str, float]:
    """Job -> share of sentences whose answer is right to the last word."""
    right = dict.fromkeys(JOBS, 0)
    rows = examples(words, seeds)
    said = write(model, [row.inputs for row in rows])
    for index, (row, answer) in enumerate(zip(rows, said, strict=True)):
        right[JOBS[index % len(JOBS)]] += answer == row.target
    return {job: count / len(seeds) for job, count in right.items()}


def unseen(seeds: range, trained_on: range) -> list[int]:
    """The seeds whose English sentence is not among those of training."""
    known = {tuple(draw_jobs(seed)[JOBS[0]][0]) for seed in trained_on}
    return [s for s in seeds if tuple(draw_jobs(s)[JOBS[0]][0]) not in known]
