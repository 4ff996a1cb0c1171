"""The house: which part of the two packages may import which.

A storey is a line below. A file may import from its own part and from the parts of the
lines *above* its own, which know nothing of it; two parts of one line do not know each
other. A part is a folder or a file; of two that match, the longer counts. The folder of
each chapter is a part of its own.
"""

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ROOT / "code"
PAGES = sorted(ROOT.glob("book/*/*.md"))

LESSONS = """
extras
arguments files
lesson tokenization training data
masks positions drawing
lesson.first_cell explore attention
cache
layers recurrent
bert language_model seq2seq vision
decoding pretrained
tasks
live
chapters/*
__init__ train
"""
MACHINERY = """
__init__ errors locales cover
quotes
project
sources wheelhouse
computed
runs
checks language
sphinx_build sphinx_ext
web paper notebooks slides epub
authoring printed
__main__
"""
STOREYS = {"transformers_explained": LESSONS, "bilingual_book": MACHINERY}
MOST_FILES = {"transformers_explained": 12, "bilingual_book": 10}
# Of the whole distance between the two: who learns never needs the book's tools, and
# the book's tools never train.
STRANGERS = {
    "transformers_explained": {"bilingual_book", "sphinx", "docutils", "myst_nb"},
    "bilingual_book": {"transformers_explained", "torch", "transformers", "sklearn"},
}

Imports = dict[str, set[str]]  # file -> files of the same package, by their names


def names_of(code: Path, package: str) -> dict[str, Path]:
    """Each file of a package under the name that an import gives it."""
    files = {}
    for path in sorted((code / package).rglob("*.py")):
        parts = path.relative_to(code).with_suffix("").parts
        files[".".join(part for part in parts if part != "__init__")] = path
    return files


def imported(source: str) -> Iterator[tuple[str, str | None]]:
    """What a source imports, wherever in it: (module, name taken from it)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            yield from ((str(node.module), alias.name) for alias in node.names)


def imports_of(code: Path, package: str) -> Imports:
    """Which file of a package imports which others of it."""
    files = names_of(code, package)
    graph: Imports = {}
    for file, path in files.items():
        found = set()
        for module, name in imported(path.read_text(encoding="utf-8")):
            whole = f"{module}.{name}"
            found.add(whole if whole in files else module)
        graph[file] = found & set(files)
    return graph


def part_of(file: str, storeys: str) -> tuple[int, str]:
    """The storey and the part that a file belongs to."""
    inner = file.partition(".")[2] or "__init__"
    fitting = []
    for storey, line in enumerate(storeys.split("\n")):
        for part in line.split():
            folder = part.removesuffix("/*")
            if inner == folder or inner.startswith(f"{folder}."):
                own = ".".join(inner.split(".")[:2]) if part != folder else part
                fitting.append((len(folder), storey, own))
    assert fitting, f"{file} is on no storey: write it into the table of this test"
    _, storey, part = max(fitting)
    return storey, part


def against_the_storeys(graph: Imports, storeys: str) -> list[str]:
    """Each import that goes sideways or up."""
    wrong = []
    for file, targets in graph.items():
        storey, part = part_of(file, storeys)
        for target in sorted(targets):
            storey_below, part_below = part_of(target, storeys)
            if part != part_below and storey_below >= storey:
                wrong.append(f"{file} imports {target}")
    return wrong


def circle(graph: Imports) -> list[str]:
    """Files that import each other in a circle; none if there is no circle."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def strangers(code: Path, package: str) -> list[str]:
    """Each import of what a package must not know."""
    return [
        f"{file} imports {module}"
        for file, path in names_of(code, package).items()
        for module, _ in imported(path.read_text(encoding="utf-8"))
        if module.split(".")[0] in STRANGERS[package]
    ]


def top_files(code: Path, package: str) -> list[str]:
    """The Python files at the top of a package."""
    return sorted(path.name for path in (code / package).glob("*.py"))


CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
CHAPTER = re.compile(r"transformers_explained\.chapters(?:\.| import )(\w+)")


def other_chapters(text: str, slug: str) -> list[str]:
    """The folders of other chapters that the cells of a page name."""
    named = {name for cell in CELL.findall(text) for name in CHAPTER.findall(cell)}
    return sorted(named - {slug.replace("-", "_")})


def labels_asked_for(path: Path) -> set[str]:
    """The first halves of the ids of the texts that a file asks for."""
    found = re.findall(r'\blabel\(\s*f?"([a-z0-9-]+)\.', path.read_text("utf-8"))
    return set(found)


@pytest.mark.parametrize("package", STOREYS)
class TestHouse:
    def test_no_circle(self, package: str) -> None:
        assert circle(imports_of(CODE, package)) == []

    def test_no_import_upwards(self, package: str) -> None:
        graph = imports_of(CODE, package)
        assert against_the_storeys(graph, STOREYS[package]) == []

    def test_packages_do_not_know_each_other(self, package: str) -> None:
        assert strangers(CODE, package) == []

    def test_the_top_stays_small(self, package: str) -> None:
        assert len(top_files(CODE, package)) <= MOST_FILES[package]


@pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}"
)
def test_a_page_uses_no_other_chapter_s_folder(page: Path) -> None:
    assert other_chapters(page.read_text(encoding="utf-8"), page.stem) == []


def test_texts_are_asked_for_where_they_stand() -> None:
    """A page runs again when shared code or its own folder changes: so a chapter uses
    its own texts and the shared ones, and shared code only the shared ones."""
    package = CODE / "transformers_explained"
    shared = {path.stem for path in (package / "lesson" / "texts").glob("*.toml")}
    wrong = []
    for path in package.rglob("*.py"):
        inner = path.relative_to(package).parts
        own = {inner[1].replace("_", "-")} if inner[0] == "chapters" else set()
        if path.name != "labels.py" or inner[0] != "lesson":
            wrong += [
                f"{path}: {slug}" for slug in labels_asked_for(path) - shared - own
            ]
    assert wrong == []


def write(code: Path, package: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = code / package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_what_is_wrong_is_seen(tmp_path: Path) -> None:
    """The tests above, on a small house with each fault once."""
    package = "transformers_explained"
    top = f"from {package}"
    write(
        tmp_path,
        package,
        {
            "masks.py": f"{top}.attention import attend\n",  # up, and a circle
            "attention.py": f"def f():\n    {top} import masks\n",
            "positions.py": f"{top} import masks\n",  # sideways
            "chapters/one/figures.py": f"{top}.chapters.two import figures\n",
            "chapters/two/figures.py": "import bilingual_book.project\n",
        },
    )
    graph = imports_of(tmp_path, package)
    assert set(circle(graph)) == {f"{package}.masks", f"{package}.attention"}
    assert against_the_storeys(graph, LESSONS) == [
        f"{package}.chapters.one.figures imports {package}.chapters.two.figures",
        f"{package}.masks imports {package}.attention",
        f"{package}.positions imports {package}.masks",
    ]
    assert strangers(tmp_path, package) == [
        f"{package}.chapters.two.figures imports bilingual_book.project"
    ]
    assert top_files(tmp_path, package) == ["attention.py", "masks.py", "positions.py"]
    cell = "```{{code-cell}} python\nfrom {0}.chapters.{1} import figures\n```\n"
    page = cell.format(package, "text_classifier") + cell.format(package, "bert")
    assert other_chapters(page, "text-classifier") == ["bert"]
    assert other_chapters(f"`python -m {package}.chapters.bert.runs`", "one") == []
    with pytest.raises(AssertionError, match="is on no storey"):
        part_of(f"{package}.attic", LESSONS)
