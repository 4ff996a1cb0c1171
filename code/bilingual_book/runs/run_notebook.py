"""Execute one notebook, in its own process: `bilingual_book.runs.run_notebook`.

A process per notebook lets the parent run several at a time, and lets this one read
the peak memory of its kernel when it is done.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FAILED_CELL = 3  # exit status


def peak_megabytes() -> float | None:
    """The largest memory that a child of this process held, where the system says."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return peak * unit / 1e6


def talk_through_files(client: NotebookClient, folder: str) -> None:
    """Reach the kernel through sockets in a folder, where the system has such files.

    Two kernels that start at once may pick the same free network port, and one dies.
    """
    if sys.platform == "win32":
        return
    manager = client.create_kernel_manager()
    manager.transport = "ipc"
    manager.ip = str(Path(folder) / "kernel")


def run(path: Path, timeout: int) -> int:
    """Execute the notebook at ``path`` in place.

    Returns:
        0, or ``FAILED_CELL`` when a cell raised: the notebook then holds the error.
    """
    notebook = nbformat.read(path, as_version=4)
    start = time.perf_counter()
    status = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as sockets,
    ):
        client = NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name="python3",
            record_timing=True,  # a time per cell, for the authors
            resources={"metadata": {"path": folder}},
        )
        talk_through_files(client, sockets)
        try:
            client.execute()
        except CellExecutionError as error:
            print(error, file=sys.stderr)
            status = FAILED_CELL
    notebook.metadata["run"] = {
        "seconds": round(time.perf_counter() - start, 2),
        "peak_megabytes": peak_megabytes(),
    }
    nbformat.write(notebook, path)
    return status


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--timeout", type=int, default=600, help="seconds per cell")
    arguments = parser.parse_args()
    return run(arguments.notebook, arguments.timeout)


if __name__ == "__main__":
    sys.exit(main())
