"""Sentiment analysis: a pretrained encoder, the mean of its vectors, one linear layer.

Every classifier of the chapter "Fine-tuning BERT" has this form; they differ in what
stands below the mean, and in which weights are trained:

    full       the whole pretrained encoder (`BertVectors`, or `HubVectors` for a model
               of Hugging Face)
    top        the upper layers only, over states computed once (`TopLayers`)
    frozen     nothing below the mean: a logistic regression on `mean_vectors`
    scratch    a small encoder with new weights (`BertVectors` again)
    blank      the pretrained encoder's architecture with new weights

The chapter's own folder holds the run that compares them over three seeds.

Axes: B texts, S tokens, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from transformers_explained.bert import Bert
from transformers_explained.data.reviews import Review
from transformers_explained.pretrained import model_folder
from transformers_explained.tasks import fitting
from transformers_explained.tasks.examples import Batch, Example
from transformers_explained.tasks.fitting import each
from transformers_explained.tokenization import Tokenizer

MAX_TOKENS = 64
MAX_PIECES = 128  # of the book's own tokenizers
NUM_LABELS = 2  # 0 negative, 1 positive


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


def read_reviews(
    tokenizer: Tokenizer, reviews: Sequence[Review], *, prefix: str = ""
) -> list[Example]:
    """The same by one of the book's tokenizers, cut after `MAX_PIECES`.

    Args:
        prefix: what the model wants before each text.
    """
    examples = []
    for review in reviews:
        ids = tokenizer.encode(prefix + review.text, add_special_tokens=True)
        if len(ids) > MAX_PIECES:
            ids = [*ids[: MAX_PIECES - 1], ids[-1]]
        examples.append(Example(inputs=torch.tensor(ids), target=review.target))
    return examples


class BertVectors(nn.Module):
    """The vectors of the tokens, by the book's own BERT; the mask says which."""

    def __init__(self, bert: Bert) -> None:
        super().__init__()
        self.bert = bert
        bert.pooler = None  # the mean replaces it: nothing would train it

    @property
    def d_model(self) -> int:
        return self.bert.config.d_model

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.bert(ids, mask=mask).hidden  # type: ignore[no-any-return]  # (B, S, D)


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

    def states(batch: Batch) -> Tensor:
        x: Tensor = bert.embeddings(batch.inputs)
        for layer in bert.encoder.layers[:layers]:
            x = layer(x, batch.mask[:, None, None, :])[0]
        return x  # (B, S, D)

    return [
        # Without the padding, and without the memory that it takes.
        Example(inputs=state[: len(example.inputs)].clone(), target=example.target)
        for state, example in zip(each(bert, examples, states), examples, strict=True)
    ]


def mean_vectors(
    vectors: BertVectors | HubVectors | TopLayers, examples: Sequence[Example]
) -> Tensor:
    """One vector per text, (N, D): what a frozen encoder offers to a classifier."""

    def mean(batch: Batch) -> Tensor:
        return masked_mean(vectors(batch.inputs, batch.mask), batch.mask)

    return torch.stack(each(vectors, examples, mean))


def positive_probability(
    model: SentimentClassifier, examples: Sequence[Example]
) -> Tensor:
    """The probability (N,) of "positive" for each text, in the order given."""

    def positive(batch: Batch) -> Tensor:
        probability: Tensor = model(batch.inputs, batch.mask).softmax(dim=-1)  # (B, 2)
        return probability[:, 1]

    return torch.stack(each(model, examples, positive))


def targets(examples: Sequence[Example]) -> Tensor:
    """The labels, (N,)."""
    return torch.tensor([example.target for example in examples])


def accuracy(probability: Tensor, examples: Sequence[Example]) -> float:
    """The share of texts whose likelier label is theirs.

    Raises:
        ValueError: if there are not as many probabilities as examples, or none.
    """
    if len(probability) != len(examples) or not examples:
        raise ValueError(
            "probability must hold one number for each example, and at least one; "
            f"got {len(probability)} for {len(examples)} examples"
        )
    right = (probability > 0.5).long() == targets(examples).to(probability.device)
    return right.double().mean().item()


def predictor(model: SentimentClassifier, tokenizer: Any) -> Callable[[str], float]:
    """A function from a text to the probability that it is positive."""

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer(text, truncation=True, max_length=MAX_TOKENS)[
            "input_ids"
        ]
        return ids

    return fitting.predictor(
        model, encode, lambda scores: scores.softmax(dim=-1)[1].item()
    )


def hub_classifier(
    source: str | Path, **settings: Any
) -> tuple[SentimentClassifier, Any]:
    """A classifier over any encoder of Hugging Face, and its tokenizer.

    Args:
        source: "minilm", a folder, or a name on the hub: "distilbert-base-uncased",
            "bert-base-uncased", "camembert-base" ...
        settings: of the model's configuration, such as `hidden_dropout_prob=0.0`.

    Raises:
        ConnectionError: if the hub cannot be reached or has no such model.
    """
    from transformers import AutoModel, AutoTokenizer

    folder = model_folder(source)
    model = AutoModel.from_pretrained(folder, **settings)
    return SentimentClassifier(HubVectors(model)), AutoTokenizer.from_pretrained(folder)
