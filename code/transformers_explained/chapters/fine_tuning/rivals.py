"""The rivals of fine-tuning that train in a moment: a row of `runs.json` for each.

Counting words, and a logistic regression on the mean vectors of a frozen encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from torch import Tensor

from transformers_explained.chapters.fine_tuning.results import LANGUAGES, draw_subset
from transformers_explained.data.reviews import load_reviews


def rounded(probability: Tensor) -> list[int]:
    """Probabilities in thousandths, as they are recorded: none crosses one half."""
    return [
        max(501, round(1000 * p)) if p > 0.5 else min(500, round(1000 * p))
        for p in probability.tolist()
    ]


def labels(split: str) -> Tensor:
    """The labels of a split, the same in both languages."""
    reviews = load_reviews(split)  # type: ignore[call-overload]
    return torch.tensor([review.target for review in reviews])


def chosen_rows(size: int | None, seed: int) -> list[int]:
    train = labels("train")
    return list(range(len(train))) if size is None else draw_subset(train, size, seed)


def counting_row(language: str, *, size: int | None, seed: int) -> dict[str, Any]:
    """TF-IDF of words and pairs of words, logistic regression; scikit-learn's own
    settings. Only its own language is asked for: it has not seen the other's words."""
    texts = {
        split: [review.text for review in load_reviews(split, language)]  # type: ignore[call-overload]
        for split in ("train", "valid", "test")
    }
    rows = chosen_rows(size, seed)
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1_000)
    )
    model.fit([texts["train"][row] for row in rows], labels("train")[rows].numpy())
    return {
        "way": "tfidf",
        "trained_on": language,
        "examples": len(rows),
        "seed": seed,
        "valid": {language: model.score(texts["valid"], labels("valid").numpy())},
        "test": {
            language: rounded(torch.tensor(model.predict_proba(texts["test"])[:, 1]))
        },
    }


def frozen_row(
    way: str,
    vectors: Mapping[tuple[str, str], Tensor],
    language: str,
    *,
    size: int | None,
    seed: int,
) -> dict[str, Any]:
    """Logistic regression on vectors that stay as they are.

    Args:
        vectors: (split, language) -> (N, D).
    """
    rows = chosen_rows(size, seed)
    model = LogisticRegression(max_iter=2_000)
    model.fit(vectors["train", language][rows].numpy(), labels("train")[rows].numpy())
    return {
        "way": way,
        "trained_on": language,
        "examples": len(rows),
        "seed": seed,
        "valid": {
            told: model.score(vectors["valid", told].numpy(), labels("valid").numpy())
            for told in LANGUAGES
        },
        "test": {
            told: rounded(
                torch.tensor(model.predict_proba(vectors["test", told].numpy())[:, 1])
            )
            for told in LANGUAGES
        },
    }
