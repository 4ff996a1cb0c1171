"""Small exact tasks on which a sequence-to-sequence model can be judged.

* Translation: the numbers 0 to 99,999 in words, from English to French. The library
  `num2words` writes both sides, so that the pairs are endless and right by
  construction: "ninety-nine" -> « quatre-vingt-dix-neuf ».
* Reversal and copy of random symbols, the oldest tests of a sequence model.

A sequence is a list of token ids that ends with `end`; the decoder starts from `start`
(never from the padding id).
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from num2words import num2words
from torch import Tensor

LARGEST = 99_999
PAD, START, END, UNKNOWN = "<pad>", "<start>", "<end>", "<unknown>"
SPECIAL = (PAD, START, END, UNKNOWN)
PAD_ID, START_ID, END_ID, UNKNOWN_ID = range(len(SPECIAL))


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A number with its two spellings."""

    number: int
    english: str
    french: str


def in_words(number: int) -> Pair:
    """Spell a number in both languages.

    The comma of "one thousand, two hundred" is left out: it says nothing that the words
    do not say.

    Raises:
        ValueError: if `number` is negative.
    """
    if number < 0:
        raise ValueError(f"number must be at least 0; got {number}")
    english = num2words(number, lang="en").replace(",", "")
    return Pair(number=number, english=english, french=num2words(number, lang="fr"))


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Training, validation and test pairs; no number is in two of them."""

    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]


def number_splits(
    seed: int = 0, *, train: int = 10_000, valid: int = 500, test: int = 2_000
) -> Splits:
    """Draw disjoint sets of numbers, uniformly from 0 to 99,999.

    The same seed and sizes give the same splits on every machine.

    Raises:
        ValueError: if more numbers are asked for than there are.
    """
    sizes = (train, valid, test)
    if min(sizes) < 0 or sum(sizes) > LARGEST + 1:
        raise ValueError(
            f"train + valid + test must fit in {LARGEST + 1} numbers; got {sizes}"
        )
    numbers = random.Random(seed).sample(range(LARGEST + 1), sum(sizes))
    pairs = [in_words(number) for number in numbers]
    return Splits(
        train=pairs[:train],
        valid=pairs[train : train + valid],
        test=pairs[train + valid :],
    )


def words(text: str) -> list[str]:
    """Cut a text into words; a hyphen stays on the word that it follows.

    "ninety-nine thousand" -> ["ninety-", "nine", "thousand"]. Nothing is lost, and
    « quatre- » (in « quatre-vingts ») is not the same token as « quatre ».
    """
    return re.findall(r"[^\s-]+-?", text.lower())


def join_words(tokens: Iterable[str]) -> str:
    """Undo `words`: a space between two words, none after a hyphen."""
    return " ".join(tokens).replace("- ", "-")


class Vocabulary:
    """Tokens and their ids; the four special tokens come first.

    Args:
        texts: the *training* texts. A vocabulary built on the test texts too would tell
            the model which words to expect there.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        seen = sorted({word for text in texts for word in words(text)})
        self.tokens: list[str] = [*SPECIAL, *seen]
        self.id_of = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> list[int]:
        """The ids of a text, with `END` behind; a word never seen is `UNKNOWN`."""
        return [self.id_of.get(word, UNKNOWN_ID) for word in words(text)] + [END_ID]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids up to `END`; padding and start are passed over."""
        kept = []
        for i in ids:
            if i == END_ID:
                break
            if i not in (PAD_ID, START_ID):
                kept.append(self.tokens[i])
        return join_words(kept)


@dataclass(frozen=True, kw_only=True)
class Example:
    """Source and target token ids, each with `END` behind."""

    source: list[int]
    target: list[int]


@dataclass(frozen=True, kw_only=True)
class TranslationData:
    """The three splits and the two vocabularies, built on the training part only."""

    splits: Splits
    english: Vocabulary
    french: Vocabulary

    def examples(self, pairs: Sequence[Pair]) -> list[Example]:
        """The pairs as token ids."""
        return [
            Example(
                source=self.english.encode(pair.english),
                target=self.french.encode(pair.french),
            )
            for pair in pairs
        ]


def translation_data(seed: int = 0, *, train: int = 10_000) -> TranslationData:
    """Number words English -> French: `train` pairs, 500 to validate, 2,000 to test."""
    splits = number_splits(seed, train=train)
    return TranslationData(
        splits=splits,
        english=Vocabulary(pair.english for pair in splits.train),
        french=Vocabulary(pair.french for pair in splits.train),
    )


def symbol_examples(
    task: str, count: int, *, num_symbols: int = 10, length: int = 10, seed: int = 0
) -> list[Example]:
    """Random symbols to copy, or to give back in the opposite order.

    The symbols have the ids behind the special tokens, so that the vocabulary holds
    `len(SPECIAL) + num_symbols` ids.

    Args:
        task: "copy" or "reverse".
        count: number of examples.
        num_symbols: number of different symbols.
        length: number of symbols in each example.
        seed: two seeds give two independent draws.

    Raises:
        ValueError: if `task` is neither of the two.
    """
    if task not in ("copy", "reverse"):
        raise ValueError(f'task must be "copy" or "reverse"; got {task!r}')
    draw = random.Random(seed)
    symbols = range(len(SPECIAL), len(SPECIAL) + num_symbols)
    examples = []
    for _ in range(count):
        source = draw.choices(symbols, k=length)
        target = source if task == "copy" else source[::-1]
        examples.append(Example(source=[*source, END_ID], target=[*target, END_ID]))
    return examples


class Batch(NamedTuple):
    """A padded batch: source (B, S), decoder input (B, T) and labels (B, T).

    `inputs` is the target shifted right behind `START`; `labels` is the target itself,
    so that position t reads what comes before t and is asked for t.
    """

    source: Tensor
    inputs: Tensor
    labels: Tensor


def collate(examples: Sequence[Example]) -> Batch:
    """Pad examples to the longest of the batch."""
    return Batch(
        source=_pad([example.source for example in examples]),
        inputs=_pad([[START_ID, *example.target[:-1]] for example in examples]),
        labels=_pad([example.target for example in examples]),
    )


def _pad(rows: Sequence[Sequence[int]]) -> Tensor:
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[PAD_ID] * (longest - len(row))] for row in rows])
