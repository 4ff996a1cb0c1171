"""Which examples share a batch, and in which order."""

import random
from collections.abc import Sequence


def epoch_batches(
    num_examples: int,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    lengths: Sequence[int] | None = None,
) -> list[list[int]]:
    """The order of one epoch: lists of indices, each example once.

    The order depends on nothing but the arguments, so a run that resumes finds it
    again. With `lengths`, examples of like length share a batch and less padding is
    computed: groups of 20 shuffled batches are sorted, cut, and the batches shuffled.
    """
    draw = random.Random(f"{seed}/{epoch}")
    order = draw.sample(range(num_examples), num_examples)
    if lengths is not None:
        group = 20 * batch_size
        order = [
            index
            for start in range(0, num_examples, group)
            for index in sorted(order[start : start + group], key=lengths.__getitem__)
        ]
    starts = range(0, num_examples, batch_size)
    batches = [order[start : start + batch_size] for start in starts]
    if lengths is not None:
        draw.shuffle(batches)
    return batches
