"""Formulas and the pages' scripts in Chromium, Firefox and WebKit.

Formulas are compared by geometry, for no two browsers draw the same pixels: what stands
in a row stands in its order and nothing over its neighbour, an index stands at its
letter, the rows of an aligned formula share an edge. The models that live in the pages
are compared with PyTorch, on the weights that the site has.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from engines import MISSING, Chromium, Engine, started
from near import approach
from playwright.sync_api import Error
from serving import CompressingHandler
from site_pages import CHAPTERS, PROJECT

from bilingual_book.project import LANGUAGES
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.live import load_packed
from transformers_explained.seq2seq import Transformer, TransformerConfig

# Its dear fixtures are made once.
pytestmark = pytest.mark.xdist_group("engines")

ENGINES = ("chromium", "firefox", "webkit")
DISPLAYED = [
    address
    for address in CHAPTERS
    if "{math}"
    in PROJECT.source(*address.removesuffix(".html").split("/")).read_text("utf-8")
]
# Both languages in one browser; in the others each page once, every other one French.
SLUGS = sorted({address.split("/")[1] for address in DISPLAYED})
ONCE = [f"{('fr', 'en')[i % 2]}/{slug}" for i, slug in enumerate(SLUGS)]
FORMULAS = [
    (name, address)
    for name in ENGINES
    for address in (DISPLAYED if name == "chromium" else ONCE)
]
# In every page, before any other script.
LISTENER = b"""<script>
window.problems = [];
addEventListener("error", (e) => problems.push(e.message || e.target.src), true);
addEventListener("unhandledrejection", (e) => problems.push(String(e.reason)));
console.error = (...words) => problems.push(words.join(" "));
</script>"""
MISDRAWN = r"""
const found = [], near = 1.5;
const box = (e) => {
  const all = [e, ...e.querySelectorAll("*")]
    .filter((x) => /^(mi|mo|mn|mtext)$/.test(x.localName))
    .filter((x) => x.textContent.trim().replace("\u2061", ""))
    .map((x) => x.getBoundingClientRect());
  return all.length && {
    left: Math.min(...all.map((b) => b.left)),
    right: Math.max(...all.map((b) => b.right)),
  };
};
const apart = (values) => values.length ? Math.max(...values) - Math.min(...values) : 0;
const formulas = [...document.querySelectorAll(".formula math")];
formulas.forEach((math, number) => {
  const tell = (what, e) =>
    found.push(`${number + 1}: ${what}: ${e.textContent.trim()}`);
  const em = parseFloat(getComputedStyle(math).fontSize);
  math.querySelectorAll("mrow, mstyle, mtd, msqrt").forEach((row) => {
    const pieces = [...row.children].map((e) => [e, box(e)]).filter(([, b]) => b);
    pieces.slice(1).forEach(([e, b], i) => {
      if (pieces[i][1].right > b.left + near) tell("over what stands before", e);
    });
  });
  math.querySelectorAll("msub, msup, msubsup").forEach((e) => {
    const [base, ...scripts] = [...e.children].map(box);
    scripts.forEach((b) => {
      if (base && b && Math.abs(b.left - base.right) > em / 2) tell("far index", e);
    });
  });
  math.querySelectorAll("mo").forEach((e) => {
    const { width } = e.getBoundingClientRect();
    if ("\u2295\u2296\u2297\u2299".includes(e.textContent) && width > 1.4 * em)
      tell("enlarged", e);
  });
  math.querySelectorAll("mover").forEach((e) => {
    const [base, bar] = [...e.children].map((c) => c.getBoundingClientRect());
    if (e.lastChild.textContent === "\u203e" && !(bar.width > 3 && bar.top <= base.top))
      tell("no bar", e);
  });
  math.querySelectorAll("mtable").forEach((table) => {
    const rows = [...table.children].map((row) => [...row.children]);
    rows[0].forEach((cell, column) => {
      const side = cell.getAttribute("style").match(/text-align:(left|right)/);
      if (!side) return;
      const boxes = rows.map((row) => row[column] && box(row[column]));
      const edges = boxes.filter(Boolean).map((b) => b[side[1]]);
      if (apart(edges) > near) tell("not aligned", table);
    });
  });
});
return [formulas.length, found];
"""
CLOSE = 1e-4  # of a browser's logits and PyTorch's, on the same weights
# The first with a choice of words; another may have a slider.
EXPLORER = (
    "[...document.querySelectorAll('attention-explorer')].map((e) => e.shadowRoot)"
    ".find((root) => root && root.querySelector('[aria-checked=true]'))"
)


class Listening(CompressingHandler):
    """Serve pages that note what goes wrong in them."""

    def read(self, path: Path) -> bytes:
        """A file; of a page, with the listener."""
        body: bytes = super().read(path)
        if path.suffix == ".html":
            return body.replace(b"<head>", b"<head>" + LISTENER, 1)
        return body


@pytest.fixture(scope="module")
def listening(site: Path, origin: str) -> Iterator[str]:
    """The address of a server whose pages note what goes wrong in them."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Listening, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def open_engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Start each browser once, when it is first asked for."""
    running: dict[str, Engine] = {}
    contexts: list[Any] = []

    def engine(name: str) -> Engine:
        if name not in running and name == "chromium":
            context = request.getfixturevalue("browser").new_context()
            contexts.append((context, None))
            running[name] = Chromium(context.new_page())
        elif name not in running:
            if missing := MISSING[name]():
                message = f"missing: apt-get install {' '.join(missing)}"
                if os.environ.get("REQUIRE_ALL") == "1":
                    pytest.fail(message)
                pytest.skip(message)
            context = started(name, tmp_path_factory.mktemp(name))
            running[name] = context.__enter__()
            contexts.append((None, context))
        return running[name]

    yield engine
    for page_context, context in contexts:
        if page_context is not None:
            page_context.close()
        else:
            context.__exit__(None, None, None)


def wait_until(engine: Engine, condition: str) -> None:
    """Wait for what a page will say."""
    end = time.monotonic() + 30
    while True:
        try:
            if engine.run(f"return Boolean({condition})"):
                return
        except (Error, RuntimeError):  # the page that was asked is being left
            pass
        assert time.monotonic() < end, condition
        time.sleep(0.1)


@pytest.mark.parametrize(("name", "address"), FORMULAS)
def test_formulas_are_drawn_in_order(
    open_engines: Any, listening: str, name: str, address: str
) -> None:
    engine = open_engines(name)
    engine.open(listening + address)
    wait_until(engine, "document.fonts.status === 'loaded'")
    count, misdrawn = engine.run(MISDRAWN)
    assert count
    assert misdrawn == []
    assert engine.run("return problems") == []


@pytest.mark.parametrize("name", ENGINES)
def test_a_reader_finds_the_way(
    open_engines: Any, listening: str, site: Path, name: str
) -> None:
    """Load, theme, explorer by keyboard, the other language, search; no error."""
    engine = open_engines(name)
    address = next(
        page
        for page in CHAPTERS
        if "<attention-explorer" in (site / page).read_text(encoding="utf-8")
    )
    engine.open(listening + address + "#50%")  # an address that somebody cut
    assert engine.run("return problems") == []
    assert engine.run("return !document.querySelector('button.theme').hidden")

    colour = "return getComputedStyle(document.body).backgroundColor"
    seen = set()
    for _ in range(3):  # as the system says, light, dark
        seen.add(engine.run(colour))
        engine.run("document.querySelector('button.theme').click()")
        time.sleep(0.3)
    assert len(seen) == 2

    # It may stand in a fold.
    engine.run("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    approach(engine)
    wait_until(engine, EXPLORER)
    says = f"return {EXPLORER}.querySelector('.says').textContent"
    before = engine.run(says)
    engine.run(f"{EXPLORER}.querySelector('[aria-checked=true]').focus()")
    engine.press("ArrowRight")
    assert engine.run(says) != before

    engine.run("document.querySelector('a.other').click()")
    wait_until(
        engine, f"location.pathname.endsWith('{address.replace('fr', 'en', 1)}')"
    )
    wait_until(engine, "document.readyState === 'complete'")
    assert engine.run("return document.documentElement.lang") == "en"
    assert engine.run("return problems") == []

    engine.open(f"{listening}fr/search.html?q=te%CC%82te")
    wait_until(engine, "document.querySelector('#results li')")
    assert engine.run("return problems") == []


def weights_of(site: Path, name: str, language: str) -> dict[str, Any]:
    """What the page of a living model loads, read as JSON."""
    page = {"translator": "translation", "teller": "language-model"}[name]
    text = (site / language / f"{page}.html").read_text(encoding="utf-8")
    [part] = {
        path
        for path in (site / "live").glob(f"{name}-*.js")
        if f'"{path.stem}"' in text and path.stem != f"{name}-explorer"
    }
    script = part.read_text(encoding="utf-8")
    start, end = script.index("'] = {") + len("'] = "), script.rindex(";")
    found: dict[str, Any] = json.loads(script[start:end])
    return found


@pytest.mark.parametrize("name", ENGINES)
def test_a_translator_in_a_browser_equals_pytorch(
    open_engines: Any, listening: str, site: Path, name: str
) -> None:
    """Scores of every token of a translation, and the text itself."""
    found = weights_of(site, "translator", "en")
    model = load_packed(Transformer(TransformerConfig(**found["config"])), found)
    special = found["special"]
    engine = open_engines(name)
    engine.open(f"{listening}en/translation.html")
    approach(engine)
    wake = "return document.querySelector('translator-explorer').wake()"
    for words in (["ninety-", "nine"], ["one", "hundred", "thousand", "and", "one"]):
        source = [found["english"].index(word) for word in words] + [special["endId"]]
        ids = engine.run(
            f"const [given] = arguments; {wake}.then((live) => live.greedy(given))",
            source,
        )
        written = [special["startId"], *ids[:-1]]
        scores = engine.run(
            "const given = arguments; "
            f"{wake}.then((live) => live.scores(given[0], given[1]))",
            source,
            written,
        )
        with torch.no_grad():
            expected, _ = model(torch.tensor([source]), torch.tensor([written]))
        assert (torch.tensor(scores) - expected[0]).abs().max() < CLOSE
        assert ids == expected[0].argmax(dim=-1).tolist()
        text = " ".join(found["french"][i] for i in ids[:-1]).replace("- ", "-")
        assert (text == "quatre-vingt-dix-neuf") is (words[0] == "ninety-")
    assert engine.run("return problems") == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ENGINES)
def test_a_teller_in_a_browser_equals_pytorch(
    open_engines: Any, listening: str, site: Path, name: str, language: str
) -> None:
    found = weights_of(site, "teller", language)
    model = load_packed(LanguageModel(LanguageModelConfig(**found["config"])), found)
    engine = open_engines(name)
    engine.open(f"{listening}{language}/language-model.html")
    approach(engine)
    ids, scores = engine.run(
        "return document.querySelector('teller-explorer').wake()"
        ".then((live) => [live.ids, live.scores(live.ids)])"
    )
    assert len(ids) > 4
    with torch.no_grad():
        expected, _ = model(torch.tensor([ids]))
    assert (torch.tensor(scores) - expected[0]).abs().max() < CLOSE
    assert engine.run("return problems") == []
