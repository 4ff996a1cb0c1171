"""One training script, for one process or many.

python -m transformers_explained.chapters.scaling.many
torchrun --nproc_per_node 2 -m transformers_explained.chapters.scaling.many
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.training import set_seed

STEPS, ROWS, LENGTH, WORDS = 20, 8, 24, 50
CONFIG = LanguageModelConfig(
    vocab_size=WORDS,
    d_model=32,
    num_heads=4,
    num_layers=2,
    d_ff=128,
    max_len=LENGTH,
    dropout=0.0,
)


class Scores(nn.Module):
    """The language model, of which only the scores are wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.model = LanguageModel(CONFIG)

    def forward(self, ids: Tensor) -> Tensor:  # (B, T) -> (B, T, V)
        scores: Tensor = self.model(ids)[0]
        return scores


def train(accelerator: Accelerator, model: nn.Module) -> list[float]:
    """Twenty updates on random rows; the loss of each."""
    count, rank = accelerator.num_processes, accelerator.process_index
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    draw = torch.Generator().manual_seed(1)  # every process draws the same rows ...
    losses = []
    for _ in range(STEPS):
        rows = torch.randint(WORDS, (ROWS, LENGTH + 1), generator=draw)
        rows = rows[rank::count]  # ... and keeps its part
        scores = model(rows[:, :-1])
        loss = F.cross_entropy(scores.flatten(0, 1), rows[:, 1:].flatten())
        accelerator.backward(loss)  # here the processes average their gradients
        optimizer.step()
        optimizer.zero_grad()
        mean: Any = accelerator.reduce(loss.detach(), "mean")
        losses.append(float(mean))
    return losses


def share_out(model: Any, count: int) -> Any:
    """Let each of `count` processes keep a share of every matrix (FSDP).

    A layer is put together when it is needed, and let go afterwards.
    """
    mesh = init_device_mesh("cpu", (count,))
    for layer in model.model.decoder.layers:
        fully_shard(layer, mesh=mesh)
    return fully_shard(model, mesh=mesh)


def run(*, shard: bool = False) -> dict[str, Any]:
    """Train on as many processes as were started; what the first of them saw."""
    accelerator = Accelerator(cpu=True)
    count = accelerator.num_processes
    if count != int(os.environ.get("WORLD_SIZE", "1")):
        raise RuntimeError(f"the launcher started other processes than these {count}")
    set_seed(0)
    model: Any = Scores().double()
    model = share_out(model, count) if shard else accelerator.prepare_model(model)
    losses = train(accelerator, model)
    found = {
        "processes": count,
        "kept": sum(own(p).numel() for p in model.parameters()),
        "losses": losses,
        "weights": {
            name.removeprefix("module."): whole(p).tolist()
            for name, p in model.named_parameters()
        },
    }
    first = accelerator.process_index == 0
    accelerator.end_training()
    return found if first else {}


def own(parameter: Any) -> Tensor:
    """The part of a parameter that this process keeps; all of it unless shared."""
    kept: Tensor = parameter.to_local() if hasattr(parameter, "to_local") else parameter
    return kept


def whole(parameter: Any) -> Tensor:
    """The parameter, put together."""
    shared = hasattr(parameter, "full_tensor")
    together: Tensor = parameter.full_tensor() if shared else parameter
    return together


def main() -> None:
    """Train; the first process writes what it saw, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shard", action="store_true")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = run(shard=options.shard)
    if found and options.write:
        options.write.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
