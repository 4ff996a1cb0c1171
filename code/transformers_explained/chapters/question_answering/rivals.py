"""The rivals that no gradient trains: counting common words, and not reading at all."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from transformers_explained.data.questions import Question
from transformers_explained.tasks.answer_measures import f1
from transformers_explained.tasks.question_answering import (
    Found,
    Span,
    accepted,
    sentences,
)

WORD = re.compile(r"\w+")
CAPS = range(1, 9)  # most words of an answer, to choose from on the training questions


def rarity(contexts: Sequence[str]) -> dict[str, float]:
    """What a word is worth: ln(paragraphs / paragraphs that hold it)."""
    held = Counter(word for text in contexts for word in _words(text))
    return {word: math.log(len(contexts) / count) for word, count in held.items()}


def overlap_sentence(
    question: Question, worth: Mapping[str, float]
) -> tuple[Span, float]:
    """The sentence with most of the question's words, rare ones counting more, and the
    share of the question's worth that it holds."""
    unseen = max(worth.values(), default=1.0)  # a word of no training paragraph
    asked = _words(question.question)
    whole = sum(worth.get(word, unseen) for word in sorted(asked))
    best, most = (0, len(question.context)), -1.0
    for start, end in sentences(question.context):
        common = asked & _words(question.context[start:end])
        score = sum(worth.get(word, unseen) for word in sorted(common))
        if score > most:
            best, most = (start, end), score
    return best, most / whole if whole else 0.0


def overlap_answer(
    question: Question, worth: Mapping[str, float], *, most_words: int
) -> Found:
    """In the sentence of `overlap_sentence`, the longest run of words that the question
    does not have, cut to `most_words`."""
    part, score = overlap_sentence(question, worth)
    asked = _words(question.question)
    words = list(WORD.finditer(question.context, *part))
    longest: list[re.Match[str]] = []
    run: list[re.Match[str]] = []
    for word in words:
        run = [] if word[0].lower() in asked else [*run, word]
        longest = run if len(run) > len(longest) else longest
    kept = (longest or words)[:most_words]
    start, end = kept[0].start(), kept[-1].end()
    return Found(
        text=question.context[start:end], start=start, score=score, nowhere=0.0
    )


def _words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text)}


def best_cap(questions: Sequence[Question], worth: Mapping[str, float]) -> int:
    """The longest answer that gives the best F1 on training; the shorter of equals."""
    answered = [question for question in questions if question.has_answer]

    def score(cap: int) -> float:
        return sum(
            f1(
                overlap_answer(question, worth, most_words=cap).text,
                accepted(question),
                question.language,
            )
            for question in answered
        )

    return max(CAPS, key=score)


def answerable_by_question(
    train: Sequence[Question], asked: Sequence[Question]
) -> list[float]:
    """How probable it is that there is an answer, by the words of the question alone.

    TF-IDF of words and pairs of words, logistic regression: no paragraph is read.
    """
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b"),
        LogisticRegression(class_weight="balanced", max_iter=1_000),
    )
    model.fit([q.question for q in train], [q.has_answer for q in train])
    found = model.predict_proba([q.question for q in asked])[:, 1]
    return [round(float(p), 3) for p in found]
