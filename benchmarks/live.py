"""`python -m benchmarks.live` (or `make bench`): time the models that live in a page.

Chromium opens each from a file and writes, its processor made four times slower, as a
telephone is; what is counted are tokens a second, the median of five runs after one to
warm up. Nothing is asserted: a machine has good and bad minutes. Writes `live.md`.
"""

import os
import platform
import shutil
import statistics
import sys
import tempfile
from datetime import date
from pathlib import Path

import torch
from playwright.sync_api import Page, sync_playwright

from transformers_explained.chapters.language_model import tales_model
from transformers_explained.data.tales import load_tales
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.live.teller import teller_bundle
from transformers_explained.live.translator import translator_bundle
from transformers_explained.seq2seq import Transformer
from transformers_explained.tasks.translation import (
    translation_config,
    translation_data,
)

RESULTS = Path(__file__).with_name("live.md")
SLOWER = (1, 4)
RUNS, TALE_TOKENS = 5, 100
# Each returns (tokens, milliseconds); the weights do not change the time of a token.
TRANSLATE = """([sources]) => {
  const live = document.querySelector("translator-explorer").live;
  const start = performance.now();
  const tokens = sources.reduce((sum, ids) => sum + live.greedy(ids, 10).length, 0);
  return [tokens, performance.now() - start];
}"""
TELL = """([tokens]) => {
  const live = document.querySelector("teller-explorer").live;
  const text = live.engine.start(), start = performance.now();
  let id = live.model.endId;
  for (let i = 0; i < tokens; i++) {
    const [scores] = live.engine.read([id], text);
    const chances = live.chancesOf(scores), drawn = Math.random();
    let sum = 0;
    id = chances.findIndex((chance) => (sum += chance) > drawn);
    if (id < 0) id = 0;
  }
  return [tokens, performance.now() - start];
}"""


def main() -> int:
    """Time, print, write."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    use_language("en")
    data = translation_data(1)
    pairs = data.splits.test[:40]
    model = Transformer(translation_config(data.english, data.french)).eval()
    teller = tales_model.load_tales_model("en")
    texts = [tale.text for tale in load_tales("en", "train")]
    given = (tales_model.tales_tokenizer("en"), tales_model.BEGINNINGS["en"], texts)
    pages = {
        "translator": translator_bundle(model, data.english, data.french, [99]),
        "teller": teller_bundle(teller, *given),
    }
    sources = [data.english.encode(pair.english) for pair in pairs]
    tasks = {"translator": (TRANSLATE, sources), "teller": (TELL, TALE_TOKENS)}
    sizes = {"translator": model, "teller": teller}
    lines = []
    path = shutil.which("chromium")
    with sync_playwright() as tools, tempfile.TemporaryDirectory() as folder:
        browser = tools.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name, bundle in pages.items():
            file = Path(folder) / f"{name}.html"
            page_text = f'<!doctype html><html lang="en">{bundle["text/html"]}'
            file.write_text(page_text, encoding="utf-8")
            page = browser.new_page()
            page.goto(file.as_uri())
            page.get_by_role("button").click()
            page.locator(f"live-{name}").wait_for()
            rates = [rate(page, *tasks[name], slower=slower) for slower in SLOWER]
            count = sum(p.numel() for p in sizes[name].parameters())
            cells = (name, f"{count:,}", *(f"{r:,.0f}" for r in rates))
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
        version = browser.version
        browser.close()
    RESULTS.write_text(page_of_results(lines, version), encoding="utf-8")
    return 0


def rate(page: Page, script: str, given: object, *, slower: int) -> float:
    """Tokens a second, the median of some runs."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    rates = []
    for _ in range(1 + RUNS):
        tokens, milliseconds = page.evaluate(script, [given])
        rates.append(1_000 * tokens / milliseconds)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return statistics.median(rates[1:])


def page_of_results(lines: list[str], version: str) -> str:
    """What `live.md` says."""
    return "\n".join(
        (
            "# Models that live in a page",
            "",
            "Written by `make bench`. Tokens a second in Chromium, from a file, the "
            f"median of {RUNS} runs; then with its processor made four times slower. "
            "The translator writes greedily, reading its sources included; the teller "
            f"draws {TALE_TOKENS} tokens. The goal is 100 tokens a second when slowed.",
            "",
            f"- Date: {date.today().isoformat()}",
            f"- Machine: {os.cpu_count()} cores visible, {platform.system()} "
            f"{platform.machine()}; Chromium {version}",
            "",
            "| model | parameters | tokens/s | four times slower |",
            "|---|--:|--:|--:|",
            *lines,
            "",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
