"""Choose how to train the translator, on numbers that are only for choosing.

    python -m transformers_explained.chapters.translation.choose_recipe

Written before the first run: the model is 64 wide, so that a laptop trains it within
the page, and the candidates differ in their highest learning rate; each
is trained with the seeds 11 and 12, and judged by the validation numbers alone. The
highest mean of the exact matches with three, four and five digits wins; if two are
equal, the lower rate, which is the older choice. The test numbers and the seeds 1 to 5
are for `python -m benchmarks.learn`.
"""

import json
import statistics
from dataclasses import replace
from pathlib import Path

import torch

from transformers_explained.seq2seq import Transformer
from transformers_explained.tasks.examples import collate, example_length
from transformers_explained.tasks.sequence_pairs import smoothed_loss
from transformers_explained.tasks.translation import (
    exact_match_by_digits,
    translation_config,
    translation_data,
    translation_training,
)
from transformers_explained.training import set_seed, train

RATES = (1e-3, 2e-3)
SEEDS = (11, 12)
RECORD = Path(__file__).with_name("recipe_choice.json")


def validation_shares(rate: float, seed: int) -> dict[int, float]:
    """Train once; digits -> share of the validation numbers that come out right."""
    data = translation_data(seed)
    set_seed(seed)
    model = Transformer(translation_config(data.english, data.french))
    config = replace(translation_training(seed), learning_rate=rate)
    examples = data.examples(data.splits.train)
    train(model, examples, smoothed_loss, collate, config, length=example_length)
    return exact_match_by_digits(model, data, data.splits.valid)


def main() -> None:
    """Try every candidate, write what came and which one is chosen."""
    torch.set_num_threads(1)
    tried: dict[float, list[dict[int, float]]] = {rate: [] for rate in RATES}
    for seed in SEEDS:
        for rate in RATES:
            tried[rate].append(validation_shares(rate, seed))
            print(f"rate {rate}, seed {seed}: {tried[rate][-1]}", flush=True)
    means = {
        rate: statistics.fmean(share for run in runs for share in run.values())
        for rate, runs in tried.items()
    }
    record = {
        "command": f"python -m {__spec__.name if __spec__ else __name__}",
        "seeds": SEEDS,
        "validation": tried,
        "means": means,
        "chosen": max(RATES, key=lambda rate: (means[rate], -rate)),
        "torch": torch.__version__,
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(f"means {means}, chosen {record['chosen']}")


if __name__ == "__main__":
    main()
