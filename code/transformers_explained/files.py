"""Reading and writing files that may be damaged, or interrupted.

A model's files travel: a download stops half-way, a repository hands out a pointer in
place of the file, a proxy its error page. Readers here answer all that with one
sentence that names the file and the likely cause.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from transformers_explained.extras import from_extra

with from_extra():
    from safetensors import SafetensorError
    from safetensors.torch import load_file

POINTER = b"version https://git-lfs.github.com/spec/"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or holds something else.
    """
    try:
        value = json.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path.parent} holds no {path.name}") from error
    except ValueError as error:  # not UTF-8, or not JSON
        raise damaged(path, error) from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} must hold a JSON object; got {type(value).__name__}")
    return value


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file, whole.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path.parent} holds no {path.name}")
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise damaged(path, error) from error


def read_pickled_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of an older file, which is a pickle, and nothing else of it: a
    pickle can run any program.

    Raises:
        ValueError: if it is damaged, or holds something else than tensors by name.
    """
    try:
        value = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle may fail in any way
        if "Unsupported global" in str(error) or "Unsupported class" in str(error):
            raise ValueError(
                f"{path} holds other things than tensors, and reading these can run "
                "any program: take a safetensors file"
            ) from error
        raise damaged(path, ValueError("not a file of tensors")) from error
    if not isinstance(value, dict) or not all(
        isinstance(tensor, Tensor) for tensor in value.values()
    ):
        raise ValueError(f"{path} must hold tensors by name, and nothing else")
    return value


def read_text(path: Path) -> str:
    """Read a text in UTF-8, whatever its ends of line.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is empty, damaged, a pointer or a web page.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path.parent} holds no {path.name}") from error
    except ValueError as error:
        raise damaged(path, error) from error
    start = text[:512].lstrip().lower()
    if not start or start.startswith((POINTER.decode(), "<!doctype", "<html")):
        raise damaged(path, ValueError("not a text of tokens"))
    return text.replace("\r\n", "\n")


def damaged(path: Path, error: Exception) -> ValueError:
    """The error that says what a file seems to be, and what to do.

    Args:
        path: a file that exists and could not be read.
        error: what its reader said.
    """
    with path.open("rb") as file:
        start = file.read(512).lstrip()
    if not start:
        cause = "it is empty: copy or download it again"
    elif start.startswith(POINTER):
        cause = "it is a git-lfs pointer, not the file: run `git lfs pull`"
    elif start[:1] == b"<":
        cause = "it is a web page, not the file: download it again"
    else:
        cause = (
            "it is cut short or damaged: copy or download it again "
            f"({type(error).__name__}: {error})"
        )
    return ValueError(f"{path} cannot be read: {cause}")


@contextmanager
def replaced_whole(path: Path) -> Iterator[Path]:
    """Write a file aside, then put it in place at once: there is the old one or the new
    one, never a part.

    Yields:
        The path to write to.
    """
    aside = path.with_name(f"{path.name}.part")
    yield aside
    os.replace(aside, path)


def remove_folder(path: Path) -> None:
    """Remove a folder and what it holds, if it is there."""
    shutil.rmtree(path, ignore_errors=True)
