"""Points of resumption: everything that a run needs to continue bit for bit.

A checkpoint is a folder that holds one whole state, and while another is being written
two: `latest.json` names the one that counts. It is replaced last, and at once, so a
save that is killed at any moment leaves the state before it. A load reads and checks
everything before it touches the model.

Tensors (weights, optimizer, random generators) are in safetensors files, which cannot
execute code when they are read as pickle can; the rest is JSON. Python's JSON writes a
float so that reading gives the same float back.
"""

import json
import random
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from transformers_explained.extras import from_extra
from transformers_explained.files import (
    read_json,
    read_tensors,
    remove_folder,
    replaced_whole,
)

with from_extra():
    from safetensors.torch import save_file

WEIGHTS = "model.safetensors"
LATEST = "latest.json"
NAMES = ("state-a", "state-b")


# --- one whole state in a folder ------------------------------------------------------


def latest_state(folder: Path) -> Path:
    """The folder of the state that counts.

    Raises:
        FileNotFoundError: if there is no checkpoint in `folder`.
        ValueError: if `latest.json` is damaged.
    """
    if not (folder / LATEST).is_file():
        raise FileNotFoundError(f"no checkpoint in {folder}: {LATEST} is absent")
    name = read_json(folder / LATEST).get("state")
    if name not in NAMES:
        raise ValueError(
            f"{folder / LATEST} must name {' or '.join(NAMES)}; got {name!r}"
        )
    return folder / str(name)


def next_state(folder: Path) -> Path:
    """Where the next state goes: the folder that does not count at present."""
    counts = latest_state(folder).name if (folder / LATEST).is_file() else NAMES[1]
    return folder / NAMES[counts == NAMES[0]]


def start_state(folder: Path) -> None:
    """Make an empty folder for the next state."""
    state = next_state(folder)
    remove_folder(state)  # of a save that was killed
    state.mkdir(parents=True)


def publish_state(folder: Path) -> None:
    """Let the next state, all of it written, be the one that counts."""
    state = next_state(folder)
    with replaced_whole(folder / LATEST) as path:
        save_json({"state": state.name}, path)
    remove_folder(next_state(folder))  # the one before


def save_json(value: dict[str, Any], path: Path) -> None:
    """Write a dictionary of plain values."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


# --- weights --------------------------------------------------------------------------


def own_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The model's tensors by name; one shared by two layers once, by its first name."""
    seen: set[int] = set()
    tensors = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            tensors[name] = tensor.detach()
        seen.add(id(tensor))
    return tensors


def save_weights(model: nn.Module, folder: Path) -> None:
    """Write the weights; a tensor shared by two layers is written once."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: x.contiguous() for name, x in own_tensors(model).items()}
    with replaced_whole(folder / WEIGHTS) as path:
        save_file(tensors, path)


def load_weights(model: nn.Module, folder: Path) -> None:
    """Read the weights back into a model of the same configuration.

    Raises:
        FileNotFoundError: if there are none in `folder`.
        ValueError: if the file is damaged, or a tensor is missing, unexpected or of
            another shape or type; the model is as before.
    """
    model.load_state_dict(read_weights(model, folder), strict=False)


def read_weights(model: nn.Module, folder: Path) -> dict[str, Tensor]:
    """Read weights and check that they fit the model, which is left alone.

    Raises:
        FileNotFoundError: see `load_weights`.
        ValueError: see `load_weights`.
    """
    tensors = read_tensors(folder / WEIGHTS)
    faults = differences(tensors, own_tensors(model))
    if faults:
        raise ValueError(
            f"{folder / WEIGHTS} does not fit the model: {'; '.join(faults)}"
        )
    return tensors


def differences(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> list[str]:
    """What is missing, unexpected, of another shape or type, in words."""
    faults = [f"{name} is missing" for name in wanted if name not in found]
    faults += [f"{name} is unexpected" for name in found if name not in wanted]
    for name in wanted.keys() & found.keys():
        kinds = [(tuple(x.shape), x.dtype) for x in (wanted[name], found[name])]
        if kinds[0] != kinds[1]:
            faults.append(f"{name} should be {kinds[0]}, is {kinds[1]}")
    return sorted(faults)


def model_settings(model: nn.Module) -> dict[str, Any] | None:
    """The model's configuration as JSON gives it back; None if it has none.

    Shapes alone do not tell a model: the number of heads, an activation or an epsilon
    leave no trace in them.
    """
    config = getattr(model, "config", None)
    if not is_dataclass(config) or isinstance(config, type):
        return None
    settings: dict[str, Any] = json.loads(json.dumps(asdict(config), default=str))
    return settings


# --- optimizer ------------------------------------------------------------------------


def save_optimizer(optimizer: torch.optim.Optimizer, folder: Path) -> None:
    """Write the optimizer's memory (for Adam: both moments and the step count)."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {}
    for index, entries in state["state"].items():
        for name, value in entries.items():
            target = tensors if isinstance(value, Tensor) else plain
            target[f"{index}.{name}"] = value
    save_file(tensors, folder / "optimizer.safetensors")
    save_json(
        {"groups": state["param_groups"], "plain": plain}, folder / "optimizer.json"
    )


def read_optimizer(optimizer: torch.optim.Optimizer, folder: Path) -> dict[str, Any]:
    """Read the memory of an optimizer of the same model, for its `load_state_dict`.

    Raises:
        FileNotFoundError: if a file is absent.
        ValueError: if one is damaged, or belongs to other parameters.
    """
    saved = read_json(folder / "optimizer.json")
    tensors = read_tensors(folder / "optimizer.safetensors")
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    try:
        for key, value in {**tensors, **saved["plain"]}.items():
            index, name = key.split(".", 1)
            shape = parameters[int(index)].shape
            if isinstance(value, Tensor) and value.dim() and value.shape != shape:
                raise ValueError(f"{key} should be {tuple(shape)}")
            state.setdefault(int(index), {})[name] = value
        sizes = [len(group["params"]) for group in saved["groups"]]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"{folder / 'optimizer.json'} does not fit the optimizer: {error}"
        ) from error
    if sizes != [len(group["params"]) for group in optimizer.param_groups]:
        raise ValueError(
            f"{folder / 'optimizer.json'} belongs to groups of {sizes} parameters; "
            f"got {[len(group['params']) for group in optimizer.param_groups]}"
        )
    return {"state": state, "param_groups": saved["groups"]}


# --- random generators ----------------------------------------------------------------


def save_random_state(folder: Path, rank: int = 0) -> None:
    """Write where the generators of Python, NumPy and PyTorch are, for one process."""
    states = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    save_file(states, folder / f"random-{rank}.safetensors")
    numpy_state: dict[str, Any] = dict(np.random.get_state(legacy=False))
    inner = numpy_state["state"]
    numpy_state["state"] = {**inner, "key": inner["key"].tolist()}
    plain = {"python": random.getstate(), "numpy": numpy_state}
    save_json(plain, folder / f"random-{rank}.json")


def read_random_state(folder: Path, rank: int = 0) -> dict[str, Any]:
    """Read the states of the three generators, for `set_random_state`.

    Raises:
        FileNotFoundError: if a file is absent.
        ValueError: if one is damaged.
    """
    path = folder / f"random-{rank}.json"
    plain = read_json(path)
    states: dict[str, Any] = dict(read_tensors(path.with_suffix(".safetensors")))
    try:
        version, numbers, gauss = plain["python"]
        states["python"] = (version, tuple(numbers), gauss)
        random.Random().setstate(states["python"])
        states["numpy"] = plain["numpy"]
        keys = np.array(plain["numpy"]["state"]["key"], dtype=np.uint32)
        states["numpy"]["state"]["key"] = keys
        np.random.RandomState().set_state(states["numpy"])
        torch.Generator().set_state(states["torch"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} holds no states of generators: {error}") from error
    return states


def set_random_state(states: dict[str, Any]) -> None:
    """Put the three generators back where `save_random_state` found them."""
    torch.set_rng_state(states["torch"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
