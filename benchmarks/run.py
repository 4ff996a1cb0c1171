"""`python -m benchmarks.run` (or `make bench`): time the package, write `results.md`.

Everything is fixed in the code: shapes, sizes, number of pairs, thresholds. A ratio is
ours / reference, the median over interleaved pairs of calls, in CPU time of the process
on one thread; below 1 is faster than the reference. A row that misses its threshold
makes the command fail, after the table is written.
"""

import os
import platform
import statistics
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import torch
import transformers

from benchmarks import generation, language_model, layers
from benchmarks.timing import Row

RESULTS = Path(__file__).with_name("results.md")
LAYER_LIMIT = 1.03
GEOMETRIC_MEAN_LIMIT = 1.00
MODEL_LIMIT = 1.00
GENERATION_LIMITS = (0.17, 0.06, 0.6)


def main() -> int:
    """Time, print, write; 1 if a threshold is missed."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    layer_rows = _announce(layers.rows())
    model_rows = _announce(language_model.rows())
    generation_rows = _announce(generation.rows())
    mean = statistics.geometric_mean(row.comparison.ratio for row in layer_rows)
    met = [row.comparison.ratio <= LAYER_LIMIT for row in layer_rows]
    met += [row.comparison.ratio <= MODEL_LIMIT for row in model_rows]
    met += [
        row.comparison.ratio <= limit
        for row, limit in zip(generation_rows, GENERATION_LIMITS, strict=True)
    ]
    met.append(mean <= GEOMETRIC_MEAN_LIMIT)
    RESULTS.write_text(
        _page(layer_rows, model_rows, generation_rows, mean), encoding="utf-8"
    )
    print(f"geometric mean {mean:.3f}; {sum(met)} of {len(met)} thresholds met")
    return 0 if all(met) else 1


def _announce(rows: Iterator[Row]) -> list[Row]:
    collected = []
    for row in rows:
        print(row.what, row.reference, row.mode, row.shape, _ratio(row), flush=True)
        collected.append(row)
    return collected


def _ratio(row: Row) -> str:
    return f"{row.comparison.ratio:.3f}"


def _line(row: Row, limit: float) -> str:
    first, third = row.comparison.quartiles
    ours = statistics.median(row.comparison.ours) * 1_000
    reference = statistics.median(row.comparison.reference) * 1_000
    cells = (
        row.what,
        row.reference,
        row.mode,
        row.shape,
        f"{ours:,.1f}",
        f"{reference:,.1f}",
        f"**{_ratio(row)}**",
        f"{first:.3f} – {third:.3f}",
        f"≤ {limit:g}",
        "yes" if row.comparison.ratio <= limit else "**no**",
    )
    return "| " + " | ".join(cells) + " |"


def _page(
    layer_rows: list[Row],
    model_rows: list[Row],
    generation_rows: list[Row],
    mean: float,
) -> str:
    head = (
        "| what | reference | mode | shape | ours, ms | reference, ms | ratio "
        "| quartiles | threshold | met |\n"
        "|---|---|---|---|--:|--:|--:|---|---|---|"
    )
    layer_lines = [_line(row, LAYER_LIMIT) for row in layer_rows]
    generation_lines = [
        _line(row, limit)
        for row, limit in zip(generation_rows, GENERATION_LIMITS, strict=True)
    ]
    verdict = "met" if mean <= GEOMETRIC_MEAN_LIMIT else "**not met**"
    return "\n".join(
        (
            "# Speed",
            "",
            "Written by `make bench`. A ratio is ours / reference: the median over "
            "interleaved pairs of calls, in CPU time of the process, on one thread. "
            "Below 1, ours is faster. Weights are copied and outputs compared before "
            "anything is timed.",
            "",
            f"- Date: {date.today().isoformat()}",
            f"- Machine: {_processor()}, {os.cpu_count()} cores visible, "
            f"{platform.system()} {platform.machine()}; one thread used",
            f"- Versions: Python {platform.python_version()}, PyTorch "
            f"{torch.__version__} ({torch.backends.cpu.get_cpu_capability()}), "
            f"Transformers {transformers.__version__}",
            "",
            "## Attention and encoder layer",
            "",
            f"d_model {layers.D_MODEL}, {layers.NUM_HEADS} heads, d_ff {layers.D_FF}, "
            "no dropout, no mask. Training is a forward and a backward pass.",
            "",
            head,
            *layer_lines,
            "",
            f"Geometric mean of the ratios: **{mean:.3f}** "
            f"(threshold ≤ {GEOMETRIC_MEAN_LIMIT:.2f}, {verdict}).",
            "",
            "## Language model",
            "",
            "A step of training, AdamW included, against a model as plainly as it is "
            "usually written (`benchmarks/plain_gpt.py`): one projection for queries, "
            f"keys and values. Same weights, no dropout, {language_model.VOCAB_SIZE} "
            "characters.",
            "",
            head,
            *(_line(row, MODEL_LIMIT) for row in model_rows),
            "",
            "## Generation",
            "",
            f"Greedy, {generation.NEW_TOKENS} new tokens after a prompt of "
            f"{generation.PROMPT}; {generation.CONFIG.n_layer} layers, d_model "
            f"{generation.CONFIG.n_embd}, {generation.CONFIG.n_head} heads, vocabulary "
            f"of {generation.CONFIG.vocab_size:,}.",
            "",
            head,
            *generation_lines,
            "",
        )
    )


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.processor() or "unknown processor"


if __name__ == "__main__":
    sys.exit(main())
