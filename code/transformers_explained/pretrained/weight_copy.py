"""Copy foreign tensors into our modules by an explicit table, or not at all.

Weights that do not fit the table exactly are an error: a tensor forgotten in silence
leaves random numbers in a "pretrained" model.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Target:
    """Where a foreign tensor goes: into one of our parameters, or into several, cut
    along the first axis; `transposed` if it is stored as (inputs, outputs)."""

    parameters: tuple[str, ...]
    transposed: bool = False


def copy_weights(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    targets: Mapping[str, Target],
    *,
    ignored: str,
) -> None:
    """Copy foreign tensors into a model, all of them or none.

    Args:
        model: ours; every one of its parameters must be among the targets.
        weights: the foreign tensors by name.
        targets: for each foreign name, where it goes.
        ignored: regular expression of foreign names that may be left out.

    Raises:
        ValueError: naming every tensor missing, unexpected or misshapen.
    """
    ours = dict(model.named_parameters())
    uncovered = set(ours).difference(*(t.parameters for t in targets.values()))
    problems = [f"no source for our {name}" for name in sorted(uncovered)]
    problems += [f"missing: {name}" for name in targets if name not in weights]
    problems += [
        f"unexpected: {name}"
        for name in weights
        if name not in targets and not re.fullmatch(ignored, name)
    ]
    for name, target in targets.items():
        if name in weights:
            expected = _foreign_shape([ours[p] for p in target.parameters], target)
            got = tuple(weights[name].shape)
            if got != expected:
                problems.append(f"misshapen: {name}, expected {expected}, got {got}")
    if problems:
        raise ValueError(
            f"the weights do not fit the model ({len(problems)} tensors):\n  "
            + "\n  ".join(problems)
        )
    with torch.no_grad():
        for name, target in targets.items():
            tensor = weights[name].T if target.transposed else weights[name]
            pieces = [ours[parameter] for parameter in target.parameters]
            sizes = [len(piece) for piece in pieces]
            for piece, value in zip(pieces, torch.split(tensor, sizes), strict=True):
                piece.copy_(value)


def _foreign_shape(pieces: list[nn.Parameter], target: Target) -> tuple[int, ...]:
    shape = (sum(len(piece) for piece in pieces), *pieces[0].shape[1:])
    return shape[::-1] if target.transposed else shape


def weights_and_biases(
    names: Mapping[str, str | tuple[str, ...]], *, transposed: bool = False
) -> dict[str, Target]:
    """A table of modules as a table of their weights and biases."""
    targets = {}
    for theirs, ours in names.items():
        modules = (ours,) if isinstance(ours, str) else ours
        for kind in ("weight", "bias"):
            targets[f"{theirs}.{kind}"] = Target(
                tuple(f"{module}.{kind}" for module in modules),
                transposed=transposed and kind == "weight",
            )
    return targets
