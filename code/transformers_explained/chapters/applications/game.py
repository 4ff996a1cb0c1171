"""A game: a model that only sees the moves of tic-tac-toe.

A move is a cell, 0 to 8, in reading order; X begins, the two take turns, and nothing
says what a line is or that a cell may be taken once. A game is a START, its moves, and
an END as soon as three in a line or nine moves end it. The games are played at random:
each empty cell is as likely as another.

Fixed before the first run: the games, drawn with seed 1, each once; those whose digest
begins below 26 of 256 are the test, and no model learns from them. Models learn from
the first 10,000 of the others, with seeds 1 to 5 and 500 updates of 64 games, at a rate
of 0.003. Two measures: how long a model plays, its own moves drawn from its own
probabilities, until it breaks a rule (a taken cell, a move after the end, an end before
it); and the probability that it gives to what breaks a rule, move by move, along test
games.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from transformers_explained.chapters.applications.learning import learn
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.training import cross_entropy, set_seed

SEEDS = (1, 2, 3, 4, 5)
SIZES = (10_000,)
DRAWN = 15_000
UPDATES, BATCH, RATE = 500, 64, 3e-3
PLAYED, ASKED = 500, 200  # games played, test games read
START, END, PAD = 9, 10, 11
LONGEST = 11  # START, nine moves, END
LINES = (
    *((0, 1, 2), (3, 4, 5), (6, 7, 8)),
    *((0, 3, 6), (1, 4, 7), (2, 5, 8)),
    *((0, 4, 8), (2, 4, 6)),
)

Game = tuple[int, ...]
NextMove = Callable[[list[Game]], Tensor]  # beginnings of one length -> (B, 11)


def is_over(moves: Sequence[int]) -> bool:
    """Whether the last move made three in a line, or the board is full."""
    last = set(moves[-1::-2])  # the cells of whoever moved last
    return len(moves) == 9 or any(last.issuperset(line) for line in LINES)


def legal(moves: Sequence[int]) -> set[int]:
    """What may come next: empty cells, or END alone once the game is over."""
    return {END} if is_over(moves) else set(range(9)) - set(moves)


def random_game(draw: random.Random) -> Game:
    """Each legal move is as likely as another."""
    moves: list[int] = []
    while not is_over(moves):
        moves.append(draw.choice(sorted(legal(moves))))
    return tuple(moves)


def is_test(game: Game) -> bool:
    """Whether a game is kept for the test, by its digest."""
    return hashlib.sha256(bytes(game)).digest()[0] < 26


@cache
def games(split: str) -> tuple[Game, ...]:
    """Different games, "train" or "test"."""
    draw = random.Random(1)
    drawn = dict.fromkeys(random_game(draw) for _ in range(DRAWN))
    return tuple(game for game in drawn if is_test(game) == (split == "test"))


def as_ids(some: Sequence[Game]) -> Tensor:
    """(B, 11) ids: START, moves, END, padding."""
    rows = [[START, *game, END] for game in some]
    return torch.tensor([row + [PAD] * (LONGEST - len(row)) for row in rows])


def build(seed: int) -> LanguageModel:
    """A new model of two layers."""
    set_seed(seed)
    return LanguageModel(
        LanguageModelConfig(
            vocab_size=12,
            d_model=64,
            num_heads=4,
            num_layers=2,
            d_ff=128,
            max_len=LONGEST,
            dropout=0.0,
        )
    )


def train(seed: int, some: Sequence[Game], updates: int = UPDATES) -> LanguageModel:
    """The same number of updates, however many games there are."""
    ids = as_ids(some)

    def loss(model: Any, rows: Tensor) -> tuple[Tensor, int]:
        logits, _ = model(ids[rows, :-1])
        return cross_entropy(logits, ids[rows, 1:], ignore_id=PAD)

    return learn(
        build(seed),
        loss,
        examples=len(some),
        updates=updates,
        batch_size=BATCH,
        rate=RATE,
        warmup_steps=50,
        seed=seed,
    )


def from_model(model: LanguageModel) -> NextMove:
    """The next move by a model; START and padding are never drawn."""

    @torch.no_grad()
    def probabilities(beginnings: list[Game]) -> Tensor:
        ids = torch.tensor([[START, *moves] for moves in beginnings])
        logits = model(ids)[0][:, -1, : END + 1]  # (B, 11)
        logits[:, START] = -torch.inf
        found: Tensor = logits.softmax(dim=-1)
        return found

    return probabilities


def from_counts(some: Sequence[Game], context: int = LONGEST) -> NextMove:
    """The next move by counting: what followed the longest end of the game so far
    that occurs in the training games, at most `context` moves long."""
    seen: dict[Game, Counter[int]] = {}
    for game in some:
        whole = (START, *game, END)
        for at in range(1, len(whole)):
            for first in range(max(0, at - context), at + 1):
                seen.setdefault(whole[first:at], Counter())[whole[at]] += 1

    def probabilities(beginnings: list[Game]) -> Tensor:
        rows = torch.zeros(len(beginnings), END + 1)
        for row, moves in zip(rows, beginnings, strict=True):
            whole = (START, *moves)
            first = max(0, len(whole) - context)
            while whole[first:] not in seen:
                first += 1
            for move, count in seen[whole[first:]].items():
                row[move] = count
        return rows / rows.sum(dim=-1, keepdim=True)

    return probabilities


def chance(beginnings: list[Game]) -> Tensor:
    """Any cell or END, all as likely."""
    row = torch.full((END + 1,), 0.1)
    row[START] = 0
    return row.expand(len(beginnings), -1)


def play(next_move: NextMove, number: int, seed: int) -> list[tuple[Game, bool]]:
    """Games that a model plays alone: the moves before its first break of a rule, or
    before a rightful END; and whether it broke none."""
    generator = torch.Generator().manual_seed(seed)
    going: list[Game] = [()] * number
    ended: list[tuple[Game, bool]] = []
    while going:
        drawn = torch.multinomial(next_move(going), 1, generator=generator)[:, 0]
        further: list[Game] = []
        for moves, move in zip(going, drawn.tolist(), strict=True):
            if move not in legal(moves):
                ended.append((moves, False))
            elif move == END:
                ended.append((moves, True))
            else:
                further.append((*moves, move))
        going = further
    return ended


def broken(next_move: NextMove, some: Sequence[Game]) -> list[float]:
    """The mean probability of what breaks a rule after 0, 1, ... 9 moves."""
    found = []
    for length in range(10):
        beginnings = [game[:length] for game in some if len(game) >= length]
        rows = next_move(beginnings).clone()
        for row, moves in zip(rows, beginnings, strict=True):
            row[list(legal(moves))] = 0
        found.append(rows.sum(dim=-1).mean().item())
    return found


def examined(next_move: NextMove, seed: int) -> dict[str, Any]:
    """All that is recorded of one player."""
    played = play(next_move, PLAYED, seed)
    return {
        "whole": sum(fine for _, fine in played) / len(played),
        "length": sum(len(moves) for moves, _ in played) / len(played),
        "lasting": [
            sum(len(moves) >= n for moves, _ in played) / len(played)
            for n in range(1, 10)
        ],
        "broken": broken(next_move, games("test")[:ASKED]),
    }


def boards(some: Sequence[Game], *, by_turn: bool = False) -> Tensor:
    """What stands in each cell after each move, (moves in all, 9): 0 empty, 1 the cells
    of X, 2 those of O; if `by_turn`, 1 those of whoever has just moved, 2 the other's.
    """
    rows = []
    for game in some:
        board = [0] * 9
        for turn, move in enumerate(game):
            board[move] = 1 + turn % 2
            swap = by_turn and turn % 2 == 1
            rows.append([3 - cell if swap and cell else cell for cell in board])
    return torch.tensor(rows)


@torch.no_grad()
def states(model: LanguageModel, some: Sequence[Game]) -> Tensor:
    """The vector above the first of the two layers at each move, (moves in all, D)."""
    kept: list[Tensor] = []
    first: Any = model.decoder.layers[0]
    hook = first.register_forward_hook(lambda *a: kept.append(a[2][0]))
    ids = as_ids(some)
    model(ids[:, :-1])
    hook.remove()
    return kept[0][:, 1:][ids[:, 1:-1] < START]  # those behind START


def probe(model: LanguageModel, *, by_turn: bool) -> float:
    """The share of cells that a linear probe reads rightly from the vectors, on test
    games; one logistic regression per cell, fitted on 300 training games."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known, ask = games("train")[:300], games("test")[:ASKED]
    x, x_test = states(model, known).numpy(), states(model, ask).numpy()
    y, y_test = (boards(some, by_turn=by_turn).numpy() for some in (known, ask))
    reader = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000))
    shares: list[float] = [
        reader.fit(x, y[:, cell]).score(x_test, y_test[:, cell]) for cell in range(9)
    ]
    return sum(shares) / len(shares)


def measure(seeds: Sequence[int] = SEEDS) -> dict[str, Any]:
    """Everything: player -> one row for each seed."""
    runs: dict[str, list[Any]] = {"chance": [examined(chance, s) for s in seeds]}
    probes: dict[str, list[float]] = {}
    for size in SIZES:
        some = games("train")[:size]
        for name, context in (("last-move", 1), ("counts", LONGEST)):
            player = from_counts(some, context)
            runs[f"{name}/{size}"] = [examined(player, seed) for seed in seeds]
        runs[f"model/{size}"] = []
        for seed in seeds:
            model = train(seed, some)
            runs[f"model/{size}"].append(examined(from_model(model), seed))
            if size != SIZES[-1]:
                continue
            for name, asked in (("trained", model), ("new", build(seed))):
                for by_turn in (False, True):
                    key = f"{name}/{'turn' if by_turn else 'colour'}"
                    probes.setdefault(key, []).append(probe(asked, by_turn=by_turn))
        print(size, [row["whole"] for row in runs[f"model/{size}"]], flush=True)
        print("   counts", [row["whole"] for row in runs[f"counts/{size}"]], flush=True)
    print(probes, flush=True)
    empty = (boards(games("test")[:ASKED]) == 0).double().mean().item()
    return {"probes": probes, "empty": empty, "runs": runs}
