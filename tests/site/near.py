"""Scripts of explorers and quizzes, which come when a reader comes near."""

from typing import Any

from engines import Chromium
from playwright.sync_api import Page

# Goes to each in turn, opens the folds around it for a moment, and comes back.
APPROACH = """
const there = (name) => name.endsWith("-explorer") ? customElements.get(name)
  : document.querySelector(".quiz-options.alive, .quiz-form");
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));
return (async () => {
  const at = scrollY;
  for (const script of document.querySelectorAll("script[data-near]:not([src])")) {
    const name = script.dataset.near;
    const element = document.querySelector(name);
    const folds = [];
    for (let e = element; e; e = e.parentElement)
      if (e.matches("details:not([open])")) folds.push(e);
    folds.forEach((fold) => (fold.open = true));
    element.scrollIntoView({ behavior: "instant", block: "center" });
    while (!there(name)) await soon();
    folds.forEach((fold) => (fold.open = false));
  }
  scrollTo({ top: at, behavior: "instant" });
})();
"""


def approach(browser: Page | Any) -> None:
    """Have all scripts come that wait until a reader is near."""
    engine = Chromium(browser) if isinstance(browser, Page) else browser
    engine.run(APPROACH)
