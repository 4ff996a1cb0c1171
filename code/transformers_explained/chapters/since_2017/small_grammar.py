"""Sentences of the book's grammar for the experiments of this chapter."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from transformers_explained.data.grammar import END, grammar_of

GRAMMAR = grammar_of("fr")
WORDS = GRAMMAR.words
IDS = {word: number for number, word in enumerate(WORDS)}
END_ID = IDS[END]
LENGTH = 64  # of a row of training
TEST_SENTENCES, TEST_SEED = 2000, 1_000_003

Scores = Callable[[Tensor], Tensor]  # ids (B, T) -> scores (B, T, V)


def rows(generator: random.Random, count: int) -> Tensor:
    """Fresh sentences one behind the other: (count, LENGTH + 1).

    A row begins with a full stop, so that its first word is predicted, too.
    """
    drawn = []
    for _ in range(count):
        row = [END_ID]
        while len(row) <= LENGTH:
            row += [IDS[word] for word in GRAMMAR.sample(generator)[0]]
        drawn.append(row[: LENGTH + 1])
    return torch.tensor(drawn)


def allowed(sentence: Sequence[int]) -> bool:
    """Whether the grammar can draw this sentence, its full stop included."""
    try:
        GRAMMAR.next_word([WORDS[number] for number in sentence])
    except ValueError:
        return False
    return bool(sentence) and sentence[-1] == END_ID


@torch.no_grad()
def above_the_floor(scores: Scores) -> float:
    """Mean loss on fresh sentences, in nats a word, less what they cost the grammar."""
    generator = random.Random(TEST_SEED)
    drawn = [GRAMMAR.sample(generator) for _ in range(TEST_SENTENCES)]
    by_length: defaultdict[int, list[list[int]]] = defaultdict(list)
    for sentence, _ in drawn:
        by_length[len(sentence)].append([IDS[word] for word in sentence])
    total = 0.0
    for group in by_length.values():
        targets = torch.tensor(group)
        found = scores(begun(targets)[:, :-1]).flatten(0, 1)
        total += F.cross_entropy(found, targets.flatten(), reduction="sum").item()
    words = sum(len(sentence) for sentence, _ in drawn)
    return (total + sum(log_probability for _, log_probability in drawn)) / words


def begun(sentences: Tensor) -> Tensor:
    """The same sentences behind the full stop that comes before: (N, T + 1)."""
    return F.pad(sentences, (1, 0), value=END_ID)


@torch.no_grad()
def write(scores: Scores, count: int, generator: torch.Generator) -> list[list[int]]:
    """Sentences drawn from a model, word by word, each up to its full stop; one that
    has none after LENGTH - 1 words is cut there."""
    ids = torch.full((count, 1), END_ID)
    done = torch.zeros(count, dtype=torch.bool)
    while ids.shape[1] < LENGTH and not bool(done.all()):
        chances = scores(ids)[:, -1].softmax(dim=-1)
        new = torch.multinomial(chances, 1, generator=generator)
        ids = torch.cat([ids, new], dim=1)
        done |= new[:, 0] == END_ID
    written = []
    for row in ids[:, 1:].tolist():
        end = row.index(END_ID) + 1 if END_ID in row else len(row)
        written.append(row[:end])
    return written
