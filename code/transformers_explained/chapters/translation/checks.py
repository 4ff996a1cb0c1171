"""Self-checks of the chapter "The full Transformer: translating"."""

import torch
import torch.nn.functional as F

from transformers_explained.lesson.check import Attempt, register


@register("translation.by-hand")
def by_hand(attempt: Attempt) -> None:
    """What the decoder reads and is asked for, when the target is 5 8 6 2."""
    attempt.expect_equal(attempt.value(), [[1, 5, 8, 6], [5, 8, 6, 2]])


@register("translation.teacher-forcing")
def teacher_forcing(attempt: Attempt) -> None:
    """The target shifted right behind the start token, and the target itself."""
    for target in ([[5, 8, 6, 2]], [[7, 9, 4, 2, 0], [3, 3, 8, 6, 2]]):
        labels = torch.tensor(target)
        start = torch.ones(len(target), 1, dtype=labels.dtype)
        got = attempt.call(target=labels, start_id=1)
        attempt.expect_type(got, tuple)
        attempt.require(len(got) == 2, "translation.expect-two")
        attempt.expect_equal(got[0], torch.cat([start, labels[:, :-1]], dim=1))
        attempt.expect_equal(got[1], labels)


@register("translation.smoothing")
def smoothing(attempt: Attempt) -> None:
    """Cross-entropy of one token with smoothed labels."""
    logits = torch.tensor([2.0, -1.0, 0.5, 0.0, 1.0])
    for right, epsilon in ((0, 0.1), (3, 0.1), (1, 0.0), (4, 0.3)):
        wanted = F.cross_entropy(
            logits, torch.tensor(right), label_smoothing=epsilon
        ).item()
        got = attempt.call(logits=logits, right=right, epsilon=epsilon)
        got = got.item() if isinstance(got, torch.Tensor) and got.ndim == 0 else got
        attempt.expect_close(got, wanted)


@register("translation.rank")
def rank(attempt: Attempt) -> None:
    """The hypotheses in the order of their length-normalized scores."""
    found = [("short", -1.2, 3), ("long", -1.3, 5), ("longer", -1.6, 9)]
    for alpha in (0.0, 0.6, 2.0):
        ordered = sorted(
            found, key=lambda h: h[1] / ((5 + h[2]) / 6) ** alpha, reverse=True
        )
        got = attempt.call(hypotheses=found, alpha=alpha)
        attempt.expect_equal(got, [name for name, _, _ in ordered])
