"""A small language model of the tales of one language, and what it remembers of them.

Sizes, steps and rate were written down before the first run. The step that is kept is
chosen on the validation tales; the test tales are read once, at the end.
"""

import json
import math
import random
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained.chapters.language_model.ngram import NGram
from transformers_explained.data.reviews import Language
from transformers_explained.data.tales import Tale, load_tales
from transformers_explained.decoding import sample
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.live import load_packed, packed
from transformers_explained.tokenization import BPETokenizer
from transformers_explained.tokenization.base import SpecialTokens
from transformers_explained.training import set_seed

__all__ = [
    "BEGINNINGS",
    "VOCABULARY",
    "load_tales_model",
    "longest_copy",
    "measure",
    "run",
    "tales_tokenizer",
]

VOCABULARY = 800
WINDOW, ROWS, STEPS, EVERY = 96, 12, 500, 25
RATE, WARMUP = 2e-3, 50
SAMPLES, NEW_TOKENS, TEMPERATURE, TOP_P = 20, 120, 0.8, 0.9
BEGINNINGS = {"fr": "Un matin, la petite fille", "en": "One morning, the little girl"}


def tales_tokenizer(language: Language) -> BPETokenizer:
    """Byte-pair encoding, learned on the training tales."""
    return BPETokenizer.train(
        (tale.text for tale in load_tales(language, "train")),
        vocab_size=VOCABULARY,
        special=SpecialTokens(end="<|end|>"),
    )


def tales_config() -> LanguageModelConfig:
    """The sizes, written down before the first run."""
    return LanguageModelConfig(
        vocab_size=VOCABULARY,
        d_model=96,
        num_heads=4,
        num_layers=3,
        d_ff=384,
        max_len=256,
        dropout=0.2,
    )


def load_tales_model(language: Language) -> LanguageModel:
    """The model of the recorded run, its weights rounded to eight bits."""
    package = files("transformers_explained.chapters.language_model")
    text = (package / f"tales_{language}.json").read_text(encoding="utf-8")
    return load_packed(LanguageModel(tales_config()), json.loads(text))


def longest_copy(text: str, sources: Sequence[str]) -> int:
    """How many words the longest passage of a text has that stands in a source, too."""
    words = text.split()
    joined = [f" {' '.join(source.split())} " for source in sources]
    best = 0
    for first in range(len(words)):
        while first + best < len(words):
            passage = f" {' '.join(words[first : first + best + 1])} "
            if not any(passage in source for source in joined):
                break
            best += 1
    return best


def run(language: Language, seed: int = 0, steps: int = STEPS) -> dict[str, Any]:
    """Train, choose a step, measure, write.

    Returns:
        Curves, the chosen step, and for it (`best`) and for the last step (`last`)
        the loss a token, bits a byte and the longest copies of the samples; and the
        weights of the chosen step in eight bits, as `load_tales_model` reads them.
    """
    tokenizer = tales_tokenizer(language)
    end = tokenizer.end_id
    train_tales = load_tales(language, "train")
    stream = [i for t in train_tales for i in (end, *tokenizer.encode(t.text))]
    data = torch.tensor([*stream, end])
    set_seed(seed)
    model = LanguageModel(tales_config())
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.1)
    draws = random.Random(seed)
    curves: dict[str, list[float]] = {"step": [], "train": [], "valid": []}
    recent: list[float] = []
    best_loss, best_step, best = math.inf, 0, dict(model.state_dict())
    valid = load_tales(language, "valid")
    for step in range(1, steps + 1):
        rate = RATE * min(step / WARMUP, 0.5 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        starts = [draws.randrange(len(data) - WINDOW) for _ in range(ROWS)]
        rows = torch.stack([data[s : s + WINDOW + 1] for s in starts])
        model.train()
        scores, _ = model(rows[:, :-1])
        loss = F.cross_entropy(scores.flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent.append(loss.item())
        if step % EVERY == 0:
            held = measure(model, tokenizer, valid)["loss"]
            curves["step"].append(step)
            curves["train"].append(round(sum(recent) / len(recent), 4))
            curves["valid"].append(round(held, 4))
            recent = []
            if held < best_loss:
                best_loss, best_step = held, step
                best = {k: v.clone() for k, v in model.state_dict().items()}
    result: dict[str, Any] = {
        "seed": seed,
        "train_tokens": len(stream),
        "parameters": sum(p.numel() for p in model.parameters()),
        "curves": curves,
        "best_step": best_step,
        "last": written(model, tokenizer, language),
    }
    model.load_state_dict(best)
    test = load_tales(language, "test")
    result["weights"] = packed(model)
    result["best"] = written(model, tokenizer, language)
    result["best"]["test"] = measure(model, tokenizer, test)
    result["ngram"] = counted(tokenizer, train_tales, test)
    sources = [tale.text for tale in train_tales]
    size = round(len(result["best"]["samples"][0].split()))
    result["test_copies"] = [
        longest_copy(" ".join(tale.text.split()[:size]), sources) for tale in test
    ]
    return result


@torch.no_grad()
def measure(
    model: LanguageModel, tokenizer: BPETokenizer, tales: Sequence[Tale]
) -> dict[str, float]:
    """Loss in nats a token, perplexity, and bits a byte, in windows of `WINDOW`.

    Each window starts anew, so that its first tokens are predicted from little: a
    window that slid token by token would give slightly less.
    """
    model.eval()
    total, tokens = 0.0, 0
    for tale in tales:
        ids = torch.tensor([tokenizer.end_id, *tokenizer.encode(tale.text)])
        for start in range(0, len(ids) - 1, WINDOW):
            row = ids[start : start + WINDOW + 1]
            scores, _ = model(row[None, :-1])
            total += F.cross_entropy(scores[0], row[1:], reduction="sum").item()
            tokens += len(row) - 1
    return summary(total, tokens, tales)


def counted(
    tokenizer: BPETokenizer, training: Sequence[Tale], test: Sequence[Tale]
) -> dict[str, float]:
    """The same measures of a trigram model."""
    end = tokenizer.end_id
    ngram = NGram(3, tokenizer.vocab_size, end)
    ngram.read([end, *tokenizer.encode(tale.text)] for tale in training)
    total, tokens = 0.0, 0
    for tale in test:
        ids = [end, *tokenizer.encode(tale.text)]
        for place in range(1, len(ids)):
            total -= math.log(ngram.probability(ids[:place], ids[place]))
        tokens += len(ids) - 1
    return summary(total, tokens, test)


def summary(total: float, tokens: int, tales: Sequence[Tale]) -> dict[str, float]:
    """Loss a token, perplexity and bits a byte from a sum of nats."""
    size = sum(len(tale.text.encode()) for tale in tales)
    return {
        "loss": total / tokens,
        "perplexity": math.exp(total / tokens),
        "bits_per_byte": total / math.log(2) / size,
        "tokens": tokens,
        "bytes": size,
    }


def written(
    model: LanguageModel, tokenizer: BPETokenizer, language: Language
) -> dict[str, Any]:
    """Samples, and how long the longest passage is that each copies."""
    model.eval()
    prompt = [tokenizer.end_id, *tokenizer.encode(BEGINNINGS[language])]
    ids: Tensor = torch.tensor([prompt] * SAMPLES)
    with torch.no_grad():
        rows = sample(
            model,
            ids,
            max_new_tokens=NEW_TOKENS,
            temperature=TEMPERATURE,
            top_p=TOP_P,
            generator=torch.Generator().manual_seed(0),
        )
    texts = [tokenizer.decode(row[1:].tolist()) for row in rows]
    sources = [tale.text for tale in load_tales(language, "train")]
    return {
        "samples": texts,
        "copies": [longest_copy(text, sources) for text in texts],
    }
