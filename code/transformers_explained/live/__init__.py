"""Models that live in the page: trained in Python, run by the reader's browser.

`transformer.js` is the engine, one more implementation of the Transformer; `weights`
writes a model for it, in eight bits; `translator` and `teller` are what the pages show.
"""

from transformers_explained.live.source import show_engine
from transformers_explained.live.teller import explore_teller
from transformers_explained.live.translator import explore_translator
from transformers_explained.live.weights import load_packed, packed, rounded

__all__ = [
    "explore_teller",
    "explore_translator",
    "load_packed",
    "packed",
    "rounded",
    "show_engine",
]
