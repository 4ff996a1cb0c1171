"""Counting what PyTorch keeps for the backward pass."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def kept_bytes(model: nn.Module, forward: Callable[[], Tensor]) -> tuple[int, Tensor]:
    """The bytes that autograd keeps of a forward pass, the model's own weights left
    out, each piece of memory counted once; and what the pass returned."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    seen: dict[int, Tensor] = {}  # the tensors too, so that no memory is used twice

    def note(tensor: Tensor) -> Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in own:
            seen[place] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = forward()
    return sum(t.untyped_storage().nbytes() for t in seen.values()), output
