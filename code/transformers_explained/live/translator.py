"""The translator of numbers, living in the page.

A reader writes a number in words, the tokens come one by one, the three attentions of
each can be seen, and what the beam found beside. Before the model is loaded, on paper
and without a script, a result that Python computed stands there.
"""

import base64
import html
import math
from collections.abc import Sequence

import torch

from transformers_explained.data.number_words import in_words
from transformers_explained.decoding import Hypothesis, beam_search
from transformers_explained.drawing import attention_heatmap
from transformers_explained.drawing.style import render
from transformers_explained.lesson.display import show
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number
from transformers_explained.live.element import live_element
from transformers_explained.live.weights import packed, rounded
from transformers_explained.seq2seq import Transformer
from transformers_explained.tasks.sequence_pairs import END, END_ID, START_ID
from transformers_explained.tasks.translation import Vocabulary, words

TEXTS = (
    *("title", "help", "write", "go", "examples", "written", "layer", "head", "mean"),
    *("beam", "right", "start", "end"),
)
BEAM, MOST = 4, 20  # hypotheses, tokens of each


def explore_translator(
    model: Transformer,
    english: Vocabulary,
    french: Vocabulary,
    numbers: Sequence[int],
) -> None:
    """Let the reader translate numbers with a trained model, in the page.

    Args:
        model: what was trained.
        english, french: its vocabularies.
        numbers: examples to try; the answer to the first stands there from the start.

    Raises:
        ValueError: if there is no number, or the page cannot compute such a model.
    """
    show(translator_bundle(model, english, french, numbers))


def translator_bundle(
    model: Transformer,
    english: Vocabulary,
    french: Vocabulary,
    numbers: Sequence[int],
) -> dict[str, str]:
    """What `explore_translator` shows, by its MIME type."""
    if not numbers:
        raise ValueError("numbers must hold at least one number; got none")
    pairs = [in_words(number) for number in numbers]
    small = rounded(model)
    source = english.encode(pairs[0].english)
    found = beam_of(small, source)
    written = [*found[0].ids]
    with torch.no_grad():
        _, weights = small(
            torch.tensor([source]),
            torch.tensor([[START_ID, *written[:-1]]]),
            return_weights=True,
        )
    looks = weights.decoder[-1].cross_attention[0].mean(dim=0)  # (T, S)
    read = [*words(pairs[0].english), END]
    asked = [french.tokens[i] for i in written]
    model_data = packed(model) | {
        "english": english.tokens,
        "french": french.tokens,
        "special": {"startId": START_ID, "endId": END_ID},
    }
    data = {
        "examples": [{"text": p.english, "right": p.french} for p in pairs],
        "text": _texts(),
    }
    first = _first(pairs[0].english, french, found)
    picture = attention_heatmap(looks, asked, read, title=pairs[0].english)
    answer = french.decode(written)
    return {
        "text/html": live_element("translator", data, model_data, first),
        "application/pdf": base64.b64encode(render(picture, "pdf")).decode(),
        "text/plain": f"{pairs[0].english} -> {answer}",
    }


def beam_of(model: Transformer, source: Sequence[int]) -> list[Hypothesis]:
    """What the beam finds for a source, the best first; the page finds the same."""
    [found] = beam_search(
        model,
        START_ID,
        source=torch.tensor([list(source)]),
        end_id=END_ID,
        max_new_tokens=MOST,
        beam_size=BEAM,
    )
    return found


def _texts() -> dict[str, str]:
    texts = {name: label(f"translator-support.{name}") for name in TEXTS}
    holes: dict[str, tuple[str, ...]] = {
        "empty": ("example",),
        "digits": ("example",),
        "unknown": ("words",),
        "long": ("most",),
        "answer": ("answer",),
        "wrong": ("right",),
        "cross": ("token",),
        "masked": ("token",),
        "encoder": ("token",),
        "crossSays": ("token", "first", "share"),
        "maskedSays": ("token", "first", "share"),
        "encoderSays": ("token", "first", "share"),
    }
    for name, inside in holes.items():
        key = name.replace("Says", "-says")
        texts[name] = label(
            f"translator-support.{key}", **{n: f"{{{n}}}" for n in inside}
        )
    return texts


def _first(text: str, french: Vocabulary, found: Sequence[Hypothesis]) -> str:
    """The first result as HTML: what the beam found."""
    others = "".join(
        f'<li><span lang="fr">{html.escape(french.decode(h.ids))}</span> '
        f"({_percent(math.exp(h.log_probability))})</li>"
        for h in found
    )
    title = html.escape(label("translator-support.first", text=text))
    return f"<p>{title}</p><ol>{others}</ol>"


def _percent(share: float) -> str:
    digits = 0 if share >= 0.1 else 1 if share >= 0.01 else 2
    return label(
        "live-support.percent", number=format_number(100 * share, digits=digits)
    )
