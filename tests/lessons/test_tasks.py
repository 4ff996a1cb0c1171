"""One way to batch, to train and to ask, for labels, tags, spans and hidden words."""

import pytest
import torch
from torch import Tensor, nn

from transformers_explained.layers import Encoder
from transformers_explained.positions import SinusoidalPositions
from transformers_explained.tasks.examples import (
    IGNORED,
    Batch,
    Example,
    collate,
    example_length,
)
from transformers_explained.tasks.fitting import each, fit, label_loss, predictor
from transformers_explained.tasks.masked_words import mask_tokens
from transformers_explained.training import TrainingConfig, cross_entropy, set_seed

VOCABULARY, WIDTH, LABELS = 11, 12, 3
CONFIG = TrainingConfig(epochs=60, batch_size=5, learning_rate=1e-2)


class Reader(nn.Module):
    """Scores for each token, (B, S, outputs), or of spans, (B, 2, S)."""

    def __init__(self, outputs: int, *, spans: bool = False) -> None:
        super().__init__()
        self.spans = spans
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = SinusoidalPositions(WIDTH, 16)
        self.encoder = Encoder(1, WIDTH, 2, 24, dropout=0.1)
        self.output = nn.Linear(WIDTH, outputs)

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        x = self.positions(self.embedding(inputs))
        states, _ = self.encoder(x, mask[:, None, None, :])
        scores: Tensor = self.output(states)  # (B, S, outputs)
        if self.spans:
            return scores.mT.masked_fill(~mask[:, None], -torch.inf)
        return scores


def texts(number: int = 13) -> list[list[int]]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randint(1, VOCABULARY, (3 + row % 5,), generator=generator).tolist()
        for row in range(number)
    ]


def tagged() -> list[Example]:
    """Each token's tag is its id modulo 3; the first token has none."""
    return [
        Example(inputs=ids, target=[IGNORED, *[i % LABELS for i in ids[1:]]])
        for ids in texts()
    ]


def test_tags_are_filled_with_the_label_that_is_skipped() -> None:
    batch = collate(
        [
            Example(inputs=[4, 5, 6], target=[1, 2, 0]),
            Example(inputs=torch.tensor([7]), target=torch.tensor([2])),
        ]
    )
    assert batch.inputs.tolist() == [[4, 5, 6], [7, 0, 0]]
    assert batch.mask.tolist() == [[True] * 3, [True, False, False]]
    assert batch.targets.tolist() == [[1, 2, 0], [2, IGNORED, IGNORED]]


def test_labels_and_sequences_are_not_mixed() -> None:
    one, other = Example(inputs=[1], target=1), Example(inputs=[1], target=[1])
    with pytest.raises(ValueError, match="got 1 labels and 1 sequences"):
        collate([one, other])


def test_length_counts_what_comes_out_too() -> None:
    assert example_length(Example(inputs=[1, 2, 3], target=1)) == 3
    assert example_length(Example(inputs=[1, 2, 3], target=[1, 2])) == 5


def test_a_tagger_learns_and_is_asked_in_the_order_given() -> None:
    set_seed(0)
    model, examples = Reader(LABELS), tagged()
    fit(model, examples, CONFIG)
    assert model.training  # as the trainer leaves it: asking does not change that

    def tags(batch: Batch) -> list[Tensor]:
        found = model(batch.inputs, batch.mask).argmax(dim=-1)  # (B, S)
        return [row[real] for row, real in zip(found, batch.mask, strict=True)]

    for example, found in zip(examples, each(model, examples, tags), strict=True):
        assert found.tolist()[1:] == example.target[1:]
    assert model.training
    assert not any(p.grad is not None and p.grad.any() for p in model.parameters())


def test_a_finder_of_spans_learns() -> None:
    """From the first to the last token above 7; a text without one points at 0."""
    examples = []
    for ids in texts():
        places = [place for place, i in enumerate(ids) if i > 7] or [0]
        examples.append(Example(inputs=ids, target=[places[0], places[-1]]))
    set_seed(0)
    model = Reader(2, spans=True)
    fit(model, examples, CONFIG)
    answers = each(model, examples, lambda batch: model(*batch[:2]).argmax(dim=-1))
    right = [a.tolist() == e.target for a, e in zip(answers, examples, strict=True)]
    assert sum(right) >= 11
    find = predictor(model, lambda text: [ord(c) % 10 + 1 for c in text], Tensor.argmax)
    assert find("abc").dim() == 0


def test_the_loss_counts_what_is_asked_for() -> None:
    """Tags with a label; both ends of a span; hidden words."""
    model = Reader(LABELS).eval()
    batch = collate(tagged())
    total, count = label_loss(model, batch)
    assert count == sum(len(ids) - 1 for ids in texts())
    alone = [label_loss(model, collate([example])) for example in tagged()]
    torch.testing.assert_close(total, torch.stack([loss for loss, _ in alone]).sum())
    assert count == sum(number for _, number in alone)

    spans = collate([Example(inputs=ids, target=[0, 2]) for ids in texts()])
    total, count = label_loss(Reader(2, spans=True).eval(), spans)
    assert count == 2 * len(texts())
    assert total.isfinite()

    hidden, labels = mask_tokens(
        batch.inputs, mask_id=1, vocab_size=VOCABULARY, special_ids=[0], probability=0.5
    )
    model = Reader(VOCABULARY).eval()
    total, count = label_loss(model, Batch(hidden, batch.mask, labels))
    assert count == int((labels != IGNORED).sum()) > 0
    expected = cross_entropy(model(hidden, batch.mask), labels, ignore_id=IGNORED)
    torch.testing.assert_close((total, count), expected)
