"""What Binder needs beside the notebooks, on the branch `notebooks`."""

import os
import re
import shutil
import tomllib
from pathlib import Path

from bilingual_book.project import Project

TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def write_binder(project: Project, folder: Path) -> None:
    """Write `binder/` into the folder of the notebooks.

    The environment is that of the lock, cut down to what the lessons import; PyTorch
    comes from its own CPU index, because Binder has no GPU and little room.
    """
    target = folder / "binder"
    shutil.copytree(project.root / "binder", target, dirs_exist_ok=True)
    lines = [
        "# Generated: the lessons' part of the book's requirements.txt.",
        f"--extra-index-url {TORCH_CPU_INDEX}",
        *lesson_pins(project),
        f"transformers-explained @ {package_address(project)}",
    ]
    (target / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (target / "runtime.txt").write_text("python-3.11\n", encoding="utf-8")


def package_address(project: Project) -> str:
    """Where pip finds the package: the very commit, when a workflow says which."""
    revision = os.environ.get("GITHUB_SHA", project.repository.branch)
    return f"git+{project.repository.url}@{revision}"


def lesson_pins(project: Project) -> list[str]:
    """The lines of the lock for the packages that the lessons name."""
    settings = tomllib.loads((project.root / "pyproject.toml").read_text("utf-8"))
    wanted = settings["project"]["dependencies"]
    wanted = wanted + settings["project"]["optional-dependencies"]["lessons"]
    names = {re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0].lower() for line in wanted}
    lock = (project.root / "requirements.txt").read_text("utf-8").splitlines()
    return [line for line in lock if line.split("==")[0].lower() in names]
