"""The gated feed-forward network: one half says how much of the other passes."""

import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.arguments import check_sizes


class GatedFeedForward(nn.Module):
    """SwiGLU(x) = (swish(x W_gate) ⊙ x W_up) W_down, the same network for each token.

    swish(z) = z · sigmoid(z). Three matrices where `FeedForward` has two: at two thirds
    of its d_ff, as many weights.

    Args:
        d_model: features of a token.
        d_ff: features between the layers.

    Raises:
        ValueError: if a size is below 1.

    Reference: Shazeer (2020), equation 6. As there, nothing has a bias.
    """

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        check_sizes(d_model=d_model, d_ff=d_ff)
        self.gate_proj = nn.Linear(d_model, d_ff, bias=False)
        self.up_proj = nn.Linear(d_model, d_ff, bias=False)
        self.down_proj = nn.Linear(d_ff, d_model, bias=False)
        for linear in (self.gate_proj, self.up_proj, self.down_proj):
            nn.init.xavier_uniform_(linear.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) -> (..., d_model)."""
        passing = F.silu(self.gate_proj(x))  # (..., d_ff)
        x = self.down_proj(passing * self.up_proj(x))  # (..., d_model)
        return x
