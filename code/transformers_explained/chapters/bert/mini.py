"""The mini-BERT of the chapter: pairs of sentences, an exam, a short pretraining."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from transformers_explained.bert import Bert, BertConfig, BertForPretraining
from transformers_explained.data.reviews import LANGUAGES, Split, load_reviews
from transformers_explained.tasks.masked_words import IGNORED, mask_tokens
from transformers_explained.tokenization import WordPieceTokenizer, pad_sequences
from transformers_explained.training import set_seed

LENGTH = 32
STEPS, BATCH_SIZE, EVERY, RATE, WARMUP = 500, 32, 50, 3e-3, 50

Text = list[list[int]]  # its sentences, as ids
Pair = tuple[list[int], list[int], int]  # ids, segments, does the second follow?


def sentences(split: Split) -> list[list[str]]:
    """Each review as a list of sentences; the French ones first, then the English."""
    return [
        re.split(r"(?<=[.!?…])\s+", review.text.strip())
        for language in LANGUAGES
        for review in load_reviews(split, language)
    ]


class Exam(NamedTuple):
    """Pairs whose chosen tokens are all [MASK].

    With one in ten left in place, as in training, copying would earn points.
    """

    hidden: Tensor  # (B, S) ids
    segments: Tensor  # (B, S)
    labels: Tensor  # (B, S), IGNORED where nothing is asked
    follows: Tensor  # (B,)


@dataclass(frozen=True)
class Scores:
    """What an exam gives: loss and accuracy on masked tokens, accuracy on pairs."""

    loss: float
    accuracy: float
    next_accuracy: float


@dataclass(frozen=True)
class Progress:
    """One measurement: the step, a training exam's loss, the held-out exam's scores."""

    step: int
    train_loss: float
    held: Scores


@dataclass(frozen=True)
class Reader:
    """What makes and reads pairs.

    Attributes:
        tokenizer: with [PAD], [CLS], [SEP] and [MASK].
    """

    tokenizer: WordPieceTokenizer

    @property
    def special(self) -> set[int]:
        ids = self.tokenizer
        return {ids.pad_id, ids.start_id, ids.end_id}

    def pairs(self, texts: Sequence[Text], rng: random.Random) -> list[Pair]:
        """Neighbouring sentences; half of the second ones drawn from another text.

        From one in the same language, that is from the same half of the texts:
        otherwise telling the languages apart would be enough.
        """
        half, made = len(texts) // 2, []
        ids = self.tokenizer
        for n, text in enumerate(texts):
            for first, second in pairwise(text):
                follows = rng.random() < 0.5
                if not follows:
                    near = range(half) if n < half else range(half, len(texts))
                    other = rng.choice([m for m in near if m != n])
                    second = rng.choice(texts[other])
                first = first[: LENGTH // 2 - 2]
                second = second[: LENGTH - 3 - len(first)]
                row = [ids.start_id, *first, ids.end_id, *second, ids.end_id]
                segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
                made.append((row, segments, int(follows)))
        return made

    def batch(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor, Tensor]:
        rows, segments, follows = zip(*pairs, strict=True)
        return (
            pad_sequences(rows, self.tokenizer.pad_id),
            pad_sequences(segments, 0),
            torch.tensor(follows),
        )

    def hide(self, ids: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return mask_tokens(
            ids,
            mask_id=self.tokenizer.mask_id,
            vocab_size=self.tokenizer.vocab_size,
            special_ids=self.special,
            generator=generator,
        )

    def exam(self, pairs: Sequence[Pair]) -> Exam:
        """Two draws of the blanks for each pair."""
        ids, segments, follows = self.batch([*pairs, *pairs])
        _, labels = self.hide(ids, torch.Generator().manual_seed(0))
        hidden = torch.where(labels != IGNORED, self.tokenizer.mask_id, ids)
        return Exam(hidden, segments, labels, follows)


@torch.no_grad()
def evaluate(model: BertForPretraining, exam: Exam) -> Scores:
    """Sit an exam."""
    scores, next_scores = model(exam.hidden, exam.segments)
    asked = exam.labels != IGNORED
    scores, wanted = scores[asked], exam.labels[asked]
    return Scores(
        loss=F.cross_entropy(scores, wanted).item(),
        accuracy=(scores.argmax(1) == wanted).float().mean().item(),
        next_accuracy=(next_scores.argmax(1) == exam.follows).float().mean().item(),
    )


def new_model(vocab_size: int) -> BertForPretraining:
    """Two layers, 64 wide.

    BERT's first weights have a standard deviation of 0.02, which suits a width of 768.
    Multiplied by √(768/64), a sum of 64 terms has the variance of one of 768.
    """
    config = BertConfig(
        vocab_size=vocab_size,
        d_model=64,
        num_heads=2,
        num_layers=2,
        d_ff=256,
        max_len=LENGTH,
        dropout=0.0,
    )
    model = BertForPretraining(Bert(config))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(math.sqrt(768 / 64))
    return model


def pretrain(
    reader: Reader, texts: Sequence[Text], *, seen: Exam, held: Exam, seed: int
) -> tuple[BertForPretraining, float, list[Progress]]:
    """Fill blanks and judge pairs; the model, its first loss, its progress.

    Args:
        texts: to learn from.
        seen, held: an exam on training texts, and one on texts never seen.
    """
    set_seed(seed)
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    model = new_model(reader.tokenizer.vocab_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    warmup = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARMUP)
    )
    first_loss = 0.0
    progress: list[Progress] = []
    queue: list[Pair] = []
    for step in range(1, STEPS + 1):
        if len(queue) < BATCH_SIZE:
            queue = reader.pairs(texts, rng)
            rng.shuffle(queue)
        now, queue = queue[:BATCH_SIZE], queue[BATCH_SIZE:]
        ids, segments, follows = reader.batch(now)
        hidden, labels = reader.hide(ids, generator)
        scores, next_scores = model(hidden, segments)
        asked = labels != IGNORED
        words = F.cross_entropy(scores[asked], labels[asked])
        loss = words + F.cross_entropy(next_scores, follows)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        warmup.step()
        if step == 1:
            first_loss = words.item()
        if step % EVERY == 0:
            train_loss = evaluate(model, seen).loss
            progress.append(Progress(step, train_loss, evaluate(model, held)))
    return model.eval(), first_loss, progress
