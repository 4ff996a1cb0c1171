"""The model of the page: that of "Predicting the next word", narrow enough to be read.

Same grammar, same kind of layers, same loop; a width of 16 in place of 64, so that each
vector fits on a line. Sizes, steps and rate were written down before the first run.

Axes: B rows, T positions, V vocabulary.
"""

import math
import random
from collections import defaultdict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.data.grammar import END, Grammar
from transformers_explained.language_model import LanguageModel, LanguageModelConfig

__all__ = ["above_the_floor", "tiny_model", "to_words", "train"]

STEPS, WARMUP, RATE = 1000, 100, 3e-3
ROWS, LENGTH = 16, 64  # words in a step: 1,024
TEST_SENTENCES, TEST_SEED = 2000, 1_000_003


def to_words(text: str) -> list[str]:
    """Cut a sentence of the grammar into its words; the full stop is one."""
    return text.lower().replace(END, f" {END}").split()


def tiny_model(vocab_size: int, seed: int = 0) -> LanguageModel:
    """Two layers of width 16, two heads of width 8."""
    torch.manual_seed(seed)
    return LanguageModel(
        LanguageModelConfig(
            vocab_size=vocab_size,
            d_model=16,
            num_heads=2,
            num_layers=2,
            d_ff=32,
            max_len=LENGTH,
            dropout=0.0,
        )
    )


def train(model: LanguageModel, grammar: Grammar, seed: int = 0) -> list[float]:
    """Train on fresh sentences, and return the loss of each step, before its update."""
    generator = random.Random(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    losses = []
    for step in range(1, STEPS + 1):
        rate = RATE * min(step / WARMUP, 0.5 * (1 + math.cos(math.pi * step / STEPS)))
        optimizer.param_groups[0]["lr"] = rate
        rows = draw_rows(grammar, generator)
        scores, _ = model(rows[:, :-1])
        loss = F.cross_entropy(scores.flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    return losses


def draw_rows(grammar: Grammar, generator: random.Random) -> Tensor:
    """Sentences one behind the other, each row cut at its end: (ROWS, LENGTH + 1).

    A row begins with a full stop, so that its first word is predicted, too.
    """
    number_of = {word: number for number, word in enumerate(grammar.words)}
    drawn = []
    for _ in range(ROWS):
        row = [END]
        while len(row) <= LENGTH:
            row += grammar.sample(generator)[0]
        drawn.append([number_of[word] for word in row[: LENGTH + 1]])
    return torch.tensor(drawn)


@torch.no_grad()
def above_the_floor(model: LanguageModel, grammar: Grammar) -> float:
    """Mean loss on sentences never drawn before, in nats a word, less what these very
    sentences cost the grammar, which knows all the chances."""
    number_of = {word: number for number, word in enumerate(grammar.words)}
    generator = random.Random(TEST_SEED)
    drawn = [grammar.sample(generator) for _ in range(TEST_SENTENCES)]
    by_length: defaultdict[int, list[list[int]]] = defaultdict(list)
    for words, _ in drawn:
        row = [number_of[word] for word in (END, *words)]
        by_length[len(row)].append(row)
    total = 0.0
    for group in by_length.values():
        rows = torch.tensor(group)
        scores = model(rows[:, :-1])[0].flatten(0, 1)
        total += F.cross_entropy(scores, rows[:, 1:].flatten(), reduction="sum").item()
    own = sum(log_probability for _, log_probability in drawn)
    return (total + own) / sum(len(words) for words, _ in drawn)
