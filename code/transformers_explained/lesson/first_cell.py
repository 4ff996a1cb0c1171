"""What the first cell of every page says: in which language the page speaks."""

from transformers_explained.drawing.style import set_style
from transformers_explained.lesson.language import set_language


def use_language(language: str) -> None:
    """Choose the language of every figure and message, and set the figures' style.

    Args:
        language: "fr" or "en".

    Raises:
        ValueError: for any other language.
    """
    set_language(language)
    set_style()
