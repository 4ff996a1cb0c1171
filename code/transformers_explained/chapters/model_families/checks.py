"""Self-checks of the chapter "GPT, T5, DistilBERT: the families"."""

import torch

from transformers_explained.chapters.model_families.battle import sight
from transformers_explained.lesson.check import Attempt, register
from transformers_explained.tasks.distillation import soft_loss
from transformers_explained.tasks.span_corruption import corrupt

TEXTS = {
    "the": "the baker sells warm bread every morning",
    "la": "la boulangère vend du pain chaque matin",
}
NOISE = [False, False, True, True, False, False, True]


@register("model-families.pairs")
def pairs(attempt: Attempt) -> None:
    """How many pairs each mask allows."""
    for s, t in ((3, 3), (2, 5), (4, 1)):
        wanted = [int(sight(k, s, t).sum()) for k in ("encoder", "decoder", "prefix")]
        attempt.expect_equal(attempt.call(S=s, T=t), wanted)


@register("model-families.spans")
def spans(attempt: Attempt) -> None:
    """The input and the target, with sentinels, in either language."""
    answer = attempt.value()
    attempt.expect_type(answer, list)
    first = answer[0][0] if answer and answer[0] else "the"
    text = TEXTS.get(first if isinstance(first, str) else "the", TEXTS["the"])
    attempt.expect_equal(answer, list(corrupt(text.split(), NOISE, "<{}>".format)))


@register("model-families.soft")
def soft(attempt: Attempt) -> None:
    """The soft cross-entropy at a temperature, times its square."""
    student = torch.tensor([[1.0, 1.5, 0.0], [0.0, 2.0, -1.0]])
    teacher = torch.tensor([[4.0, 2.0, -1.0], [0.5, 0.0, 1.0]])
    for temperature in (1.0, 2.0, 5.0):
        wanted = soft_loss(student, teacher, temperature=temperature)
        got = attempt.call(student=student, teacher=teacher, T=temperature)
        attempt.expect_close(got, wanted)
