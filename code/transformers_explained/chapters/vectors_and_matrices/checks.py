"""Self-checks of the chapter "Vectors and matrices".

Each puzzle is tried on a hundred random inputs whose sizes all differ.
"""

from collections.abc import Callable, Iterator
from functools import wraps

import torch
from torch import Tensor

from transformers_explained.attention import scaled_dot_product_attention
from transformers_explained.lesson.check import Attempt, Check, register

TRIES = 100


class Draw:
    """Random tensors; an axis is a letter, and each letter has a size of its own."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        # The first try is small, to be read when an answer is wrong.
        sizes = range(2, 7) if seed == 0 else range(2, 10)
        order = torch.randperm(len(sizes), generator=self._generator).tolist()
        if seed == 0:
            order = [0, 1, 2, 3, 4]
        self.size = dict(zip("TDSBH", (sizes[i] for i in order), strict=False))

    def tensor(self, axes: str) -> Tensor:
        """Return normal numbers, rounded to one decimal."""
        shape = [self.size[axis] for axis in axes]
        return (torch.randn(shape, generator=self._generator) * 10).round() / 10

    def integers(self, axes: str, low: int, high: int) -> Tensor:
        """Return integers from `low` up to and without `high`."""
        shape = [self.size[axis] for axis in axes]
        return torch.randint(low, high, shape, generator=self._generator)

    def mask(self, axes: str) -> Tensor:
        """Return booleans, at least one True along the last axis."""
        found = self.integers(axes, 0, 2).bool()
        found[..., 0] = True
        return found


def draws() -> Iterator[Draw]:
    """Yield a hundred draws."""
    for seed in range(TRIES):
        yield Draw(seed)


def compared_on(**axes: str) -> Callable[[Callable[..., Tensor]], Check]:
    """Make a check of what is right: answers are compared on random inputs."""

    def compared(right: Callable[..., Tensor]) -> Check:
        @wraps(right)
        def compare(attempt: Attempt) -> None:
            for draw in draws():
                inputs = {name: draw.tensor(shape) for name, shape in axes.items()}
                attempt.expect_close(attempt.call(**inputs), right(**inputs))

        return compare

    return compared


@register("vectors-and-matrices.paper")
def paper(attempt: Attempt) -> None:
    """A dot product and a cosine worked out on paper."""
    answer = attempt.value()
    attempt.expect_type(answer, list)
    attempt.require(len(answer) == 2, "vectors-and-matrices.probe-two")
    attempt.expect_close(torch.as_tensor(answer).double(), torch.tensor([24, 0.96]))


@register("vectors-and-matrices.puzzle-swap")
@compared_on(x="TD")
def swap(x: Tensor) -> Tensor:
    """Rows become columns."""
    return x.T


@register("vectors-and-matrices.puzzle-lengths")
@compared_on(x="TD")
def lengths(x: Tensor) -> Tensor:
    """The length of each row."""
    return (x * x).sum(dim=1).sqrt()


@register("vectors-and-matrices.puzzle-unit")
def unit(attempt: Attempt) -> None:
    """Each row divided by its length."""
    for draw in draws():
        x = draw.tensor("TD") + 0.05  # no row of zeros
        attempt.expect_close(attempt.call(x=x), x / x.norm(dim=1, keepdim=True))


@register("vectors-and-matrices.puzzle-pairs")
@compared_on(a="TD", b="TD")
def pairs(a: Tensor, b: Tensor) -> Tensor:
    """The dot product of each row with the row beside it."""
    return torch.einsum("td,td->t", a, b)


@register("vectors-and-matrices.puzzle-all-pairs")
@compared_on(q="TD", k="SD")
def all_pairs(q: Tensor, k: Tensor) -> Tensor:
    """The dot products of every row with every row."""
    return torch.einsum("td,sd->ts", q, k)


@register("vectors-and-matrices.puzzle-gaps")
@compared_on(a="T", b="S")
def gaps(a: Tensor, b: Tensor) -> Tensor:
    """All differences between two lists."""
    return a[:, None] - b[None, :]


@register("vectors-and-matrices.puzzle-per-row")
@compared_on(x="BTD", shift="T")
def per_row(x: Tensor, shift: Tensor) -> Tensor:
    """One number for each row, whatever the example and the column."""
    return x + shift.reshape(1, -1, 1)


@register("vectors-and-matrices.puzzle-batch")
@compared_on(q="BTD", k="BSD")
def batch(q: Tensor, k: Tensor) -> Tensor:
    """All dot products, example by example."""
    return torch.einsum("btd,bsd->bts", q, k)


@register("vectors-and-matrices.puzzle-heads")
@compared_on(q="BTHD", k="BSHD")
def heads(q: Tensor, k: Tensor) -> Tensor:
    """All dot products, head by head; the heads stand third."""
    return torch.einsum("bthd,bshd->bhts", q, k)


@register("vectors-and-matrices.puzzle-split")
def split(attempt: Attempt) -> None:
    """Cut the columns into heads, and put the heads first."""
    for draw in draws():
        T, H, D = (draw.size[axis] for axis in "THD")
        parts = draw.tensor("THD")
        x = parts.reshape(T, H * D)
        wanted = parts.permute(1, 0, 2)
        attempt.expect_close(attempt.call(x=x, heads=H), wanted)


@register("vectors-and-matrices.puzzle-look-up")
def look_up(attempt: Attempt) -> None:
    """A row of the table for each number of a word."""
    for draw in draws():
        table = draw.tensor("SD")
        ids = draw.integers("BT", 0, draw.size["S"])
        attempt.expect_close(attempt.call(table=table, ids=ids), table[ids])


@register("vectors-and-matrices.puzzle-one-hot")
def one_hot(attempt: Attempt) -> None:
    """Rows of zeros with a single one."""
    for draw in draws():
        size = draw.size["S"]
        ids = draw.integers("T", 0, size)
        wanted = torch.eye(size)[ids]
        attempt.expect_close(attempt.call(ids=ids, size=size), wanted)


@register("vectors-and-matrices.puzzle-past")
def past(attempt: Attempt) -> None:
    """A causal mask."""
    for length in range(1, TRIES + 1):
        got = attempt.call(length=length)
        attempt.expect_dtype(got, torch.bool)
        attempt.expect_equal(got, torch.ones(length, length).tril().bool())


@register("vectors-and-matrices.puzzle-filled")
def filled(attempt: Attempt) -> None:
    """A padding mask from the lengths of the sentences."""
    for draw in draws():
        width = draw.size["T"]
        sizes = draw.integers("B", 1, width + 1)
        wanted = torch.stack([torch.arange(width) < size for size in sizes])
        got = attempt.call(lengths=sizes, width=width)
        attempt.expect_dtype(got, torch.bool)
        attempt.expect_equal(got, wanted)


@register("vectors-and-matrices.puzzle-mean")
def mean(attempt: Attempt) -> None:
    """The mean of the rows that are real."""
    for draw in draws():
        x, real = draw.tensor("TD"), draw.mask("T")
        attempt.expect_close(attempt.call(x=x, real=real), x[real].mean(dim=0))


@register("vectors-and-matrices.puzzle-softmax")
def softmax(attempt: Attempt) -> None:
    """The softmax of each row, also where an exponential would overflow."""
    for draw in draws():
        scores = draw.tensor("TS") + 200 * draw.tensor("T")[:, None]
        attempt.expect_close(attempt.call(scores=scores), scores.softmax(dim=1))


@register("vectors-and-matrices.puzzle-hide")
def hide(attempt: Attempt) -> None:
    """Weights where forbidden keys have none."""
    for draw in draws():
        scores, mask = draw.tensor("TS"), draw.mask("TS")
        wanted = scores.masked_fill(~mask, -torch.inf).softmax(dim=1)
        attempt.expect_close(attempt.call(scores=scores, mask=mask), wanted)


@register("vectors-and-matrices.puzzle-average")
def average(attempt: Attempt) -> None:
    """Averages of values with given weights, example by example."""
    for draw in draws():
        weights = draw.tensor("BTS").softmax(dim=-1)
        values = draw.tensor("BSD")
        wanted = torch.einsum("bts,bsd->btd", weights, values)
        attempt.expect_close(attempt.call(weights=weights, values=values), wanted)


@register("vectors-and-matrices.puzzle-attention")
@compared_on(q="TD", k="SD", v="SB")
def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention, in one line."""
    return scaled_dot_product_attention(q, k, v)[0]
