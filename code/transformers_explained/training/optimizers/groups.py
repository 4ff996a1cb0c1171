"""PyTorch's AdamW, with decay where it belongs."""

from typing import Any

import torch
from torch import nn

from transformers_explained.training.config import TrainingConfig


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices with weight decay; vectors (biases, gains) without."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]


def adamw(
    model: nn.Module, config: TrainingConfig, *, fused: bool = False
) -> torch.optim.AdamW:
    """The optimizer of a configuration; `fused` makes no copies of the weights."""
    return torch.optim.AdamW(
        parameter_groups(model, config.weight_decay),
        lr=config.learning_rate,
        betas=config.betas,
        eps=config.eps,
        fused=fused or None,
    )
