"""WordPiece, the tokenizer of BERT."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from transformers_explained.files import read_text
from transformers_explained.tokenization.base import SpecialTokens, Tokenizer, by_id
from transformers_explained.tokenization.merges import learn_merges

BERT_SPECIAL = SpecialTokens(start="[CLS]", end="[SEP]", mask="[MASK]")
CONTINUATION = "##"  # marks a piece that continues a word


class WordPieceTokenizer(Tokenizer):
    """Words cut into the longest pieces that the vocabulary has, from the left.

    « chatons » may become chat + ##ons. A word that cannot be cut entirely is one
    [UNK]. Used by BERT (Devlin et al. 2019, section 3); the algorithm is from
    Schuster & Nakajima (2012). Unlike BPE it needs no list of merges, only the
    vocabulary.

    The text is first normalized and cut as BERT does it: control characters out,
    Chinese characters and punctuation apart, and, with `lowercase`, no capitals and
    no accents. So decoding does not give back the text, but a text with the same ids.

    Args:
        vocabulary: every token, at the position that is its id.
        lowercase: whether capitals and accents are removed ("uncased" models).
        strip_accents: whether accents are, if that is not what `lowercase` says.
        split_chinese: whether each Chinese character is a word.
        max_word_length: a longer word is [UNK] without being looked at.
        special: the special tokens.
    """

    def __init__(
        self,
        vocabulary: Iterable[str],
        *,
        lowercase: bool = True,
        strip_accents: bool | None = None,
        split_chinese: bool = True,
        max_word_length: int = 100,
        special: SpecialTokens = BERT_SPECIAL,
    ) -> None:
        super().__init__(vocabulary, special)
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.split_chinese = split_chinese
        self.max_word_length = max_word_length

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        vocab_size: int,
        lowercase: bool = True,
        special: SpecialTokens = BERT_SPECIAL,
    ) -> Self:
        """Learn a vocabulary of `vocab_size` tokens by merging frequent pairs.

        The original training code was never published. Schuster & Nakajima merge
        the pair that raises the likelihood of the text most; here, as in the
        `tokenizers` library, the most frequent pair is merged, as in BPE.
        """
        counts: Counter[tuple[str, ...]] = Counter()
        for text in texts:
            for word in bert_words(text, lowercase=lowercase):
                counts[(word[0], *(CONTINUATION + c for c in word[1:]))] += 1
        seen = {symbol for word in counts for symbol in word}
        characters = {symbol.removeprefix(CONTINUATION) for symbol in seen}
        continued = {symbol for symbol in seen if len(symbol) > 1}
        _, symbols = learn_merges(
            counts,
            [*sorted(characters), *sorted(continued)],
            vocab_size - len(special.listed()),
            join=lambda first, second: first + second.removeprefix(CONTINUATION),
        )
        return cls([*special.listed(), *symbols], lowercase=lowercase, special=special)

    @classmethod
    def from_file(
        cls,
        path: Path,
        *,
        lowercase: bool = True,
        special: SpecialTokens = BERT_SPECIAL,
    ) -> Self:
        """Read BERT's `vocab.txt`: one token a line, its id is the line's number."""
        return cls(by_id(read_vocabulary(path)), lowercase=lowercase, special=special)

    def tokenize(self, text: str) -> list[str]:
        tokens: list[str] = []
        # [MASK] and its like, written in the text, stay whole.
        for i, part in enumerate(self._split_special(text)):
            if i % 2:
                tokens.append(part)
            else:
                words = bert_words(
                    part,
                    lowercase=self.lowercase,
                    strip_accents=self.strip_accents,
                    split_chinese=self.split_chinese,
                )
                tokens += [piece for word in words for piece in self.cut_word(word)]
        return tokens

    def cut_word(self, word: str) -> list[str]:
        """The pieces of one word, or [UNK] alone: the longest match, each time."""
        unknown = [self.vocabulary[self.unk_id]]
        if len(word) > self.max_word_length:
            return unknown
        pieces: list[str] = []
        start = 0
        while start < len(word):
            prefix = CONTINUATION if start > 0 else ""
            for end in range(len(word), start, -1):
                piece = prefix + word[start:end]
                if piece in self.token_to_id:
                    pieces.append(piece)
                    start = end
                    break
            else:
                return unknown
        return pieces

    def detokenize(self, tokens: Sequence[str]) -> str:
        """Join pieces into words, with a space between any two words."""
        return " ".join(tokens).replace(f" {CONTINUATION}", "")

    def encode_pair(self, first: str, second: str) -> tuple[list[int], list[int]]:
        """[CLS] first [SEP] second [SEP]: its ids, and its segments (0 or 1)."""
        head = self.encode(first, add_special_tokens=True)
        tail = [*self.encode(second), self.end_id]
        return head + tail, [0] * len(head) + [1] * len(tail)


def bert_words(
    text: str,
    *,
    lowercase: bool = True,
    strip_accents: bool | None = None,
    split_chinese: bool = True,
) -> list[str]:
    """Normalize a text as BERT does, then cut at spaces and around punctuation."""
    text = "".join(_clean(c, split_chinese=split_chinese) for c in text)
    if lowercase if strip_accents is None else strip_accents:
        decomposed = unicodedata.normalize("NFD", text)  # é = e + combining accent
        text = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    if lowercase:
        text = "".join(character.lower() for character in text)
    spaced = "".join(f" {c} " if _is_punctuation(c) else c for c in text)
    return spaced.split()


def read_vocabulary(path: Path) -> dict[str, int]:
    """The tokens of BERT's `vocab.txt`, one a line, and their ids: the lines' numbers.

    Of a token written twice the later one counts, as in the `tokenizers` library.

    Raises:
        ValueError: if the file is damaged.
    """
    lines = read_text(path).rstrip("\n").split("\n")
    return {line.rstrip(): i for i, line in enumerate(lines)}


def _clean(character: str, *, split_chinese: bool = True) -> str:
    """Space for any white space, nothing for control characters, and spaces around
    a Chinese character, since Chinese separates words by nothing."""
    if character in "\t\n\r":  # control characters too, but these separate words
        return " "
    if character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cf", "Co"):
        return ""
    if character.isspace():
        return " "
    apart = split_chinese and _is_chinese(character)
    return f" {character} " if apart else character


def _is_punctuation(character: str) -> bool:
    # BERT also counts ASCII symbols such as $ + < ^ `, which Unicode does not.
    ascii_symbol = "!" <= character <= "~" and not character.isalnum()
    return ascii_symbol or unicodedata.category(character).startswith("P")


def _is_chinese(character: str) -> bool:
    blocks = (
        (0x4E00, 0x9FFF),
        (0x3400, 0x4DBF),
        (0x20000, 0x2A6DF),
        (0x2A700, 0x2B73F),
        (0x2B740, 0x2B81F),
        (0x2B820, 0x2CEAF),
        (0xF900, 0xFAFF),
        (0x2F800, 0x2FA1F),
    )
    return any(first <= ord(character) <= last for first, last in blocks)
