"""What every tokenizer shares: a vocabulary, special tokens, padded batches."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True, kw_only=True)
class SpecialTokens:
    """The tokens that stand for no text; None where a model has no such token.

    pad fills short sequences of a batch; unk replaces what the vocabulary lacks;
    start and end mark the limits of a sequence; mask hides a token from BERT; others
    are those of no such role, the first in the vocabulary.
    """

    pad: str | None = "[PAD]"
    unk: str | None = "[UNK]"
    start: str | None = "[START]"
    end: str | None = "[END]"
    mask: str | None = None
    others: tuple[str, ...] = ()

    def listed(self) -> list[str]:
        """The tokens that exist, each once, in the order in which they get ids."""
        named = [*self.others, self.pad, self.unk, self.start, self.end, self.mask]
        return list(dict.fromkeys(token for token in named if token is not None))


def no_token(i: int) -> str:
    """What stands in a vocabulary for an id that has no token. No text is cut into it:
    no tokenizer whose vocabulary may have holes keeps a space inside a token."""
    return f" no token {i} "


def by_id(ids: Mapping[str, int]) -> list[str]:
    """The tokens, each at the position that is its id; `no_token` in the holes."""
    tokens = [no_token(i) for i in range(max(ids.values(), default=-1) + 1)]
    for token, i in ids.items():
        if tokens[i] != no_token(i):
            raise ValueError(f"{tokens[i]!r} and {token!r} have the same id, {i}")
        tokens[i] = token
    return tokens


class Tokenizer(ABC):
    """Text to ids and back.

    A subclass says how a text is cut into tokens (`tokenize`) and how tokens are
    joined again (`detokenize`); the rest is the same for all.

    Args:
        vocabulary: every token, at the position that is its id.
        special: the names of the special tokens, all present in `vocabulary`.

    Raises:
        ValueError: if a token appears twice or a special token is missing.
    """

    def __init__(
        self, vocabulary: Iterable[str], special: SpecialTokens | None = None
    ) -> None:
        self.special = SpecialTokens() if special is None else special
        self.vocabulary = tuple(vocabulary)
        self.token_to_id = {token: i for i, token in enumerate(self.vocabulary)}
        if len(self.token_to_id) != len(self.vocabulary):
            twice = {t for t in self.vocabulary if self.vocabulary.count(t) > 1}
            raise ValueError(
                f"vocabulary must hold each token once; got twice: {sorted(twice)}"
            )
        missing = [t for t in self.special.listed() if t not in self.token_to_id]
        if missing:
            raise ValueError(
                "vocabulary must contain the special tokens; "
                f"missing: {', '.join(missing)}"
            )
        self._special_ids = {self.token_to_id[t] for t in self.special.listed()}
        longest_first = sorted(self.special.listed(), key=len, reverse=True)
        names = "|".join(map(re.escape, longest_first)) or "(?!)"  # or nothing at all
        self._special_pattern = re.compile(f"({names})")

    @abstractmethod
    def tokenize(self, text: str) -> list[str]:
        """Cut a text into tokens, as strings."""

    @abstractmethod
    def detokenize(self, tokens: Sequence[str]) -> str:
        """Join tokens into a text again."""

    def encode(self, text: str, *, add_special_tokens: bool = False) -> list[int]:
        """The ids of a text, between the start and the end token if asked. (Hugging
        Face's tokenizers add BERT's [CLS] and [SEP] without being asked.)

        Raises:
            ValueError: if the text holds an unknown token and there is no unk.
        """
        ids = [self._id(token) for token in self.tokenize(text)]
        return [self.start_id, *ids, self.end_id] if add_special_tokens else ids

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = True) -> str:
        """The text of a sequence of ids; special tokens are left out by default.

        Raises:
            ValueError: if there is no such id.
        """
        tokens: list[str] = []
        for i in map(int, ids):
            if not 0 <= i < len(self.vocabulary):
                raise ValueError(
                    f"ids must lie in [0, {len(self.vocabulary)}); got {i}"
                )
            skipped = skip_special_tokens and i in self._special_ids
            if not skipped and self.vocabulary[i] != no_token(i):
                tokens.append(self.vocabulary[i])
        return self.detokenize(tokens)

    def encode_batch(
        self, texts: Iterable[str], *, add_special_tokens: bool = False
    ) -> Tensor:
        """The ids of several texts, padded on the right: (B, S), int64."""
        rows = [
            self.encode(text, add_special_tokens=add_special_tokens) for text in texts
        ]
        return pad_sequences(rows, self.pad_id)

    def _split_special(self, text: str) -> list[str]:
        """Text and special tokens in turn, text first and last: the pattern has one
        group, whose matches `split` keeps."""
        return self._special_pattern.split(text)

    @property
    def vocab_size(self) -> int:
        return len(self.vocabulary)

    @property
    def pad_id(self) -> int:
        return self._special_id("pad")

    @property
    def unk_id(self) -> int:
        return self._special_id("unk")

    @property
    def start_id(self) -> int:
        return self._special_id("start")

    @property
    def end_id(self) -> int:
        return self._special_id("end")

    @property
    def mask_id(self) -> int:
        return self._special_id("mask")

    def _special_id(self, role: str) -> int:
        token = getattr(self.special, role)
        if token is None:
            raise ValueError(f"this tokenizer has no {role} token")
        return self.token_to_id[token]

    def _id(self, token: str) -> int:
        found = self.token_to_id.get(token)
        if found is not None:
            return found
        if self.special.unk is None:
            raise ValueError(f"{token!r} is not in the vocabulary and there is no unk")
        return self.unk_id


def pad_sequences(sequences: Sequence[Sequence[int] | Tensor], pad_id: int) -> Tensor:
    """Sequences as one tensor, filled on the right with `pad_id`.

    Args:
        sequences: B of them: ids, or tensors (S, ...) of one type.

    Returns:
        (B, S, ...), where S is the longest length; ids as int64.

    Raises:
        ValueError: if there is no sequence.
    """
    if not sequences:
        raise ValueError("sequences must hold at least one sequence; got none")
    rows = [
        row if isinstance(row, Tensor) else torch.tensor(row, dtype=torch.int64)
        for row in sequences
    ]
    return pad_sequence(rows, batch_first=True, padding_value=pad_id)
