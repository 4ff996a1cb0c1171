"""Beam search: keep several beginnings alive, choose among the texts they become.

Axes: B texts, K hypotheses per text, T tokens, V vocabulary.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from transformers_explained.decoding.text import Writer, writing


@dataclass(frozen=True)
class Hypothesis:
    """One of the texts that a beam search found."""

    ids: list[int]  # the new tokens, with the one that ends the text
    log_probability: float  # natural logarithm
    score: float  # log_probability / length penalty: what they are ranked by


def beam_search(
    model: Writer,
    prompt: Tensor | int,  # (B, T)
    *,
    max_new_tokens: int,
    beam_size: int,
    source: Tensor | None = None,  # (B, S)
    end_id: int | None = None,
    length_penalty: float = 0.6,
    use_cache: bool = True,
) -> list[list[Hypothesis]]:
    """Keep the K most probable beginnings at each step, instead of one.

    A hypothesis that ends leaves the beam, which goes on with one place less, until
    all K have ended (Sutskever et al. 2014, section 3.2). They are then ranked by

        score = log p(text) / ((5 + length) / 6)^α

    (Wu et al. 2016, equation 14, without its coverage term): a long text has many
    factors below 1, and would lose against any short one.

    Args:
        beam_size: K; with 1, this is `greedy`.
        length_penalty: α; 0 ranks by probability alone.

    The other arguments and the errors are those of `greedy`.

    Returns:
        For each text its K hypotheses, the best first; fewer if there are not so many.
    """
    if not beam_size >= 1:
        raise ValueError(f"beam_size must be at least 1; got {beam_size}")
    if not math.isfinite(length_penalty):
        raise ValueError(f"length_penalty must be finite; got {length_penalty}")
    K = beam_size
    with writing(model, prompt, source, max_new_tokens, use_cache, copies=K) as text:
        B = text.batch // K
        first_row = torch.arange(B, device=text.device)[:, None] * K  # (B, 1)
        found: list[list[Hypothesis]] = [[] for _ in range(B)]
        # The K copies of a prompt are one hypothesis, not K: the others start as dead.
        log_p = torch.full((B, K), -torch.inf, device=text.device)
        log_p[:, 0] = 0.0

        for length in range(1, max_new_tokens + 1):
            step = text.next_scores().log_softmax(dim=-1).view(B, K, -1)  # (B, K, V)
            V = step.shape[-1]
            candidates = (log_p[:, :, None] + step).view(B, K * V)
            log_p, chosen = candidates.topk(K, dim=-1)  # (B, K), the best first
            parent = chosen.div(V, rounding_mode="floor")  # (B, K)
            token = chosen % V
            text.select((first_row + parent).view(-1))
            text.append(token.view(-1))

            for b, done in enumerate(found):  # as many places as have not ended
                log_p[b, K - len(done) :] = -torch.inf
            ends = torch.full_like(token, length == max_new_tokens, dtype=torch.bool)
            if end_id is not None:
                ends |= token == end_id
            ends &= log_p > -torch.inf  # a dead hypothesis does not end
            for b, k in ends.nonzero().tolist():
                ids = text.new_ids(b * K + k)
                found[b].append(_hypothesis(ids, log_p[b, k].item(), length_penalty))
            log_p[ends] = -torch.inf
            if not (log_p > -torch.inf).any():
                break
    if not all(found):
        raise ValueError(
            "a text has no hypothesis: the model's scores are NaN, or all -inf"
        )
    return [sorted(done, key=lambda h: h.score, reverse=True) for done in found]


def _hypothesis(ids: list[int], log_p: float, alpha: float) -> Hypothesis:
    penalty = ((5 + len(ids)) / 6) ** alpha
    return Hypothesis(ids, log_p, log_p / penalty)
