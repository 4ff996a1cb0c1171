"""A training step of the language model against a plain one with the same weights.

A step is a forward pass, the loss, a backward pass and an update by AdamW. No dropout.
Losses and updated embeddings are compared before anything is timed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.plain_gpt import PlainGPT
from benchmarks.timing import Row, compare
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.training import TrainingConfig, adamw

VOCAB_SIZE = 65  # the characters of a text


@dataclass(frozen=True, kw_only=True)
class Size:
    """Sizes of a model and of its batches, and how many pairs of steps are timed."""

    num_layers: int
    d_model: int
    num_heads: int
    batch: int
    length: int
    pairs: int


SIZES = (
    Size(num_layers=4, d_model=128, num_heads=4, batch=12, length=64, pairs=60),
    Size(num_layers=6, d_model=384, num_heads=6, batch=8, length=256, pairs=12),
)


def rows() -> Iterator[Row]:
    """Time both sizes."""
    for size in SIZES:
        ours, plain = models(size)
        ids = torch.randint(VOCAB_SIZE, (size.batch, size.length + 1))
        step = _step(ours, lambda x, model=ours: model(x)[0], ids)
        plain_step = _step(plain, plain, ids)
        torch.testing.assert_close(step(), plain_step(), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(
            ours.tokens.weight, plain.tokens.weight, rtol=1e-3, atol=1e-4
        )
        yield Row(
            what=f"language model, {size.num_layers} layers, d_model {size.d_model}",
            reference="a plain one",
            mode="training",
            shape=f"B{size.batch} T{size.length}",
            comparison=compare(step, plain_step, pairs=size.pairs),
        )


def models(size: Size) -> tuple[LanguageModel, PlainGPT]:
    """The two, with the same weights."""
    plain = PlainGPT(
        vocab_size=VOCAB_SIZE,
        d_model=size.d_model,
        num_heads=size.num_heads,
        num_layers=size.num_layers,
        max_len=size.length,
    )
    nn.init.normal_(plain.tokens.weight, std=0.02)
    nn.init.normal_(plain.positions.weight, std=0.02)
    ours = LanguageModel(
        LanguageModelConfig(
            vocab_size=VOCAB_SIZE,
            d_model=size.d_model,
            num_heads=size.num_heads,
            num_layers=size.num_layers,
            d_ff=4 * size.d_model,
            max_len=size.length,
            dropout=0.0,
            activation="gelu",
        )
    )
    ours.load_state_dict(_renamed(plain))
    return ours, plain


def _renamed(plain: PlainGPT) -> dict[str, Tensor]:
    """Its weights under our names: the joined projection is cut in three."""
    state = {
        "tokens.weight": plain.tokens.weight,
        "positions.weight": plain.positions.weight,
        "output.weight": plain.tokens.weight,
        "decoder.final_norm.weight": plain.norm.weight,
        "decoder.final_norm.bias": plain.norm.bias,
    }
    names = {
        "norm1": "norm1",
        "out": "attention.out_proj",
        "norm2": "norm2",
        "up": "feed_forward.linear1",
        "down": "feed_forward.linear2",
    }
    for index, block in enumerate(plain.blocks):
        for kind in ("weight", "bias"):
            for theirs, ours in names.items():
                tensor = getattr(getattr(block, theirs), kind)
                state[f"decoder.layers.{index}.{ours}.{kind}"] = tensor
            parts = getattr(block.qkv, kind).chunk(3)
            for name, part in zip("qkv", parts, strict=True):
                state[f"decoder.layers.{index}.attention.{name}_proj.{kind}"] = part
    return state


def _step(
    model: nn.Module, scores: Callable[[Tensor], Tensor], ids: Tensor
) -> Callable[[], Tensor]:
    optimizer = adamw(model, TrainingConfig(learning_rate=1e-3), fused=True)
    inputs, labels = ids[:, :-1], ids[:, 1:].flatten()

    def step() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(scores(inputs).flatten(0, 1), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.detach()

    return step
