"""The two simplest cuts: one token per word, one token per character."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

from transformers_explained.tokenization.base import SpecialTokens, Tokenizer

_PIECE = re.compile(r"\w+|\W")  # a word, or one character that is part of no word


class WordTokenizer(Tokenizer):
    """One token per word and per punctuation mark.

    Between two words the single space is understood; any other space is a token of
    its own. So « Le chat mange. » is four tokens, and no text is lost: decoding
    gives back exactly the text that was encoded, as long as every word is known.
    """

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        min_count: int = 1,
        special: SpecialTokens | None = None,
    ) -> Self:
        """Learn the vocabulary: the tokens seen `min_count` times or more,
        the most frequent first (ties in alphabetical order)."""
        special = SpecialTokens() if special is None else special
        counts = Counter(token for text in texts for token in _cut_words(text))
        kept = [token for token, count in counts.items() if count >= min_count]
        kept.sort(key=lambda token: (-counts[token], token))
        return cls([*special.listed(), *kept], special)

    def tokenize(self, text: str) -> list[str]:
        return _cut_words(text)

    def detokenize(self, tokens: Sequence[str]) -> str:
        text = ""
        previous_is_word = False
        for token in tokens:
            is_word = token == self.special.unk or _is_word(token)
            text += f" {token}" if previous_is_word and is_word else token
            previous_is_word = is_word
        return text


def _cut_words(text: str) -> list[str]:
    pieces: list[str] = _PIECE.findall(text)
    return [
        piece
        for i, piece in enumerate(pieces)
        if not (
            piece == " "
            and 0 < i < len(pieces) - 1
            and _is_word(pieces[i - 1])
            and _is_word(pieces[i + 1])
        )
    ]


def _is_word(piece: str) -> bool:
    return re.match(r"\w", piece) is not None


class CharTokenizer(Tokenizer):
    """One token per character (Unicode code point): a tiny vocabulary, long
    sequences, and no unknown word as long as its characters are known."""

    @classmethod
    def train(
        cls, texts: Iterable[str], *, special: SpecialTokens | None = None
    ) -> Self:
        """Learn the vocabulary: every character seen, in code point order."""
        special = SpecialTokens() if special is None else special
        characters = sorted({character for text in texts for character in text})
        return cls([*special.listed(), *characters], special)

    def tokenize(self, text: str) -> list[str]:
        return list(text)

    def detokenize(self, tokens: Sequence[str]) -> str:
        return "".join(tokens)
