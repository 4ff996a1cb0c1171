"""The self-checks refuse what readers get wrong.

That each accepts its solution is seen in the executed pages
(``bilingual_book.outputs``); those of `attention` have tests of their own.
"""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformers_explained import exercise_checks
from transformers_explained.exercises import evaluate
from transformers_explained.labels import LANGUAGES, use_language


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


def inverse_temperature(logits: Tensor, targets: Tensor) -> float:
    grid = torch.linspace(0.05, 10, 400)
    losses = torch.stack([F.cross_entropy(logits * t, targets) for t in grid])
    return grid[losses.argmin()].item()


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
    ("multi-head.parameters", lambda d_model, num_heads: 4 * d_model**2),
    (
        "multi-head.parameters",
        lambda d_model, num_heads: num_heads * (4 * d_model**2 + 4 * d_model),
    ),
    ("multi-head.split-heads", mixes_positions),
    ("multi-head.split-heads", keeps_tokens_first),
    ("multi-head.split-heads", interleaves_features),
    ("multi-head.scale", attend(lambda q: (q.shape[1] * q.shape[-1]) ** 0.5)),
    ("multi-head.scale", attend(lambda q: q.shape[-1])),
    ("multi-head.scale", attend(lambda q: 1)),
    ("positions.by-hand", "0.909"),
    ("positions.by-hand", [0.909, -0.416, 0.909, -0.416]),
    ("positions.by-hand", [0.909, 0.020, -0.416, 1.0]),
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
    ("bert.segments", [0, 0, 0, 0, 1, 1, 1, 1]),
    ("bert.segments", [1, 1, 1, 1, 1, 2, 2, 2]),
    ("bert.loss", loss_of_all),
    ("bert.loss", loss_of_the_others),
    ("bert.loss", loss_divided_by_all),
    ("bert.whole-word", piece_alone),
    ("bert.whole-word", pieces_after),
    ("fine-tuning.count", [63, 770]),  # the last, short batch forgotten
    ("fine-tuning.count", [66, 768]),
    ("fine-tuning.mean", mean_of_vectors),
    ("fine-tuning.mean", vectors_by_length),
    ("fine-tuning.evaluate", measures_in_training),
    ("fine-tuning.evaluate", leaves_it_in_evaluation),
    ("fine-tuning.evaluate", always_trains_after),
    ("fine-tuning.temperature", no_cooling),
    ("fine-tuning.temperature", inverse_temperature),
    ("fine-tuning.temperature", lambda logits, targets: None),
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
    folder = Path(exercise_checks.__path__[0])
    names = {
        name
        for path in folder.glob("*.py")
        if path.stem != "attention"
        for name in re.findall(r'@register\("(.+?)"\)', path.read_text("utf-8"))
    }
    assert names == {name for name, _ in WRONG}
