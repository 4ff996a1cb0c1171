"""Transfer learning without a Transformer: a small convolution on handwritten digits.

It learns the digits 0 to 4 from many images. Then it must learn 5 to 9 from a few
images each: with its filters frozen, with everything tuned, or with new weights.
"""

from __future__ import annotations

from copy import deepcopy

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

from transformers_explained.training import set_seed

WAYS = ("frozen", "tuned", "scratch")
SHOTS = (1, 5, 25)  # images of each new digit


def network() -> nn.Sequential:
    """Two layers of filters, then a layer that names one of five digits."""
    body = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )
    return nn.Sequential(body, nn.Linear(32 * 4 * 4, 5))


def train(
    model: nn.Module, images: Tensor, digits: Tensor, *, steps: int, seed: int
) -> None:
    """Adam at 0.003 on batches of at most 64."""
    draw = torch.Generator().manual_seed(seed)
    moving = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(moving, lr=3e-3)
    for _ in range(steps):
        rows = torch.randperm(len(images), generator=draw)[:64]
        loss = F.cross_entropy(model(images[rows]), digits[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def run(seed: int) -> dict[int, dict[str, float]]:
    """Images of each new digit -> way -> share of the test images named right.

    The test is half of the images of 5 to 9, the same for all numbers of images.
    """
    data = load_digits()
    images = torch.tensor(data.images).float()[:, None] / 16  # (N, 1, 8, 8)
    digits = torch.tensor(data.target)
    old = digits < 5
    set_seed(seed)
    source = network()
    train(source, images[old], digits[old], steps=200, seed=seed)
    images, digits = images[~old], digits[~old] - 5
    draw = torch.Generator().manual_seed(seed)
    test, pool = torch.randperm(len(digits), generator=draw).chunk(2)
    found: dict[int, dict[str, float]] = {}
    for shots in SHOTS:
        few = torch.cat([pool[digits[pool] == digit][:shots] for digit in range(5)])
        found[shots] = {}
        for way in WAYS:
            set_seed(seed + 100)  # the same new output layer for all three
            model = network()
            if way != "scratch":
                model[0] = deepcopy(source[0])
            model[0].requires_grad_(way != "frozen")
            train(model, images[few], digits[few], steps=60, seed=seed)
            with torch.no_grad():
                right = model(images[test]).argmax(dim=-1) == digits[test]
            found[shots][way] = right.double().mean().item()
    return found
