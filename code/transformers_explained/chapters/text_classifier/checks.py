"""Self-checks of the chapter "Classifying text"."""

import math

import torch

from transformers_explained.lesson.check import Attempt, register


@register("text-classifier.chance")
def chance(attempt: Attempt) -> None:
    """The loss of a model that knows nothing, for any number of classes."""
    for classes in (2, 5, 30):
        attempt.expect_close(attempt.call(classes=classes), math.log(classes))


@register("text-classifier.mean-pool")
def mean_pool(attempt: Attempt) -> None:
    """The mean over real tokens only."""
    states = torch.arange(24, dtype=torch.float32).view(2, 4, 3)
    real = torch.tensor([[True, True, False, False], [True, True, True, True]])
    wanted = torch.stack([states[0, :2].mean(0), states[1].mean(0)])
    attempt.expect_close(attempt.call(states=states, real=real), wanted)


@register("text-classifier.vocabulary")
def vocabulary(attempt: Attempt) -> None:
    """A vocabulary of the words seen at least twice in training."""
    train = ["the cat sat", "the dog sat", "a bird"]
    got = attempt.call(train_texts=train, test_texts=["a cat and a bird", "bird a"])
    if got is None:
        attempt.expect_type(got, list)
    attempt.expect_equal(sorted(got), ["sat", "the"])
