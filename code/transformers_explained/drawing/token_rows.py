"""Texts as vocabularies cut them: rows of tokens."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from transformers_explained.drawing.diagrams import diagram, note, token_strip
from transformers_explained.drawing.style import TEXT_SIZE
from transformers_explained.lesson.labels import label

VOCABULARY_NAMES = {
    "minilm": "MiniLM",
    "smollm2": "SmolLM2",
    "e5": "multilingual-e5",
}
VOCABULARY_COLORS = {"minilm": "key", "smollm2": "query", "e5": "value"}


def token_rows(
    pieces: Mapping[str, Sequence[Sequence[str]]], *, width: float = 6.6
) -> Figure:
    """Draw texts as vocabularies cut them, with the numbers of tokens.

    Args:
        pieces: a name of `VOCABULARY_NAMES` -> one list of tokens per text.
        width: in inches; what does not fit goes on in the next line.
    """
    rows = {
        name: [line for tokens in texts for line in _lines(tokens, width - 0.1)]
        for name, texts in pieces.items()
    }
    step = 0.46
    height = sum(0.36 + step * len(lines) for lines in rows.values()) + 0.1
    figure, ax = diagram(width, height)
    y = height - 0.18
    for name, lines in rows.items():
        numbers = ", ".join(str(len(tokens)) for tokens in pieces[name])
        heading = label(
            "tokens-support.heading", name=VOCABULARY_NAMES[name], numbers=numbers
        )
        color = VOCABULARY_COLORS[name]
        note(ax, (0.05, y), heading, color=color, align="left")
        y -= 0.38
        for line in lines:
            token_strip(ax, line, (0.05, y), color=color, gap=0.04)
            y -= step
        y += step - 0.36
    return figure


def _lines(tokens: Sequence[str], width: float) -> list[list[str]]:
    """Tokens in as many lines as they need."""
    lines: list[list[str]] = [[]]
    left = width
    for token in tokens:
        needed = 0.2 + len(token) * TEXT_SIZE * 0.0092
        if needed > left and lines[-1]:
            lines.append([])
            left = width
        lines[-1].append(token)
        left -= needed
    return lines
