"""Predicting by counting: what came next after the same few words?"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

__all__ = ["NGram"]

Context = tuple[int, ...]


class NGram:
    """Counts of runs of at most n tokens.

    A long context that was hardly seen leans on the shorter one:

        P_n(w | context) = (count(context, w) + P_(n-1)(w | shorter)) / (count + 1)

    and the shortest on 1/V: each shorter context counts as one imaginary occurrence.

    Args:
        order: n, the token to predict included.
        vocab_size: V.
        end_id: what starts and ends a text; no context reaches back behind it.
    """

    def __init__(self, order: int, vocab_size: int, end_id: int) -> None:
        if order < 1:
            raise ValueError(f"order must be at least 1; got {order}")
        self.order, self.vocab_size, self.end_id = order, vocab_size, end_id
        self.counts: defaultdict[Context, Counter[int]] = defaultdict(Counter)

    def read(self, rows: Iterable[Sequence[int]]) -> None:
        """Count in texts; each begins with `end_id`, and may hold it again."""
        for row in rows:
            start = 0
            for place in range(1, len(row)):
                if row[place - 1] == self.end_id:
                    start = place - 1
                for reach in range(self.order):
                    first = place - reach
                    if first < start:
                        break
                    self.counts[tuple(row[first:place])][row[place]] += 1

    def probability(self, context: Sequence[int], token: int) -> float:
        """That of a token behind a context, which begins with `end_id`."""
        p = 1 / self.vocab_size
        for reach in range(min(self.order, len(context) + 1)):
            seen = self.counts.get(tuple(context[len(context) - reach :]))
            if seen is not None:
                p = (seen[token] + p) / (seen.total() + 1)
        return p

    @property
    def size(self) -> int:
        """How many numbers it keeps."""
        return sum(len(after) for after in self.counts.values())
