"""The chapter's task of three questions with ten seeds.

`python -m transformers_explained.chapters.multi_head.seeds` trains 30 small models, on
one thread in about three minutes, and writes `seeds.json`, which the page reads:

- `accuracy`: number of heads -> question -> one accuracy per seed;
- `damage`: one list per seed, of four heads: the share of right answers lost to each of
  the three questions when that head is silenced.

The page trains seed 0 before the reader's eyes and compares.
"""

import copy
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.attention import MultiHeadAttention
from transformers_explained.positions import LearnedPositions
from transformers_explained.training import set_seed

SEEDS = range(10)
QUESTIONS = ("previous", "second", "first")
WORDS, LENGTH, WIDTH = 10, 12, 32
RESULTS = files(__package__) / "seeds.json"


def recorded() -> dict[str, Any]:
    """What the last run has written."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return results


class ThreeAnswers(nn.Module):
    """One attention layer that answers three questions at each position."""

    def __init__(self, num_heads: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, WIDTH)
        self.positions = LearnedPositions(WIDTH, LENGTH)
        self.attention = MultiHeadAttention(WIDTH, num_heads)
        self.answers = nn.Linear(WIDTH, 3 * WORDS)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) ids -> (B, T - 2, 3, words): two positions have no answer."""
        x, _ = self.attention(self.positions(self.embedding(ids)))
        B, T, _ = x.shape
        scores: Tensor = self.answers(x).view(B, T, 3, WORDS)
        return scores[:, 2:]


def right_answers(ids: Tensor) -> Tensor:
    """The word before, the one before that and the first: (B, T) -> (B, T - 2, 3)."""
    first = ids[:, :1].expand(-1, LENGTH - 2)
    return torch.stack([ids[:, 1:-1], ids[:, :-2], first], dim=-1)


def train_answers(num_heads: int, seed: int, steps: int = 600) -> ThreeAnswers:
    """A model trained on strings drawn as it goes."""
    set_seed(seed)
    model = ThreeAnswers(num_heads)
    adam = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        ids = torch.randint(WORDS, (64, LENGTH))
        targets = right_answers(ids).flatten()
        loss = F.cross_entropy(model(ids).flatten(0, 2), targets)
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    return model.eval()


@torch.no_grad()
def accuracy_by_question(model: ThreeAnswers, ids: Tensor) -> Tensor:
    """The share of right answers to each question: (3,)."""
    answers: Tensor = model(ids).argmax(-1)
    return (answers == right_answers(ids)).float().mean(dim=(0, 1))


@torch.no_grad()
def without_head(model: ThreeAnswers, head: int) -> ThreeAnswers:
    """A copy whose head is silenced: the columns of W_O that read it are 0."""
    silenced = copy.deepcopy(model)
    D = silenced.attention.head_dim
    silenced.attention.out_proj.weight[:, head * D : (head + 1) * D] = 0.0
    return silenced


def run() -> dict[str, Any]:
    """Train and measure everything."""
    torch.set_num_threads(1)
    set_seed(99)
    ids = torch.randint(WORDS, (500, LENGTH))
    accuracy: dict[str, dict[str, list[float]]] = {}
    damage = []
    for num_heads in (1, 2, 4):
        found = []
        for seed in SEEDS:
            model = train_answers(num_heads, seed)
            found.append(accuracy_by_question(model, ids))
            if num_heads == 4:
                silenced = [
                    accuracy_by_question(without_head(model, h), ids) for h in range(4)
                ]
                lost = found[-1] - torch.stack(silenced)  # (H, questions)
                damage.append([[round(x, 4) for x in row] for row in lost.tolist()])
        columns = torch.stack(found).T.tolist()
        accuracy[str(num_heads)] = {
            question: [round(x, 4) for x in column]
            for question, column in zip(QUESTIONS, columns, strict=True)
        }
    return {"accuracy": accuracy, "damage": damage}


def main() -> None:
    """Run everything and write the result beside this file."""
    path = Path(__file__).with_name("seeds.json")
    path.write_text(json.dumps(run(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
