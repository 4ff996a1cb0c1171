"""Training a model on a task's examples, and asking it afterwards.

A classifier, a tagger and a finder of spans are all a function of a batch's inputs and
mask; what their scores choose between differs:

    classifier  (B, C) scores of labels,              target: one label
    tagger      (B, S, C) scores of labels,           target: one label per token
    spans       (B, 2, S) scores of positions,        target: first and last token

In each, the last axis is the one to choose from, and `label_loss` fits them all.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from transformers_explained.tasks.examples import (
    IGNORED,
    Batch,
    Example,
    collate,
    example_length,
)
from transformers_explained.training import (
    History,
    Loss,
    Trainer,
    TrainingConfig,
    adamw,
    cross_entropy,
    epoch_batches,
)

Answer = TypeVar("Answer")


def label_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, int]:
    """Summed cross-entropy of a batch, and the number of labels that are asked for."""
    scores = model(batch.inputs, batch.mask)
    return cross_entropy(scores, batch.targets, ignore_id=IGNORED)


def fit(
    model: nn.Module,
    examples: Sequence[Example],
    config: TrainingConfig,
    *,
    loss: Loss = label_loss,
) -> History:
    """Train a model with the book's loop, examples of like length together.

    The optimizer is AdamW in its fused form: it makes no copy of the embedding table,
    47 MB in MiniLM, to update it.
    """
    trainer = Trainer(
        model,
        examples,
        loss,
        collate,
        config,
        length=example_length,
        optimizer=adamw(model, config, fused=True),
    )
    history = trainer.run(progress=False)
    model.zero_grad()  # the gradients are as large as the weights: let them go
    return history


def each(
    module: nn.Module,
    examples: Sequence[Example],
    function: Callable[[Batch], Sequence[Tensor] | Tensor],
) -> list[Tensor]:
    """What a function finds for each example, in the order given.

    The function takes a batch and returns B tensors, or one whose first axis is B. It
    runs without gradient, with the module in evaluation and the batch where it is.

    Raises:
        ValueError: if there is no example.
    """
    if not examples:
        raise ValueError("examples must hold at least one example; got none")
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    lengths = [example_length(example) for example in examples]
    found: list[Tensor] = [torch.empty(0)] * len(examples)
    was_training = module.training
    module.eval()
    with torch.no_grad():
        for rows in epoch_batches(len(examples), 32, seed=0, epoch=0, lengths=lengths):
            batch = collate([examples[row] for row in rows])
            results = function(Batch(*(tensor.to(device) for tensor in batch)))
            for row, result in zip(rows, results, strict=True):
                found[row] = result
    module.train(was_training)
    return found


def predictor(
    model: nn.Module,
    encode: Callable[[str], Sequence[int]],
    read: Callable[[Tensor], Answer],
) -> Callable[[str], Answer]:
    """A function from a text to an answer.

    Args:
        encode: text -> token ids.
        read: the scores of one text -> the answer.
    """

    def predict(text: str) -> Answer:
        example = Example(inputs=encode(text), target=0)
        [scores] = each(model, [example], lambda batch: model(batch.inputs, batch.mask))
        return read(scores)

    return predict
