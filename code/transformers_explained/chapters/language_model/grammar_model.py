"""Small language models of the grammar: how they are trained, and what is measured.

Sizes, steps and rate were written down before the first run. Sentences are fresh: none
is drawn from a stored set. Axes: B rows, T positions, V vocabulary.
"""

import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.data.grammar import (
    END,
    Agreement,
    Grammar,
    agreement_cases,
    grammar_of,
)
from transformers_explained.data.reviews import Language
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.training import set_seed

__all__ = [
    "LEAK_STEPS",
    "LENGTH",
    "RATE",
    "ROWS",
    "STEPS",
    "GrammarWords",
    "RecurrentModel",
    "Scores",
    "agreement",
    "causal",
    "draw_rows",
    "fresh_sentences",
    "sentence_loss",
    "small_model",
    "train",
    "unmasked",
]

STEPS, LEAK_STEPS = 1000, 200
ROWS, LENGTH = 16, 64  # words in a step: 1,024
RATE, WARMUP = 3e-3, 100
TEST_SENTENCES, TEST_SEED = 4000, 1_000_003
AGREEMENT_DRAWS = 200

Scores = Callable[[Tensor], Tensor]  # ids (B, T) -> scores (B, T, V)


class GrammarWords:
    """The words of a grammar and their numbers.

    Args:
        language: "fr" or "en".
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.grammar: Grammar = grammar_of(language)
        self.words = self.grammar.words
        self.ids = {word: number for number, word in enumerate(self.words)}
        self.end_id = self.ids[END]

    def encode(self, words: Sequence[str]) -> list[int]:
        """The numbers of the words."""
        return [self.ids[word] for word in words]

    def decode(self, ids: Sequence[int]) -> list[str]:
        """The words of the numbers."""
        return [self.words[number] for number in ids]

    def allows(self, sentence: Sequence[str]) -> bool:
        """Whether the grammar can draw this sentence, its full stop included."""
        try:
            self.grammar.next_word(sentence)
        except ValueError:
            return False
        return bool(sentence) and sentence[-1] == END


def small_model(vocab_size: int, seed: int = 0) -> LanguageModel:
    """Two layers of width 64: about 107,000 parameters."""
    set_seed(seed)
    return LanguageModel(
        LanguageModelConfig(
            vocab_size=vocab_size,
            d_model=64,
            num_heads=4,
            num_layers=2,
            d_ff=256,
            max_len=LENGTH,
            dropout=0.0,
        )
    )


class RecurrentModel(nn.Module):
    """An LSTM that predicts the next word, with as many parameters.

    Args:
        vocab_size: number of words.
        width: of the embedding and of the state.
    """

    def __init__(self, vocab_size: int, width: int = 110) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, width)
        self.reader = nn.LSTM(width, width, batch_first=True)
        self.output = nn.Linear(width, vocab_size, bias=False)

    def forward(self, ids: Tensor) -> Tensor:  # (B, T) -> (B, T, V)
        states, _ = self.reader(self.tokens(ids))
        scores: Tensor = self.output(states)
        return scores


def causal(model: LanguageModel) -> Scores:
    """The model as it is: each position sees what stands before it."""
    return lambda ids: model(ids)[0]


def unmasked(model: LanguageModel) -> Scores:
    """The same model without its causal mask: each position sees all others."""

    def scores(ids: Tensor) -> Tensor:
        x = model.tokens(ids)
        if model.positions is not None:
            x = model.positions(x)
        x, _ = model.decoder(x, mask=None)
        found: Tensor = model.output(x)
        return found

    return scores


def draw_rows(
    words: GrammarWords,
    generator: random.Random,
    rows: int = ROWS,
    length: int = LENGTH,
) -> Tensor:
    """Fresh sentences one behind the other, each row cut at its end: (B, length + 1).

    A row begins with a full stop, so that its first word is predicted, too.
    """
    drawn = []
    for _ in range(rows):
        row = [words.end_id]
        while len(row) <= length:
            row += words.encode(words.grammar.sample(generator)[0])
        drawn.append(row[: length + 1])
    return torch.tensor(drawn)


def train(
    scores: Scores,
    parameters: Sequence[nn.Parameter],
    words: GrammarWords,
    *,
    seed: int = 0,
    steps: int = STEPS,
) -> list[float]:
    """Train on fresh rows, and return the loss of each step, before its update."""
    generator = random.Random(seed)
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    losses = []
    for step in range(1, steps + 1):
        rate = RATE * min(step / WARMUP, 0.5 * (1 + math.cos(math.pi * step / STEPS)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        rows = draw_rows(words, generator)
        inputs, targets = rows[:, :-1], rows[:, 1:]  # shifted by one
        loss = F.cross_entropy(scores(inputs).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def fresh_sentences(
    words: GrammarWords, count: int = TEST_SENTENCES
) -> tuple[list[list[int]], float]:
    """Sentences to measure on, and what they cost the grammar itself, in nats a word.

    Whoever knows all the chances still pays that much on these very sentences; it is
    near the entropy, and compares more sharply.
    """
    generator = random.Random(TEST_SEED)
    drawn = [words.grammar.sample(generator) for _ in range(count)]
    length = sum(len(sentence) for sentence, _ in drawn)
    own = -sum(log_probability for _, log_probability in drawn) / length
    return [words.encode(sentence) for sentence, _ in drawn], own


@torch.no_grad()
def sentence_loss(
    scores: Scores, words: GrammarWords, sentences: Sequence[Sequence[int]]
) -> float:
    """Mean loss in nats a word over whole sentences, each alone in its row."""
    by_length: defaultdict[int, list[Sequence[int]]] = defaultdict(list)
    for sentence in sentences:
        by_length[len(sentence)].append(sentence)
    total = 0.0
    for group in by_length.values():
        targets = torch.tensor(group)
        start = torch.full((len(group), 1), words.end_id)
        inputs = torch.cat([start, targets[:, :-1]], dim=1)
        found = scores(inputs).flatten(0, 1)
        total += F.cross_entropy(found, targets.flatten(), reduction="sum").item()
    return total / sum(len(sentence) for sentence in sentences)


def agreement(
    scores: Scores, words: GrammarWords, *, draws: int = AGREEMENT_DRAWS, seed: int = 7
) -> list[float]:
    """How often the verb's right number is likelier than the wrong one, by the number
    of distractors, 0 to 2: 2 · `draws` cases each."""
    generator = random.Random(seed)
    cases = [
        c for _ in range(draws) for c in agreement_cases(words.language, generator)
    ]
    right = [0, 0, 0]
    for case in cases:
        right[case.distractors] += prefers_right(scores, words, case)
    return [count / (2 * draws) for count in right]


@torch.no_grad()
def prefers_right(scores: Scores, words: GrammarWords, case: Agreement) -> bool:
    """Whether the verbs that agree are together likelier than those that do not."""
    ids = torch.tensor([[words.end_id, *words.encode(case.prefix)]])
    chances = scores(ids)[0, -1].softmax(dim=-1)
    right = chances[words.encode(case.right)].sum()
    wrong = chances[words.encode(case.wrong)].sum()
    return bool(right > wrong)
