"""Self-checks of the chapter "Scaling up"."""

import torch

from transformers_explained.chapters.scaling.costs import state_bytes
from transformers_explained.lesson.check import Attempt, register


@register("scaling.envelope")
def envelope(attempt: Attempt) -> None:
    """Gigabytes to use, to train, and to train on one process of four."""
    answer = attempt.value()
    attempt.expect_type(answer, list)
    N = 350 * 10**6
    training = sum(state_bytes(N).values())
    wanted = torch.tensor([2 * N, training, training / 4], dtype=torch.float64) / 1e9
    attempt.expect_close(answer, wanted, tolerance=1e-3)


@register("scaling.merge")
def merge(attempt: Attempt) -> None:
    """The output of attention from two parts of the keys."""
    generator = torch.Generator().manual_seed(0)
    for first, second in ((3, 5), (4, 1)):
        scores = 4 * torch.randn(first + second, generator=generator).double()
        values = torch.randn(first + second, 3, generator=generator).double()
        parts: dict[str, object] = {}
        for number, part in enumerate((slice(0, first), slice(first, None)), start=1):
            m = scores[part].max().item()
            weights = torch.exp(scores[part] - m)
            parts |= {
                f"m{number}": m,
                f"l{number}": weights.sum().item(),
                f"o{number}": weights @ values[part],
            }
        got = attempt.call(**parts)
        attempt.expect_close(got, scores.softmax(dim=0) @ values)


@register("scaling.uneven")
def uneven(attempt: Attempt) -> None:
    """The gradient of a batch from those of its parts' means."""
    generator = torch.Generator().manual_seed(1)
    for rows in ([4, 3, 1], [2, 6]):
        means = [torch.randn(5, generator=generator).double() for _ in rows]
        wanted = sum(
            (n * g for n, g in zip(rows, means, strict=True)),
            torch.zeros(5, dtype=torch.float64),
        ) / sum(rows)
        attempt.expect_close(attempt.call(gradients=means, rows=rows), wanted)
