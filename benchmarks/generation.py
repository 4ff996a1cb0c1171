"""Greedy generation: with the cache against without, and against Hugging Face's.

One model throughout: GPT-2's architecture, random weights, 4 layers, d_model 128, 4
heads, 1,000 tokens of vocabulary; 200 new tokens after a prompt of 8. Before anything
is timed, both sides have to write the same tokens.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from benchmarks.timing import Row, compare
from transformers_explained.decoding import greedy
from transformers_explained.language_model import LanguageModel
from transformers_explained.pretrained.weight_names import gpt2_from_weights

NEW_TOKENS, PROMPT = 200, 8
CONFIG = GPT2Config(
    vocab_size=1_000,
    n_embd=128,
    n_layer=4,
    n_head=4,
    n_positions=256,
    attn_implementation="sdpa",
    # No token ends the text: all write 200.
    bos_token_id=None,
    eos_token_id=None,
    pad_token_id=0,
)


def rows() -> Iterator[Row]:
    """Time all: the cache at batch 1 and 8, then Hugging Face at batch 1."""
    theirs = GPT2LMHeadModel(CONFIG).eval()
    ours = gpt2_from_weights(CONFIG.to_dict(), theirs.state_dict()).eval()
    for batch, pairs in ((1, 9), (8, 5)):
        prompt = torch.randint(1, CONFIG.vocab_size, (batch, PROMPT))
        with_cache = _ours(ours, prompt, use_cache=True)
        without = _ours(ours, prompt, use_cache=False)
        _require_equal(with_cache(), without())
        yield Row(
            what="generation, cache",
            reference="ours, recomputing",
            mode="inference",
            shape=f"B{batch}",
            comparison=compare(with_cache, without, pairs=pairs),
        )
    prompt = torch.randint(1, CONFIG.vocab_size, (1, PROMPT))
    with_cache = _ours(ours, prompt, use_cache=True)

    def generate() -> Tensor:
        with torch.inference_mode():
            return theirs.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=NEW_TOKENS,
                do_sample=False,
                use_cache=True,
            )

    _require_equal(with_cache(), generate())
    yield Row(
        what="generation, cache",
        reference="`GPT2LMHeadModel.generate`, cache",
        mode="inference",
        shape="B1",
        comparison=compare(with_cache, generate, pairs=11),
    )


def _ours(
    model: LanguageModel, prompt: Tensor, *, use_cache: bool
) -> Callable[[], Tensor]:
    return lambda: greedy(model, prompt, max_new_tokens=NEW_TOKENS, use_cache=use_cache)


def _require_equal(ours: Tensor, theirs: Tensor) -> None:
    if not torch.equal(ours, theirs):
        raise RuntimeError(
            f"the two sides write different tokens: {ours.tolist()}, {theirs.tolist()}"
        )
