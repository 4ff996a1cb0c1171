"""A Python where the book's package and what its chapters need are not installed.

The rest of the book's environment is there, as on Colab.
"""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from bilingual_book.notebooks import first_cell
from bilingual_book.notebooks.binder import lock
from bilingual_book.notebooks.links import reported_numbers
from bilingual_book.project import Project
from bilingual_book.runs.execute import run_environment
from bilingual_book.runs.outputs import read_notebook

ROOT = Path(__file__).parents[2]
PROJECT = Project(ROOT)


@dataclass(frozen=True)
class Bare:
    """What a notebook is run with.

    Attributes:
        variables: The environment of its process: Jupyter finds the bare Python there,
            pip the pins of the lock.
        package: The address of the package of this checkout, as a wheel.
    """

    variables: Mapping[str, str]
    package: str


def make_bare(folder: Path) -> Bare:
    """A bare Python in a folder with a space and an accent."""
    names = [first_cell.PACKAGE]
    lessons = first_cell.package_settings(PROJECT)["optional-dependencies"]["lessons"]
    names += map(first_cell.requirement_name, lessons)
    python = environment_without(names, folder / "à part")
    register_kernel(python, folder / "jupyter")
    pins = folder / "pins.txt"
    pins.write_text("\n".join(lock(PROJECT)) + "\n", encoding="utf-8")
    variables = run_environment()
    variables.pop("PYTHONPATH", None)
    variables["PIP_CONSTRAINT"] = pins.as_uri()
    variables["JUPYTER_PATH"] = str(folder / "jupyter")
    # What the reader's own Jupyter is set to stays out, and is left alone.
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_SETTINGS_DIR"):
        variables[name] = str(folder / name.lower())
    return Bare(variables, wheel(folder / "wheel").as_uri())


def environment_without(names: Iterable[str], folder: Path) -> Path:
    """A Python that sees the book's environment, less a few packages; it has pip."""
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    gone = set().union(*map(top_names, names)) | {"pip"}
    rest = folder / "rest"
    rest.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if path.name not in gone and not path.name.startswith(("pip-", "__editable__")):
            (rest / path.name).symlink_to(path)
    pointer = Path(paths["purelib"]) / "rest.pth"
    pointer.write_text(f"{rest}\n", encoding="utf-8")
    return Path(paths["scripts"]) / "python"


def top_names(distribution: str) -> set[str]:
    """What a package has put into the folder of the installed packages.

    Only that folder is asked: what setuptools writes beside the sources of an editable
    package bears the same name and lists other files.
    """
    (found,) = metadata.distributions(
        name=distribution, path=[sysconfig.get_path("purelib")]
    )
    return {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}


def register_kernel(python: Path, folder: Path) -> None:
    """Let Jupyter start this Python where a notebook asks for Python 3."""
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    content = {"argv": command, "display_name": "Bare", "language": "python"}
    spec.write_text(json.dumps(content), encoding="utf-8")


def wheel(folder: Path) -> Path:
    """The package of this checkout, as pip builds it; the checkout stays as it is."""
    folder.mkdir()
    away = f"[build]\nbuild_base = {folder}\n[egg_info]\negg_base = {folder}\n"
    (folder / "setup.cfg").write_text(away, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder)]
    variables = {**os.environ, "DIST_EXTRA_CONFIG": str(folder / "setup.cfg")}
    subprocess.run(command, check=True, env=variables)
    return next(folder.glob("*.whl"))


def made_notebook(language: str, slug: str) -> NotebookNode:
    """A notebook as it is published; where none was made its test is skipped."""
    path = PROJECT.build / "notebooks" / language / f"{slug}.ipynb"
    if not path.exists() and "REQUIRE_ALL" not in os.environ:
        pytest.skip("the notebooks are made by: make notebooks")
    return nbformat.read(path, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Its cells of code, from the first."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def install_from(notebook: NotebookNode, package: str) -> None:
    """Let the first cell find the package elsewhere than where it is published."""
    cell = code_cells(notebook)[0]
    address = first_cell.package_address(PROJECT)
    assert address in cell.source
    cell.source = cell.source.replace(address, package)


def assert_numbers_of_the_page(
    notebook: NotebookNode, language: str, slug: str
) -> None:
    """The numbers that a run reported are those that the page shows."""
    cells = read_notebook(PROJECT, language, slug).cells
    page = reported_numbers(cells)
    timed = reported_numbers(
        [c for c in cells if "machine-dependent" in c.metadata.get("tags", [])]
    )
    found = reported_numbers(notebook.cells)
    same = {name: text for name, text in found.items() if name not in timed}
    assert same
    assert same == {name: page[name] for name in same}


def assert_ran(notebook: NotebookNode) -> None:
    """Every cell has run, in the order in which they stand, and none has failed."""
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "error" not in kinds
