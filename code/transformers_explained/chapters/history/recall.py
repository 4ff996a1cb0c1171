"""The test of memory of the chapter `history`: say the first symbol of a sequence.

Four readers of nearly the same number of parameters learn it from random sequences.
Axes: B batch, T position.
"""

import torch
from torch import Tensor, nn

from transformers_explained.attention import MultiHeadAttention
from transformers_explained.positions import SinusoidalPositions
from transformers_explained.training import set_seed

__all__ = ["DISTANCES", "KINDS", "SYMBOLS", "Recaller", "recall_after_training"]

SYMBOLS = 8
KINDS = ("rnn", "lstm", "lstm-remembering", "attention")
DISTANCES = (10, 20, 40, 80)


class Recaller(nn.Module):
    """Read symbols, answer from the last position."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        sizes = {"rnn": (32, 66), "attention": (40, 40)}
        width, hidden = sizes.get(kind, (32, 28))
        self.embedding = nn.Embedding(SYMBOLS, width)
        self.reader: nn.Module
        if kind == "attention":
            self.positions = SinusoidalPositions(width, max(DISTANCES))
            self.reader = MultiHeadAttention(width, 1)
        elif kind == "rnn":
            self.reader = nn.RNN(width, hidden, batch_first=True)
        else:
            lstm = nn.LSTM(width, hidden, batch_first=True)
            if kind == "lstm-remembering":
                forget = slice(hidden, 2 * hidden)  # its rows, of i, f, g, o
                lstm.state_dict()["bias_hh_l0"][forget] = 5.0
            self.reader = lstm
        self.answer = nn.Linear(hidden, SYMBOLS)

    def forward(self, symbols: Tensor) -> Tensor:  # (B, T) -> (B, SYMBOLS)
        x = self.embedding(symbols)
        if self.kind == "attention":
            x = self.positions(x)
        outputs, _ = self.reader(x)
        answer: Tensor = self.answer(outputs[:, -1])
        return answer


def recall_after_training(
    kind: str, distance: int, seed: int = 0, steps: int = 300
) -> float:
    """Train on random sequences; the accuracy on 2,000 new ones."""
    set_seed(seed)
    model = Recaller(kind)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(steps):
        symbols = torch.randint(SYMBOLS, (64, distance))
        scores = model(symbols)
        loss = nn.functional.cross_entropy(scores, symbols[:, 0])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    with torch.no_grad():
        symbols = torch.randint(SYMBOLS, (2000, distance))
        right = model(symbols).argmax(-1) == symbols[:, 0]
    return float(right.float().mean())
