"""Sentiment analysis: a pretrained encoder, the mean of its vectors, one linear layer.

Every classifier of the chapter "Fine-tuning BERT" has this form; they differ in what
stands below the mean, and in which weights are trained:

    full       the whole pretrained encoder (`BertVectors`, or `HubVectors` for a model
               of Hugging Face)
    top        the upper layers only, over states computed once (`TopLayers`)
    frozen     nothing below the mean: a logistic regression on `mean_vectors`
    scratch    a small encoder with new weights (`BertVectors` again)
    blank      the pretrained encoder's architecture with new weights

`python -m transformers_explained.sentiment` compares them over three seeds; see
`sentiment_runs`.

Axes: B texts, S tokens, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from transformers_explained.bert import Bert
from transformers_explained.masks import padding_mask
from transformers_explained.pretrained import model_folder
from transformers_explained.reviews import Review
from transformers_explained.training import (
    History,
    Trainer,
    TrainingConfig,
    adamw,
    epoch_batches,
)

MAX_TOKENS = 64
NUM_LABELS = 2  # 0 negative, 1 positive


@dataclass(frozen=True, kw_only=True)
class Example:
    """One text and its label.

    Attributes:
        inputs: (S,) token ids, or (S, D) states of a layer computed beforehand.
        target: 1 positive, 0 negative.
    """

    inputs: Tensor
    target: int


class Batch(NamedTuple):
    """Examples side by side, padded on the right with zeros."""

    inputs: Tensor  # (B, S) or (B, S, D)
    mask: Tensor  # (B, S), True = a real token
    targets: Tensor  # (B,)


def encode(
    tokenizer: Any, reviews: Sequence[Review], *, max_tokens: int = MAX_TOKENS
) -> list[Example]:
    """Token ids of reviews, special tokens included, cut after `max_tokens`.

    Args:
        tokenizer: one of Hugging Face's, from `AutoTokenizer`.
        reviews: in one language.
        max_tokens: longest sequence, at least 2 for the special tokens.
    """
    texts = [review.text for review in reviews]
    rows = tokenizer(texts, truncation=True, max_length=max_tokens)["input_ids"]
    return [
        Example(inputs=torch.tensor(ids), target=review.target)
        for ids, review in zip(rows, reviews, strict=True)
    ]


def collate(examples: Sequence[Example]) -> Batch:
    """Put examples side by side.

    The ids are padded with 0 whatever the tokenizer's own padding is: the mask, not the
    id, says what is real.
    """
    lengths = torch.tensor([len(example.inputs) for example in examples])
    inputs = pad_sequence([example.inputs for example in examples], batch_first=True)
    mask = torch.arange(inputs.shape[1]) < lengths[:, None]  # (B, S)
    return Batch(inputs, mask, torch.tensor([example.target for example in examples]))


class BertVectors(nn.Module):
    """The vectors of the tokens, by the book's own BERT (whose padding id is 0)."""

    def __init__(self, bert: Bert) -> None:
        super().__init__()
        self.bert = bert
        bert.pooler = None  # the mean replaces it: nothing would train it

    @property
    def d_model(self) -> int:
        return self.bert.config.d_model

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        ids = ids.masked_fill(~mask, self.bert.config.pad_id)
        return self.bert(ids).hidden  # type: ignore[no-any-return]  # (B, S, D)


class HubVectors(nn.Module):
    """The vectors of the tokens, by an encoder of Hugging Face's `AutoModel`."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        if getattr(model, "pooler", None) is not None:
            model.pooler = None

    @property
    def d_model(self) -> int:
        size: int = self.model.config.hidden_size
        return size

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        # Some models number the positions by counting the tokens that are not padding.
        ids = ids.masked_fill(~mask, self.model.config.pad_token_id)
        output = self.model(input_ids=ids, attention_mask=mask.long())
        vectors: Tensor = output.last_hidden_state
        return vectors  # (B, S, D)


class TopLayers(nn.Module):
    """The upper layers of a BERT, over the states below them (see `lower_states`).

    Args:
        bert: where the layers are copied from.
        lower: how many layers stay below.

    Raises:
        ValueError: if nothing would be left above.
    """

    def __init__(self, bert: Bert, *, lower: int) -> None:
        super().__init__()
        num_layers = bert.config.num_layers
        if not 0 <= lower < num_layers:
            raise ValueError(f"lower must lie in [0, {num_layers}); got {lower}")
        self.layers = deepcopy(bert.encoder.layers[lower:])
        self.d_model = bert.config.d_model

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        for layer in self.layers:
            states = layer(states, mask[:, None, None, :])[0]
        return states  # (B, S, D)


class SentimentClassifier(nn.Module):
    """The mean of the tokens' vectors, then one score per label.

    Args:
        vectors: (inputs, mask) -> (B, S, D): `BertVectors`, `HubVectors`, `TopLayers`.

    BERT's authors read the [CLS] token instead (Devlin et al. 2019). MiniLM was trained
    as a sentence encoder through the mean of its vectors, so the mean it is.
    """

    def __init__(self, vectors: BertVectors | HubVectors | TopLayers) -> None:
        super().__init__()
        self.vectors = vectors
        self.head = nn.Linear(vectors.d_model, NUM_LABELS)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """Scores (B, 2) of negative and positive."""
        mean = masked_mean(self.vectors(inputs, mask), mask)  # (B, D)
        scores: Tensor = self.head(mean)
        return scores


def masked_mean(vectors: Tensor, mask: Tensor) -> Tensor:
    """The mean (B, D) of vectors (B, S, D) over the positions where the mask is True.

    A row without any real position gives zeros.
    """
    weights = mask.to(vectors.dtype)  # (B, S)
    total = (vectors * weights[:, :, None]).sum(dim=1)  # (B, D)
    return total / weights.sum(dim=1, keepdim=True).clamp(min=1)


def lower_states(
    bert: Bert, examples: Sequence[Example], *, layers: int
) -> list[Example]:
    """The states above the first layers: the same examples, with vectors for ids.

    They never change when only the layers above are trained, so they are computed once.
    """
    bert.eval()
    states: list[Tensor] = [torch.empty(0)] * len(examples)
    with torch.no_grad():
        for batch in _by_length(examples):
            ids, mask, _ = collate([examples[index] for index in batch])
            x = bert.embeddings(ids)
            for layer in bert.encoder.layers[:layers]:
                x = layer(x, padding_mask(ids, bert.config.pad_id))[0]
            for index, row, real in zip(batch, x, mask, strict=True):
                states[index] = row[real]
    return [
        Example(inputs=state, target=example.target)
        for state, example in zip(states, examples, strict=True)
    ]


def mean_vectors(
    vectors: BertVectors | HubVectors | TopLayers, examples: Sequence[Example]
) -> Tensor:
    """One vector per text, (N, D): what a frozen encoder offers to a classifier."""
    return _map(
        vectors,
        examples,
        lambda batch: masked_mean(vectors(batch.inputs, batch.mask), batch.mask),
    )


def fit(
    model: SentimentClassifier, examples: Sequence[Example], config: TrainingConfig
) -> History:
    """Train a classifier with the book's loop, texts of like length together.

    The optimizer is AdamW in its fused form: it makes no copy of the embedding table,
    47 MB in MiniLM, to update it.
    """
    trainer = Trainer(
        model,
        examples,
        summed_loss,
        collate,
        config,
        length=lambda example: len(example.inputs),
        optimizer=adamw(model, config, fused=True),
    )
    history = trainer.run(progress=False)
    model.zero_grad()  # the gradients are as large as the weights: let them go
    return history


def summed_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, int]:
    """Summed cross-entropy of a batch, and the number of its texts."""
    scores = model(batch.inputs, batch.mask)
    return F.cross_entropy(scores, batch.targets, reduction="sum"), len(batch.targets)


def positive_probability(
    model: SentimentClassifier, examples: Sequence[Example]
) -> Tensor:
    """The probability (N,) of "positive" for each text, in the order given."""
    return _map(
        model,
        examples,
        lambda batch: model(batch.inputs, batch.mask).softmax(dim=-1)[:, 1],
    )


def targets(examples: Sequence[Example]) -> Tensor:
    """The labels, (N,)."""
    return torch.tensor([example.target for example in examples])


def accuracy(probability: Tensor, examples: Sequence[Example]) -> float:
    """The share of texts whose likelier label is theirs."""
    right = (probability > 0.5).long() == targets(examples)
    return right.double().mean().item()


def predictor(model: SentimentClassifier, tokenizer: Any) -> Callable[[str], float]:
    """A function from a text to the probability that it is positive."""

    def predict(text: str) -> float:
        ids = tokenizer(text, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        example = Example(inputs=torch.tensor(ids), target=0)
        return positive_probability(model, [example]).item()

    return predict


def hub_classifier(
    source: str | Path, **settings: Any
) -> tuple[SentimentClassifier, Any]:
    """A classifier over any encoder of Hugging Face, and its tokenizer.

    Args:
        source: "minilm", a folder, or a name on the hub: "distilbert-base-uncased",
            "bert-base-uncased", "camembert-base" ...
        settings: of the model's configuration, such as ``hidden_dropout_prob=0.0``.

    Raises:
        ConnectionError: if the hub cannot be reached or has no such model.
    """
    from transformers import AutoModel, AutoTokenizer

    folder = model_folder(source)
    model = AutoModel.from_pretrained(folder, **settings)
    return SentimentClassifier(HubVectors(model)), AutoTokenizer.from_pretrained(folder)


def _by_length(examples: Sequence[Example], size: int = 32) -> list[list[int]]:
    lengths = [len(example.inputs) for example in examples]
    return epoch_batches(len(examples), size, seed=0, epoch=0, lengths=lengths)


def _map(
    module: nn.Module, examples: Sequence[Example], function: Callable[[Batch], Tensor]
) -> Tensor:
    """Apply a function batch by batch, without gradient nor dropout, in order."""
    was_training = module.training
    module.eval()
    order: list[int] = []
    results: list[Tensor] = []
    with torch.no_grad():
        for batch in _by_length(examples):
            order += batch
            results.append(function(collate([examples[index] for index in batch])))
    module.train(was_training)
    return torch.cat(results)[torch.tensor(order).argsort()]


if __name__ == "__main__":
    from transformers_explained.sentiment_runs import main

    main()
