"""Byte-level BPE, the tokenizer of GPT-2."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from transformers_explained.extras import from_extra
from transformers_explained.files import read_json, read_text
from transformers_explained.tokenization.base import SpecialTokens, Tokenizer, by_id
from transformers_explained.tokenization.merges import (
    Pair,
    apply_merges,
    learn_merges,
)

with from_extra():
    import regex  # unlike `re`, it knows Unicode's letters and numbers: \p{L}, \p{N}

# GPT-2's first cut. No merge crosses it; a word keeps the space that precedes it.
_WORDS = regex.compile(
    r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)
_DIGIT = regex.compile(r"(\p{N})")
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
        special_in_text: whether a special token written in a text is that token, as
            Hugging Face's tokenizers have it. By default it is text like any other,
            so that whoever writes a text cannot end it, or speak for somebody else.
        split_digits: whether each digit is a word, as in SmolLM2.
    """

    def __init__(
        self,
        vocabulary: Iterable[str],
        merges: Iterable[Pair],
        special: SpecialTokens | None = None,
        *,
        special_in_text: bool = False,
        split_digits: bool = False,
    ) -> None:
        super().__init__(vocabulary, special)
        self.special_in_text = special_in_text
        self.split_digits = split_digits
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
        words = Counter(word for text in texts for word in _WORDS.findall(text))
        counts = {tuple(visible_bytes(word)): count for word, count in words.items()}
        merges, symbols = learn_merges(counts, alphabet, vocab_size - reserved)
        return cls([*special.listed(), *symbols], merges, special)

    @classmethod
    def from_files(
        cls, vocabulary: Path, merges: Path, special: SpecialTokens = GPT2_SPECIAL
    ) -> Self:
        """Read GPT-2's two files, `vocab.json` and `merges.txt`."""
        return cls(by_id(read_json(vocabulary)), read_merges(merges), special)

    def tokenize(self, text: str) -> list[str]:
        parts = self._split_special(text) if self.special_in_text else [text]
        tokens: list[str] = []
        for i, part in enumerate(parts):
            if i % 2:
                tokens.append(part)
            else:
                tokens += [
                    t for word in self._words(part) for t in self._cut_word(word)
                ]
        return tokens

    def _words(self, text: str) -> list[str]:
        parts = _DIGIT.split(text) if self.split_digits else [text]
        return [word for part in parts for word in _WORDS.findall(part)]

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
            self._known_words[word] = apply_merges(
                visible_bytes(word), self._merge_ranks
            )
        return self._known_words[word]


def read_merges(path: Path) -> list[Pair]:
    """Read GPT-2's `merges.txt`: a pair of symbols a line.

    Raises:
        ValueError: if it is damaged.
    """
    pairs: list[Pair] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line or line.startswith("#version"):
            continue
        parts = line.split(" ")
        if len(parts) != 2 or not all(parts):
            raise ValueError(
                f"{path}, line {number}, must hold two symbols; got {line!r}: it is "
                "cut short or damaged"
            )
        pairs.append((parts[0], parts[1]))
    return pairs


def visible_bytes(text: str) -> str:
    """The bytes of a text in UTF-8, each written as its visible character."""
    return text.encode().decode("latin-1").translate(BYTE_TO_CHARACTER)
