"""Self-checks of the chapter "Question answering"."""

import torch

from transformers_explained.lesson.check import Attempt, register
from transformers_explained.tasks.answer_measures import f1
from transformers_explained.tasks.question_answering import best_span

ANSWERS = (
    ("the black cat", "black cat"),
    ("black black cat", "black cat cat"),
    ("mouse", "cat"),
    ("the cat on the mat", "cat on a mat"),
)


@register("question-answering.by-hand")
def by_hand(attempt: Attempt) -> None:
    """First and last word of the best span, its score, F1 against the right answer."""
    attempt.expect_equal(attempt.value(), [1, 3, 8])


@register("question-answering.f1")
def word_f1(attempt: Attempt) -> None:
    """F1 of two lists of words."""
    for given, right in ANSWERS:
        wanted = f1(given, [right])
        words = [
            [word for word in text.split() if word not in ("a", "the")]
            for text in (given, right)
        ]
        attempt.expect_close(attempt.call(given=words[0], right=words[1]), wanted)


@register("question-answering.span")
def span(attempt: Attempt) -> None:
    """The best first and last token, in order, inside, not too long."""
    for seed, size, longest in ((0, 7, 7), (1, 9, 3), (2, 12, 1)):
        generator = torch.Generator().manual_seed(seed)
        start, end = torch.randn(2, size, generator=generator)
        inside = torch.arange(size) >= 3
        first, last, _ = best_span(start, end, inside, longest=longest)
        got = attempt.call(start=start, end=end, inside=inside, longest=longest)
        attempt.expect_equal(got, [first, last])


@register("question-answering.windows")
def window_starts(attempt: Attempt) -> None:
    """Where each window begins."""
    for tokens, room, overlap in ((100, 40, 10), (40, 40, 10), (41, 40, 10), (7, 3, 2)):
        wanted = list(range(0, max(tokens - overlap, 1), room - overlap))
        got = attempt.call(tokens=tokens, room=room, overlap=overlap)
        attempt.expect_equal(got, wanted)
