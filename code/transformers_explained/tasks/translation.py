"""Translating numbers in words from English to French: the pairs of `number_words`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from transformers_explained.data.number_words import Pair, Splits, number_splits
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.tasks.examples import Example
from transformers_explained.tasks.sequence_pairs import (
    END_ID,
    PAD_ID,
    SPECIAL,
    START_ID,
    UNKNOWN_ID,
    exact_match,
    write,
)
from transformers_explained.training import TrainingConfig


def words(text: str) -> list[str]:
    """Cut a text into words; a hyphen stays on the word that it follows.

    "ninety-nine thousand, one" -> ["ninety-", "nine", "thousand", "one"]. The comma of
    English is left out: it says nothing that the words do not say. French has none, so
    that `join_words` gives a French text back exactly; « quatre- » in « quatre-vingts »
    is not the same token as « quatre ».
    """
    return re.findall(r"[^\s,-]+-?", text.lower())


def join_words(tokens: Iterable[str]) -> str:
    """Undo `words`: a space between two words, none after a hyphen."""
    return " ".join(tokens).replace("- ", "-")


class Vocabulary:
    """Tokens and their ids; the four special tokens come first.

    Args:
        known: the words, each once; `Vocabulary.of` finds them in texts.
    """

    def __init__(self, known: Sequence[str]) -> None:
        self.tokens: list[str] = [*SPECIAL, *known]
        self.id_of = {token: i for i, token in enumerate(self.tokens)}

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """The words of the *training* texts, in alphabetical order.

        A vocabulary built on the test texts too would tell the model which words to
        expect there.
        """
        return cls(sorted({word for text in texts for word in words(text)}))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> list[int]:
        """The ids of a text, with `END` behind; a word never seen is `UNKNOWN`."""
        return [self.id_of.get(word, UNKNOWN_ID) for word in words(text)] + [END_ID]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids up to `END`; padding and start are passed over."""
        kept = []
        for i in ids:
            if i == END_ID:
                break
            if i not in (PAD_ID, START_ID):
                kept.append(self.tokens[i])
        return join_words(kept)


@dataclass(frozen=True, kw_only=True)
class TranslationData:
    """The three splits and the two vocabularies, built on the training part only."""

    splits: Splits
    english: Vocabulary
    french: Vocabulary

    def examples(self, pairs: Sequence[Pair]) -> list[Example]:
        """The pairs as token ids."""
        return [
            Example(
                inputs=self.english.encode(pair.english),
                target=self.french.encode(pair.french),
            )
            for pair in pairs
        ]


def translation_data(
    seed: int = 0, *, train: int = 10_000, test: int = 600
) -> TranslationData:
    """Splits and vocabularies: `train` pairs, 300 to validate, `test` to test."""
    splits = number_splits(seed, train=train, test=test)
    return TranslationData(
        splits=splits,
        english=Vocabulary.of(pair.english for pair in splits.train),
        french=Vocabulary.of(pair.french for pair in splits.train),
    )


def translation_config(english: Vocabulary, french: Vocabulary) -> TransformerConfig:
    """The 2017 model, smaller: post-norm, ReLU, sinusoidal positions, 2 + 2 layers.

    Deviations: two vocabularies, hence no embeddings shared between the languages; no
    dropout, because three passes through 10,000 pairs leave little to overfit.
    """
    return TransformerConfig(
        vocab_size=len(english),
        target_vocab_size=len(french),
        share_embeddings=False,
        d_model=64,
        num_heads=4,
        num_encoder_layers=2,
        num_decoder_layers=2,
        d_ff=256,
        max_len=32,
        dropout=0.0,
        pad_id=PAD_ID,
    )


def translation_training(seed: int = 0) -> TrainingConfig:
    """The 2017 recipe, shorter: warm-up then 1/√step, Adam with β₂ = 0.98.

    To be trained with `sequence_pairs.smoothed_loss`, as there.
    """
    return TrainingConfig(
        epochs=3,
        batch_size=64,
        learning_rate=1e-3,
        schedule="inverse-sqrt",
        warmup_steps=100,
        betas=(0.9, 0.98),
        seed=seed,
    )


def translate(
    model: Transformer, english: Vocabulary, french: Vocabulary, texts: Sequence[str]
) -> list[str]:
    """Translate number words by greedy decoding."""
    answers = write(model, [english.encode(text) for text in texts])
    return [french.decode(answer) for answer in answers]


def exact_match_by_digits(
    model: Transformer, data: TranslationData, pairs: Sequence[Pair]
) -> dict[int, float]:
    """Number of digits -> share of the pairs that the model translates exactly."""
    groups: dict[int, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.digits, []).append(pair)
    return {
        digits: exact_match(model, data.examples(groups[digits]))
        for digits in sorted(groups)
    }


def unknown_words(text: str, vocabulary: Vocabulary) -> list[str]:
    """The words of a text that a vocabulary does not know, each once, in order."""
    return list(dict.fromkeys(w for w in words(text) if w not in vocabulary.id_of))
