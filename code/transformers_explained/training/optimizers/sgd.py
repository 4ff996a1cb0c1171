"""Gradient descent on mini-batches, with or without momentum."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from transformers_explained.arguments import check_positive


class SGD(torch.optim.Optimizer):
    """A step against the gradient or, with momentum, against the sum of gradients past.

        v ← momentum · v + gradient
        w ← w - lr · v

    Args:
        params: the weights.
        lr: learning rate.
        momentum: what is left of a gradient one step later; 0 for none.

    Raises:
        ValueError: if `lr` is not positive or `momentum` not in [0, 1).

    Reference: Polyak (1964). In this form Sutskever et al. (ICML 2013), equations 1 and
    2, but for the rate, which stands there in the first line.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float,
        *,
        momentum: float = 0.0,
    ) -> None:
        check_positive(lr=lr)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must lie in [0, 1); got {momentum}")
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Change each weight that has a gradient."""
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is None:
                    continue
                v = w.grad
                if group["momentum"]:
                    past = self.state[w].get("v", torch.zeros_like(w))
                    v = group["momentum"] * past + w.grad
                    self.state[w]["v"] = v
                w.sub_(group["lr"] * v)
