"""What the package says of itself, and of what is missing."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import transformers_explained

ROOT = Path(__file__).parents[2]
WITHOUT = """
import sys
sys.modules[{missing!r}] = None  # as where it is not installed
import transformers_explained.{module}
"""


@pytest.mark.parametrize(
    ("module", "missing"),
    [
        ("training", "accelerate"),
        ("training", "safetensors"),
        ("training", "tqdm"),
        ("tokenization", "regex"),
        ("data.number_words", "num2words"),
        ("pretrained", "safetensors"),
    ],
)
def test_a_missing_extra_is_named(module: str, missing: str) -> None:
    code = WITHOUT.format(module=module, missing=missing)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    last = done.stderr.splitlines()[-1]
    assert f"{missing}" in last
    assert 'pip install "transformers-explained[lessons]"' in last
    assert "During handling" not in done.stderr


def test_the_version_is_true() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert transformers_explained.__version__ == settings["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {settings['project']['version']}\n" in citation
