"""Extractive question answering: the answer is a run of the paragraph's tokens.

The model reads the question and a part of the paragraph (a window, a sentence),

    <s> question </s> </s> paragraph </s>

and gives each token two scores: that the answer starts there, that it ends there. Both
ends are inclusive. The first token, <s>, stands for "the text does not say".

Axes: B windows, S tokens, D features.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.bert import Bert
from transformers_explained.data.questions import Answer, Question
from transformers_explained.data.reviews import Language
from transformers_explained.tasks.answer_measures import f1
from transformers_explained.tasks.examples import Batch, Example
from transformers_explained.tasks.fitting import each
from transformers_explained.tasks.sentiment import (
    BertVectors,
    TopLayers,
    mean_vectors,
)
from transformers_explained.tokenization import UnigramTokenizer

NOWHERE = (0, 0)  # <s>, start and end: the window does not hold the answer
LONGEST = 30  # tokens of an answer, as in BERT's own program for SQuAD
SENTENCE = re.compile(r"[^ ].*?(?:[.!?](?= )|$)", re.DOTALL)

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A question and as much of the paragraph as is read at once.

    Attributes:
        question: what is asked, and the whole paragraph.
        example: the ids, or the states computed from them; the answer's first and last
            token.
        places: of each token of the paragraph, its characters: `context[start:end]`;
            None for the question and the special tokens.
    """

    question: Question
    example: Example
    places: tuple[Span | None, ...]

    @property
    def inside(self) -> Tensor:
        """(S,), True = a token of the paragraph."""
        return torch.tensor([place is not None for place in self.places])

    def text(self, first: int, last: int) -> str:
        """The characters of the paragraph from a token to another, both included."""
        (start, _), (_, end) = self.places[first], self.places[last]  # type: ignore[misc]
        return self.question.context[start:end]


def token_span(places: Sequence[Span | None], answer: Answer) -> Span:
    """The first and the last token that hold a character of the answer.

    `NOWHERE` if they do not hold all of its characters: the window cuts it.
    """
    touching = [
        i
        for i, place in enumerate(places)
        if place and place[0] < answer.end and place[1] > answer.start
    ]
    if not touching:
        return NOWHERE
    first, last = touching[0], touching[-1]
    start, end = places[first][0], places[last][1]  # type: ignore[index]
    if start > answer.start or end < answer.end:
        return NOWHERE
    return first, last


def windows(
    tokenizer: UnigramTokenizer,
    question: Question,
    *,
    part: Span | None = None,
    max_tokens: int = 512,
    overlap: int = 128,
) -> list[Window]:
    """Cut a paragraph into windows that fit into the model beside the question.

    Args:
        part: the characters that are read, `context[start:end]`; all by default.
        max_tokens: of a window, the question and four special tokens included.
        overlap: how many tokens of the paragraph two neighbours share. (`tokenizers`
            calls it stride; BERT's own program calls stride the step between starts.)

    Raises:
        ValueError: if no step forward is left.
    """
    begin, end = part or (0, len(question.context))
    asked = tokenizer.encode(question.question)
    text = tokenizer.encode(question.context[begin:end])
    places = [
        (begin + first, begin + last)
        for first, last in tokenizer.token_spans(question.context[begin:end])
    ]
    room = max_tokens - len(asked) - 4
    if not 0 <= overlap < room:
        raise ValueError(
            "overlap must be at least 0 and leave a step forward; "
            f"got {overlap} where {room} tokens fit beside the question"
        )
    found = []
    for start in range(0, max(len(text) - overlap, 1), room - overlap):
        cut = slice(start, start + room)
        head = [tokenizer.start_id, *asked, tokenizer.end_id, tokenizer.end_id]
        ids = [*head, *text[cut], tokenizer.end_id]
        where = (*[None] * len(head), *places[cut], None)
        span = NOWHERE
        if question.has_answer:
            span = token_span(where, question.answers[0])
        example = Example(inputs=torch.tensor(ids), target=span)
        found.append(Window(question=question, example=example, places=where))
    return found


def read_questions(
    tokenizer: UnigramTokenizer,
    questions: Sequence[Question],
    parts: Sequence[Span | None] | None = None,
) -> list[Window]:
    """The windows of all questions, in their order.

    Args:
        parts: of each question, the characters of the paragraph that are read.
    """
    parts = [None] * len(questions) if parts is None else parts
    return [
        window
        for question, part in zip(questions, parts, strict=True)
        for window in windows(tokenizer, question, part=part)
    ]


def sentences(text: str) -> list[Span]:
    """Where each sentence stands: it ends with . ! or ? before a plain space. (A
    no-break space, as in "M. Sarr", ends none.)"""
    return [found.span() for found in SENTENCE.finditer(text)]


def rank_sentences(
    bert: Bert, tokenizer: UnigramTokenizer, questions: Sequence[Question]
) -> list[list[Span]]:
    """The sentences of each question's paragraph, the nearest to the question first.

    Nearness is the cosine of two means of tokens' vectors. The prefixes are those with
    which multilingual-e5-small was trained.
    """
    vectors = BertVectors(bert)

    def encode(prefix: str, texts: Sequence[str]) -> Tensor:
        rows = [tokenizer.encode(prefix + t, add_special_tokens=True) for t in texts]
        examples = [Example(inputs=torch.tensor(ids), target=0) for ids in rows]
        return F.normalize(mean_vectors(vectors, examples), dim=-1)  # (N, D)

    contexts = dict.fromkeys(question.context for question in questions)
    spans = {context: sentences(context) for context in contexts}
    texts = [c[start:end] for c, found in spans.items() for start, end in found]
    sizes = [len(found) for found in spans.values()]
    told = torch.split(encode("passage: ", texts), sizes)
    of_context = dict(zip(spans, told, strict=True))
    ranked = []
    asked = encode("query: ", [question.question for question in questions])
    for question, vector in zip(questions, asked, strict=True):
        nearness = of_context[question.context] @ vector
        order = nearness.argsort(descending=True).tolist()
        ranked.append([spans[question.context][i] for i in order])
    return ranked


def holds(part: Span, answer: Answer) -> bool:
    """Whether a part of the paragraph holds all of an answer."""
    return part[0] <= answer.start and answer.end <= part[1]


def with_examples(read: Sequence[Window], examples: Sequence[Example]) -> list[Window]:
    """The same windows over other examples: states in place of ids."""
    return [
        replace(window, example=example)
        for window, example in zip(read, examples, strict=True)
    ]


class SpanFinder(nn.Module):
    """A start score and an end score for each token.

    Args:
        vectors: (inputs, mask) -> (B, S, D): `BertVectors` or `TopLayers`.
    """

    def __init__(self, vectors: BertVectors | TopLayers) -> None:
        super().__init__()
        self.vectors = vectors
        self.head = nn.Linear(vectors.d_model, 2)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """Scores (B, 2, S) of start and end; no answer lies in the padding."""
        scores: Tensor = self.head(self.vectors(inputs, mask))  # (B, S, 2)
        return scores.mT.masked_fill(~mask[:, None, :], -torch.inf)


def best_span(
    start: Tensor, end: Tensor, inside: Tensor, *, longest: int = LONGEST
) -> tuple[int, int, float]:
    """First token, last token and score of the best span.

    The score of a span is the start score of its first token plus the end score of its
    last. Among all S² pairs those are allowed that lie in the paragraph, do not end
    before they start, and have at most `longest` tokens.

    Args:
        start, end: (S,) scores.
        inside: (S,), True = a token of the paragraph.
    """
    score = start[:, None] + end[None, :]  # (S, S)
    allowed = torch.ones_like(score, dtype=torch.bool).triu().tril(longest - 1)
    allowed = allowed & inside[:, None] & inside[None, :]
    best = score.masked_fill(~allowed, -torch.inf)
    first, last = divmod(int(best.argmax()), len(end))
    return first, last, best[first, last].item()


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best span for a question, and what speaks against it.

    Attributes:
        text: the answer, cut out of the paragraph.
        start: its first character's place in the paragraph.
        score: start score + end score, the highest over the windows.
        nowhere: the same of <s>, the lowest over the windows.
    """

    text: str
    start: int
    score: float
    nowhere: float

    @property
    def margin(self) -> float:
        """How much more the span is worth than "the text does not say"."""
        return self.score - self.nowhere

    def answer(self, threshold: float | None = None) -> str:
        """The text, or nothing where the margin is not above the threshold."""
        silent = threshold is not None and self.margin <= threshold
        return "" if silent else self.text


def window_scores(model: SpanFinder, read: Sequence[Window]) -> list[Tensor]:
    """The scores (2, S) of each window, without padding."""

    def scores(batch: Batch) -> Tensor:
        found: Tensor = model(batch.inputs, batch.mask)
        return found

    found = each(model, [window.example for window in read], scores)
    return [
        score[:, : len(window.places)].cpu()
        for score, window in zip(found, read, strict=True)
    ]


def find_answers(
    model: SpanFinder, read: Sequence[Window], *, longest: int = LONGEST
) -> list[Found]:
    """The best span for each question, over all its windows, in their order."""
    pairs = zip(read, window_scores(model, read), strict=True)
    found = []
    for _, group in groupby(pairs, key=lambda pair: pair[0].question.id):
        candidates, nowhere = [], []
        for window, (start, end) in group:
            first, last, score = best_span(start, end, window.inside, longest=longest)
            candidates.append((score, window, first, last))
            nowhere.append((start[0] + end[0]).item())
        score, window, first, last = max(candidates, key=lambda one: one[0])
        found.append(
            Found(
                text=window.text(first, last),
                start=window.places[first][0],  # type: ignore[index]
                score=score,
                nowhere=min(nowhere),
            )
        )
    return found


def question_on(context: str, asked: str, language: Language = "en") -> Question:
    """A question of one's own, whose answer nobody knows yet."""
    return Question(
        id="mine/mine",
        paragraph="mine",
        context=context,
        question=asked,
        answers=(),
        kind="what",
        phenomenon="absent",
        genre="mine",
        language=language,
        split="test",
    )


def accepted(question: Question) -> list[str]:
    """The texts of the right answers; none if the paragraph does not say."""
    return [answer.text for answer in question.answers]


def mean_f1(questions: Sequence[Question], answers: Sequence[str]) -> float:
    """F1 over all questions; on one without an answer, silence is right."""
    return sum(
        f1(answer, accepted(question), question.language)
        for question, answer in zip(questions, answers, strict=True)
    ) / len(questions)


def choose_threshold(questions: Sequence[Question], found: Sequence[Found]) -> float:
    """The margin at which to fall silent that gives the best F1: for validation only.

    Between two neighbouring margins all thresholds do the same; of each gap the middle
    is tried, and of equals the lowest kept.
    """
    margins = sorted({one.margin for one in found})
    middles = [(low + high) / 2 for low, high in pairwise(margins)]
    tried = [margins[0] - 1, *middles, margins[-1] + 1]

    def score(threshold: float) -> float:
        return mean_f1(questions, [one.answer(threshold) for one in found])

    return max(tried, key=score)
