"""Byte-pair encoding's heart: learn which neighbours to merge, then merge them.

Sennrich, Haddow & Birch (2016), algorithm 1. The same two functions serve the BPE
and the WordPiece tokenizer, and work on any symbols.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise
from operator import add

Pair = tuple[str, str]
Word = tuple[str, ...]


def learn_merges(
    word_counts: Mapping[Word, int],
    alphabet: Iterable[str],
    num_symbols: int,
    *,
    join: Callable[[str, str], str] = str.__add__,
) -> tuple[list[Pair], list[str]]:
    """Merge the most frequent pair of neighbours, again and again.

    Each symbol is written as one character, numbered by its age. So a word is a string,
    a pair a string of two characters, a merge is `str.replace`, and of two pairs the
    one whose symbols are the older is the smaller string.

    Args:
        word_counts: each distinct word, as a tuple of symbols, and its count. Pairs
            are counted inside words only.
        alphabet: the symbols to start from, in the order of their ids.
        num_symbols: stop when there are so many symbols, or when no pair is left.
        join: how two symbols become one; for WordPiece, a + ##b = ab.

    Returns:
        merges, in the order in which they were learned, and all the symbols. Of two
        pairs equally frequent, the one whose symbols are the older is merged first,
        as the `tokenizers` library does.
    """
    sign_of = {symbol: chr(age) for age, symbol in enumerate(alphabet)}
    words = ["".join([sign_of[symbol] for symbol in word]) for word in word_counts]
    counts = list(word_counts.values())
    pair_counts: defaultdict[str, int] = defaultdict(int)
    found_in: defaultdict[str, set[int]] = defaultdict(set)
    for index, word in enumerate(words):
        for pair in map(add, word, word[1:]):
            pair_counts[pair] += counts[index]
            found_in[pair].add(index)

    symbols, merges = list(sign_of), list[Pair]()
    # The pairs, the most frequent first. A count that has fallen since it was put there
    # is corrected when it comes up, one that has risen is put there again.
    queue = [(-count, pair) for pair, count in pair_counts.items()]
    heapify(queue)
    while queue and len(symbols) < num_symbols:
        count, best = heappop(queue)
        if -count != pair_counts[best]:
            if pair_counts[best]:
                heappush(queue, (-pair_counts[best], best))
            continue
        first, second = symbols[ord(best[0])], symbols[ord(best[1])]
        merges.append((first, second))
        merged = join(first, second)
        sign = sign_of.setdefault(merged, chr(len(symbols)))
        if ord(sign) == len(symbols):
            symbols.append(merged)
        for pair in _merge(best, sign, words, counts, pair_counts, found_in):
            heappush(queue, (-pair_counts[pair], pair))
    return merges, symbols


def _merge(
    best: str,
    sign: str,
    words: list[str],
    counts: Sequence[int],
    pair_counts: dict[str, int],
    found_in: defaultdict[str, set[int]],
) -> set[str]:
    """Write `sign` for the pair in all words; return the pairs that this made."""
    made: set[str] = set()
    for index in found_in.pop(best):  # only these words change
        old, count = words[index], counts[index]
        words[index] = new = old.replace(best, sign)
        for pair in map(add, old, old[1:]):
            pair_counts[pair] -= count
        for pair in map(add, new, new[1:]):
            pair_counts[pair] += count
            if sign in pair:
                made.add(pair)
                found_in[pair].add(index)
    return made


def merge_pair(word: Sequence[str], pair: Pair, merged: str) -> Word:
    """Replace each occurrence of two neighbours by one symbol, left to right."""
    result: list[str] = []
    i = 0
    while i < len(word):
        if tuple(word[i : i + 2]) == pair:
            result.append(merged)
            i += 2
        else:
            result.append(word[i])
            i += 1
    return tuple(result)


def apply_merges(word: Sequence[str], merge_ranks: Mapping[Pair, int]) -> Word:
    """Cut one word as learned: the merge that was learned first is made first."""
    word = tuple(word)
    while len(word) > 1:
        best = min(
            pairwise(word), key=lambda pair: merge_ranks.get(pair, len(merge_ranks))
        )
        if best not in merge_ranks:
            break
        word = merge_pair(word, best, "".join(best))
    return word
