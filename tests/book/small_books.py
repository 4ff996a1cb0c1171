"""Small books to try the machinery on."""

import shutil
from pathlib import Path

from bilingual_book.project import LANGUAGES, Project

ROOT = Path(__file__).parents[2]

FRONT = """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3, language: python}
---
"""
# The page speaks its language without importing the package: a kernel starts fast.
# Each execution leaves a trace that no cache can fake.
COUNTED = """\
```{{code-cell}} python
import os

def use_language(language):
    with open(os.environ["EXECUTIONS"], "a") as trace:
        print("{slug}", language, file=trace)

use_language("{language}")
```
"""
# What a chapter has for itself.
OWN = ("figures.py", "checks.py")
TOC = """\
format: jb-book
root: intro
parts:
  - caption: start
    chapters:
      - file: one
      - file: two
"""


def add_settings(root: Path) -> None:
    """Give a small book the real book's configuration."""
    for name in ("_config.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    shutil.copy(ROOT / "book" / "languages.yml", root / "book")
    (root / "code" / "transformers_explained" / "chapters" / "one").mkdir(parents=True)
    (root / "requirements.txt").write_text("a==1\n", encoding="utf-8")


def write_book(root: Path) -> Project:
    """A book of one page of text and two with code; nothing of it has run."""
    for language in LANGUAGES:
        folder = root / "book" / language
        folder.mkdir(parents=True)
        (folder / "intro.md").write_text("(intro)=\n# Livre\n", encoding="utf-8")
        for slug in ("one", "two"):
            text = f"{FRONT}({slug})=\n# {slug}\n\nProse.\n\n"
            text += COUNTED.format(slug=slug, language=language)
            (folder / f"{slug}.md").write_text(text, encoding="utf-8")
    (root / "_toc.yml").write_text(TOC, encoding="utf-8")
    (root / "book" / "references.bib").touch()
    add_settings(root)
    package = root / "code" / "transformers_explained"
    (package / "attention.py").write_text("x = 1\n", encoding="utf-8")
    for path in OWN:
        (package / "chapters" / "one" / path).write_text("x = 1\n", encoding="utf-8")
    return Project(root)
