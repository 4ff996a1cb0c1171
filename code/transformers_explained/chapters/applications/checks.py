"""Self-checks of the chapter "Beyond text"."""

import torch

from transformers_explained.lesson.check import Attempt, register
from transformers_explained.tasks.examples import IGNORED
from transformers_explained.vision import cut_patches


@register("applications.count")
def count(attempt: Attempt) -> None:
    """Tokens of 224 × 224 pixels, in patches of 16 and of 8, with the class token."""
    answer = attempt.value()
    attempt.expect_type(answer, list)
    attempt.expect_equal(answer, [(224 // side) ** 2 + 1 for side in (16, 8)])


@register("applications.labels")
def labels(attempt: Attempt) -> None:
    """The label of a word on its first piece, IGNORED on the others."""
    for tags, pieces in (([3, 4, 0], [2, 1, 3]), ([0], [1]), ([1, 0, 2], [1, 4, 2])):
        wanted: list[int] = []
        for tag, number in zip(tags, pieces, strict=True):
            wanted += [tag, *[IGNORED] * (number - 1)]
        got = attempt.call(tags=tags, pieces=pieces)
        attempt.expect_type(got, list)
        attempt.expect_equal(list(got), wanted)


@register("applications.cut")
def cut(attempt: Attempt) -> None:
    """Grey images cut into squares, in reading order, each square a row."""
    for batch, side, size in ((1, 4, 2), (2, 6, 3), (3, 6, 2)):
        images = torch.arange(float(batch * side * side)).view(batch, side, side)
        wanted = cut_patches(images[:, None], size)
        attempt.expect_close(attempt.call(images=images, size=size), wanted)
