"""One training loop for every model of the book.

A task brings three things: its examples, `collate` (examples -> a padded batch) and
`loss` (model, batch -> the *sum* of the losses and how many tokens it runs over). The
sum, not the mean, because batches do not hold the same number of real tokens: sums and
counts of several micro-batches, or of several processes, add up exactly to those of the
large batch.

The same loop runs on one process or, started by `torchrun`, on several: `accelerate`
shares the gradients, and nothing else changes.
"""

import hashlib
import math
import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from transformers_explained import checkpoints, schedules

Batch = Any
Loss = Callable[[nn.Module, Batch], tuple[Tensor, int]]
Collate = Callable[[list[Any]], Batch]
Evaluate = Callable[[nn.Module], dict[str, float]]


def set_seed(seed: int) -> None:
    """Start the generators of Python, NumPy and PyTorch from the same number."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How to train; the model has a configuration of its own.

    Args:
        epochs: passes through the examples.
        batch_size: examples behind each update, over all processes.
        accumulation: micro-batches into which a batch is cut to fit in memory; the
            update is that of the whole batch.
        learning_rate: the highest rate of the schedule.
        schedule: "constant", "inverse-sqrt" (2017) or "cosine", each after a warm-up.
        warmup_steps: updates of that warm-up.
        betas, eps, weight_decay: those of AdamW. Decay touches matrices only, never
            biases nor the gains of a LayerNorm.
        clip_norm: largest norm of the gradient; None to leave it alone.
        seed: of the order of the examples and of dropout.

    Raises:
        ValueError: if a value is out of its range.
    """

    epochs: int = 1
    batch_size: int = 64
    accumulation: int = 1
    learning_rate: float = 1e-3
    schedule: Literal["constant", "inverse-sqrt", "cosine"] = "constant"
    warmup_steps: int = 0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip_norm: float | None = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "accumulation"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} must be at least 1; got {value}")
        for name in ("learning_rate", "clip_norm"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be positive; got {value}")
        if self.schedule not in ("constant", "inverse-sqrt", "cosine"):
            raise ValueError(
                'schedule must be "constant", "inverse-sqrt" or "cosine"; '
                f"got {self.schedule!r}"
            )
        self.rate(1, total_steps=self.warmup_steps + 1)  # raises if it cannot be drawn

    def rate(self, step: int, *, total_steps: int) -> float:
        """The learning rate of an update; the first is step 1."""
        peak, warmup = self.learning_rate, self.warmup_steps
        if self.schedule == "inverse-sqrt":
            return schedules.warmup_inverse_sqrt(step, warmup_steps=warmup, peak=peak)
        if self.schedule == "cosine":
            return schedules.cosine(
                step, total_steps=total_steps, warmup_steps=warmup, peak=peak
            )
        return schedules.constant(step, warmup_steps=warmup, peak=peak)


@dataclass
class History:
    """What happened: one entry per update, and one per evaluation."""

    losses: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    evaluations: list[dict[str, float]] = field(default_factory=list)


def cross_entropy(
    logits: Tensor, labels: Tensor, *, ignore_id: int, label_smoothing: float = 0.0
) -> tuple[Tensor, int]:
    """Summed cross-entropy of the labels that are not `ignore_id`, and their number.

    With label smoothing ε (Szegedy et al. 2016; 0.1 in the 2017 Transformer) the target
    is no longer certain: the right token receives 1 - ε, and ε is spread evenly over
    the whole vocabulary, the right token included.

    Args:
        logits: (..., vocab_size).
        labels: (...) of ids.
    """
    total = F.cross_entropy(
        logits.flatten(0, -2),
        labels.flatten(),
        ignore_index=ignore_id,
        label_smoothing=label_smoothing,
        reduction="sum",
    )
    return total, int((labels != ignore_id).sum())


def epoch_batches(
    num_examples: int,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    lengths: Sequence[int] | None = None,
) -> list[list[int]]:
    """The order of one epoch: lists of indices, each example once.

    The order depends on nothing but the arguments, so a run that resumes finds it
    again. With `lengths`, examples of like length share a batch and less padding is
    computed: groups of 20 shuffled batches are sorted, cut, and the batches shuffled.
    """
    draw = random.Random(f"{seed}/{epoch}")
    order = draw.sample(range(num_examples), num_examples)
    if lengths is not None:
        group = 20 * batch_size
        order = [
            index
            for start in range(0, num_examples, group)
            for index in sorted(order[start : start + group], key=lengths.__getitem__)
        ]
    starts = range(0, num_examples, batch_size)
    batches = [order[start : start + batch_size] for start in starts]
    if lengths is not None:
        draw.shuffle(batches)
    return batches


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices with weight decay; vectors (biases, gains) without."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]


def adamw(
    model: nn.Module, config: TrainingConfig, *, fused: bool = False
) -> torch.optim.AdamW:
    """The optimizer of a configuration; `fused` makes no copies of the weights."""
    return torch.optim.AdamW(
        parameter_groups(model, config.weight_decay),
        lr=config.learning_rate,
        betas=config.betas,
        eps=config.eps,
        fused=fused or None,
    )


class Trainer:
    """A run: model, examples, loss, and how far it has come.

    The model is trained where it is (`model.to(device)` beforehand).

    Args:
        model: the model; its weights are changed in place.
        examples: the training examples, of any type that `collate` understands.
        loss: (model, batch) -> (summed loss, number of tokens in the sum).
        collate: list of examples -> batch of tensors.
        config: see `TrainingConfig`.
        length: example -> length, to put examples of like length together.
        evaluate: called on the model, in `eval()` and without gradient, after each
            epoch; what it returns goes into the history.
        optimizer: AdamW of the configuration, unless one is given. It receives the
            schedule's rate at each update.

    Raises:
        ValueError: if there is no example, or too few for the processes.
    """

    def __init__(
        self,
        model: nn.Module,
        examples: Sequence[Any],
        loss: Loss,
        collate: Collate,
        config: TrainingConfig,
        *,
        length: Callable[[Any], int] | None = None,
        evaluate: Evaluate | None = None,
        optimizer: torch.optim.Optimizer | None = None,
    ) -> None:
        # Without `cpu`, two processes on a machine without GPU train apart, in silence.
        self.accelerator = Accelerator(
            cpu=not torch.cuda.is_available(),
            device_placement=False,
        )
        self.rank = self.accelerator.process_index
        self.world_size = self.accelerator.num_processes
        smallest = len(examples) % config.batch_size or min(
            config.batch_size, len(examples)
        )
        if smallest < self.world_size:
            raise ValueError(
                "the smallest batch must hold an example for each process; "
                f"got {smallest} for {self.world_size} (examples={len(examples)}, "
                f"batch_size={config.batch_size})"
            )
        self.examples, self.loss, self.collate = examples, loss, collate
        self.config, self.evaluate = config, evaluate
        self.lengths = [length(example) for example in examples] if length else None
        self.model = model
        self.device = next(model.parameters()).device
        self.wrapped: nn.Module = self.accelerator.prepare_model(model)
        if isinstance(self.wrapped, DistributedDataParallel):
            # Buffers, such as positions, do not change: once is enough.
            self.wrapped.forward_sync_buffers = False
        self.optimizer = optimizer or adamw(model, config)
        self.history = History()
        self.step = 0
        self.steps_per_epoch = math.ceil(len(examples) / config.batch_size)
        self.total_steps = self.steps_per_epoch * config.epochs
        set_seed(config.seed + self.rank)  # each process its own dropout

    def run(self, *, until: int | None = None, progress: bool | None = None) -> History:
        """Train to the end of the last epoch, or to the update number `until`.

        Args:
            until: stop after this update; `run` again continues behind it.
            progress: show a progress bar; by default only in a terminal, so that a
                built page stays quiet.
        """
        last = self.total_steps if until is None else min(until, self.total_steps)
        hidden = None if progress is None else not progress  # None: ask tqdm
        with tqdm(
            total=last,
            initial=self.step,
            disable=True if self.rank else hidden,
            leave=False,
        ) as bar:
            while self.step < last:
                epoch, position = divmod(self.step, self.steps_per_epoch)
                for batch in self._order(epoch)[position : position + last - self.step]:
                    self._update(batch)
                    bar.update()
                    bar.set_postfix(
                        loss=f"{self.history.losses[-1]:.3f}", refresh=False
                    )
                if self.evaluate and self.step % self.steps_per_epoch == 0:
                    self._evaluate(self.evaluate)
        return self.history

    def _order(self, epoch: int) -> list[list[int]]:
        return epoch_batches(
            len(self.examples),
            self.config.batch_size,
            seed=self.config.seed,
            epoch=epoch,
            lengths=self.lengths,
        )

    def _update(self, batch: list[int]) -> None:
        """One update of the weights from one batch, the whole batch over processes."""
        self.wrapped.train()
        self.optimizer.zero_grad()
        mine = batch[self.rank :: self.world_size]
        size = math.ceil(len(mine) / self.config.accumulation)
        total_loss, total_count = 0.0, 0
        for start in range(0, len(mine), size):
            last = start + size >= len(mine)
            # Processes need to speak to each other once per update, at its end.
            with nullcontext() if last else self.accelerator.no_sync(self.wrapped):
                part = [self.examples[index] for index in mine[start : start + size]]
                inputs = send_to_device(self.collate(part), self.device)
                loss, count = self.loss(self.wrapped, inputs)
                loss.backward()  # type: ignore[no-untyped-call]
            total_loss, total_count = total_loss + loss.item(), total_count + count
        if self.world_size > 1:
            sums = torch.tensor([total_loss, total_count], dtype=torch.float64)
            reduced: Tensor = self.accelerator.reduce(sums.to(self.device))
            total_loss, total_count = reduced.tolist()
        if total_count == 0:
            raise ValueError("the loss of a batch runs over no token at all")
        # These are gradients of sums, averaged over processes: make them the mean's.
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad.mul_(self.world_size / total_count)
        norm = nn.utils.clip_grad_norm_(
            self.model.parameters(), self.config.clip_norm or math.inf
        )
        self.step += 1
        rate = self.config.rate(self.step, total_steps=self.total_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.history.losses.append(total_loss / total_count)
        self.history.learning_rates.append(rate)
        self.history.gradient_norms.append(norm.item())

    def _evaluate(self, evaluate: Evaluate) -> None:
        self.model.eval()
        with torch.no_grad():
            measures = evaluate(self.model)
        self.history.evaluations.append({"step": self.step, **measures})

    def save(self, folder: str | Path) -> None:
        """Write a checkpoint from which `load` continues bit for bit."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if self.rank == 0:
            checkpoints.save_weights(self.model, folder)
            checkpoints.save_optimizer(self.optimizer, folder)
            progress = {
                "step": self.step,
                "config": asdict(self.config),
                "examples": self._fingerprint(),
                "history": asdict(self.history),
            }
            checkpoints.save_json(progress, folder / "progress.json")
        checkpoints.save_random_state(folder, self.rank)
        self.accelerator.wait_for_everyone()

    def load(self, folder: str | Path) -> None:
        """Continue from a checkpoint of the same run.

        Raises:
            FileNotFoundError: if there is no checkpoint in `folder`.
            ValueError: if it belongs to another configuration or to other examples,
                which are told apart by their `repr`.
        """
        folder = Path(folder)
        progress = checkpoints.load_json(folder / "progress.json")
        saved, own = progress["config"], asdict(self.config)
        own["betas"] = list(own["betas"])  # as JSON gives them back
        changed = {
            name: (saved.get(name), own[name])
            for name in own
            if saved.get(name) != own[name]
        }
        if changed:
            raise ValueError(
                f"the checkpoint in {folder} has another configuration; "
                f"(saved, expected): {changed}"
            )
        if progress.get("examples") != self._fingerprint():
            raise ValueError(
                f"the checkpoint in {folder} was trained on other examples, or on "
                "these in another order"
            )
        checkpoints.load_weights(self.model, folder)
        checkpoints.load_optimizer(self.optimizer, folder)
        checkpoints.load_random_state(folder, self.rank)
        self.history = History(**progress["history"])
        self.step = progress["step"]

    def _fingerprint(self) -> str:
        """The examples in the order of the first epoch, in short."""
        digest = hashlib.sha256()
        for batch in self._order(0):
            digest.update(repr([self.examples[index] for index in batch]).encode())
        return digest.hexdigest()[:16]


def train(
    model: nn.Module,
    examples: Sequence[Any],
    loss: Loss,
    collate: Collate,
    config: TrainingConfig,
    *,
    length: Callable[[Any], int] | None = None,
    evaluate: Evaluate | None = None,
    progress: bool | None = None,
) -> History:
    """Train a model from start to end: `Trainer(...).run()` in one call."""
    trainer = Trainer(
        model, examples, loss, collate, config, length=length, evaluate=evaluate
    )
    return trainer.run(progress=progress)


def mean_loss(
    model: nn.Module,
    examples: Sequence[Any],
    loss: Loss,
    collate: Collate,
    *,
    batch_size: int = 256,
) -> float:
    """The loss per token over a whole set, without dropout and without gradient."""
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    total, tokens = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(examples), batch_size):
            batch = collate(list(examples[start : start + batch_size]))
            batch_loss, count = loss(model, send_to_device(batch, device))
            total, tokens = total + batch_loss.item(), tokens + count
    model.train(was_training)
    return total / tokens
