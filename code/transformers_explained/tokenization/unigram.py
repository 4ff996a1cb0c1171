"""Unigram, the tokenizer of XLM-R and of multilingual-e5-small."""

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from transformers_explained.extras import from_extra
from transformers_explained.tokenization.base import SpecialTokens, Tokenizer

with from_extra():
    import regex  # unlike `re`, it knows what readers see as one character: \X

XLMR_SPECIAL = SpecialTokens(
    pad="<pad>", unk="<unk>", start="<s>", end="</s>", mask="<mask>"
)
WORD_START = "▁"  # U+2581: the space that precedes a word
UNKNOWN_PENALTY = 10.0  # an unknown character is worse than the worst piece


class UnigramTokenizer(Tokenizer):
    """Of all the ways to cut a word into known pieces, the most probable.

    Each piece has a probability of its own, whatever its neighbours: hence "unigram".
    A cut is as probable as the product of its pieces; with logarithms, its score is
    their sum. BPE and WordPiece decide step by step; here the whole word decides.
    Reference: Kudo (2018), section 3.2.

    The text is first normalized, as SentencePiece does it (`normalize`), so that
    decoding gives back the normalized text. Every word begins with « ▁ », which stands
    for the space before it. Neighbouring characters that no piece holds make one
    unknown token.

    Args:
        vocabulary: every piece, at the position that is its id.
        scores: the logarithm of each piece's probability.
        normalization: what replaces a character, by its code point.
        special: the special tokens.

    Raises:
        ValueError: if there are not as many scores as pieces.
    """

    def __init__(
        self,
        vocabulary: Iterable[str],
        scores: Iterable[float],
        *,
        normalization: Mapping[int, str] | None = None,
        special: SpecialTokens = XLMR_SPECIAL,
    ) -> None:
        super().__init__(vocabulary, special)
        self.scores = tuple(scores)
        if len(self.scores) != len(self.vocabulary):
            raise ValueError(
                "scores must be as many as pieces; got "
                f"{len(self.scores)} scores, {len(self.vocabulary)} pieces"
            )
        self.normalization = dict(normalization or {})
        self.unknown_score = min(self.scores) - UNKNOWN_PENALTY
        self._score_of = dict(zip(self.vocabulary, self.scores, strict=True))
        self._longest = max(len(piece) for piece in self.vocabulary)
        self._known_words: dict[str, list[str]] = {}

    def tokenize(self, text: str) -> list[str]:
        tokens: list[str] = []
        for word in self._words(text):
            if word not in self._known_words:  # texts repeat their words
                self._known_words[word] = self.cut_word(WORD_START + word)
            tokens += self._known_words[word]
        return tokens

    def cut_word(self, word: str) -> list[str]:
        """The best cut, by the algorithm of Viterbi (1967).

        The best cut of the first `end` characters ends with some piece, and what
        precedes that piece is cut at best too: so each prefix needs one look at the
        shorter ones, and the exponentially many cuts are never listed.
        """
        best = [0.0] + [-math.inf] * len(word)  # the score of the best cut of a prefix
        last_piece = [""] * len(best)  # and the piece with which it ends
        for end in range(1, len(best)):
            for start in range(max(0, end - self._longest), end):
                piece = word[start:end]
                score = self._score_of.get(piece)
                if score is None:
                    if len(piece) > 1:
                        continue
                    score = self.unknown_score
                if best[start] + score > best[end]:
                    best[end] = best[start] + score
                    last_piece[end] = piece
        return self._join_unknown(_walk_back(last_piece))

    def _join_unknown(self, pieces: list[str]) -> list[str]:
        joined: list[str] = []
        follows_unknown = False
        for piece in pieces:
            unknown = piece not in self._score_of
            if unknown and follows_unknown:
                joined[-1] += piece
            else:
                joined.append(piece)
            follows_unknown = unknown
        return joined

    def detokenize(self, tokens: Sequence[str]) -> str:
        return "".join(tokens).replace(WORD_START, " ").removeprefix(" ")

    def normalize(self, text: str) -> str:
        """One way to write each text: ﬁ is f + i, ² is 2, e + accent is é, and between
        two words stands one space."""
        return " ".join(self._words(text))

    def _words(self, text: str) -> list[str]:
        text = unicodedata.normalize("NFC", text.translate(self.normalization))
        return [word for word in text.split(" ") if word]

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token of `tokenize(text)` stands in the text: text[start:end],
        without the space before it."""
        places: list[tuple[int, int]] = []  # of the normalized text's characters
        for seen in regex.finditer(r"\X", text):
            normalized = "".join(self._words(seen[0]))
            if normalized == seen[0]:
                places += [(i, i + 1) for i in range(*seen.span())]
            else:
                places += [seen.span()] * len(normalized)
        places.append((len(text), len(text)))
        spans: list[tuple[int, int]] = []
        first = 0
        for token in self.tokenize(text):
            after = first + len(token.removeprefix(WORD_START))
            start = places[first][0]
            spans.append((start, places[after - 1][1] if after > first else start))
            first = after
        return spans

    def encode_pair(self, first: str, second: str) -> tuple[list[int], list[int]]:
        """<s> first </s> </s> second </s>: its ids, and its segments, all 0, since the
        model never learned a second one."""
        head = self.encode(first, add_special_tokens=True)
        ids = [*head, self.end_id, *self.encode(second), self.end_id]
        return ids, [0] * len(ids)


def _walk_back(last_piece: Sequence[str]) -> list[str]:
    """From the end of the word to its start, then in reading order."""
    pieces: list[str] = []
    end = len(last_piece) - 1
    while end > 0:
        pieces.append(last_piece[end])
        end -= len(last_piece[end])
    return pieces[::-1]
