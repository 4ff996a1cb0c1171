"""What each part of the recipe does: the recorded runs that the chapter reads.

    python -m transformers_explained.chapters.training.runs

trains the book's translator of numbers, made smaller, more than two hundred times and
writes `runs.json` beside this file. One thread of one processor, in one process, needs
less than half an hour.

All of this was written before the first recorded run. `BASE` is the recipe of 2017 on a
model 32 features wide; `CONDITIONS` names recipes that differ from it, and the seeds
reported are 1 to 5. A seed changes the numbers, the weights at the start, the order of
the examples and the dropout. Only the rates of the optimizers are chosen: from `RATES`,
with seed 0, by the loss on the validation numbers. Everything reported is measured on
the test numbers, which have three, four and five digits and are not in training:

- `loss`: the cross-entropy per word, in nats, without smoothing;
- `exact`: the share of numbers whose words are all right (the decoder reads the right
  words; greedy decoding writes a text without an error exactly where it would then
  make none);
- `confidence`: the mean probability of the most probable word;
- `averaged`: the loss with the mean of the last five checkpoints, 20 updates apart.

A run has *failed* if its loss is not below that of a model that only knows how often
each word occurs (`counting`).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from transformers_explained.layers import Norm
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.tasks.examples import (
    IGNORED,
    Batch,
    Example,
    collate,
    example_length,
)
from transformers_explained.tasks.sequence_pairs import decoder_inputs
from transformers_explained.tasks.translation import (
    TranslationData,
    translation_config,
    translation_data,
)
from transformers_explained.training import (
    History,
    Trainer,
    TrainingConfig,
    cross_entropy,
    parameter_groups,
    set_seed,
)

SEEDS = (1, 2, 3, 4, 5)
CHOOSING_SEED = 0
BATCH, STEPS = 32, 400
PAIRS = BATCH * STEPS  # one pass through the training numbers
FEW = PAIRS // 20  # twenty passes through the few
SMALL_START = 0.02  # the deviation of BERT's and GPT-2's first weights
CURVE = 20  # a curve has one point for this many updates
RESULTS = Path(__file__).with_name("runs.json")

OptimizerName = Literal["sgd", "momentum", "adam", "adamw"]
Schedule = Literal["constant", "inverse-sqrt", "linear", "cosine"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one model is built and trained."""

    norm: Norm = "post"
    layers: int = 2  # on each side
    start: Literal["xavier", "small"] = "xavier"
    optimizer: OptimizerName = "adam"
    rate: float = 3e-3
    schedule: Schedule = "inverse-sqrt"
    warmup: int = 100
    clip: float | None = 1.0
    smoothing: float = 0.1
    dropout: float = 0.0
    pairs: int = PAIRS


BASE = Recipe()

# Learning rates drawn, for each norm, with and without the warm-up.
RANGE = (1e-3, 3e-3, 1e-2, 3e-2)
# Tried with seed 0, for each optimizer.
RATES: dict[OptimizerName, tuple[float, ...]] = {
    "sgd": (0.1, 0.3, 1.0, 3.0),
    "momentum": (0.03, 0.1, 0.3, 1.0),
    "adam": (1e-3, 3e-3, 1e-2),
    "adamw": (1e-3, 3e-3, 1e-2),
}
SCHEDULES: tuple[Schedule, ...] = ("constant", "inverse-sqrt", "linear", "cosine")


CONDITIONS: dict[str, Recipe] = {
    # Warm-up, norm and rate. The rate stays at its peak: with and without a warm-up,
    # only the first hundred updates differ.
    **{
        f"range/{norm}/{'warm' if warmup else 'cold'}/{rate:g}": replace(
            BASE, norm=norm, rate=rate, warmup=warmup, schedule="constant"
        )
        for norm in ("post", "pre")
        for warmup in (100, 0)
        for rate in RANGE
    },
    # Depth, norm, start and warm-up.
    **{
        f"depth/{layers}/{norm}/{start}/{'warm' if warmup else 'cold'}": replace(
            BASE,
            layers=layers,
            norm=norm,
            start=start,
            warmup=warmup,
            schedule="constant",
        )
        for layers in (2, 6)
        for norm in ("post", "pre")
        for start in ("xavier", "small")
        for warmup in (100, 0)
    },
    # What comes after the warm-up.
    **{f"schedule/{name}": replace(BASE, schedule=name) for name in SCHEDULES},
    # One change each.
    "clip/none": replace(BASE, clip=None),
    "clip/none, rate 0.01": replace(BASE, clip=None, rate=1e-2, schedule="constant"),
    "smoothing/0": replace(BASE, smoothing=0.0),
    "dropout/0.1": replace(BASE, dropout=0.1),
    "few/0": replace(BASE, pairs=FEW),
    "few/0.1": replace(BASE, pairs=FEW, dropout=0.1),
    "few/0.3": replace(BASE, pairs=FEW, dropout=0.3),
}


@cache
def numbers(seed: int) -> TranslationData:
    """The numbers of a seed."""
    return translation_data(seed, train=PAIRS)


@cache
def few_examples(seed: int) -> list[Example]:
    """A part of the same training numbers, as many of each length."""
    return numbers(seed).examples(translation_data(seed, train=FEW).splits.train)


@cache
def examples(seed: int, split: str) -> list[Example]:
    """The examples of a split, as ids."""
    data = numbers(seed)
    return data.examples(getattr(data.splits, split))


def model_config(recipe: Recipe, data: TranslationData) -> TransformerConfig:
    """The book's translator, half as wide."""
    return replace(
        translation_config(data.english, data.french),
        d_model=32,
        d_ff=128,
        num_encoder_layers=recipe.layers,
        num_decoder_layers=recipe.layers,
        norm=recipe.norm,
        dropout=recipe.dropout,
    )


def build(recipe: Recipe, seed: int) -> Transformer:
    """A new model; `small` starts every matrix of the layers at deviation 0.02."""
    set_seed(seed)
    model = Transformer(model_config(recipe, numbers(seed)))
    if recipe.start == "small":
        for stack in (model.encoder, model.decoder):
            for parameter in stack.parameters():
                if parameter.dim() == 2:
                    nn.init.normal_(parameter, std=SMALL_START)
    return model


def training_config(recipe: Recipe, seed: int) -> TrainingConfig:
    """The recipe in the words of the book's trainer; β and ε are those of 2017."""
    return TrainingConfig(
        epochs=PAIRS // recipe.pairs,
        batch_size=BATCH,
        learning_rate=recipe.rate,
        schedule=recipe.schedule,
        warmup_steps=recipe.warmup,
        betas=(0.9, 0.98),
        eps=1e-9,
        weight_decay=0.1 if recipe.optimizer == "adamw" else 0.0,
        clip_norm=recipe.clip,
        seed=seed,
    )


def make_optimizer(
    recipe: Recipe, model: nn.Module, config: TrainingConfig
) -> torch.optim.Optimizer:
    """PyTorch's, in their fused form: one call for all the weights."""
    groups = parameter_groups(model, config.weight_decay)
    if recipe.optimizer in ("sgd", "momentum"):
        momentum = 0.9 if recipe.optimizer == "momentum" else 0.0
        return torch.optim.SGD(groups, lr=recipe.rate, momentum=momentum, fused=True)
    return torch.optim.AdamW(
        groups, lr=recipe.rate, betas=config.betas, eps=config.eps, fused=True
    )


def training_loss(
    model: nn.Module, batch: Batch, *, smoothing: float
) -> tuple[Tensor, int]:
    """The summed loss of a batch, and the number of words in it."""
    logits, _ = model(batch.inputs, decoder_inputs(batch.targets))  # (B, T, V)
    return cross_entropy(
        logits, batch.targets, ignore_id=IGNORED, label_smoothing=smoothing
    )


def make_trainer(recipe: Recipe, seed: int) -> Trainer:
    """A run that has not begun."""
    model = build(recipe, seed)
    config = training_config(recipe, seed)
    return Trainer(
        model,
        examples(seed, "train") if recipe.pairs == PAIRS else few_examples(seed),
        partial(training_loss, smoothing=recipe.smoothing),
        collate,
        config,
        length=example_length,
        optimizer=make_optimizer(recipe, model, config),
    )


@torch.no_grad()
def measures(model: Transformer, asked: Sequence[Example]) -> dict[str, float]:
    """Loss, share of texts without an error, confidence: see above."""
    model.eval()
    loss = confidence = words = 0.0
    right = 0
    for first in range(0, len(asked), 200):
        batch = collate(list(asked[first : first + 200]))
        logits, _ = model(batch.inputs, decoder_inputs(batch.targets))
        total, count = cross_entropy(logits, batch.targets, ignore_id=IGNORED)
        real = batch.targets != IGNORED  # (B, T)
        best, chosen = logits.softmax(dim=-1).max(dim=-1)  # (B, T)
        loss, words = loss + total.item(), words + count
        confidence += best[real].sum().item()
        right += int(((chosen == batch.targets) | ~real).all(dim=1).sum())
    return {
        "loss": loss / words,
        "exact": right / len(asked),
        "confidence": confidence / words,
    }


def counting_loss(seed: int) -> float:
    """The loss of a model that only knows how often each word occurs in training."""
    seen = Counter(w for e in examples(seed, "train") for w in e.target)  # type: ignore[union-attr]
    asked = [w for e in examples(seed, "test") for w in e.target]  # type: ignore[union-attr]
    return -sum(math.log(seen[w] / seen.total()) for w in asked) / len(asked)


def run(recipe: Recipe, seed: int, split: str = "test") -> dict[str, Any]:
    """Train once; what is recorded."""
    trainer = make_trainer(recipe, seed)
    model: Any = trainer.model
    kept: list[dict[str, Tensor]] = []
    for until in range(STEPS - 80, STEPS + 1, 20):
        history = trainer.run(until=until, progress=False)
        kept.append({k: v.clone() for k, v in model.state_dict().items()})
    found = measures(model, examples(seed, split))
    mean = {k: torch.stack([state[k] for state in kept]).mean(dim=0) for k in kept[0]}
    model.load_state_dict(mean)
    found["averaged"] = measures(model, examples(seed, split))["loss"]
    return {
        **{name: rounded(value) for name, value in found.items()},
        "first": rounded(history.losses[0]),
        "clipped": rounded(_share_clipped(history, recipe.clip)),
        "curve": [
            rounded(sum(history.losses[i : i + CURVE]) / CURVE)
            for i in range(0, STEPS, CURVE)
        ],
    }


def _share_clipped(history: History, clip: float | None) -> float:
    norms = history.gradient_norms
    return sum(norm > (clip or math.inf) for norm in norms) / len(norms)


def rounded(value: float) -> float | None:
    """Four decimals; None for what is no number, which JSON cannot write."""
    return round(value, 4) if math.isfinite(value) else None


def choose_rates() -> tuple[dict[str, dict[str, float | None]], dict[str, float]]:
    """Every rate tried, with its loss on validation; and the best of each optimizer."""
    tried: dict[str, dict[str, float | None]] = {
        name: {
            f"{rate:g}": run(
                replace(BASE, optimizer=name, rate=rate), CHOOSING_SEED, "valid"
            )["loss"]
            for rate in rates
        }
        for name, rates in RATES.items()
    }
    known = {
        name: {rate: math.inf if loss is None else loss for rate, loss in row.items()}
        for name, row in tried.items()
    }
    best = {name: float(min(row, key=row.__getitem__)) for name, row in known.items()}
    return tried, best


def measure(seeds: Sequence[int] = SEEDS) -> dict[str, Any]:
    """Everything, one condition after the other; a line is printed for each."""
    began = time.process_time()
    tried, best = choose_rates()
    print(best, flush=True)
    conditions = dict(CONDITIONS)
    for kind in RATES:
        conditions[f"optimizer/{kind}"] = replace(BASE, optimizer=kind, rate=best[kind])
    conditions["clip/none, momentum"] = replace(
        conditions["optimizer/momentum"], clip=None
    )
    done: dict[Recipe, list[dict[str, Any]]] = {}  # a recipe with two names runs once
    for name, recipe in conditions.items():
        if recipe not in done:
            done[recipe] = [run(recipe, seed) for seed in seeds]
        losses = [row["loss"] for row in done[recipe]]
        print(f"{time.process_time() - began:6.0f} s  {name}  {losses}", flush=True)
    return {
        "command": "python -m transformers_explained.chapters.training.runs",
        "torch": torch.__version__,
        "seconds": round(time.process_time() - began),
        "seeds": list(seeds),
        "counting": [rounded(counting_loss(seed)) for seed in seeds],
        "tried": tried,
        "rates": best,
        "runs": {name: done[recipe] for name, recipe in conditions.items()},
    }


def as_text(found: dict[str, Any]) -> str:
    """JSON, one run a line."""
    head = json.dumps({k: v for k, v in found.items() if k != "runs"})
    parts = []
    for name, rows in found["runs"].items():
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        parts.append(f"{json.dumps(name)}: [\n{lines}\n]")
    return head[:-1] + ',\n"runs": {\n' + ",\n".join(parts) + "\n}}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run everything and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    chosen.results.write_text(as_text(measure()), encoding="utf-8")


if __name__ == "__main__":
    main()
