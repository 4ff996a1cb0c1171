"""Notebooks from top to bottom where their package and its extras are not installed.

The first cell really installs: the wheel of this checkout in place of the published
archive, the rest under the lock's constraints. Everything else of the book's
environment is there, as on Colab, and must stay as it is.

Two notebooks are run; all of them with EVERY_NOTEBOOK=1, once a week.
"""

import os
from pathlib import Path

import pytest
from bare import (
    PROJECT,
    Bare,
    assert_numbers_of_the_page,
    assert_ran,
    code_cells,
    install_from,
    made_notebook,
)
from nbclient import NotebookClient

from bilingual_book.project import LANGUAGES

# One in each language; the second reads data that the package ships.
NOTEBOOKS = [("fr", "attention"), ("en", "text-classifier")]
BEFORE = {"fr": "Installation d’environ ", "en": "Installing about "}
if os.environ.get("EVERY_NOTEBOOK"):
    NOTEBOOKS = [
        (language, slug) for language in LANGUAGES for slug in PROJECT.notebooks
    ]

# The longest notebook has three minutes, on a machine that has nothing else to do.
pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize(("language", "slug"), NOTEBOOKS)
def test_the_numbers_are_the_page_s(
    bare: Bare,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    slug: str,
) -> None:
    notebook = made_notebook(language, slug)
    install_from(notebook, bare.package)
    for name in set(os.environ) - set(bare.variables):
        monkeypatch.delenv(name)
    for name, text in bare.variables.items():
        monkeypatch.setenv(name, text)
    NotebookClient(
        notebook,
        timeout=600,
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    assert_ran(notebook)
    assert_numbers_of_the_page(notebook, language, slug)
    said = "".join(output.get("text", "") for output in code_cells(notebook)[0].outputs)
    assert said or (language, slug) != NOTEBOOKS[0]  # later ones may find all there
    assert not said or said.startswith(BEFORE[language])
