"""A folder of wheels from which the notebooks are installed without a network."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bilingual_book.errors import BookError
from bilingual_book.project import Project

TORCH_CPU = "https://download.pytorch.org/whl/cpu"
Run = Callable[[Sequence[str]], object]


def run_command(command: Sequence[str]) -> None:
    """Run pip.

    Raises:
        BookError: If it fails.
    """
    if subprocess.run(command, check=False).returncode:
        raise BookError("pip has failed; its message stands above")


def make_wheelhouse(project: Project, run: Run = run_command) -> Path:
    """Fetch every wheel of `requirements.txt`, and make the course's own.

    They fit machines of this kind with this Python: pip decides by the machine that
    asks, also when it is told of another one.

    Args:
        project: The book.
        run: Runs a command.

    Returns:
        The folder, with a `requirements.txt` of its own.
    """
    folder = project.build / "wheelhouse"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "requirements.txt"
    lines = (project.root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if not line.startswith(("-e", "#"))]
    wanted.write_text("\n".join(pinned) + "\n", encoding="utf-8")
    run(download_command(wanted, folder))
    pip = [sys.executable, "-m", "pip"]
    run([*pip, "wheel", str(project.root), "--no-deps", "--wheel-dir", str(folder)])
    with wanted.open("a", encoding="utf-8") as file:
        file.write("transformers-explained\n")
    return folder


def download_command(wanted: Path, folder: Path) -> list[str]:
    """The call of pip that fetches the wheels."""
    command = [sys.executable, "-m", "pip", "download", "--requirement", str(wanted)]
    command += ["--dest", str(folder), "--only-binary=:all:"]
    # PyTorch's own index: on Linux, without 3 GB for graphics cards.
    on_linux = ["--extra-index-url", TORCH_CPU]
    return [*command, *(on_linux if sys.platform == "linux" else [])]


def install_line() -> str:
    """What is typed on a machine of the classroom, beside the folder."""
    return (
        "pip install --no-index --find-links wheelhouse "
        "--requirement wheelhouse/requirements.txt"
    )
