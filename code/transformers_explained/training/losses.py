"""What training makes smaller."""

import torch.nn.functional as F
from torch import Tensor


def cross_entropy(
    logits: Tensor, labels: Tensor, *, ignore_id: int, label_smoothing: float = 0.0
) -> tuple[Tensor, int]:
    """Summed cross-entropy of the labels that are not `ignore_id`, and their number.

    With label smoothing ε (Szegedy et al. 2016; 0.1 in the 2017 Transformer) the target
    is no longer certain: the right token receives 1 - ε, and ε is spread evenly over
    the whole vocabulary, the right token included.

    Args:
        logits: (..., vocab_size).
        labels: (...) of ids, integers of any width.

    Raises:
        ValueError: if `label_smoothing` does not lie in [0, 1].
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must lie in [0, 1]; got {label_smoothing}")
    total = F.cross_entropy(
        logits.flatten(0, -2),
        labels.flatten().long(),
        ignore_index=ignore_id,
        label_smoothing=label_smoothing,
        reduction="sum",
    )
    return total, int((labels != ignore_id).sum())
