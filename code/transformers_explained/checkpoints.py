"""Points of resumption: everything that a run needs to continue bit for bit.

A checkpoint is a folder. Tensors (weights, optimizer, random generators) are in
safetensors files, which cannot execute code when they are read as pickle can; the rest
is JSON. Python's JSON writes a float so that reading gives the same float back.
"""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import Tensor, nn


def save_weights(model: nn.Module, folder: Path) -> None:
    """Write the weights; a tensor shared by two layers is written once."""
    folder.mkdir(parents=True, exist_ok=True)
    save_model(model, str(folder / "model.safetensors"))


def load_weights(model: nn.Module, folder: Path) -> None:
    """Read the weights back into a model of the same configuration.

    Raises:
        FileNotFoundError: if there is no checkpoint in `folder`.
        RuntimeError: if a tensor is missing, unexpected or of another shape.
    """
    path = folder / "model.safetensors"
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint in {folder}: {path.name} is absent")
    load_model(model, str(path))


def save_json(value: dict[str, Any], path: Path) -> None:
    """Write a dictionary of plain values."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def load_json(path: Path) -> dict[str, Any]:
    """Read a dictionary of plain values.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"no checkpoint in {path.parent}: {path.name} is absent"
        )
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def save_optimizer(optimizer: torch.optim.Optimizer, folder: Path) -> None:
    """Write the optimizer's memory (for Adam: both moments and the step count)."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {}
    for index, entries in state["state"].items():
        for name, value in entries.items():
            target = tensors if isinstance(value, Tensor) else plain
            target[f"{index}.{name}"] = value
    save_file(tensors, str(folder / "optimizer.safetensors"))
    save_json(
        {"groups": state["param_groups"], "plain": plain}, folder / "optimizer.json"
    )


def load_optimizer(optimizer: torch.optim.Optimizer, folder: Path) -> None:
    """Give an optimizer of the same model its memory back."""
    saved = load_json(folder / "optimizer.json")
    values = {**load_file(str(folder / "optimizer.safetensors")), **saved["plain"]}
    state: dict[int, dict[str, Any]] = {}
    for key, value in values.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": saved["groups"]})


def save_random_state(folder: Path, rank: int = 0) -> None:
    """Write where the generators of Python, NumPy and PyTorch are, for one process."""
    states = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    save_file(states, str(folder / f"random-{rank}.safetensors"))
    numpy_state: dict[str, Any] = dict(np.random.get_state(legacy=False))
    inner = numpy_state["state"]
    numpy_state["state"] = {**inner, "key": inner["key"].tolist()}
    plain = {"python": random.getstate(), "numpy": numpy_state}
    save_json(plain, folder / f"random-{rank}.json")


def load_random_state(folder: Path, rank: int = 0) -> None:
    """Put the three generators back where `save_random_state` found them."""
    states = load_file(str(folder / f"random-{rank}.safetensors"))
    torch.set_rng_state(states["torch"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
    plain = load_json(folder / f"random-{rank}.json")
    version, numbers, gauss = plain["python"]
    random.setstate((version, tuple(numbers), gauss))
    numpy_state = plain["numpy"]
    keys = np.array(numpy_state["state"]["key"], dtype=np.uint32)
    numpy_state["state"]["key"] = keys
    np.random.set_state(numpy_state)
