"""What Binder needs beside the notebooks, on the branch `notebooks`."""

import shutil
from pathlib import Path

from bilingual_book.notebooks.first_cell import (
    PACKAGE,
    package_address,
    package_settings,
    requirement_name,
)
from bilingual_book.project import Project

TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def write_binder(project: Project, folder: Path) -> None:
    """Write `binder/` into the folder of the notebooks.

    What the lessons import is installed; the whole lock constrains it, so that what
    comes along is pinned too. PyTorch comes from its own CPU index, because Binder has
    no GPU and little room.
    """
    target = folder / "binder"
    shutil.copytree(project.root / "binder", target, dirs_exist_ok=True)
    lines = [
        "# Generated: the lessons' part of the book's requirements.txt.",
        f"--extra-index-url {TORCH_CPU_INDEX}",
        "-c constraints.txt",
        *lesson_pins(project),
        f"{PACKAGE} @ {package_address(project)}",
    ]
    (target / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pins = "\n".join(["# Generated: the book's requirements.txt.", *lock(project)])
    (target / "constraints.txt").write_text(pins + "\n", encoding="utf-8")
    (target / "runtime.txt").write_text("python-3.11\n", encoding="utf-8")


def lock(project: Project) -> list[str]:
    """The pins of the book's environment."""
    lines = (project.root / "requirements.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def lesson_pins(project: Project) -> list[str]:
    """The lines of the lock for the packages that the lessons name."""
    settings = package_settings(project)
    wanted = settings["dependencies"] + settings["optional-dependencies"]["lessons"]
    names = {requirement_name(line) for line in wanted}
    return [line for line in lock(project) if requirement_name(line) in names]
