"""T5's relative positions: offsets in buckets, and one learned number per bucket.

T5 adds no position to the tokens. To each attention score it adds a number that depends
on the head and on how far, and on which side, the key stands from the query.
"""

import math

import torch
from torch import Tensor


def bucket(offset: int, *, two_sided: bool, buckets: int = 32, far: int = 128) -> int:
    """The bucket of an offset, key position minus query position.

    Half of the buckets hold one distance each; the others grow like the logarithm, up
    to `far`, and the last one takes all that is farther. With two sides, the upper half
    of all buckets is for keys to the right; otherwise those share bucket 0.

    Reference: Raffel et al. (2020), section 2.1; the formula is in the authors' code.
    """
    start = 0
    if two_sided:
        buckets //= 2
        start = buckets if offset > 0 else 0
        distance = abs(offset)
    else:
        distance = max(-offset, 0)
    exact = buckets // 2
    if distance < exact:
        return start + distance
    share = math.log(distance / exact) / math.log(far / exact)
    return start + min(exact + int(share * (buckets - exact)), buckets - 1)


def bucket_table(queries: int, keys: int, *, two_sided: bool) -> Tensor:
    """(T, S): the bucket of each pair of query and key."""
    return torch.tensor(
        [
            [bucket(key - query, two_sided=two_sided) for key in range(keys)]
            for query in range(queries)
        ]
    )
