"""Train the encoder of the chapter `text-classifier` with five other seeds.

`python -m benchmarks.text_classifier` runs the chapter's own cells, as far as its
function `train_classifier`, calls that with the seeds 1 to 5, and writes for the
chapter the accuracies on the test, which way the mistakes lean, and for each review of
the test how many seeds classify it rightly. Nothing is chosen from them.
"""

import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

PAGE = Path("book/en/text-classifier.md")
RECORD = Path("code/transformers_explained/chapters/text_classifier/seeds.json")
SEEDS = (1, 2, 3, 4, 5)
CELL = re.compile(r"^```\{code-cell\} python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page_names(page: Path = PAGE) -> dict[str, Any]:
    """What the page defines, down to the cell that defines `train_classifier`.

    Raises:
        ValueError: if no cell of the page defines it.
    """
    names: dict[str, Any] = {}
    for source in CELL.findall(page.read_text(encoding="utf-8")):
        if source.startswith((":tags: [evidence]", "---")):
            continue
        exec(compile(source, str(page), "exec"), names)
        if "train_classifier" in names:
            return names
    raise ValueError(f"{page} defines no train_classifier")


def measure(
    names: dict[str, Any], seed: int
) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Train one encoder a language, and one without positions: the shares of right
    answers, and which answers are right."""
    found: dict[str, float] = {}
    answers: dict[str, Tensor] = {}
    for name, language, positions in (
        ("encoder-fr", "fr", True),
        ("encoder-en", "en", True),
        ("no-positions-en", "en", False),
    ):
        model, _ = names["train_classifier"](language, seed, positions)
        right = names["right_answers"](model, language, "test")
        answers[name] = right
        found[name] = right.double().mean().item()
        if name == "encoder-en":
            truth = names["data"][language, "test"][1]
            found["negative-called-positive-en"] = int((~right & (truth == 0)).sum())
            found["positive-called-negative-en"] = int((~right & (truth == 1)).sum())
    return found, answers


def main() -> None:
    """Train with every seed and write the record."""
    torch.set_num_threads(1)
    names = page_names()
    runs = []
    for seed in SEEDS:
        runs.append(measure(names, seed))
        print(f"seed {seed}: {runs[-1][0]}", flush=True)
    record = {
        "command": "python -m benchmarks.text_classifier",
        "torch": torch.__version__,
        "seeds": list(SEEDS),
        **{name: [found[name] for found, _ in runs] for name in runs[0][0]},
        **{
            f"seeds-right-{name}": "".join(
                str(int(count))
                for count in sum(answers[name].long() for _, answers in runs)
            )
            for name in runs[0][1]
        },
    }
    lines = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in record.items()]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
