"""Execute the chapters, in parallel, only where something changed.

Outputs are kept by what they depend on: the code of the cells (not the prose, not the
captions), the chapter's own code, shared code, the pinned environment. They are handed
to Sphinx through jupyter-cache, which knows captions and tags but no code of a package:
an entry is written when captions or tags changed, and replaced when outputs did.
"""

import copy
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode

from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project

SKIP = "skip-execution"
KEPT = 30 * 24 * 3600  # seconds for which outputs that no page needs are kept
ANSI = re.compile(r"\x1b\[[0-9;]*m")  # the colours of a traceback


@dataclass(frozen=True)
class Run:
    """What one execution cost."""

    language: str
    slug: str
    seconds: float
    peak_megabytes: float | None
    executed: bool


def read_source(
    path: Path, extensions: Iterable[str] = ("colon_fence",)
) -> NotebookNode:
    """The notebook that MyST-NB reads from a page.

    Raises:
        BookError: If the page is not a MyST notebook.
    """
    text = path.read_text(encoding="utf-8")
    markdown = MdParserConfig(enable_extensions=set(extensions))
    reader = create_nb_reader(str(path), markdown, NbParserConfig(), text)
    if reader is None:
        raise BookError(
            "the page holds no code",
            path=path,
            expected="a front matter with `file_format: mystnb`",
        )
    return reader.read(text)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that hold code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs_key(notebook: NotebookNode) -> str:
    """A hash of all in a page that its outputs depend on."""
    digest = hashlib.sha256()
    for cell in code_cells(notebook):
        skipped = SKIP in cell.metadata.get("tags", [])
        digest.update(f"{skipped}\0{cell.source}\0\0".encode())
    return digest.hexdigest()[:24]


def stored_path(project: Project, slug: str, notebook: NotebookNode) -> Path:
    """Where the executed form of a page's notebook is kept."""
    name = f"{project.page_key(slug)}-{outputs_key(notebook)}.ipynb"
    return project.cache / "outputs" / name


def is_known(project: Project, language: str, slug: str) -> bool:
    """Whether a page has been executed as it stands."""
    notebook = read_source(project.source(language, slug))
    return stored_path(project, slug, notebook).exists()


def run_environment() -> dict[str, str]:
    """The environment of a run: one thread, this Python, no network."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",  # two threads change third digits
        "MKL_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # a bar prints its speed into the page
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONHASHSEED": "0",
    }


def run_page(project: Project, language: str, slug: str) -> Run:
    """Execute one page if its outputs are not known.

    Raises:
        BookError: If a cell raises; the message holds the cell and the traceback.
    """
    source = project.source(language, slug)
    notebook = read_source(source)
    stored = stored_path(project, slug, notebook)
    known = stored.exists()
    if known:
        stored.touch()  # used today
    else:
        execute_into(stored, notebook, source, project)
    run = nbformat.read(stored, as_version=4).metadata["run"]
    return Run(language, slug, run["seconds"], run["peak_megabytes"], not known)


def execute_into(
    stored: Path, notebook: NotebookNode, source: Path, project: Project
) -> None:
    """Execute a notebook and keep it; one that fails is not kept."""
    stored.parent.mkdir(parents=True, exist_ok=True)
    draft = stored.with_suffix(f".{source.parent.name}-{source.stem}.draft.ipynb")
    nbformat.write(notebook, draft)
    timeout = project.config.get("execute", {}).get("timeout", 600)
    command = [sys.executable, "-X", "utf8", "-m", "bilingual_book.runs.run_notebook"]
    finished = subprocess.run(
        [*command, str(draft), "--timeout", str(timeout)],
        env=run_environment(),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if finished.returncode:
        line, what = failed_cell(nbformat.read(draft, as_version=4))
        draft.unlink()
        raise BookError(
            what or f"this page failed\n{finished.stderr.strip()}",
            path=source,
            line=line,
            expected="every cell runs without an error",
            fix="mend the cell; the site in place is left as it is",
        )
    draft.replace(stored)


def failed_cell(notebook: NotebookNode) -> tuple[int | None, str]:
    """The line of the cell that raised and its message; nothing when none did."""
    lines = notebook.metadata.get("source_map", [])
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                trace = ANSI.sub("", "\n".join(output.traceback))
                what = f"this cell failed: {output.ename}: {output.evalue}\n{trace}"
                return (lines[index] if lines else None), what
    return None, ""


def publish(project: Project, language: str, slug: str) -> None:
    """Give the outputs of a page to jupyter-cache and to `_build/executed`."""
    notebook = read_source(project.source(language, slug))
    stored = stored_path(project, slug, notebook)
    done = nbformat.read(stored, as_version=4)
    merged = copy.deepcopy(notebook)
    for cell, finished in zip(code_cells(merged), code_cells(done), strict=True):
        cell.outputs = finished.outputs
        cell.execution_count = finished.execution_count
    merged.metadata["run"] = {**done.metadata["run"], "key": stored.stem}
    path = project.executed / language / f"{slug}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(merged, path)

    cache = get_cache(str(project.cache))
    try:
        current = cache.match_cache_notebook(notebook).data.get("key") == stored.stem
    except KeyError:
        current = False
    if not current:
        seconds = done.metadata["run"]["seconds"]
        bundle = CacheBundleIn(
            merged,
            str(project.source(language, slug)),
            data={"execution_seconds": seconds, "key": stored.stem},
        )
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def run_pages(
    project: Project, slugs: Iterable[str], languages: Iterable[str] = LANGUAGES
) -> list[Run]:
    """Execute pages over the cores, one line of progress each, a table at the end.

    Raises:
        BookError: If a cell raises, after the pages under way have ended.
    """
    pages = [(language, slug) for slug in slugs for language in languages]
    start = time.perf_counter()
    runs = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        futures = [pool.submit(run_page, project, *page) for page in pages]
        try:
            for count, future in enumerate(as_completed(futures), start=1):
                run = future.result()
                publish(project, run.language, run.slug)  # one at a time: a database
                runs.append(run)
                elapsed = time.perf_counter() - start
                print(progress_line(run, count, len(pages), elapsed), flush=True)
        except BookError:
            pool.shutdown(cancel_futures=True)
            raise
    forget_old(project)
    print("\n".join(summary(runs)), flush=True)
    return sorted(runs, key=lambda run: pages.index((run.language, run.slug)))


def forget_old(project: Project) -> None:
    """Remove the outputs that no page has needed for a month."""
    for path in (project.cache / "outputs").glob("*.ipynb"):
        if time.time() - path.stat().st_mtime > KEPT:
            path.unlink()


def progress_line(run: Run, count: int, total: int, elapsed: float) -> str:
    """One line for one page."""
    what = cost(run) if run.executed else "unchanged, not executed"
    return f"[{count}/{total}] {elapsed:6.1f} s  {run.language}/{run.slug}: {what}"


def cost(run: Run) -> str:
    """Seconds and memory of a run."""
    memory = "" if run.peak_megabytes is None else f", {run.peak_megabytes:.0f} MB"
    return f"{run.seconds:.1f} s{memory}"


def summary(runs: list[Run]) -> Iterator[str]:
    """The table at the end: what was executed, dearest first."""
    executed = [run for run in runs if run.executed]
    yield f"{len(executed)} executed, {len(runs) - len(executed)} unchanged"
    for run in sorted(executed, key=lambda run: -run.seconds):
        memory = f"{run.peak_megabytes:7.0f} MB" if run.peak_megabytes else ""
        yield f"  {run.language}/{run.slug:<24}{run.seconds:8.1f} s{memory}"
