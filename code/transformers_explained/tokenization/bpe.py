"""Byte-level BPE, the tokenizer of GPT-2."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import regex  # unlike `re`, it knows Unicode's letters and numbers: \p{L}, \p{N}

from transformers_explained.tokenization.base import SpecialTokens, Tokenizer
from transformers_explained.tokenization.merges import (
    Pair,
    apply_merges,
    learn_merges,
)

# GPT-2's first cut. No merge crosses it; a word keeps the space that precedes it.
_WORDS = regex.compile(
    r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)
GPT2_SPECIAL = SpecialTokens(
    pad=None, unk=None, start="<|endoftext|>", end="<|endoftext|>"
)


def _printable_bytes() -> dict[int, str]:
    """A visible character for each of the 256 bytes, GPT-2's choice: a printable
    byte stands for itself, the others (space, newline ...) get U+0100 and after."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    table = {byte: chr(byte) for byte in visible}
    return table | {byte: chr(0x100 + i) for i, byte in enumerate(hidden)}


BYTE_TO_CHARACTER = _printable_bytes()
CHARACTER_TO_BYTE = {character: byte for byte, character in BYTE_TO_CHARACTER.items()}


class BPETokenizer(Tokenizer):
    """Byte-pair encoding on the bytes of the UTF-8 text.

    Sennrich, Haddow & Birch (2016) merge characters; GPT-2 (Radford et al. 2019)
    merges bytes, so that any text can be written with 256 symbols and nothing is
    ever unknown: decoding gives back exactly the text. In the vocabulary a space
    reads Ġ, and « é », two bytes, reads Ã©.

    Args:
        vocabulary: every token, at the position that is its id.
        merges: the pairs to merge, in the order in which they were learned.
        special: the special tokens.
    """

    def __init__(
        self,
        vocabulary: Iterable[str],
        merges: Iterable[Pair],
        special: SpecialTokens | None = None,
    ) -> None:
        super().__init__(vocabulary, special)
        self.merges = tuple(merges)
        self._merge_ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self._known_words: dict[str, tuple[str, ...]] = {}

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        vocab_size: int,
        special: SpecialTokens | None = None,
    ) -> Self:
        """Learn merges from texts until the vocabulary has `vocab_size` tokens.

        Raises:
            ValueError: if `vocab_size` has no room for the bytes and special tokens.
        """
        special = SpecialTokens() if special is None else special
        alphabet = sorted(BYTE_TO_CHARACTER.values())
        reserved = len(special.listed())
        if vocab_size < reserved + len(alphabet):
            raise ValueError(
                "vocab_size must be at least the number of special tokens and bytes, "
                f"{reserved} + {len(alphabet)}; got {vocab_size}"
            )
        counts = Counter(tuple(word) for text in texts for word in _cut_bytes(text))
        merges, symbols = learn_merges(counts, alphabet, vocab_size - reserved)
        return cls([*special.listed(), *symbols], merges, special)

    @classmethod
    def from_files(
        cls, vocabulary: Path, merges: Path, special: SpecialTokens = GPT2_SPECIAL
    ) -> Self:
        """Read GPT-2's two files, `vocab.json` and `merges.txt`."""
        ids: dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))
        lines = merges.read_text(encoding="utf-8").splitlines()
        pairs = [
            (first, second)
            for first, second in (
                line.split(" ") for line in lines if line and line[:9] != "#version:"
            )
        ]
        return cls(sorted(ids, key=ids.__getitem__), pairs, special)

    def tokenize(self, text: str) -> list[str]:
        return [token for word in _cut_bytes(text) for token in self._cut_word(word)]

    def detokenize(self, tokens: Sequence[str]) -> str:
        """Join tokens; bytes that are not valid UTF-8 become U+FFFD."""
        special = self.special.listed()
        parts = [
            token.encode()
            if token in special
            else bytes(CHARACTER_TO_BYTE[character] for character in token)
            for token in tokens
        ]
        return b"".join(parts).decode("utf-8", errors="replace")

    def _cut_word(self, word: str) -> tuple[str, ...]:
        if word not in self._known_words:  # texts repeat their words: cut each once
            self._known_words[word] = apply_merges(word, self._merge_ranks)
        return self._known_words[word]


def _cut_bytes(text: str) -> list[str]:
    """The words of a text, each byte written as its visible character."""
    return [
        "".join(BYTE_TO_CHARACTER[byte] for byte in word.encode())
        for word in _WORDS.findall(text)
    ]
