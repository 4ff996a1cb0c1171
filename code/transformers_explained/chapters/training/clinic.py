"""The patients of the clinic: five small trainings, each with a hole for one function.

The chapter fills the hole with a function that is ill, then the reader with one that is
not, and the same patient shows what has changed. Each takes less than two seconds.
"""

import random
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.data.number_words import in_words
from transformers_explained.layers import EncoderLayer
from transformers_explained.tasks.translation import Vocabulary
from transformers_explained.training import set_seed

Update = Callable[[torch.optim.Optimizer, Tensor], object]
LossOf = Callable[[Tensor, Tensor], Tensor]
Allowed = Callable[[int], Tensor]
Order = Callable[[int], Sequence[int]]
Predict = Callable[[nn.Module, Tensor], Tensor]


def next_digit(update: Update, steps: int = 60) -> list[float]:
    """Learn which digit comes three after a digit; the loss at each step.

    Args:
        update: (optimizer, loss) -> one change of the weights.
    """
    set_seed(0)
    model = nn.Sequential(nn.Embedding(10, 16), nn.Linear(16, 10))
    nn.init.zeros_(model[1].weight)  # type: ignore[arg-type]
    nn.init.zeros_(model[1].bias)  # type: ignore[arg-type]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    digits, losses = torch.arange(10), []
    for _ in range(steps):
        loss = F.cross_entropy(model(digits), (digits + 3) % 10)
        update(optimizer, loss)
        losses.append(loss.item())
    return losses


def odd_or_even(order: Order, epochs: int = 1) -> tuple[list[int], list[int]]:
    """Learn whether a number in words is odd, from 512 numbers whose even ones come
    first; how often each answer is given, and would be right, on 128 others.

    Args:
        order: number of examples -> their order in the next epoch.
    """
    numbers = random.Random(0).sample(range(1000), 640)
    train, test = sorted(numbers[:512], key=lambda n: n % 2), numbers[512:]
    vocabulary = Vocabulary.of(in_words(n).english for n in train)
    set_seed(0)
    words, output = nn.EmbeddingBag(len(vocabulary), 16, mode="sum"), nn.Linear(16, 2)
    model = nn.Sequential(words, output)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)

    def scores(part: Sequence[int]) -> Tensor:
        texts = [vocabulary.encode(in_words(n).english) for n in part]
        starts = torch.tensor([0, *map(len, texts[:-1])]).cumsum(0)
        ids = [word for text in texts for word in text]
        found: Tensor = output(words(torch.tensor(ids), starts))
        return found

    for _ in range(epochs):
        rows = list(order(len(train)))
        for start in range(0, len(rows), 16):
            part = [train[row] for row in rows[start : start + 16]]
            loss = F.cross_entropy(scores(part), torch.tensor([n % 2 for n in part]))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.no_grad():
        given = scores(test).argmax(dim=-1)
    right = torch.tensor([n % 2 for n in test])
    return given.bincount(minlength=2).tolist(), right.bincount(minlength=2).tolist()


def raw_numbers(loss_of: LossOf, steps: int = 3) -> list[float]:
    """Learn whether a number is odd from the number itself, up to 99,999, not scaled.

    Args:
        loss_of: scores (B, 2) and right classes (B,) -> the mean loss.
    """
    set_seed(0)
    model, losses = nn.Linear(1, 2), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    numbers = torch.randint(100_000, (32, 1))
    for _ in range(steps):
        loss = loss_of(model(numbers.float()), numbers[:, 0] % 2)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return losses


def coins(allowed: Allowed, steps: int = 150, tosses: int = 12) -> float:
    """Learn to predict the next toss of a fair coin; the mean of the last ten losses.

    Args:
        allowed: length T -> (T, T) mask, True where a position may look.
    """
    set_seed(0)
    embedding, positions = nn.Embedding(2, 16), nn.Embedding(tosses, 16)
    layer = EncoderLayer(16, 2, 32, dropout=0.0, norm="pre")
    output = nn.Linear(16, 2)
    model = nn.ModuleList([embedding, positions, layer, output])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        thrown = torch.randint(2, (64, tosses + 1))
        x, _weights = layer(
            embedding(thrown[:, :-1]) + positions.weight, allowed(tosses)
        )
        loss = F.cross_entropy(output(x).flatten(0, 1), thrown[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return sum(losses[-10:]) / 10


def two_calls(predict: Predict) -> float:
    """The largest difference between two answers to the same question.

    Args:
        predict: model, inputs (B, 4) -> probabilities (B, 3).
    """
    set_seed(0)
    model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.3))
    model.append(nn.Linear(32, 3))
    inputs = torch.randn(5, 4)
    first, second = (predict(model, inputs).detach() for _ in range(2))
    return (first - second).abs().max().item()
