"""The chapter's two experiments with other seeds, starts and widths.

`python -m transformers_explained.chapters.encoder.seeds` runs them again, on one thread
in about ten minutes, and writes `seeds.json`, which the page reads:

- `depth`: 24 layers that nobody has trained. For each start and each kind of layer,
  five seeds: powers of ten between the gradient at the first layer and at the last,
  and how alike two words of a sentence are after 12 and after 24 layers.
- `start and width`: the same likeness, forward only, with BERT's GELU.
- `ablation`: the task of the page, eight symbols to be written backwards, with five
  seeds: the mean loss of the last twenty steps of each variant.

The page runs seed 0 of both before the reader's eyes and compares.
"""

import json
import math
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.layers import EncoderLayer, LayerNorm
from transformers_explained.positions import SinusoidalPositions
from transformers_explained.training import set_seed

SEEDS = range(5)
KINDS = ("post", "pre", "no-residual", "bare")
ABLATIONS = ("post", "pre", "no-residual", "no-norm")
XAVIER = "xavier"
RESULTS = files(__package__) / "seeds.json"


def recorded() -> dict[str, Any]:
    """What the last run has written."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return results


def make_layer(
    kind: str, *, width: int = 32, start: float | None = None, gelu: bool = False
) -> EncoderLayer:
    """A layer started by Xavier's rule, or by normal numbers of deviation `start`."""
    layer = EncoderLayer(
        width,
        4,
        4 * width,
        dropout=0.0,
        norm="post" if kind == "post" else "pre",
        activation="gelu" if gelu else "relu",
    )
    if start is not None:
        for p in layer.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=start)
    return layer


def apply_layer(kind: str, layer: EncoderLayer, x: Tensor) -> Tensor:
    """A layer with or without its residual connections and normalizations."""
    output: Tensor
    if kind in ("post", "pre"):
        output = layer(x)[0]
    elif kind == "no-residual":
        attended = layer.attention(layer.norm1(x))[0]
        output = layer.feed_forward(layer.norm2(attended))
    elif kind == "no-norm":
        x = x + layer.attention(x)[0]
        output = x + layer.feed_forward(x)
    else:
        output = layer.feed_forward(layer.attention(x)[0])
    return output


def likeness(states: Tensor) -> float:
    """The mean cosine of two different words of a sentence: (B, T, D) -> a number."""
    # Bare layers shrink the states to 1e-87: without a tiny eps, 0 / 0.
    directions = F.normalize(states.detach(), dim=-1, eps=1e-300)
    T = directions.shape[1]
    cosines = directions @ directions.mT  # (B, T, T)
    return ((cosines.sum((1, 2)) - T) / (T * (T - 1))).mean().item()


def through_depth(
    kind: str, seed: int, start: float | None = None, depth: int = 24
) -> dict[str, float]:
    """The page's experiment at width 32, in double precision."""
    set_seed(seed)
    states = [torch.randn(4, 10, 32, dtype=torch.float64, requires_grad=True)]
    for _ in range(depth):
        layer = make_layer(kind, start=start).double()
        states.append(apply_layer(kind, layer, states[-1]))
    for state in states:
        state.retain_grad()
    last = F.layer_norm(states[-1], (32,))
    loss = (last * torch.randn_like(last)).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    norms = [state.grad.norm().item() for state in states if state.grad is not None]
    return {
        "orders": math.log10(norms[0] / norms[-2]),
        "alike-12": likeness(states[12]),
        "alike-24": likeness(states[24]),
    }


@torch.no_grad()
def forward_only(
    kind: str, seed: int, width: int, start: float | None
) -> dict[str, float]:
    """The same without gradients, with BERT's GELU, keeping one layer at a time."""
    set_seed(seed)
    x = torch.randn(4, 10, width)
    found = {}
    for index in range(1, 25):
        x, _ = make_layer(kind, width=width, start=start, gelu=True)(x)
        if index in (12, 24):
            found[f"alike-{index}"] = likeness(x.double())
    return found


class Reverser(nn.Module):
    """Eight layers of one kind that write a string of symbols backwards."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.embedding = nn.Embedding(10, 32)
        self.positions = SinusoidalPositions(32, 8)
        self.layers = [make_layer(kind) for _ in range(8)]
        self.registered = nn.ModuleList(self.layers)
        self.final_norm = LayerNorm(32)
        self.output = nn.Linear(32, 10)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) ids -> (B, T, 10) scores."""
        x: Tensor = self.positions(self.embedding(ids))
        for layer in self.layers:
            x = apply_layer(self.kind, layer, x)
        scores: Tensor = self.output(self.final_norm(x))
        return scores


def train_reverser(kind: str, seed: int, steps: int = 200) -> list[float]:
    """The losses of one training."""
    set_seed(seed)
    model, losses = Reverser(kind), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(steps):
        ids = torch.randint(10, (32, 8))
        loss = F.cross_entropy(model(ids).flatten(0, 1), ids.flip(1).flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return losses


def _by_seed(runs: list[dict[str, float]]) -> dict[str, list[float]]:
    """[{name: value} per seed] -> {name: [value per seed]}, rounded."""
    return {name: [round(run[name], 4) for run in runs] for name in runs[0]}


def run() -> dict[str, Any]:
    """Run everything; about ten minutes on one thread."""
    torch.set_num_threads(1)
    starts = ((XAVIER, None), ("0.02", 0.02), ("0.2", 0.2))
    depth = {
        name: {
            kind: _by_seed([through_depth(kind, seed, std) for seed in SEEDS])
            for kind in KINDS
        }
        for name, std in starts
    }
    wide = {
        f"{name}, {width}": {
            kind: _by_seed([forward_only(kind, seed, width, std) for seed in SEEDS])
            for kind in ("post", "pre")
        }
        for name, std in starts[:2]
        for width in (32, 768)
    }
    ablation = {
        kind: [round(sum(train_reverser(kind, seed)[-20:]) / 20, 4) for seed in SEEDS]
        for kind in ABLATIONS
    }
    return {"depth": depth, "start and width": wide, "ablation": ablation}


def main() -> None:
    """Run everything and write the result beside this file."""
    path = Path(__file__).with_name("seeds.json")
    path.write_text(json.dumps(run(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
