"""RMSNorm: LayerNorm without the mean and without the bias."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.arguments import (
    check_features,
    check_positive,
    check_sizes,
)


class RMSNorm(nn.Module):
    """RMSNorm(x) = x / √(mean(x²) + ε) · weight, token by token.

    It keeps the length of a token's vector in hand, as LayerNorm does, but moves
    nothing: no mean is taken away and no bias is added. Two paths compute the same
    function: PyTorch's fused kernel, or with `fused=False` the formula as written.

    Args:
        d_model: features of a token, over which the mean is taken.
        eps: ε, keeps the root away from 0.
        fused: whether to use the fused kernel.

    Raises:
        ValueError: if `d_model` is below 1, or `eps` not above 0.

    Reference: Zhang and Sennrich (2019), equation 4. ε is in Llama's code, not in the
    equation; like Llama's, the root is taken in fp32 at least.
    """

    def __init__(self, d_model: int, *, eps: float = 1e-5, fused: bool = True) -> None:
        super().__init__()
        check_sizes(d_model=d_model)
        check_positive(eps=eps)
        self.eps = eps
        self.fused = fused
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (..., d_model) over its last axis; ValueError if it is another."""
        check_features(x, len(self.weight))
        if self.fused:
            return F.rms_norm(x, self.weight.shape, self.weight, self.eps)
        dtype = x.dtype
        x = x.to(torch.promote_types(dtype, torch.float32))  # half types: as kernels do
        mean_square = x.square().mean(dim=-1, keepdim=True)  # (..., 1)
        return (x / torch.sqrt(mean_square + self.eps) * self.weight).to(dtype)
