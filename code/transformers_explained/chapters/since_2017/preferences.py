"""Learning from preferences: a model that writes sentences of the grammar, and a judge
who likes the shorter one of two.

The loss is that of DPO (Rafailov et al. 2023, equation 7).
"""

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from transformers_explained.chapters.since_2017 import small_grammar as sg
from transformers_explained.language_model import LanguageModel

PAIRS, BATCH, EPOCHS, RATE = 512, 64, 4, 3e-4
JUDGED = 500  # sentences that are written to measure


def log_probability(model: LanguageModel, sentences: Sequence[Sequence[int]]) -> Tensor:
    """Of each sentence, all its words together, (N,)."""
    longest = max(len(sentence) for sentence in sentences)
    ids = torch.full((len(sentences), longest), -1)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence)] = torch.tensor(sentence)
    real = ids >= 0
    ids = ids.clamp(min=0)
    scores = model(sg.begun(ids)[:, :-1])[0]  # (N, T, V)
    words = scores.log_softmax(dim=-1).gather(-1, ids[..., None])[..., 0]
    total: Tensor = (words * real).sum(dim=1)
    return total


def dpo_loss(
    better: Tensor,  # (N,) log probabilities of the sentences preferred
    worse: Tensor,  # (N,) and of the others
    better_before: Tensor,  # the same, by the model as it was
    worse_before: Tensor,
    beta: float,
) -> Tensor:
    """-log σ(β · (how much more the preferred one gained than the other)), its mean."""
    gained = (better - better_before) - (worse - worse_before)
    return -F.logsigmoid(beta * gained).mean()


def pairs(
    model: LanguageModel, count: int, generator: torch.Generator
) -> tuple[list[list[int]], list[list[int]]]:
    """What the judge preferred, and what not: pairs of sentences that the model wrote.
    Of two that are equally long, neither is preferred."""
    better: list[list[int]] = []
    worse: list[list[int]] = []
    while len(better) < count:
        written = sg.write(lambda ids: model(ids)[0], 512, generator)
        for one, other in zip(written[::2], written[1::2], strict=True):
            if len(one) != len(other):
                better.append(min(one, other, key=len))
                worse.append(max(one, other, key=len))
    return better[:count], worse[:count]


def tune(model: LanguageModel, beta: float, seed: int) -> LanguageModel:
    """A copy of the model that has learned from the judge's choices."""
    model = model.eval()
    generator = torch.Generator().manual_seed(seed)
    better, worse = pairs(model, PAIRS, generator)
    with torch.no_grad():
        before = [log_probability(model, side) for side in (better, worse)]
    tuned = copy.deepcopy(model)
    optimizer = torch.optim.Adam(tuned.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        order = torch.randperm(PAIRS, generator=generator)
        for rows in torch.split(order, BATCH):
            loss = dpo_loss(
                log_probability(tuned, [better[i] for i in rows]),
                log_probability(tuned, [worse[i] for i in rows]),
                before[0][rows],
                before[1][rows],
                beta,
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return tuned


def measure(model: LanguageModel, seed: int = 99) -> dict[str, float]:
    """What the model writes: how long, how much of it is allowed, how varied."""
    generator = torch.Generator().manual_seed(seed)
    written = sg.write(lambda ids: model(ids)[0], JUDGED, generator)
    return {
        "length": sum(len(sentence) for sentence in written) / JUDGED,
        "allowed": sum(sg.allowed(sentence) for sentence in written) / JUDGED,
        "different": len({tuple(sentence) for sentence in written}) / JUDGED,
    }
