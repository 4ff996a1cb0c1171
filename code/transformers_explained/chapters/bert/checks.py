"""Self-checks of the chapter "BERT from the inside"."""

import torch
import torch.nn.functional as F

from transformers_explained.lesson.check import Attempt, register


@register("bert.segments")
def segments(attempt: Attempt) -> None:
    """The segments of [CLS] le chat dort [SEP] il rêve [SEP]."""
    attempt.expect_equal(attempt.value(), [0, 0, 0, 0, 0, 1, 1, 1])


@register("bert.loss")
def loss(attempt: Attempt) -> None:
    """The mean cross-entropy over the chosen positions only."""
    generator = torch.Generator().manual_seed(0)
    for shape in ((2, 5, 7), (1, 8, 3)):
        scores = torch.randn(shape, generator=generator)
        ids = torch.randint(shape[-1], shape[:2], generator=generator)
        chosen = torch.zeros(shape[:2], dtype=torch.bool)
        chosen[0, 1] = chosen[-1, 3] = True
        wanted = F.cross_entropy(scores[chosen], ids[chosen])
        attempt.expect_close(
            attempt.call(scores=scores, ids=ids, chosen=chosen), wanted
        )


@register("bert.whole-word")
def whole_word(attempt: Attempt) -> None:
    """The positions of all the pieces of the word that holds a position."""
    tokens = ["[CLS]", "le", "c", "##œ", "##ur", "bat", "fort", "##ement"]
    for position, wanted in (
        (1, [1]),
        (2, [2, 3, 4]),
        (4, [2, 3, 4]),
        (5, [5]),
        (7, [6, 7]),
    ):
        attempt.expect_equal(attempt.call(tokens=tokens, position=position), wanted)
