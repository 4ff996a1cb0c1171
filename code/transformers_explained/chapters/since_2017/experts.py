"""A mixture of experts: several feed-forward networks, one of them for each token."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.layers import GatedFeedForward


class Experts(nn.Module):
    """Each token goes to the expert that a router gives the highest probability.

    The output is multiplied by that probability: otherwise no gradient would reach the
    router. `balance` is small if all experts are asked equally often; it is added to
    the loss.

    Args:
        d_model: features of a token.
        d_ff: features inside each expert.
        num_experts: how many there are.

    Reference: Fedus, Zoph and Shazeer (2022), section 2; without its limit on the
    number of tokens of an expert.
    """

    def __init__(self, d_model: int, d_ff: int, num_experts: int) -> None:
        super().__init__()
        self.router = nn.Linear(d_model, num_experts, bias=False)
        self.experts = nn.ModuleList(
            GatedFeedForward(d_model, d_ff) for _ in range(num_experts)
        )
        self.balance = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, d_model) -> (B, T, d_model)."""
        tokens = x.flatten(0, -2)  # (N, d_model)
        chances = self.router(tokens).softmax(dim=-1)  # (N, experts)
        chance, chosen = chances.max(dim=-1)  # (N,) each
        out = torch.zeros_like(tokens)
        for number, expert in enumerate(self.experts):
            (mine,) = torch.where(chosen == number)
            out[mine] = chance[mine, None] * expert(tokens[mine])
        count = len(self.experts)
        shares = F.one_hot(chosen, count).to(x.dtype).mean(dim=0)  # (experts,)
        self.balance = count * (shares * chances.mean(dim=0)).sum()
        return out.view_as(x)
