"""Tokenizers: from text to ids and back, exactly."""

from transformers_explained.tokenization.base import (
    SpecialTokens,
    Tokenizer,
    pad_sequences,
)
from transformers_explained.tokenization.bpe import BPETokenizer
from transformers_explained.tokenization.merges import (
    apply_merges,
    learn_merges,
    merge_pair,
)
from transformers_explained.tokenization.unigram import UnigramTokenizer
from transformers_explained.tokenization.wordpiece import (
    WordPieceTokenizer,
    bert_words,
)
from transformers_explained.tokenization.words_and_characters import (
    CharTokenizer,
    WordTokenizer,
)

__all__ = [
    "BPETokenizer",
    "CharTokenizer",
    "SpecialTokens",
    "Tokenizer",
    "UnigramTokenizer",
    "WordPieceTokenizer",
    "WordTokenizer",
    "apply_merges",
    "bert_words",
    "learn_merges",
    "merge_pair",
    "pad_sequences",
]
