"""What SmolLM2 answers to a dozen questions: the record that the chapter reads.

`python -m transformers_explained.chapters.language_model.assistant` asks them, each in
English and in French, and writes the answers beside this file. It takes about two
minutes on one thread. The questions were written before any answer was read. The
likeliest token is taken each time, so that the answers come out the same each time.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch

from transformers_explained.data.reviews import Language
from transformers_explained.tasks.assistant import load_assistant

__all__ = ["QUESTIONS", "answers"]

RECORD = "assistant.json"
MAX_NEW_TOKENS = 40
# The same question in both languages, and the words that a right answer holds.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "What is the capital of France?",
        "Quelle est la capitale de la France ?",
        "Paris",
    ),
    ("What is the capital of Togo?", "Quelle est la capitale du Togo ?", "Lom"),
    (
        "How many legs does a spider have?",
        "Combien de pattes a une araignée ?",
        "8|eig|hui",
    ),
    ("What is 7 times 8?", "Combien font 7 fois 8 ?", "56"),
    ("What color is the sky?", "De quelle couleur est le ciel ?", "blue|bleu"),
    (
        "Who wrote the novel Ségou et le baobab volant?",
        "Qui a écrit le roman Ségou et le baobab volant ?",
        "",
    ),
)


def answers(language: Language) -> list[dict[str, Any]]:
    """Question, answer and whether it holds what was expected, as last recorded."""
    path = files("transformers_explained.chapters.language_model") / RECORD
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return list(record["answers"][language])


def main() -> None:
    """Ask, print, write."""
    torch.set_num_threads(1)
    assistant = load_assistant(max_len=256)
    found: dict[str, list[dict[str, Any]]] = {"en": [], "fr": []}
    for english, french, expected in QUESTIONS:
        for language, question in (("en", english), ("fr", french)):
            answer = assistant.answer(question, max_new_tokens=MAX_NEW_TOKENS)
            right = any(e and e in answer for e in expected.split("|"))
            found[language].append(
                {"question": question, "answer": answer, "right": right}
            )
            print(f"{question}\n    {answer}", flush=True)
    record = {
        "max_new_tokens": MAX_NEW_TOKENS,
        "torch": torch.__version__,
        "answers": found,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (Path(__file__).parent / RECORD).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
