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
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from transformers_explained.extras import from_extra
from transformers_explained.files import read_json
from transformers_explained.training import checkpoints
from transformers_explained.training.batches import epoch_batches
from transformers_explained.training.config import TrainingConfig
from transformers_explained.training.optimizers import adamw

with from_extra():
    from accelerate import Accelerator
    from accelerate.utils import send_to_device
    from tqdm import tqdm

Batch = Any
Loss = Callable[[nn.Module, Batch], tuple[Tensor, int]]
Collate = Callable[[list[Any]], Batch]
Evaluate = Callable[[nn.Module], dict[str, float]]


def set_seed(seed: int) -> None:
    """Start the generators of Python, NumPy and PyTorch from the same number."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@dataclass
class History:
    """What happened: one entry per update, and one per evaluation."""

    losses: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    evaluations: list[dict[str, float]] = field(default_factory=list)


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
        # Plain numbers, whatever they were: they are written as JSON.
        plain = {name: float(value) for name, value in measures.items()}
        self.history.evaluations.append({"step": self.step, **plain})

    def save(self, folder: str | Path, about: dict[str, Any] | None = None) -> None:
        """Write a checkpoint from which `load` continues bit for bit.

        Args:
            folder: a save that is interrupted leaves the checkpoint before it there.
            about: plain values to keep beside it, as `task.json`.
        """
        folder = Path(folder)
        if self.rank == 0:
            checkpoints.start_state(folder)
        self.accelerator.wait_for_everyone()
        state = checkpoints.next_state(folder)
        if self.rank == 0:
            checkpoints.save_weights(self.model, state)
            checkpoints.save_optimizer(self.optimizer, state)
            progress = {
                "step": self.step,
                "config": asdict(self.config),
                "model": checkpoints.model_settings(self.model),
                "examples": self._fingerprint(),
                "history": asdict(self.history),
            }
            checkpoints.save_json(progress, state / "progress.json")
            checkpoints.save_json(about or {}, state / "task.json")
        checkpoints.save_random_state(state, self.rank)
        self.accelerator.wait_for_everyone()
        if self.rank == 0:
            checkpoints.publish_state(folder)
        self.accelerator.wait_for_everyone()

    def load(self, folder: str | Path) -> None:
        """Continue from a checkpoint of the same run; one that does not fit changes
        nothing.

        Raises:
            FileNotFoundError: if there is no checkpoint in `folder`.
            ValueError: if it is damaged, or belongs to another configuration, another
                model or other examples, which are told apart by their `repr`.
        """
        folder = Path(folder)
        state = checkpoints.latest_state(folder)
        progress = read_json(state / "progress.json")
        own = {**asdict(self.config), "betas": list(self.config.betas)}  # as in JSON
        settings = checkpoints.model_settings(self.model)
        self._compare(folder, "configuration", progress.get("config"), own)
        self._compare(folder, "model", progress.get("model"), settings)
        if progress.get("examples") != self._fingerprint():
            raise ValueError(
                f"the checkpoint in {folder} was trained on other examples, or on "
                "these in another order"
            )
        weights = checkpoints.read_weights(self.model, state)
        memory = checkpoints.read_optimizer(self.optimizer, state)
        generators = checkpoints.read_random_state(state, self.rank)
        try:
            history, step = History(**progress["history"]), int(progress["step"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{state / 'progress.json'}: {error}") from error
        # All is read and fits: from here on nothing can fail.
        self.model.load_state_dict(weights, strict=False)
        self.optimizer.load_state_dict(memory)
        checkpoints.set_random_state(generators)
        self.history, self.step = history, step

    @staticmethod
    def _compare(folder: Path, what: str, saved: Any, own: Any) -> None:
        """ValueError naming the settings that differ, (saved, expected)."""
        saved, own = saved or {}, own or {}
        changed = {
            name: (saved.get(name), own.get(name))
            for name in {**own, **saved}
            if saved.get(name) != own.get(name)
        }
        if changed:
            raise ValueError(
                f"the checkpoint in {folder} has another {what}; "
                f"(saved, expected): {changed}"
            )

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
    """The loss per token over a whole set, without dropout and without gradient.

    Raises:
        ValueError: if the loss runs over no token at all.
    """
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
    if tokens == 0:
        raise ValueError(
            f"the loss runs over no token at all; got {len(examples)} examples"
        )
    return total / tokens
