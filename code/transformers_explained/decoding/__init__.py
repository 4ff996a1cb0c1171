"""Writing a text token by token: greedy decoding, sampling and beam search.

`sampling` chooses each token once, `beam_search` keeps several beginnings; `text` asks
the model for its scores, with or without a cache, and holds what is written.
"""

from transformers_explained.decoding.beam_search import (
    Hypothesis,
    beam_search,
)
from transformers_explained.decoding.sampling import (
    greedy,
    keep_top_k,
    keep_top_p,
    sample,
)

__all__ = [
    "Hypothesis",
    "beam_search",
    "greedy",
    "keep_top_k",
    "keep_top_p",
    "sample",
]
