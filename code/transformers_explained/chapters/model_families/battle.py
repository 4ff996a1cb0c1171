"""Three architectures of one size, one task: the chapter's referee.

    python -m transformers_explained.chapters.model_families.battle

trains each contender with five seeds to translate numbers in words from English to
French, and writes `battle.json` beside this file. One thread of one processor.

All of this was written before the first recorded run. Every contender has the same
width, heads, activation, norm, vocabulary and data, nearly the same number of weights,
the same updates, the same learning rate and the same loss: the cross-entropy of the
French words. Nothing is chosen by a score. The judge is the share of unseen numbers, of
three, four and five digits, whose translation is right to the last word.

    encoder   reads the English and fills all the French blanks at once, as BERT would
    decoder   reads English then French from left to right, as GPT does
    both      an encoder for the English, a decoder for the French, as T5

The first two are one stack of four layers and differ in their mask alone. In it the
English stands in the first `SOURCE` places and the French in the others.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from transformers_explained.data.number_words import number_splits
from transformers_explained.layers import Encoder
from transformers_explained.positions import LearnedPositions
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.tasks.examples import IGNORED, Batch, Example, collate
from transformers_explained.tasks.sequence_pairs import (
    END_ID,
    PAD_ID,
    UNKNOWN_ID,
    decoder_inputs,
    exact_match,
)
from transformers_explained.tasks.translation import Vocabulary
from transformers_explained.tokenization import pad_sequences
from transformers_explained.training import (
    Trainer,
    TrainingConfig,
    cross_entropy,
    mean_loss,
    set_seed,
)

Sight = Literal["encoder", "decoder", "prefix"]
CONTENDERS = ("encoder", "decoder", "both")
SEEDS = (1, 2, 3, 4, 5)
RATE = 3e-3
WIDTH, HEADS, INSIDE = 32, 4, 128
SOURCE, TARGET = 10, 12  # places for the English and for the French
BATCH, STEPS = 32, 400
PAIRS = BATCH * STEPS  # one pass through the training numbers
RESULTS = Path(__file__).with_name("battle.json")


def sight(kind: Sight, source: int, target: int) -> Tensor:
    """Who may look at whom, (S + T, S + T): True = may attend."""
    size = source + target
    mask = torch.ones(size, size, dtype=torch.bool)
    if kind != "encoder":
        mask = mask.tril()
    if kind == "prefix":
        mask[:source, :source] = True
    return mask


class OneStack(nn.Module):
    """One stack of layers; the mask makes it an encoder, a decoder or between."""

    def __init__(self, kind: Sight, vocab_size: int) -> None:
        super().__init__()
        self.kind = kind
        self.tokens = nn.Embedding(vocab_size, WIDTH)
        nn.init.normal_(self.tokens.weight, std=WIDTH**-0.5)
        self.positions = LearnedPositions(WIDTH, SOURCE + TARGET)
        # The wider networks make up for the attention to the source that `both` has.
        self.stack = Encoder(
            4, WIDTH, HEADS, INSIDE + WIDTH, dropout=0.0, activation="gelu", norm="pre"
        )

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """(B, S) and (B, T) ids -> (B, T, V) scores of the French words.

        The target is what the decoder has read so far, or blanks for the encoder.
        """
        source = nn.functional.pad(source, (0, SOURCE - source.shape[1]), value=PAD_ID)
        ids = torch.cat([source, target], dim=1)
        real = torch.cat([source != PAD_ID, torch.ones_like(target).bool()], dim=1)
        mask = sight(self.kind, SOURCE, target.shape[1]) & real[:, None, None, :]
        x = self.positions(self.tokens(ids) * math.sqrt(WIDTH))
        x, _weights = self.stack(x, mask)
        scores: Tensor = x[:, SOURCE:] @ self.tokens.weight.T
        return scores


def loss(model: nn.Module, batch: Batch) -> tuple[Tensor, int]:
    """Summed cross-entropy of the French words, and their number."""
    if isinstance(model, OneStack) and model.kind == "encoder":
        scores = model(batch.inputs, torch.full_like(batch.targets, UNKNOWN_ID))
    else:
        scores = model(batch.inputs, decoder_inputs(batch.targets))
        scores = scores if isinstance(scores, Tensor) else scores[0]
    return cross_entropy(scores, batch.targets, ignore_id=IGNORED)


@torch.no_grad()
def written(model: OneStack, sources: Sequence[Any]) -> list[list[int]]:
    """What one stack answers: in one go, or one word after the other."""
    source = pad_sequences(sources, PAD_ID)
    if model.kind == "encoder":
        blanks = torch.full((len(sources), TARGET), UNKNOWN_ID)
        rows = model(source, blanks).argmax(dim=-1)
    else:
        rows = torch.full((len(sources), 0), PAD_ID)
        for _ in range(TARGET):
            asked = torch.cat([rows, torch.zeros(len(rows), 1, dtype=torch.long)], 1)
            scores = model(source, decoder_inputs(asked))
            rows = torch.cat([rows, scores[:, -1:].argmax(dim=-1)], dim=1)
    answers = []
    for row in rows.tolist():
        end = row.index(END_ID) + 1 if END_ID in row else len(row)
        answers.append(row[:end])
    return answers


def right(model: nn.Module, examples: Sequence[Example]) -> float:
    """The share whose French is right to the last word."""
    model.eval()
    if isinstance(model, Transformer):
        return exact_match(model, examples)
    assert isinstance(model, OneStack)
    answers = written(model, [example.inputs for example in examples])
    pairs = zip(answers, examples, strict=True)
    return sum(answer == example.target for answer, example in pairs) / len(examples)


def data(seed: int) -> tuple[Vocabulary, dict[str, list[Example]]]:
    """One vocabulary for both languages, and the examples of each split."""
    splits = number_splits(seed, train=PAIRS)
    train = splits.train
    words = Vocabulary.of(t for pair in train for t in (pair.english, pair.french))
    return words, {
        name: [
            Example(inputs=words.encode(p.english), target=words.encode(p.french))
            for p in getattr(splits, name)
        ]
        for name in ("train", "valid", "test")
    }


def build(name: str, vocab_size: int) -> nn.Module:
    """A contender with new weights."""
    if name != "both":
        return OneStack(name, vocab_size)  # type: ignore[arg-type]
    return Transformer(
        TransformerConfig(
            vocab_size=vocab_size,
            d_model=WIDTH,
            num_heads=HEADS,
            num_encoder_layers=2,
            num_decoder_layers=2,
            d_ff=INSIDE,
            max_len=SOURCE + TARGET,
            dropout=0.0,
            pad_id=PAD_ID,
            norm="pre",
            activation="gelu",
            positions="learned",
        )
    )


def train(name: str, seed: int, pairs: int) -> dict[str, Any]:
    """Train one contender; what is recorded of it."""
    words, examples = data(seed)
    set_seed(seed)
    model = build(name, len(words))
    config = TrainingConfig(
        epochs=1,
        batch_size=BATCH,
        learning_rate=RATE,
        schedule="cosine",
        warmup_steps=STEPS // 10,
        betas=(0.9, 0.98),
        seed=seed,
    )
    began = time.perf_counter()
    Trainer(model, examples["train"][:pairs], loss, collate, config).run(progress=False)
    row = {
        "contender": name,
        "seed": seed,
        "weights": sum(p.numel() for p in model.parameters()),
        "valid_loss": round(mean_loss(model, examples["valid"], loss, collate), 4),
        "seconds": round(time.perf_counter() - began, 1),
        "right": round(right(model, examples["test"]), 4),
    }
    print(row, flush=True)
    return row


def measure(*, seeds: Sequence[int] = SEEDS, pairs: int = PAIRS) -> dict[str, Any]:
    """Each contender with each seed."""
    runs = [train(name, seed, pairs) for name in CONTENDERS for seed in seeds]
    return {"runs": runs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, few updates")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    found = measure(seeds=(0,), pairs=PAIRS // 20) if chosen.quick else measure()
    rows = ",\n".join(json.dumps(row) for row in found["runs"])
    text = f'{{"runs": [\n{rows}\n]}}\n'
    chosen.results.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
