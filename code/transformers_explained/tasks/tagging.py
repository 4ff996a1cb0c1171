"""Tagging: one label per word, from a model that reads pieces of words.

Three small translations stand around the model:

    entities -> one tag per word        (`word_tags`: B begins an entity, I goes on, O)
    words    -> one label per token     (`token_labels`: the first piece of a word bears
                                         the word's tag, the others IGNORED, -100)
    tags     -> entities                (`read_tags`)

Axes: B texts, S tokens, D features, C tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from transformers_explained.data.entities import LABELS, Entity, TaggedText
from transformers_explained.tasks.examples import IGNORED, Batch, Example
from transformers_explained.tasks.fitting import each

OUTSIDE = 0
TAGS = ("O", *(f"{place}-{label}" for label in LABELS for place in "BI"))

Span = tuple[int, int]
_WORD = re.compile(r"\w+(?:-\w+)*|[^\w\s]")


def word_spans(text: str) -> list[Span]:
    """Where the words and the punctuation marks of a text stand."""
    return [found.span() for found in _WORD.finditer(text)]


def word_tags(words: Sequence[Span], entities: Sequence[Entity]) -> list[int]:
    """One tag per word, as its place in `TAGS`."""
    tags = [OUTSIDE] * len(words)
    for entity in entities:
        begin = TAGS.index(f"B-{entity.label}")
        for row, (start, end) in enumerate(words):
            if start < entity.end and end > entity.start:
                tags[row] = begin if start <= entity.start else begin + 1
    return tags


def read_tags(words: Sequence[Span], tags: Sequence[int]) -> list[Entity]:
    """The entities that the tags spell; an I that nothing begins, begins."""
    entities: list[Entity] = []
    going_on = ""
    for (start, end), tag in zip(words, tags, strict=True):
        place, _, label = TAGS[tag].partition("-")
        if place == "I" and label == going_on:
            entities[-1] = Entity(entities[-1].start, end, entities[-1].label)
        elif label:
            entities.append(Entity(start, end, label))  # type: ignore[arg-type]
        going_on = label
    return entities


def first_tokens(words: Sequence[Span], tokens: Sequence[Span]) -> list[int]:
    """For each word, the token in which it begins.

    Raises:
        ValueError: if a word begins in no token.
    """
    found, token = [], 0
    for start, _ in words:
        while token < len(tokens) and tokens[token][1] <= start:
            token += 1
        if token == len(tokens) or tokens[token][0] > start:
            raise ValueError(f"no token holds the character {start}")
        found.append(token)
    return found


def token_labels(
    words: Sequence[Span], tags: Sequence[int], tokens: Sequence[Span]
) -> list[int]:
    """One label per token: that of the word that begins there, IGNORED if none does.

    Where two words begin in one token, it bears the tag of the second.
    """
    labels = [IGNORED] * len(tokens)
    for token, tag in zip(first_tokens(words, tokens), tags, strict=True):
        labels[token] = tag
    return labels


class Aligned(NamedTuple):
    """A text as the model reads it, and what leads back to its words."""

    example: Example  # inputs (S,), target (S,) one label per token
    words: list[Span]
    first: list[int]  # for each word, its token


def align(tokenizer: Any, text: TaggedText) -> Aligned:
    """Tokens and labels of a text, between the two special tokens, which have none.

    Args:
        tokenizer: with `token_spans`, as `UnigramTokenizer` has.
    """
    ids = tokenizer.encode(text.text, add_special_tokens=True)
    tokens = tokenizer.token_spans(text.text)
    words = word_spans(text.text)
    labels = token_labels(words, word_tags(words, text.entities), tokens)
    return Aligned(
        Example(inputs=torch.tensor(ids), target=[IGNORED, *labels, IGNORED]),
        words,
        [1 + token for token in first_tokens(words, tokens)],
    )


class Tagger(nn.Module):
    """Scores of the tags for each token: one linear layer on the token's vector.

    Args:
        vectors: (inputs, mask) -> (B, S, D), such as `sentiment.BertVectors`; None if
            the inputs are vectors already.
        d_model: D; that of `vectors` unless given.
        num_tags: C.
        dropout: before the layer.

    Reference: Devlin et al. (2019), section 5.3; Hugging Face's
    `BertForTokenClassification` is this one over BERT.
    """

    def __init__(
        self,
        vectors: nn.Module | None = None,
        *,
        d_model: int | None = None,
        num_tags: int = len(TAGS),
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        size: Any = d_model if vectors is None else getattr(vectors, "d_model", d_model)
        if size is None:
            raise ValueError("d_model must be given where there is no module below")
        self.vectors = vectors
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(size, num_tags)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """Scores (B, S, C)."""
        x = inputs if self.vectors is None else self.vectors(inputs, mask)
        scores: Tensor = self.classifier(self.dropout(x))
        return scores


def tag_texts(
    model: nn.Module, examples: Sequence[Example], texts: Sequence[Aligned]
) -> list[list[Entity]]:
    """The entities that a model finds in each text.

    Args:
        examples: what the model reads, one per text: ids, or vectors.
        texts: the same texts, with their words.
    """

    def tags(batch: Batch) -> Tensor:
        best: Tensor = model(batch.inputs, batch.mask).argmax(dim=-1)
        return best  # (B, S)

    rows = each(model, examples, tags)
    return [
        read_tags(text.words, row[text.first].tolist())
        for row, text in zip(rows, texts, strict=True)
    ]


class Score(NamedTuple):
    """Whole entities, right in both ends and in their label."""

    precision: float
    recall: float
    f1: float


def entity_score(
    found: Sequence[Sequence[Entity]], wanted: Sequence[Sequence[Entity]]
) -> Score:
    """Precision, recall and F1 over all texts, as CoNLL-2003 counts them.

    0 where there is nothing to divide by.
    """
    pairs = list(zip(found, wanted, strict=True))
    right = sum(len(set(one) & set(other)) for one, other in pairs)
    given, asked = (sum(map(len, side)) for side in (found, wanted))
    return Score(
        right / given if given else 0.0,
        right / asked if asked else 0.0,
        2 * right / (given + asked) if given + asked else 0.0,
    )


def by_rule(
    read: Callable[[str], Sequence[Entity]], texts: Sequence[TaggedText]
) -> Score:
    """The score of a rule that needs no training."""
    return entity_score(
        [list(read(text.text)) for text in texts],
        [text.entities for text in texts],
    )
