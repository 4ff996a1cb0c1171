"""Adam and AdamW: a step of its own length for each weight."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from transformers_explained.arguments import check_positive


class Adam(torch.optim.Optimizer):
    """A step along the mean gradient, divided by its usual size, for each weight apart.

        m ← β₁ m + (1 - β₁) g           mean of the gradients
        s ← β₂ s + (1 - β₂) g²          mean of their squares
        w ← w - lr · m̂ / (√ŝ + ε)       m̂ = m / (1 - β₁ᵗ),  ŝ = s / (1 - β₂ᵗ)

    m and s start at 0; dividing by 1 - βᵗ makes up for it at step t, counted from 1.

    Args:
        params: the weights.
        lr: learning rate: about how far a weight moves in one step.
        betas: β₁ and β₂.
        eps: ε, keeps the quotient finite where gradients vanish.
        weight_decay: λ. `Adam` adds λ w to the gradient, which is then divided like the
            rest; `AdamW` takes lr · λ w off the weight itself.

    Raises:
        ValueError: if `lr` or `eps` is not positive, a β not in [0, 1), or λ negative.

    Reference: Kingma and Ba (ICLR 2015), algorithm 1.
    """

    decoupled = False  # whether the decay passes by the quotient

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        check_positive(lr=lr, eps=eps)
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas must be two numbers in [0, 1); got {betas}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay must be at least 0; got {weight_decay}")
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Change each weight that has a gradient."""
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is not None:
                    self._change(w, w.grad, **group)

    def _change(
        self,
        w: nn.Parameter,
        g: torch.Tensor,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        **_: Any,
    ) -> None:
        if self.decoupled:
            w.mul_(1 - lr * weight_decay)
        else:
            g = g + weight_decay * w
        past = self.state[w]
        if not past:
            past |= {"t": 0, "m": torch.zeros_like(w), "s": torch.zeros_like(w)}
        beta1, beta2 = betas
        past["t"] += 1
        past["m"] = beta1 * past["m"] + (1 - beta1) * g
        past["s"] = beta2 * past["s"] + (1 - beta2) * g**2
        mean = past["m"] / (1 - beta1 ** past["t"])
        square = past["s"] / (1 - beta2 ** past["t"])
        w.sub_(lr * mean / (square.sqrt() + eps))


class AdamW(Adam):
    """Adam whose weight decay acts on the weight itself: w ← (1 - lr · λ) w first.

    Reference: Loshchilov and Hutter (ICLR 2019), algorithm 2; as in PyTorch, λ is
    multiplied by the learning rate.
    """

    decoupled = True
