"""Choosing the tokens of a text one by one: greedy decoding and sampling.

Both, like beam search, work with the two models that write: `LanguageModel`, which
continues a prompt, and `Transformer`, which also reads a source, once. Each step feeds
the model only the newest token, since a cache keeps the keys and values of the earlier
ones; `use_cache=False` reads the whole text again at each step, and writes the same.

Axes: B texts, T tokens, V vocabulary.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from transformers_explained.arguments import check_positive
from transformers_explained.decoding.text import Text, Writer, writing


def greedy(
    model: Writer,
    prompt: Tensor | int,  # (B, T)
    *,
    max_new_tokens: int,
    source: Tensor | None = None,  # (B, S)
    end_id: int | None = None,
    use_cache: bool = True,
) -> Tensor:
    """Take the most probable token, each time.

    Args:
        model: a `LanguageModel`, or a `Transformer` with its `source`.
        prompt: what is already written; or one id with which every text starts. It
            never ends with padding: a model has not learned what follows. A
            `LanguageModel` takes shorter prompts padded on the left, a `Transformer`
            takes no padding at all.
        max_new_tokens: when to stop at the latest.
        source: what a `Transformer` reads.
        end_id: the token that ends a text; without it, only `max_new_tokens` does.
        use_cache: keep keys and values rather than compute them again.

    Returns:
        (B, T + new), the prompt and what follows, after its end filled with the
        model's `pad_id`, or with `end_id` if it has none.

    Raises:
        ValueError: if an argument is out of its range, or the model's `max_len` is too
            small.
    """
    with writing(model, prompt, source, max_new_tokens, use_cache) as text:
        _write(text, max_new_tokens, end_id, lambda scores: scores.argmax(dim=-1))
    return text.written()


def sample(
    model: Writer,
    prompt: Tensor | int,  # (B, T)
    *,
    max_new_tokens: int,
    source: Tensor | None = None,  # (B, S)
    end_id: int | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    use_cache: bool = True,
) -> Tensor:
    """Draw each token at random, in proportion to its probability.

    Args:
        temperature: below 1 the probable tokens become more so, above 1 less.
        top_k: draw among the `top_k` most probable tokens only.
        top_p: draw among the fewest tokens that hold the probability `top_p` together
            (Holtzman et al. 2020, "nucleus sampling"); applied after `top_k`.
        generator: the source of randomness, on any device.

    The other arguments, the result and the errors are those of `greedy`.
    """
    check_positive(temperature=temperature)

    def draw(scores: Tensor) -> Tensor:
        if scores.dtype in (torch.float16, torch.bfloat16):
            scores = scores.float()
        # From the largest down: a small temperature then overflows to -inf at most.
        scores = (scores - scores.amax(dim=-1, keepdim=True)) / temperature  # (B, V)
        if top_k is not None:
            scores = keep_top_k(scores, top_k)
        if top_p is not None:
            scores = keep_top_p(scores, top_p)
        probabilities = scores.softmax(dim=-1)
        # A generator draws on its own device only; the scores may be elsewhere.
        where = probabilities.device if generator is None else generator.device
        drawn = torch.multinomial(probabilities.to(where), 1, generator=generator)
        return drawn.squeeze(-1).to(scores.device)  # (B,)

    with writing(model, prompt, source, max_new_tokens, use_cache) as text:
        _write(text, max_new_tokens, end_id, draw)
    return text.written()


def _write(
    text: Text,
    max_new_tokens: int,
    end_id: int | None,
    choose: Callable[[Tensor], Tensor],  # scores (B, V) -> tokens (B,)
) -> None:
    """Append chosen tokens until every text has ended, or there is no more room."""
    if end_id is None:
        for _ in range(max_new_tokens):
            text.append(choose(text.next_scores()))
        return
    filler = end_id if text.pad_id is None else text.pad_id
    ended = torch.zeros(text.batch, dtype=torch.bool, device=text.device)
    for _ in range(max_new_tokens):
        tokens = choose(text.next_scores()).masked_fill(ended, filler)  # (B,)
        text.append(tokens)
        ended |= tokens == end_id
        if bool(ended.all()):
            break


def keep_top_k(scores: Tensor, k: int) -> Tensor:
    """Set all but the k largest scores of each row (..., V) to -inf."""
    if not k >= 1:
        raise ValueError(f"top_k must be at least 1; got {k}")
    kept = scores.topk(min(k, scores.shape[-1]), dim=-1).indices  # (..., k)
    return torch.full_like(scores, -torch.inf).scatter(
        -1, kept, scores.gather(-1, kept)
    )


def keep_top_p(scores: Tensor, p: float) -> Tensor:
    """Set to -inf all scores of each row (..., V) but those of the most probable
    tokens, as few as are needed for their probabilities to add up to p."""
    if not 0 < p <= 1:
        raise ValueError(f"top_p must lie in (0, 1]; got {p}")
    ordered, order = scores.sort(dim=-1, descending=True)  # (..., V)
    probabilities = ordered.softmax(dim=-1)
    before = probabilities.cumsum(dim=-1) - probabilities  # of the more probable ones
    return torch.full_like(scores, -torch.inf).scatter(
        -1, order, ordered.masked_fill(before >= p, -torch.inf)
    )
