"""GGUF, the file in which small machines keep large models.

First a description (sizes, the tokenizer), then a list of the tensors, then their
numbers. A number of 4 bits is stored as in `blocks`, and so is one of 8.
"""

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from transformers_explained.pretrained.blocks import dequantize_4_1, dequantize_8

NUMBERS = "BbHhIif?"  # the types 0 to 7 of a value, in the letters of `struct`
LONG_NUMBERS = {10: "Q", 11: "q", 12: "d"}
TEXT, ARRAY = 8, 9
MOST = 1 << 24  # more of anything, and the file is damaged
ALIGNMENT = 32  # the numbers begin at a multiple of it
# The kinds of tensors that we read: numbers and bytes of a block.
FLOAT, Q4_1, Q8_0 = 0, 3, 8
BLOCKS = {FLOAT: (1, 4), Q4_1: (32, 20), Q8_0: (32, 34)}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the numbers of a tensor are."""

    shape: tuple[int, ...]
    kind: int
    start: int  # bytes after the beginning of the numbers

    @property
    def size(self) -> int:
        """In bytes."""
        numbers, bytes_ = BLOCKS[self.kind]
        return math.prod(self.shape) // numbers * bytes_


@dataclass(frozen=True, kw_only=True)
class GGUFFile:
    """What a file says of its model, by name, and where its tensors are."""

    path: Path
    description: dict[str, Any]
    places: dict[str, Place]
    numbers_start: int

    def tensors(self) -> dict[str, Tensor]:
        """All tensors in fp32, by the file's names.

        Raises:
            ValueError: if the file is cut, or one is of a kind that we do not read.
        """
        with (
            self.path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            return {name: self._tensor(name, content) for name in self.places}

    def _tensor(self, name: str, content: mmap.mmap) -> Tensor:
        place = self.places[name]
        if place.kind not in BLOCKS:
            raise ValueError(
                f"{name} must be of a kind in {sorted(BLOCKS)}; got {place.kind}"
            )
        start = self.numbers_start + place.start
        data = bytearray(content[start : start + place.size])
        if len(data) < place.size:
            raise ValueError(
                f"{self.path} must hold {place.size} bytes of {name}; got {len(data)}: "
                "it is cut"
            )
        if place.kind == FLOAT:
            return torch.frombuffer(data, dtype=torch.float32).view(place.shape)
        read = dequantize_4_1 if place.kind == Q4_1 else dequantize_8
        return read(torch.frombuffer(data, dtype=torch.uint8)).view(place.shape)


def read_gguf(path: Path) -> GGUFFile:
    """Read the description and the list of tensors.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is another kind of file, or damaged.
    """
    with path.open("rb") as file:
        try:
            description, places = read_head(file)
        except (struct.error, ValueError, KeyError, IndexError, MemoryError) as error:
            reason = str(error) or type(error).__name__
        else:
            start = -(-file.tell() // ALIGNMENT) * ALIGNMENT
            return GGUFFile(
                path=path, description=description, places=places, numbers_start=start
            )
    raise ValueError(
        f"{path} cannot be read ({reason}): it is damaged, cut or of another kind; "
        "install it again"
    )


def read_head(file: IO[bytes]) -> tuple[dict[str, Any], dict[str, Place]]:
    """The description by name, and the places of the tensors by name.

    Raises:
        ValueError: if it is another kind of file.
        struct.error, KeyError, IndexError: if it is damaged.
    """

    def number(letter: str) -> Any:
        return struct.unpack(f"<{letter}", file.read(struct.calcsize(letter)))[0]

    def count() -> int:
        found: int = number("Q")
        if found > MOST:
            raise ValueError(f"it says that {found} follow")
        return found

    def text() -> str:
        return file.read(count()).decode()

    def value(kind: int) -> Any:
        if kind == TEXT:
            return text()
        if kind == ARRAY:
            of = number("I")
            return [value(of) for _ in range(count())]
        return number(LONG_NUMBERS[kind] if kind in LONG_NUMBERS else NUMBERS[kind])

    if file.read(4) != b"GGUF" or number("I") != 3:
        raise ValueError("it is no GGUF file of version 3")
    num_tensors, num_values = count(), count()
    description = {text(): value(number("I")) for _ in range(num_values)}
    places: dict[str, Place] = {}
    for _ in range(num_tensors):
        name = text()
        sizes = [count() for _ in range(number("I"))]  # the innermost first
        kind, start = number("I"), number("Q")
        places[name] = Place(shape=tuple(reversed(sizes)), kind=kind, start=start)
    return description, places
