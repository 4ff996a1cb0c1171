"""What the small sequence-to-sequence tasks of the book share.

Inputs and target of an example are lists of token ids that end with `END`; the decoder
starts from `START`, never from the padding id. Two tasks are here already, the oldest
tests of a sequence model: to copy random symbols, and to reverse them. The third,
numbers in words, has a file of its own.
"""

import random
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.decoding import greedy
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.tasks.examples import IGNORED, Batch, Example
from transformers_explained.tokenization import pad_sequences
from transformers_explained.training import TrainingConfig, cross_entropy

PAD, START, END, UNKNOWN = "<pad>", "<start>", "<end>", "<unknown>"
SPECIAL = (PAD, START, END, UNKNOWN)
PAD_ID, START_ID, END_ID, UNKNOWN_ID = range(len(SPECIAL))


def decoder_inputs(targets: Tensor) -> Tensor:
    """The targets (B, T) shifted right behind `START`: position t reads what comes
    before t and is asked for t."""
    shifted = F.pad(targets[:, :-1], (1, 0), value=START_ID)  # (B, T)
    return shifted.masked_fill(targets == IGNORED, PAD_ID)


def smoothed_loss(model: nn.Module, batch: Batch) -> tuple[Tensor, int]:
    """The loss to train with: cross-entropy with label smoothing 0.1, as in 2017."""
    logits, _ = model(batch.inputs, decoder_inputs(batch.targets))  # (B, T, V)
    return cross_entropy(logits, batch.targets, ignore_id=IGNORED, label_smoothing=0.1)


def write(
    model: Transformer,
    sources: Sequence[Sequence[int] | Tensor],
    *,
    use_cache: bool = True,
) -> list[list[int]]:
    """What the model answers to each source, by greedy decoding, `END` included."""
    device = next(model.parameters()).device
    rows: list[list[int]] = greedy(
        model,
        START_ID,
        source=pad_sequences(sources, PAD_ID).to(device),
        end_id=END_ID,
        max_new_tokens=model.config.max_len,
        use_cache=use_cache,
    ).tolist()
    answers = []
    for row in rows:
        answer = row[1:]
        end = answer.index(END_ID) + 1 if END_ID in answer else len(answer)
        answers.append(answer[:end])
    return answers


def exact_match(
    model: Transformer,
    examples: Sequence[Example],
    *,
    batch_size: int = 250,
    use_cache: bool = True,
) -> float:
    """The share of examples whose whole target the model writes, to the last token.

    Raises:
        ValueError: if there is no example.
    """
    if not examples:
        raise ValueError("examples must hold at least one example; got none")
    right = 0
    for start in range(0, len(examples), batch_size):
        part = examples[start : start + batch_size]
        sources = [example.inputs for example in part]
        answers = write(model, sources, use_cache=use_cache)
        right += sum(
            answer == example.target
            for answer, example in zip(answers, part, strict=True)
        )
    return right / len(examples)


def symbol_examples(
    task: str, count: int, *, num_symbols: int = 10, length: int = 10, seed: int = 0
) -> list[Example]:
    """Random symbols to copy, or to give back in the opposite order.

    The symbols have the ids behind the special tokens, so that the vocabulary holds
    `len(SPECIAL) + num_symbols` ids.

    Args:
        task: "copy" or "reverse".
        count: number of examples.
        num_symbols: number of different symbols.
        length: number of symbols in each example.
        seed: two seeds give two independent draws.

    Raises:
        ValueError: if `task` is neither of the two.
    """
    if task not in ("copy", "reverse"):
        raise ValueError(f'task must be "copy" or "reverse"; got {task!r}')
    draw = random.Random(seed)
    symbols = range(len(SPECIAL), len(SPECIAL) + num_symbols)
    examples = []
    for _ in range(count):
        source = draw.choices(symbols, k=length)
        target = source if task == "copy" else source[::-1]
        examples.append(Example(inputs=[*source, END_ID], target=[*target, END_ID]))
    return examples


def symbol_config(num_symbols: int = 10) -> TransformerConfig:
    """As small as a Transformer gets: one layer and one head on each side."""
    return TransformerConfig(
        vocab_size=len(SPECIAL) + num_symbols,
        d_model=64,
        num_heads=1,
        num_encoder_layers=1,
        num_decoder_layers=1,
        d_ff=128,
        max_len=32,
        dropout=0.0,
        pad_id=PAD_ID,
    )


def symbol_training(seed: int = 0) -> TrainingConfig:
    """How to train it, with `smoothed_loss`: a rate that ends at 0 settles the rest."""
    return TrainingConfig(
        epochs=4,
        batch_size=64,
        learning_rate=2e-3,
        schedule="cosine",
        warmup_steps=100,
        betas=(0.9, 0.98),
        seed=seed,
    )
