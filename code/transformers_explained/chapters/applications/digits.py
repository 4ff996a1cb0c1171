"""Digits: a Vision Transformer, a convolution and a logistic regression.

What is recorded, all fixed before the first run: scikit-learn's 1,797 images, drawn
into test, validation and training by the digests of their own pixels; seeds 1 to 5 for
the first weights and the order; 300 updates of 64 images at a rate of 0.003, after one
trial of each network with seed 0 on validation. Only the strength of the logistic
regression's penalty is chosen, by its accuracy on validation.

Shuffled means that one permutation of the 64 pixels, the same for all images, training
and test, is applied first: each image keeps all its numbers, and neighbours are no
longer neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from transformers_explained.chapters.applications.learning import learn
from transformers_explained.training import cross_entropy, set_seed
from transformers_explained.vision import (
    SmallConvolution,
    VisionTransformer,
    VisionTransformerConfig,
)

SEEDS = (1, 2, 3, 4, 5)
TEST, VALID = 400, 200
RATE, UPDATES, BATCH = 3e-3, 300, 64
PENALTIES = (0.01, 0.1, 1.0, 10.0)
NETWORKS = ("transformer", "convolution")


class Images(NamedTuple):
    """Images and their digits."""

    pixels: Tensor  # (N, 1, 8, 8), from 0 to 1
    digits: Tensor  # (N,)

    def shuffled(self) -> Images:
        """The same, with all pixels moved by one fixed permutation."""
        generator = torch.Generator().manual_seed(64)
        order = torch.randperm(64, generator=generator)
        pixels = self.pixels.flatten(1)[:, order].view_as(self.pixels)
        return Images(pixels, self.digits)


@cache
def load_images(split: str) -> Images:
    """The digits of scikit-learn, drawn by the digests of their pixels."""
    found = load_digits()
    digests = [
        hashlib.sha256(image.astype("uint8").tobytes()).digest()
        for image in found.images
    ]
    drawn = sorted(range(len(digests)), key=digests.__getitem__)
    rows = {
        "test": drawn[:TEST],
        "valid": drawn[TEST : TEST + VALID],
        "train": drawn[TEST + VALID :],
    }[split]
    pixels = torch.tensor(found.images[rows], dtype=torch.float32) / 16
    return Images(pixels[:, None], torch.tensor(found.target[rows]))


def build(kind: str, seed: int) -> nn.Module:
    """A new network."""
    set_seed(seed)
    if kind == "convolution":
        return SmallConvolution()
    return VisionTransformer(VisionTransformerConfig())


def scores_of(model: nn.Module, pixels: Tensor) -> Tensor:
    """Scores (B, 10), whichever network it is."""
    found = model(pixels)
    scores: Tensor = found[0] if isinstance(found, tuple) else found
    return scores


def train(kind: str, seed: int, images: Images, updates: int = UPDATES) -> nn.Module:
    """A network that has learned."""
    count = len(images.digits)

    def loss(model: nn.Module, rows: Tensor) -> tuple[Tensor, int]:
        scores = scores_of(model, images.pixels[rows])
        return cross_entropy(scores, images.digits[rows], ignore_id=-100)

    return learn(
        build(kind, seed),
        loss,
        examples=count,
        updates=updates,
        batch_size=min(BATCH, count),
        rate=RATE,
        warmup_steps=30,
        weight_decay=0.05,
        seed=seed,
    )


@torch.no_grad()
def accuracy(model: nn.Module, images: Images) -> float:
    """The share of images whose best score is their digit's."""
    best = scores_of(model, images.pixels).argmax(dim=-1)
    return (best == images.digits).double().mean().item()


def logistic(images: Images, penalty: float) -> Any:
    """scikit-learn's logistic regression on the 64 numbers."""
    model = LogisticRegression(C=penalty, max_iter=2_000)
    return model.fit(images.pixels.flatten(1).numpy(), images.digits.numpy())


def logistic_accuracy(model: Any, images: Images) -> float:
    """Its accuracy."""
    share: float = model.score(images.pixels.flatten(1).numpy(), images.digits.numpy())
    return share


def measure(seeds: Sequence[int] = SEEDS) -> dict[str, Any]:
    """Everything: condition -> accuracy on test for each seed."""
    known, valid, test = (load_images(s) for s in ("train", "valid", "test"))
    tried = {c: logistic_accuracy(logistic(known, c), valid) for c in PENALTIES}
    best = max(tried, key=tried.__getitem__)
    runs: dict[str, list[float]] = {}
    for name, some, asked in (
        ("whole", known, test),
        ("shuffled", known.shuffled(), test.shuffled()),
    ):
        runs[f"logistic/{name}"] = [logistic_accuracy(logistic(some, best), asked)]
        for kind in NETWORKS:
            runs[f"{kind}/{name}"] = [
                accuracy(train(kind, seed, some), asked) for seed in seeds
            ]
            print(f"{kind}/{name}", runs[f"{kind}/{name}"], flush=True)
    return {"tried": {f"{c:g}": v for c, v in tried.items()}, "runs": runs}
