"""The seeds that the chapter `translation` reads are those of `make learn`."""

import json
import re
from importlib.resources import files
from pathlib import Path

from benchmarks.learn import SEEDS

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "learn.md"


def test_the_packaged_seeds_are_those_of_the_benchmark() -> None:
    path = (
        files("transformers_explained.chapters.translation") / "number_words_seeds.json"
    )
    packaged = json.loads(path.read_text(encoding="utf-8"))
    row = re.compile(
        rf"^\| {re.escape(packaged['task'])} \| (\d+) \| ([\d.]+)% \| ([\d.]+)% \|",
        re.MULTILINE,
    )
    rows = row.findall(BENCHMARK.read_text(encoding="utf-8"))
    assert [int(seed) for seed, _, _ in rows] == packaged["seeds"] == list(SEEDS)
    for name, column in (("ours", 1), ("reference", 2)):
        written = [f"{share:.3%}" for share in packaged[name]]
        assert written == [f"{found[column]}%" for found in rows]
