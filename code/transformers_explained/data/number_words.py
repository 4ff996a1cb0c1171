"""Numbers in words, in English and in French: pairs with no wrong one among them.

The library `num2words` writes both sides of the numbers 0 to 99,999, so that the pairs
are many and right by construction. The two languages do not count alike, so that a
dictionary is not enough: "ninety-nine" is « quatre-vingt-dix-neuf », that is,
four-twenties-ten-nine.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from transformers_explained.extras import from_extra

with from_extra():
    from num2words import num2words

LARGEST = 99_999
MOST_DIGITS = len(str(LARGEST))
UNSEEN_DIGITS = (3, 4, 5)  # of the numbers held out; 0 to 99 are for training


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A number with its two spellings."""

    number: int
    english: str
    french: str

    @property
    def digits(self) -> int:
        """How many digits write the number."""
        return len(str(self.number))


def in_words(number: int) -> Pair:
    """Spell a number in both languages.

    Raises:
        ValueError: if `number` is negative.
    """
    if number < 0:
        raise ValueError(f"number must be at least 0; got {number}")
    english, french = (num2words(number, lang=language) for language in ("en", "fr"))
    return Pair(number=number, english=english, french=french)


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Training, validation and test pairs; no number is in two of them.

    The short numbers come several times in `train`, because there are so few of them.
    """

    train: list[Pair]
    valid: list[Pair]
    test: list[Pair]


def number_splits(
    seed: int = 0, *, train: int = 10_000, valid: int = 300, test: int = 600
) -> Splits:
    """Draw as many numbers of one digit as of two, three, four and five.

    Of numbers drawn evenly, nine in ten have five digits, and a model never learns to
    say "one". Here 0 to 99 are all in `train` (from 450 pairs on); `valid` and `test`
    hold numbers of three, four and five digits, as many of each, that it has not.
    The same seed and sizes give the same splits on every machine.

    Raises:
        ValueError: if a size is negative, or more numbers of three digits are held out
            than there are.
    """
    most = 9 * 10 ** (min(UNSEEN_DIGITS) - 1) - 1  # one is left for training
    held_out = sum(_shares(size, len(UNSEEN_DIGITS))[0] for size in (valid, test))
    if min(train, valid, test) < 0 or held_out > most:
        raise ValueError(
            "train, valid and test must be at least 0, and valid + test hold at most "
            f"{most} numbers of three digits; got {(train, valid, test)}"
        )
    draw = random.Random(seed)
    drawn: dict[str, list[int]] = {"train": [], "valid": [], "test": []}
    for digits, count in enumerate(_shares(train, MOST_DIGITS), start=1):
        numbers = list(range(10 ** (digits - 1) if digits > 1 else 0, 10**digits))
        draw.shuffle(numbers)
        if digits in UNSEEN_DIGITS:
            for name, size in (("valid", valid), ("test", test)):
                place = UNSEEN_DIGITS.index(digits)
                kept = _shares(size, len(UNSEEN_DIGITS))[place]
                drawn[name] += numbers[:kept]
                del numbers[:kept]
        drawn["train"] += islice(cycle(numbers), count)
    for numbers in drawn.values():
        draw.shuffle(numbers)
    return Splits(**{name: _pairs(numbers) for name, numbers in drawn.items()})


def _shares(total: int, parts: int) -> list[int]:
    """Share out as evenly as whole numbers allow; the first receive the rest."""
    return [total // parts + (i < total % parts) for i in range(parts)]


def _pairs(numbers: Sequence[int]) -> list[Pair]:
    spelled = {number: in_words(number) for number in set(numbers)}
    return [spelled[number] for number in numbers]
