"""The self-checks refuse what readers get wrong.

That each accepts its solution is seen in the executed pages
(``bilingual_book.checks.runs``); those of `attention` have tests of their own.
"""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained import chapters
from transformers_explained.lesson.check import evaluate
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.language import LANGUAGES
from transformers_explained.tasks.question_answering import best_span


def logistic(
    x: Any, y: Any, w: Any, b: float, sign: float = 1.0, mean: bool = True
) -> tuple[Any, Any]:
    gap = sign * (1 / (1 + np.exp(-(x @ w + b))) - y)
    gap = gap / len(y) if mean else gap
    return x.T @ gap, gap.sum()


def every_piece(tags: list[int], pieces: list[int]) -> list[int]:
    return [tag for tag, n in zip(tags, pieces, strict=True) for _ in range(n)]


def last_piece(tags: list[int], pieces: list[int]) -> list[int]:
    pairs = zip(tags, pieces, strict=True)
    return [label for tag, n in pairs for label in [-100] * (n - 1) + [tag]]


def strips(images: Tensor, size: int) -> Tensor:
    return images.reshape(len(images), -1, size * size)


def columns_first(images: Tensor, size: int) -> Tensor:
    n = images.shape[1] // size
    parted = images.reshape(len(images), n, size, n, size).permute(0, 3, 1, 2, 4)
    return parted.reshape(len(images), n * n, size * size)


def always_scale(gradients: list[Any], limit: float) -> list[Any]:
    length = sum((g**2).sum() for g in gradients) ** 0.5
    return [g * limit / length for g in gradients]


def clip_each(gradients: list[Any], limit: float) -> list[Any]:
    return [g * min(1.0, limit / np.linalg.norm(g)) for g in gradients]


def unscaled_nucleus(chances: Tensor, p: float) -> Tensor:
    ordered, order = chances.sort(descending=True)
    kept = ordered * (ordered.cumsum(dim=0) - ordered < p)
    return torch.zeros_like(chances).scatter(0, order, kept)


def short_nucleus(chances: Tensor, p: float) -> Tensor:
    ordered, order = chances.sort(descending=True)
    kept = ordered * (ordered.cumsum(dim=0) <= p)  # stops before p is reached
    return torch.zeros_like(chances).scatter(0, order, kept / kept.sum())


def reads_last_word(step: Any, inputs: Tensor, hidden_size: int) -> Tensor:
    for x in inputs.unbind(dim=1):
        h = step(x, torch.zeros(len(inputs), hidden_size))
    return h


def reads_backwards(step: Any, inputs: Tensor, hidden_size: int) -> Tensor:
    h = torch.zeros(len(inputs), hidden_size)
    for x in inputs.flip(1).unbind(dim=1):
        h = step(x, h)
    return h


def mixes_positions(x: Tensor, num_heads: int) -> Tensor:
    return x.view(x.shape[0], num_heads, x.shape[1], -1)


def keeps_tokens_first(x: Tensor, num_heads: int) -> Tensor:
    return x.view(*x.shape[:2], num_heads, -1)


def interleaves_features(x: Tensor, num_heads: int) -> Tensor:
    return x.view(*x.shape[:2], -1, num_heads).permute(0, 3, 1, 2)


def attend(
    scale: Callable[[Tensor], float],
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    def of_a_head(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return (q @ k.transpose(-2, -1) / scale(q)).softmax(dim=-1) @ v

    return of_a_head


def halves_side_by_side(max_len: int, d_model: int) -> Tensor:
    """Sines, then cosines: another table than the paper's."""
    position = torch.arange(max_len).unsqueeze(1)
    angle = position * 10_000 ** (-torch.arange(0, d_model, 2) / d_model)
    return torch.cat([angle.sin(), angle.cos()], dim=1)[:, :d_model]


def drops_the_last_sine(max_len: int, d_model: int) -> Tensor:
    table = torch.zeros(max_len, d_model)
    even = d_model - d_model % 2
    position = torch.arange(max_len).unsqueeze(1)
    angle = position * 10_000 ** (-torch.arange(0, even, 2) / d_model)
    table[:, 0:even:2], table[:, 1:even:2] = angle.sin(), angle.cos()
    return table


def turns(sign: int, swap: bool) -> Callable[[Tensor, float, float], Tensor]:
    def turn(pair: Tensor, position: float, frequency: float) -> Tensor:
        c, s = math.cos(position * frequency), math.sin(position * frequency)
        x, y = pair.flip(0) if swap else pair
        return torch.stack([c * x - sign * s * y, sign * s * x + c * y])

    return turn


def unbiased_deviation(x: Tensor, eps: float) -> Tensor:
    variance = x.var(dim=-1, keepdim=True)
    return (x - x.mean(dim=-1, keepdim=True)) / torch.sqrt(variance + eps)


def epsilon_outside(x: Tensor, eps: float) -> Tensor:
    deviation = x.std(dim=-1, keepdim=True, correction=0)
    return (x - x.mean(dim=-1, keepdim=True)) / (deviation + eps)


def over_all(x: Tensor, eps: float) -> Tensor:
    return (x - x.mean()) / torch.sqrt(x.var(correction=0) + eps)


def mean_of_states(states: Tensor, real: Tensor) -> Tensor:
    return states.mean(dim=1)


def divides_by_length(states: Tensor, real: Tensor) -> Tensor:
    return (states * real.unsqueeze(-1)).mean(dim=1)


def mean_of_vectors(vectors: Tensor, mask: Tensor) -> Tensor:
    return mean_of_states(vectors, mask)


def vectors_by_length(vectors: Tensor, mask: Tensor) -> Tensor:
    return divides_by_length(vectors, mask)


def reads_the_exam(train_texts: list[str], test_texts: list[str]) -> list[str]:
    words = " ".join(train_texts + test_texts).split()
    return [word for word in set(words) if words.count(word) > 1]


def keeps_rare_words(train_texts: list[str], test_texts: list[str]) -> list[str]:
    return list(set(" ".join(train_texts).split()))


def shortest_first(word: str, pieces: set[str]) -> list[str]:
    """The shortest piece, each time."""
    found: list[str] = []
    start = 0
    while start < len(word):
        for end in range(start + 1, len(word) + 1):
            piece = ("##" if start else "") + word[start:end]
            if piece in pieces:
                found.append(piece)
                start = end
                break
        else:
            return ["[UNK]"]
    return found


def keeps_the_known_start(word: str, pieces: set[str]) -> list[str]:
    """The longest piece first; what is left over is unknown, not the whole word."""
    found: list[str] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in pieces:
                found.append(piece)
                start = end
                break
        else:
            return [*found, "[UNK]"]
    return found


def without_prefix(word: str, pieces: set[str]) -> list[str]:
    """No ## before what continues a word."""
    found: list[str] = []
    while word:
        for end in range(len(word), 0, -1):
            if word[:end] in pieces:
                found.append(word[:end])
                word = word[end:]
                break
        else:
            return ["[UNK]"]
    return found


def drops_bad_bytes(tokens: list[bytes]) -> str:
    return "".join(token.decode("utf-8", errors="ignore") for token in tokens)


def reads_latin_1(tokens: list[bytes]) -> str:
    return b"".join(tokens).decode("latin-1")


def fewest_pieces(word: str, pieces: set[str]) -> int:
    best = [0.0] + [math.inf] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            if word[start:end] in pieces:
                best[end] = min(best[end], best[start] + 1)
    return int(best[-1]) if best[-1] < math.inf else 0


def ways_from_nothing(word: str, pieces: set[str]) -> int:
    count = [0] * (len(word) + 1)  # no way to cut nothing: no way at all
    for end in range(1, len(word) + 1):
        for start in range(end):
            if word[start:end] in pieces:
                count[end] += count[start]
    return count[-1]


def not_shifted(target: Tensor, start_id: int) -> tuple[Tensor, Tensor]:
    return target.clone(), target


def shifted_the_other_way(target: Tensor, start_id: int) -> tuple[Tensor, Tensor]:
    end = torch.full_like(target[:, :1], start_id)
    return torch.cat([target[:, 1:], end], dim=1), target


def inputs_alone(target: Tensor, start_id: int) -> Tensor:
    start = torch.full_like(target[:, :1], start_id)
    return torch.cat([start, target[:, :-1]], dim=1)


def not_smoothed(logits: Tensor, right: int, epsilon: float) -> float:
    return -logits.log_softmax(dim=-1)[right].item()


def smooths_the_wrong_words_alone(logits: Tensor, right: int, epsilon: float) -> float:
    """Szegedy's uniform share goes to the right word too; here it does not."""
    log_p = logits.log_softmax(dim=-1)
    others = (log_p.sum() - log_p[right]) / (len(log_p) - 1)
    return (-(1 - epsilon) * log_p[right] - epsilon * others).item()


Hypotheses = list[tuple[str, float, int]]


def ranks_by_probability(hypotheses: Hypotheses, alpha: float) -> list[str]:
    return [name for name, _, _ in sorted(hypotheses, key=lambda h: -h[1])]


def ranks_by_mean(hypotheses: Hypotheses, alpha: float) -> list[str]:
    return [name for name, _, _ in sorted(hypotheses, key=lambda h: -h[1] / h[2])]


def ranks_worst_first(hypotheses: Hypotheses, alpha: float) -> list[str]:
    def score(hypothesis: tuple[str, float, int]) -> float:
        return hypothesis[1] / ((5 + hypothesis[2]) / 6) ** alpha

    return [name for name, _, _ in sorted(hypotheses, key=score)]


def loss_of_all(scores: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
    return F.cross_entropy(scores.flatten(0, 1), ids.flatten())


def loss_of_the_others(scores: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
    return F.cross_entropy(scores[~chosen], ids[~chosen])


def loss_divided_by_all(scores: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
    total = F.cross_entropy(scores[chosen], ids[chosen], reduction="sum")
    return total / chosen.numel()


def piece_alone(tokens: list[str], position: int) -> list[int]:
    return [position]


def pieces_after(tokens: list[str], position: int) -> list[int]:
    end = position + 1
    while end < len(tokens) and tokens[end].startswith("##"):
        end += 1
    return list(range(position, end))


def measures_in_training(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    return (model(inputs).argmax(dim=-1) == targets).float().mean().item()


def leaves_it_in_evaluation(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    model.eval()
    return measures_in_training(model, inputs, targets)


def always_trains_after(model: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    share = leaves_it_in_evaluation(model, inputs, targets)
    model.train()
    return share


def no_cooling(logits: Tensor, targets: Tensor) -> float:
    return 1.0


def shared_words_once(given: list[str], right: list[str]) -> float:
    return 2 * len(set(given) & set(right)) / (len(set(given)) + len(set(right)))


def precision_of_words(given: list[str], right: list[str]) -> float:
    return sum(word in right for word in given) / len(given)


def two_maxima(start: Tensor, end: Tensor, inside: Tensor, longest: int) -> list[int]:
    return [int(start.argmax()), int(end.argmax())]


def span_of_any_length(
    start: Tensor, end: Tensor, inside: Tensor, longest: int
) -> list[int]:
    return list(best_span(start, end, inside, longest=len(start))[:2])


def span_outside(start: Tensor, end: Tensor, inside: Tensor, longest: int) -> list[int]:
    return list(best_span(start, end, torch.ones_like(inside), longest=longest)[:2])


def one_window_too_many(tokens: int, room: int, overlap: int) -> list[int]:
    return list(range(0, tokens, room - overlap))


def stride_as_step(tokens: int, room: int, overlap: int) -> list[int]:
    return list(range(0, max(tokens - overlap, 1), overlap))


def inverse_temperature(logits: Tensor, targets: Tensor) -> float:
    grid = torch.linspace(0.05, 10, 400)
    losses = torch.stack([F.cross_entropy(logits * t, targets) for t in grid])
    return grid[losses.argmin()].item()


def forgets_the_largest(scores: Tensor) -> Tensor:
    parts = scores.exp()
    return parts / parts.sum(dim=1, keepdim=True)


def hides_after(scores: Tensor, mask: Tensor) -> Tensor:
    return scores.softmax(dim=1) * mask


def attends_without_root(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (q @ k.T).softmax(dim=1) @ v


def attends_over_queries(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (q @ k.T / q.shape[1] ** 0.5).softmax(dim=0) @ v


def clears_before_the_step(optimizer: Any, loss: Any) -> None:
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()


def never_clears(optimizer: Any, loss: Any) -> None:
    loss.backward()
    optimizer.step()


def never_steps(optimizer: Any, loss: Any) -> None:
    optimizer.zero_grad()
    loss.backward()


def one_order_for_all(count: int) -> list[int]:
    generator = torch.Generator().manual_seed(0)
    return torch.randperm(count, generator=generator).tolist()


def logarithm_of_softmax(scores: Tensor, right: Tensor) -> Tensor:
    p = scores.softmax(dim=-1)
    target = torch.eye(scores.shape[1])[right]
    return -(target * p.log()).sum(dim=-1).mean()


def kept_above_zero(scores: Tensor, right: Tensor) -> Tensor:
    """Finite, and wrong: the loss cannot exceed 18."""
    p = scores.softmax(dim=-1).clamp(min=1e-8)
    return -p[torch.arange(len(right)), right].log().mean()


def left_in_evaluation(model: nn.Module, inputs: Tensor) -> Tensor:
    return model.eval()(inputs).softmax(dim=-1)


def put_in_training(model: nn.Module, inputs: Tensor) -> Tensor:
    answer = model.eval()(inputs).softmax(dim=-1)
    model.train()
    return answer


def merges_without_shrinking(m1, l1, o1, m2, l2, o2):  # type: ignore[no-untyped-def]
    return (o1 + o2) / (l1 + l2)


def averages_two_outputs(m1, l1, o1, m2, l2, o2):  # type: ignore[no-untyped-def]
    return (o1 / l1 + o2 / l2) / 2


def shrinks_the_wrong_way(m1, l1, o1, m2, l2, o2):  # type: ignore[no-untyped-def]
    high = max(m1, m2)
    c1, c2 = math.exp(high - m1), math.exp(high - m2)
    return (c1 * o1 + c2 * o2) / (c1 * l1 + c2 * l2)


def rms_of_layer_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], weight, None, eps)


def rms_by_length(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return x / (x.square().sum(dim=-1, keepdim=True) + eps).sqrt() * weight


def rms_with_eps_outside(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return x / (x.square().mean(dim=-1, keepdim=True).sqrt() + eps) * weight


def block_with_one_step_more(numbers: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    scale = numbers.abs().max() / 2 ** (bits - 1)
    return torch.round(numbers / scale), scale


def block_cut_off(numbers: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    scale = numbers.abs().max() / (2 ** (bits - 1) - 1)
    return torch.trunc(numbers / scale), scale


def block_restored(numbers: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    scale = numbers.abs().max() / (2 ** (bits - 1) - 1)
    return torch.round(numbers / scale) * scale, scale


def softened_teacher_only(student: Tensor, teacher: Tensor, T: float) -> Tensor:
    p = (teacher / T).softmax(dim=-1)
    return T**2 * -(p * student.log_softmax(dim=-1)).sum(dim=-1).mean()


def soft_without_factor(student: Tensor, teacher: Tensor, T: float) -> Tensor:
    p = (teacher / T).softmax(dim=-1)
    return -(p * (student / T).log_softmax(dim=-1)).sum(dim=-1).mean()


def pairs_without_diagonal(S: int, T: int) -> list[int]:
    n = S + T
    return [n * n, n * (n - 1) // 2, S * S + S * T + T * (T - 1) // 2]


def pairs_without_source(S: int, T: int) -> list[int]:
    n = S + T
    return [n * n, n * (n + 1) // 2, S * S + T * (T + 1) // 2]


WRONG: list[tuple[str, object]] = [
    ("history.rnn-chain", lambda length: 3 * length),
    ("history.rnn-chain", lambda length: 4 * length + 5),
    ("history.read", reads_last_word),
    ("history.read", reads_backwards),
    ("history.accuracies", 0.5),
    ("history.accuracies", [0.5, 0.25]),
    ("history.accuracies", [0.5, 0.25, 2 / 3]),  # not measured on 2,000 sequences
    ("history.accuracies", [0.5, 0.25, 1.5]),
    ("history.accuracies", [0.5, 0.5, 0.5]),
    ("language-model.shift", lambda ids: (ids[:, 1:], ids[:, :-1])),
    ("language-model.shift", lambda ids: (ids, ids)),
    ("language-model.shift", lambda ids: (ids[:-1], ids[1:])),  # over the rows
    ("language-model.shift", lambda ids: ids[:, 1:]),
    ("language-model.bits", lambda loss, tokens, size: loss / math.log(2)),
    ("language-model.bits", lambda loss, tokens, size: loss * tokens / size),
    ("language-model.bits", lambda loss, tokens, size: loss * size / tokens),
    ("language-model.top-p", lambda chances, p: chances * (chances >= p)),
    ("language-model.top-p", unscaled_nucleus),
    ("language-model.top-p", short_nucleus),
    ("language-model.cache", lambda n, h, d, t: n * h * d * t * 4),  # keys only
    ("language-model.cache", lambda n, h, d, t: 2 * n * h * d * t),
    ("language-model.cache", lambda n, h, d, t: 2 * n * d * t * 4),
    ("learning.paper", [12, 12]),  # only one path from h
    ("learning.paper", [12, 24]),
    ("learning.paper", 24),
    ("learning.paper", [24, 12, 4]),
    ("learning.layer", lambda x, y, w, b: logistic(x, y, w, b, sign=-1)),
    ("learning.layer", lambda x, y, w, b: logistic(x, y, w, b, mean=False)),
    ("learning.layer", lambda x, y, w, b: logistic(x, y, w, b)[0]),
    ("learning.layer", lambda x, y, w, b: logistic(x, y, w, 0.0)),
    ("learning.clip", lambda gradients, limit: gradients),
    ("learning.clip", lambda gradients, limit: gradients[0]),
    ("learning.clip", lambda gradients, limit: clip_each(gradients, limit)),
    ("learning.clip", lambda gradients, limit: always_scale(gradients, limit)),
    (
        "learning.clip",
        lambda gradients, limit: [g.clip(-limit, limit) for g in gradients],
    ),
    ("learning.relu", lambda x, W, v, dz: x.T @ np.outer(dz, v)),
    ("learning.relu", lambda x, W, v, dz: x.T @ (np.outer(dz, v) * (x @ W))),
    ("learning.relu", lambda x, W, v, dz: (np.outer(dz, v) * (x @ W > 0)).T @ x),
    ("vectors-and-matrices.paper", [24, 24 / 7]),  # divided by 3 + 4
    ("vectors-and-matrices.paper", 24),
    ("vectors-and-matrices.paper", [24, 0.96, 1]),
    ("vectors-and-matrices.puzzle-swap", lambda x: x.reshape(x.shape[1], -1)),
    ("vectors-and-matrices.puzzle-swap", lambda x: x),
    ("vectors-and-matrices.puzzle-lengths", lambda x: x.norm()),
    ("vectors-and-matrices.puzzle-lengths", lambda x: x.norm(dim=0)),
    ("vectors-and-matrices.puzzle-lengths", lambda x: x.abs().sum(dim=1)),
    ("vectors-and-matrices.puzzle-unit", lambda x: x / x.norm()),
    ("vectors-and-matrices.puzzle-unit", lambda x: x / x.norm(dim=1)),
    ("vectors-and-matrices.puzzle-pairs", lambda a, b: a @ b.T),
    ("vectors-and-matrices.puzzle-pairs", lambda a, b: (a * b).sum()),
    ("vectors-and-matrices.puzzle-all-pairs", lambda q, k: k @ q.T),
    ("vectors-and-matrices.puzzle-all-pairs", lambda q, k: q @ k),
    ("vectors-and-matrices.puzzle-gaps", lambda a, b: a - b[:, None]),
    ("vectors-and-matrices.puzzle-gaps", lambda a, b: b - a[:, None]),
    ("vectors-and-matrices.puzzle-per-row", lambda x, shift: x + shift),
    (
        "vectors-and-matrices.puzzle-per-row",
        lambda x, shift: x + shift[:, None, None],
    ),
    ("vectors-and-matrices.puzzle-batch", lambda q, k: q @ k.permute(2, 1, 0)),
    (
        "vectors-and-matrices.puzzle-batch",
        lambda q, k: torch.einsum("btd,bsd->ts", q, k),
    ),
    (
        "vectors-and-matrices.puzzle-heads",
        lambda q, k: torch.einsum("bthd,bshd->bths", q, k),
    ),
    (
        "vectors-and-matrices.puzzle-heads",
        lambda q, k: torch.einsum("bthd,bsgd->bhts", q, k),
    ),
    (
        "vectors-and-matrices.puzzle-split",
        lambda x, heads: x.reshape(heads, len(x), -1),
    ),
    (
        "vectors-and-matrices.puzzle-split",
        lambda x, heads: x.unflatten(1, (-1, heads)).permute(2, 0, 1),
    ),
    ("vectors-and-matrices.puzzle-look-up", lambda table, ids: table[ids[0]]),
    ("vectors-and-matrices.puzzle-look-up", lambda table, ids: table[:, ids]),
    (
        "vectors-and-matrices.puzzle-one-hot",
        lambda ids, size: torch.eye(size)[ids].T,
    ),
    (
        "vectors-and-matrices.puzzle-one-hot",
        lambda ids, size: torch.eye(size)[(ids + 1) % size],
    ),
    (
        "vectors-and-matrices.puzzle-past",
        lambda length: torch.ones(length, length).tril(),
    ),
    (
        "vectors-and-matrices.puzzle-past",
        lambda length: torch.ones(length, length).tril(-1).bool(),
    ),
    (
        "vectors-and-matrices.puzzle-filled",
        lambda lengths, width: torch.arange(width) <= lengths[:, None],
    ),
    (
        "vectors-and-matrices.puzzle-filled",
        lambda lengths, width: torch.arange(width)[:, None] < lengths,
    ),
    ("vectors-and-matrices.puzzle-mean", lambda x, real: x.mean(dim=0)),
    (
        "vectors-and-matrices.puzzle-mean",
        lambda x, real: (x * real[:, None]).mean(dim=0),
    ),
    ("vectors-and-matrices.puzzle-softmax", forgets_the_largest),
    ("vectors-and-matrices.puzzle-softmax", lambda scores: scores.softmax(dim=0)),
    ("vectors-and-matrices.puzzle-hide", hides_after),
    (
        "vectors-and-matrices.puzzle-hide",
        lambda scores, mask: (scores * mask).softmax(dim=1),
    ),
    (
        "vectors-and-matrices.puzzle-average",
        lambda weights, values: weights.transpose(1, 2) @ values,
    ),
    (
        "vectors-and-matrices.puzzle-average",
        lambda weights, values: weights @ values / weights.shape[-1],
    ),
    ("vectors-and-matrices.puzzle-attention", attends_without_root),
    ("vectors-and-matrices.puzzle-attention", attends_over_queries),
    (
        "multi-head.shared-keys",  # keys and values of each head, as usual
        lambda d_model, num_heads: 4 * d_model**2 + 4 * d_model,
    ),
    (
        "multi-head.shared-keys",  # the biases forgotten
        lambda d_model, num_heads: 2 * d_model**2 + 2 * d_model**2 // num_heads,
    ),
    (
        "multi-head.shared-keys",  # a head too many
        lambda d_model, num_heads: (
            2 * (d_model**2 + d_model)
            + 2 * (d_model + 1) * (d_model // num_heads)
            + num_heads
        ),
    ),
    ("multi-head.split-heads", mixes_positions),
    ("multi-head.split-heads", keeps_tokens_first),
    ("multi-head.split-heads", interleaves_features),
    ("multi-head.scale", attend(lambda q: (q.shape[1] * q.shape[-1]) ** 0.5)),
    ("multi-head.scale", attend(lambda q: q.shape[-1])),
    ("multi-head.scale", attend(lambda q: 1)),
    ("positions.read-clock", "3, 50"),
    ("positions.read-clock", [3.0, 44.0]),  # the fast hand stands nearly there, too
    ("positions.read-clock", [0.03, 0.5]),  # angles of the slow hand
    ("positions.odd-sinusoids", halves_side_by_side),
    ("positions.odd-sinusoids", drops_the_last_sine),
    ("positions.turn", turns(-1, swap=False)),
    ("positions.turn", turns(1, swap=True)),
    ("encoder.by-hand", [-1.22, 0.0, 0.0, 1.22]),  # divided by d - 1
    ("encoder.by-hand", None),
    ("encoder.by-hand", [-1.0, 0.0, 0.0, 1.0]),
    ("encoder.normalize", unbiased_deviation),
    ("encoder.normalize", epsilon_outside),
    ("encoder.normalize", over_all),
    (
        "encoder.parameters",
        lambda d_model, d_ff: 4 * d_model**2 + 2 * d_model * d_ff,
    ),
    (
        "encoder.parameters",
        lambda d_model, d_ff: 12 * d_model**2 + 13 * d_model,  # d_ff is not always 4 d
    ),
    ("text-classifier.chance", lambda classes: 1 / classes),
    ("text-classifier.chance", lambda classes: math.log2(classes)),
    ("text-classifier.chance", lambda classes: -math.log(classes)),
    ("text-classifier.mean-pool", mean_of_states),
    ("text-classifier.mean-pool", divides_by_length),
    ("text-classifier.vocabulary", reads_the_exam),
    ("text-classifier.vocabulary", keeps_rare_words),
    ("text-classifier.vocabulary", lambda train_texts, test_texts: None),
    ("translation.by-hand", [[5, 8, 6, 2], [5, 8, 6, 2]]),
    ("translation.by-hand", [[1, 5, 8, 6, 2], [5, 8, 6, 2]]),
    ("translation.teacher-forcing", not_shifted),
    ("translation.teacher-forcing", shifted_the_other_way),
    ("translation.teacher-forcing", inputs_alone),
    ("translation.smoothing", not_smoothed),
    ("translation.smoothing", smooths_the_wrong_words_alone),
    ("translation.rank", ranks_by_probability),
    ("translation.rank", ranks_by_mean),
    ("translation.rank", ranks_worst_first),
    ("applications.count", [196, 784]),
    ("applications.count", [224 * 224 + 1, 224 * 224 + 1]),
    ("applications.count", 197),
    ("applications.labels", every_piece),
    ("applications.labels", last_piece),
    ("applications.labels", lambda tags, pieces: list(tags)),
    ("applications.cut", strips),
    ("applications.cut", columns_first),
    ("training.by-hand", [[0.9999, 3.0], [0.9999, 1.1]]),
    ("training.by-hand", [[0.9999, 3.0], [1.1, 0.9]]),
    ("training.by-hand", [0.9, 1.1]),
    ("training.stuck", clears_before_the_step),
    ("training.stuck", never_clears),
    ("training.stuck", never_steps),
    ("training.one-class", range),
    ("training.one-class", lambda count: range(0, count, 2)),
    ("training.one-class", one_order_for_all),
    ("training.nan", logarithm_of_softmax),
    ("training.nan", kept_above_zero),
    ("training.floor", lambda length: torch.ones(length, length).tril(1).bool()),
    ("training.floor", lambda length: torch.ones(length, length).tril(-1).bool()),
    ("training.floor", lambda length: torch.ones(length, length).triu().bool()),
    ("training.two-calls", lambda model, x: model(x).softmax(dim=-1)),
    ("training.two-calls", left_in_evaluation),
    ("training.two-calls", put_in_training),
    ("scaling.envelope", [0.7, 4.2, 1.05]),
    ("scaling.envelope", [1.4, 5.6, 1.4]),
    ("scaling.envelope", [0.7, 5.6, 5.6]),
    ("scaling.merge", merges_without_shrinking),
    ("scaling.merge", averages_two_outputs),
    ("scaling.merge", shrinks_the_wrong_way),
    ("scaling.uneven", lambda gradients, rows: sum(gradients) / len(gradients)),
    ("scaling.uneven", lambda gradients, rows: sum(gradients)),
    (
        "scaling.uneven",
        lambda gradients, rows: sum(g * n for g, n in zip(gradients, rows)),  # noqa: B905
    ),
    ("since-2017.rms", rms_of_layer_norm),
    ("since-2017.rms", rms_by_length),
    ("since-2017.rms", rms_with_eps_outside),
    ("since-2017.count", 552_960),
    ("since-2017.count", 230_400),
    ("since-2017.count", 15_360),
    ("since-2017.block", block_with_one_step_more),
    ("since-2017.block", block_cut_off),
    ("since-2017.block", block_restored),
    ("tokenization.predict", [("a", "r"), ("c", "ar"), ("b", "ar")]),
    ("tokenization.predict", [("c", "a"), ("b", "a"), ("ca", "r")]),
    ("tokenization.predict", [("a", "r"), ("c", "a"), ("b", "a")]),
    ("tokenization.predict", [("a", "r"), ("b", "ar")]),
    ("tokenization.predict", ["ar", "bar", "car"]),
    ("tokenization.longest", shortest_first),
    ("tokenization.longest", keeps_the_known_start),
    ("tokenization.longest", without_prefix),
    ("tokenization.stream", drops_bad_bytes),
    ("tokenization.stream", reads_latin_1),
    ("tokenization.ways", fewest_pieces),
    ("tokenization.ways", ways_from_nothing),
    ("bert.segments", [0, 0, 0, 0, 1, 1, 1, 1]),
    ("bert.segments", [1, 1, 1, 1, 1, 2, 2, 2]),
    ("bert.loss", loss_of_all),
    ("bert.loss", loss_of_the_others),
    ("bert.loss", loss_divided_by_all),
    ("bert.whole-word", piece_alone),
    ("bert.whole-word", pieces_after),
    ("model-families.pairs", pairs_without_diagonal),
    ("model-families.pairs", pairs_without_source),
    (
        "model-families.spans",  # no sentinel at the end
        [
            ["the", "baker", "<0>", "bread", "every", "<1>"],
            ["<0>", "sells", "warm", "<1>", "morning"],
        ],
    ),
    (
        "model-families.spans",  # one sentinel per word
        [
            ["la", "boulangère", "<0>", "<1>", "pain", "chaque", "<2>"],
            ["<0>", "vend", "<1>", "du", "<2>", "matin", "<3>"],
        ],
    ),
    ("model-families.soft", softened_teacher_only),
    ("model-families.soft", soft_without_factor),
    ("fine-tuning.count", [192, 770]),  # the last, short batch forgotten
    ("fine-tuning.count", [198, 768]),
    ("fine-tuning.mean", mean_of_vectors),
    ("fine-tuning.mean", vectors_by_length),
    ("fine-tuning.evaluate", measures_in_training),
    ("fine-tuning.evaluate", leaves_it_in_evaluation),
    ("fine-tuning.evaluate", always_trains_after),
    ("fine-tuning.temperature", no_cooling),
    ("fine-tuning.temperature", inverse_temperature),
    ("fine-tuning.temperature", lambda logits, targets: None),
    ("question-answering.by-hand", [1, 0, 11]),  # the two maxima
    ("question-answering.by-hand", [1, 4, 8]),  # an end that is not included
    ("question-answering.by-hand", [0, 0, 7]),
    ("question-answering.f1", shared_words_once),
    ("question-answering.f1", precision_of_words),
    ("question-answering.span", two_maxima),
    ("question-answering.span", span_of_any_length),
    ("question-answering.span", span_outside),
    ("question-answering.windows", one_window_too_many),
    ("question-answering.windows", stride_as_step),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "answer"), WRONG)
def test_wrong_answers_get_a_hint(name: str, answer: object, language: str) -> None:
    use_language(language)
    feedback = evaluate(name, answer)
    assert feedback.verdict == "not-yet"
    assert feedback.hint
    assert feedback.lines


def test_every_check_has_wrong_answers() -> None:
    folder = Path(chapters.__path__[0])
    names = {
        name
        for path in folder.glob("*/checks.py")
        if path.parent.name != "attention"
        for name in re.findall(r'@register\("(.+?)"\)', path.read_text("utf-8"))
    }
    assert names == {name for name, _ in WRONG}
