"""One notebook, one process, one kernel."""

import sys
from pathlib import Path

import nbformat
import pytest

from bilingual_book.runs.run_notebook import FAILED_CELL, run


def notebook(path: Path, code: str) -> Path:
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(content, path)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="no socket files on Windows")
def test_kernels_do_not_compete_for_network_ports(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "page.ipynb",
        "import json, os\n"
        "from ipykernel.connect import get_connection_info\n"
        "print(json.loads(get_connection_info())['transport'], os.listdir('.'))",
    )
    assert run(path, timeout=60) == 0
    ran = nbformat.read(path, as_version=4)
    assert ran.cells[0].outputs[0].text == "ipc []\n"
    assert ran.metadata["run"]["seconds"] > 0
    assert ran.metadata["run"]["peak_megabytes"] > 10


def test_a_cell_that_raises_leaves_its_error_in_the_notebook(tmp_path: Path) -> None:
    path = notebook(tmp_path / "page.ipynb", "1 / 0")
    assert run(path, timeout=60) == FAILED_CELL
    [error] = nbformat.read(path, as_version=4).cells[0].outputs
    assert error.ename == "ZeroDivisionError"
