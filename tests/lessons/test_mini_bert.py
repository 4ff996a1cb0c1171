"""The mini-BERT: pairs stay in one language, an exam has no free point."""

import random

import pytest
import torch

from transformers_explained.chapters.bert import mini
from transformers_explained.tasks.masked_words import IGNORED
from transformers_explained.tokenization import WordPieceTokenizer


@pytest.fixture(scope="module")
def reader() -> mini.Reader:
    lines = [line for text in mini.sentences("valid") for line in text]
    return mini.Reader(WordPieceTokenizer.train(lines, vocab_size=300))


def test_pairs_stay_in_one_half_of_the_texts(reader: mini.Reader) -> None:
    """A text of the first half has token 10 only, one of the second token 20."""
    texts = [[[10] * 3] * 4] * 6 + [[[20] * 3] * 4] * 6
    pairs = reader.pairs(texts, random.Random(0))
    assert len(pairs) == 36
    assert {follows for _, _, follows in pairs} == {0, 1}
    for ids, segments, _ in pairs:
        assert len(ids) == len(segments) <= mini.LENGTH
        assert len({10, 20} & set(ids)) == 1


def test_long_sentences_are_cut(reader: mini.Reader) -> None:
    [(ids, segments, _)] = reader.pairs([[[10] * 90, [11] * 90]], _Always())
    assert len(ids) == len(segments) == mini.LENGTH
    assert ids.count(reader.tokenizer.end_id) == 2


class _Always(random.Random):
    def random(self) -> float:
        return 0.0


def test_in_an_exam_all_that_is_asked_is_masked(reader: mini.Reader) -> None:
    texts = [
        [reader.tokenizer.encode(line) for line in text]
        for text in mini.sentences("valid")[:40]
    ]
    exam = reader.exam(reader.pairs(texts, random.Random(0)))
    asked = exam.labels != IGNORED
    assert asked.any()
    assert (exam.hidden[asked] == reader.tokenizer.mask_id).all()
    assert not (exam.hidden[~asked] == reader.tokenizer.mask_id).any()
    model = mini.new_model(reader.tokenizer.vocab_size).eval()
    scores = mini.evaluate(model, exam)
    assert scores.loss == pytest.approx(float(torch.tensor(300.0).log()), abs=0.6)
    assert 0 <= scores.accuracy <= 1
