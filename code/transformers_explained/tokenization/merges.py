"""Byte-pair encoding's heart: learn which neighbours to merge, then merge them.

Sennrich, Haddow & Birch (2016), algorithm 1. The same two functions serve the BPE
and the WordPiece tokenizer, and work on any symbols.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

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
    words, counts = list(word_counts), list(word_counts.values())
    age = {symbol: i for i, symbol in enumerate(alphabet)}
    pair_counts: Counter[Pair] = Counter()
    found_in: defaultdict[Pair, set[int]] = defaultdict(set)

    def record(index: int, sign: int) -> None:
        for pair in pairwise(words[index]):
            pair_counts[pair] += sign * counts[index]
            if sign > 0:
                found_in[pair].add(index)
            elif pair_counts[pair] == 0:
                del pair_counts[pair]
                del found_in[pair]

    def priority(pair: Pair) -> tuple[int, int, int]:
        return pair_counts[pair], -age[pair[0]], -age[pair[1]]

    for index in range(len(words)):
        record(index, +1)
    merges: list[Pair] = []
    while len(age) < num_symbols and pair_counts:
        best = max(pair_counts, key=priority)
        merged = join(*best)
        merges.append(best)
        age.setdefault(merged, len(age))
        for index in list(found_in[best]):  # only these words change
            record(index, -1)
            words[index] = merge_pair(words[index], best, merged)
            record(index, +1)
    return merges, list(age)


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
