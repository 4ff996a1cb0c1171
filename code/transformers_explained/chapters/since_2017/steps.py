"""From the decoder of 2017 to Llama's, a change at a time.

Each step keeps all those before it. The number of parameters stays about the same,
except with grouped queries and experts.
"""

import math
import random
from dataclasses import replace

import torch
import torch.nn.functional as F

from transformers_explained.chapters.since_2017 import small_grammar as sg
from transformers_explained.chapters.since_2017.experts import Experts
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.training import set_seed

UPDATES, ROWS = 200, 16
RATE, WARMUP = 3e-3, 30
NUM_EXPERTS, BALANCE = 4, 0.01

DECODER_2017 = LanguageModelConfig(
    vocab_size=len(sg.WORDS),
    d_model=64,
    num_heads=4,
    num_layers=2,
    d_ff=256,
    max_len=sg.LENGTH,
    dropout=0.0,
    norm="post",
    activation="relu",
    positions="sinusoidal",
)


def steps() -> dict[str, LanguageModelConfig]:
    """The configurations, by the name of what is new in each."""
    found = {"2017": DECODER_2017}
    last = DECODER_2017

    def then(name: str, changed: LanguageModelConfig) -> LanguageModelConfig:
        found[name] = changed
        return changed

    last = then("pre", replace(last, norm="pre"))
    last = then("rms", replace(last, norm_kind="rms"))
    last = then("rotary", replace(last, positions="rotary"))
    last = then("gated", replace(last, gated=True, d_ff=171))
    last = then("no-bias", replace(last, attention_bias=False))
    then("grouped", replace(last, num_kv_heads=2))
    return found


def build(name: str, seed: int) -> LanguageModel:
    """The model of a step; "experts" is the last one with four networks for one."""
    set_seed(seed)
    if name != "experts":
        return LanguageModel(steps()[name])
    config = steps()["grouped"]
    model = LanguageModel(config)
    for layer in model.decoder.layers:
        layer.feed_forward = Experts(config.d_model, config.d_ff, NUM_EXPERTS)
    return model


def train(model: LanguageModel, seed: int, updates: int = UPDATES) -> None:
    """Train on fresh rows of the grammar."""
    generator = random.Random(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    experts = [m for m in model.modules() if isinstance(m, Experts)]
    for step in range(1, updates + 1):
        falling = 0.5 * (1 + math.cos(math.pi * step / updates))
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(step / WARMUP, falling)
        drawn = sg.rows(generator, ROWS)
        scores = model(drawn[:, :-1])[0]
        loss = F.cross_entropy(scores.flatten(0, 1), drawn[:, 1:].flatten())
        for layer in experts:
            loss = loss + BALANCE * layer.balance
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def floor_gap(model: LanguageModel) -> float:
    """The model's loss above the entropy's floor, in nats a word."""
    model.eval()
    return sg.above_the_floor(lambda ids: model(ids)[0])
