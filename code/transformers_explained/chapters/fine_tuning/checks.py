"""Self-checks of the chapter "Fine-tuning BERT: sentiment analysis"."""

import torch
import torch.nn.functional as F
from torch import nn

from transformers_explained.lesson.check import Attempt, register
from transformers_explained.tasks.sentiment import masked_mean

EXAMPLES, BATCH_SIZE, EPOCHS, D_MODEL = 519, 16, 6, 384


@register("fine-tuning.count")
def count(attempt: Attempt) -> None:
    """Updates of the whole training, then parameters trained when all is frozen."""
    updates = EPOCHS * -(-EXAMPLES // BATCH_SIZE)
    attempt.expect_equal(attempt.value(), [updates, 2 * D_MODEL + 2])


@register("fine-tuning.mean")
def mean(attempt: Attempt) -> None:
    """The mean of the vectors over real tokens only."""
    vectors = torch.tensor(
        [[[1.0, 2.0], [3.0, 6.0], [9.0, 9.0]], [[2.0, 0.0], [4.0, 3.0], [6.0, 9.0]]]
    )
    for mask in ([[1, 1, 0], [1, 1, 1]], [[1, 0, 0], [0, 1, 1]]):
        real = torch.tensor(mask).bool()
        attempt.expect_close(
            attempt.call(vectors=vectors, mask=real), masked_mean(vectors, real)
        )


@register("fine-tuning.evaluate")
def evaluate(attempt: Attempt) -> None:
    """The share of right answers, dropout off, the model's mode given back."""
    torch.manual_seed(0)
    inputs = torch.randn(40, 4)
    model = _Kept(nn.Dropout(0.8), nn.Linear(4, 2))
    wanted = model[1](inputs).argmax(dim=-1)
    wanted[:10] = 1 - wanted[:10]  # so that three answers in four are right
    for training in (True, False):
        model.train(training)
        got = attempt.call(model=model, inputs=inputs, targets=wanted)
        attempt.expect_close(got, 0.75)
        attempt.require(model.training == training, "fine-tuning.measuring-mode")


class _Kept(nn.Sequential):
    """A model that is passed on as itself: a copy would hide a change of mode."""

    def __deepcopy__(self, memo: object) -> "_Kept":
        return self


@register("fine-tuning.temperature")
def temperature(attempt: Attempt) -> None:
    """The temperature at which the cross-entropy is lowest."""
    for seed, truth in ((0, 2.5), (1, 0.6)):
        generator = torch.Generator().manual_seed(seed)
        scores = 3 * torch.randn(200, 2, generator=generator)
        labels = torch.multinomial((scores / truth).softmax(-1), 1, generator=generator)
        targets = labels[:, 0]
        grid = torch.linspace(0.05, 10, 3_981)
        losses = torch.stack([F.cross_entropy(scores / t, targets) for t in grid])
        best = float(grid[losses.argmin()])
        got = attempt.call(logits=scores, targets=targets)
        got = got.item() if isinstance(got, torch.Tensor) and got.ndim == 0 else got
        attempt.expect_close(got, best, tolerance=0.05)
