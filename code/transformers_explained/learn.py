"""Does it learn? Three tasks, five seeds, beside PyTorch's own Transformer.

`python -m transformers_explained.learn` (or `make learn`) trains our model and
`nn.Transformer`'s layers on the same batches from the same starting weights, and writes
the share of unseen examples that each gets right to the last token. Sizes, recipes and
thresholds were fixed before the five seeds were run, on the validation part and with
seed 0, which is not among the five.
"""

import argparse
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch

from transformers_explained.numbers_in_words import (
    translation_config,
    translation_data,
    translation_training,
)
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.sequence_pairs import (
    Example,
    collate,
    exact_match,
    example_length,
    smoothed_loss,
    symbol_config,
    symbol_examples,
    symbol_training,
)
from transformers_explained.torch_reference import with_torch_layers
from transformers_explained.training import Trainer, TrainingConfig, set_seed

SEEDS = (1, 2, 3, 4, 5)
LARGEST_DIFFERENCE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Data:
    """What one seed of a task trains on, is tested on, and with which sizes."""

    train: list[Example]
    test: list[Example]
    model: TransformerConfig
    training: TrainingConfig


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task: its data for a seed, and the share of exact answers it must reach."""

    name: str
    threshold: float
    data: Callable[[int], Data]


def number_words(seed: int) -> Data:
    """Number words English -> French, 2,000 unseen numbers to test."""
    data = translation_data(seed)
    return Data(
        train=data.examples(data.splits.train),
        test=data.examples(data.splits.test),
        model=translation_config(data.english, data.french),
        training=translation_training(seed),
    )


def reversal(seed: int) -> Data:
    """16 symbols to reverse, with one layer and one head."""
    return _symbols("reverse", 16, seed)


def copying(seed: int) -> Data:
    """10 symbols to copy."""
    return _symbols("copy", 10, seed)


def _symbols(task: str, length: int, seed: int) -> Data:
    train = symbol_examples(task, 10_000, length=length, seed=2 * seed)
    seen = {tuple(example.source) for example in train}
    test = symbol_examples(task, 2_000, length=length, seed=2 * seed + 1)
    return Data(
        train=train,
        test=[example for example in test if tuple(example.source) not in seen],
        model=symbol_config(),
        training=symbol_training(seed),
    )


TASKS = (
    Task(name="number words, English to French", threshold=0.995, data=number_words),
    Task(name="reverse 16 symbols, 1 layer, 1 head", threshold=0.999, data=reversal),
    Task(name="copy 10 symbols", threshold=1.0, data=copying),
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """One task with one seed: exact match of both, seconds of ours, and how far the
    two loss curves are apart over the first 100 updates."""

    ours: float
    reference: float
    seconds: float
    apart: float


def measure(data: Data, seed: int) -> Result:
    """Train both models on the same batches from the same weights, and test them."""
    set_seed(seed)
    ours = Transformer(data.model)
    reference = with_torch_layers(ours)
    scores, curves, seconds = [], [], []
    for model in (ours, reference):
        trainer = Trainer(
            model,
            data.train,
            smoothed_loss,
            collate,
            data.training,
            length=example_length,
        )
        start = time.process_time()
        curves.append(trainer.run().losses[:100])
        seconds.append(time.process_time() - start)
        scores.append(exact_match(model, data.test, use_cache=model is ours))
    apart = max(abs(mine - theirs) for mine, theirs in zip(*curves, strict=True))
    return Result(ours=scores[0], reference=scores[1], seconds=seconds[0], apart=apart)


def report(results: dict[str, list[Result]], tasks: Sequence[Task]) -> str:
    """The table, in Markdown."""
    lines = [
        "# Does it learn?",
        "",
        "Written by `make learn`. Share of unseen examples that greedy decoding gets",
        "right to the last token, mean of the seeds; the reference is PyTorch's",
        "`nn.TransformerEncoder` and `nn.TransformerDecoder` in the same model, from",
        "the same starting weights, on the same batches, without dropout.",
        "",
        "| task | ours | reference | ratio | wanted | reached |",
        "|---|---|---|---|---|---|",
    ]
    for task in tasks:
        ours = _mean([result.ours for result in results[task.name]])
        theirs = _mean([result.reference for result in results[task.name]])
        ratio = f"{ours / theirs:.4f}" if theirs else "-"
        reached = "yes" if ours >= task.threshold else "**no**"
        lines.append(
            f"| {task.name} | {ours:.3%} | {theirs:.3%} | {ratio} "
            f"| ≥ {task.threshold:.1%} | {reached} |"
        )
    lines += [
        "",
        "Each seed draws its own examples, weights and order. The last column is the",
        "largest difference between the two loss curves over the first 100 updates",
        f"(wanted: ≤ {LARGEST_DIFFERENCE}).",
        "",
        "| task | seed | ours | reference | seconds to train ours | curves apart |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {task.name} | {seed} | {result.ours:.3%} | {result.reference:.3%} "
        f"| {result.seconds:.1f} | {result.apart:.1e} |"
        for task in tasks
        for seed, result in zip(SEEDS, results[task.name], strict=False)
    ]
    lines += [
        "",
        f"{date.today().isoformat()} · {_processor()}, one thread, process time · "
        f"Python {platform.python_version()} · PyTorch {torch.__version__}",
    ]
    return "\n".join(lines) + "\n"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _processor() -> str:
    """The processor's name where Linux gives it, else its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def failures(results: dict[str, list[Result]], tasks: Sequence[Task]) -> list[str]:
    """Each threshold that was missed, in words."""
    missed = []
    for task in tasks:
        ours = _mean([result.ours for result in results[task.name]])
        if ours < task.threshold:
            missed.append(f"{task.name}: {ours:.3%} is below {task.threshold:.1%}")
        apart = max(result.apart for result in results[task.name])
        if not apart <= LARGEST_DIFFERENCE:
            missed.append(f"{task.name}: the loss curves are {apart:.1e} apart")
    return missed


def main(arguments: Sequence[str] | None = None) -> None:
    """Run every task with every seed, write the table; exit status 1 if one fails."""
    parser = argparse.ArgumentParser(
        prog="python -m transformers_explained.learn", description=__doc__
    )
    parser.add_argument("--output", type=Path, default=Path("benchmarks/learn.md"))
    output = parser.parse_args(arguments).output
    torch.set_num_threads(1)
    results: dict[str, list[Result]] = {task.name: [] for task in TASKS}
    for task in TASKS:
        for seed in SEEDS:
            result = measure(task.data(seed), seed)
            results[task.name].append(result)
            print(f"{task.name}, seed {seed}: {result}", flush=True)
    table = report(results, TASKS)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(table, encoding="utf-8")
    print(table)
    if missed := failures(results, TASKS):
        raise SystemExit("\n".join(missed))


if __name__ == "__main__":
    main()
