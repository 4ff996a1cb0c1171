"""A teller of tales, living in the page.

A reader writes a beginning, sees the distribution of the next token, moves temperature,
top-k and top-p, takes a token or has one drawn, and sees the sum behind each weight of
the attention. Before the model is loaded, on paper and without a script, a distribution
and a text that Python computed stand there.
"""

import base64
import html
from collections.abc import Iterable

import torch

from transformers_explained.decoding import sample
from transformers_explained.drawing import bar_chart
from transformers_explained.drawing.style import render
from transformers_explained.language_model import LanguageModel
from transformers_explained.lesson.display import show
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.number_format import format_number
from transformers_explained.live.element import live_element
from transformers_explained.live.weights import packed, rounded
from transformers_explained.tokenization import BPETokenizer

TEXTS = (
    *("title", "help", "write", "draw", "back", "again", "temperature", "all", "next"),
    *("map", "map-name", "layer", "head", "hidden", "empty", "end"),
    *("token-head", "drawn-head", "says-head"),
)
HOLES = {
    "more": ("number",),
    "odd": ("signs",),
    "full": ("most",),
    "added": ("text",),
    "take": ("token", "share"),
    "cell": ("asks", "answers", "share"),
    "tells": ("asks", "answers", "share", "product", "score"),
    "divided": ("product", "size", "score"),
    "shared": ("power", "score", "count", "sum", "share"),
}
SHOWN, WRITTEN = 8, 40  # tokens: of the first distribution, of the first text
TEMPERATURE, TOP_P = 0.8, 0.9


def explore_teller(
    model: LanguageModel, tokenizer: BPETokenizer, beginning: str, texts: Iterable[str]
) -> None:
    """Let the reader write with a trained model, in the page.

    Args:
        model: what was trained.
        tokenizer: how it reads.
        beginning: what stands there from the start.
        texts: what it was trained on; a character that is in none of them is named.

    Raises:
        ValueError: if the page cannot compute such a model.
    """
    show(teller_bundle(model, tokenizer, beginning, texts))


def teller_bundle(
    model: LanguageModel, tokenizer: BPETokenizer, beginning: str, texts: Iterable[str]
) -> dict[str, str]:
    """What `explore_teller` shows, by its MIME type."""
    small = rounded(model)
    end = tokenizer.end_id
    prompt = torch.tensor([[end, *tokenizer.encode(beginning)]])
    with torch.no_grad():
        scores, _ = small(prompt)
    top = scores[0, -1].softmax(dim=-1).topk(SHOWN)
    chances = {
        shown_token(tokenizer, i): p
        for p, i in zip(top.values.tolist(), top.indices.tolist(), strict=True)
    }
    row = sample(
        small,
        prompt,
        max_new_tokens=WRITTEN,
        temperature=TEMPERATURE,
        top_p=TOP_P,
        generator=torch.Generator().manual_seed(0),
    )[0, 1:]
    written = tokenizer.decode(row.tolist())
    model_data = packed(model) | {
        "vocabulary": tokenizer.vocabulary,
        "merges": [" ".join(pair) for pair in tokenizer.merges],
        "special": tokenizer.special.listed(),
        "endId": end,
        "signs": "".join(sorted({sign for text in texts for sign in text})),
    }
    data = {"beginning": beginning, "text": _texts()}
    picture = bar_chart(
        {token: 100 * p for token, p in chances.items()},
        title=label("teller-support.first-next", text=beginning),
        x_label="%",
        digits=1,
    )
    return {
        "text/html": live_element(
            "teller", data, model_data, _first(beginning, chances)
        ),
        "application/pdf": base64.b64encode(render(picture, "pdf")).decode(),
        "text/plain": " ".join(written.split()),
    }


def shown_token(tokenizer: BPETokenizer, i: int) -> str:
    """A token with its spaces and line ends made visible, as the page shows it; a piece
    of a character as the sign that byte-pair encoding has for it."""
    if i == tokenizer.end_id:
        return label("teller-support.end")
    text = tokenizer.decode([i])
    if "\ufffd" in text:
        return tokenizer.vocabulary[i]
    return text.replace(" ", "␣").replace("\n", "⏎")


def _texts() -> dict[str, str]:
    def camel(name: str) -> str:
        first, *rest = name.split("-")
        return first + "".join(part.capitalize() for part in rest)

    texts = {camel(name): label(f"teller-support.{name}") for name in TEXTS}
    for name, inside in HOLES.items():
        texts[name] = label(f"teller-support.{name}", **{n: f"{{{n}}}" for n in inside})
    return texts


def _first(beginning: str, chances: dict[str, float]) -> str:
    """The first result as HTML: the likeliest next tokens."""
    tokens = ", ".join(
        f"<code>{html.escape(token)}</code> {_percent(p)}"
        for token, p in chances.items()
    )
    title = html.escape(label("teller-support.first-next", text=beginning))
    return f"<p>{title}{label('teller-support.colon')} {tokens}.</p>"


def _percent(share: float) -> str:
    number = format_number(100 * share, digits=0 if share >= 0.1 else 1)
    return label("live-support.percent", number=number)
