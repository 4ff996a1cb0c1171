"""Files and processes speak UTF-8 whatever the system's own encoding is."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [
    path
    for folder in ("code", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "node_modules" not in path.parts
]
LF = [".ci/run", "Makefile", "binder/postBuild"]


def without_encoding(source: str) -> Iterator[int]:
    """The lines of calls that would use the system's encoding."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if "encoding" in given or None in given:
            continue
        text = given.get("text")
        says = [a.value for a in node.args if isinstance(a, ast.Constant)]
        binary = any("b" in str(mode) for mode in [*says, given.get("mode", "")])
        if (
            (isinstance(text, ast.Constant) and text.value is True)
            or (name == "read_text" and not node.args)
            or (name == "write_text" and len(node.args) < 2)
            or (isinstance(function, ast.Name) and name == "open" and not binary)
        ):
            yield node.lineno


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("run(x, text=True)", [1]),
        ("run(x, text=True, encoding='utf-8')", []),
        ("p.read_text()", [1]),
        ("p.read_text('utf-8')", []),
        ("p.write_text(x)", [1]),
        ("p.write_text(x, encoding='utf-8')", []),
        ("open(p)", [1]),
        ("open(p, 'rb')", []),
    ],
)
def test_what_is_seen(source: str, found: list[int]) -> None:
    assert list(without_encoding(source)) == found


def test_every_text_has_its_encoding() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in FILES
        for line in without_encoding(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_scripts_keep_their_line_ends() -> None:
    """Git writes LF on Windows too, where a shell would stumble on CRLF."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout of git")
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "check-attr", "eol", *LF],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.splitlines() == [f"{name}: eol: lf" for name in LF]
    for name in LF:
        assert b"\r" not in (ROOT / name).read_bytes()


# What Git leaves as it is on Windows: .gitattributes says so, or it is no text.
UNTOUCHED = (".jsonl", ".safetensors", ".gz", ".xz", ".png", ".npz", ".bin")
READ = ("_config.yml", "_toc.yml", "pyproject.toml", "requirements.txt")


def copy_as_windows(source: str, target: str) -> str:
    """Copy a file as Git checks it out on Windows."""
    data = Path(source).read_bytes()
    if not source.endswith(UNTOUCHED) and b"\0" not in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    Path(target).write_bytes(data)
    return target


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book as it is checked out on Windows, in a folder with a space."""
    root = tmp_path_factory.mktemp("windows") / "My studies"
    unread = shutil.ignore_patterns("__pycache__", "*.egg-info", "node_modules")
    for folder in ("book", "code", "tests"):  # formulas name their tests
        shutil.copytree(
            ROOT / folder, root / folder, copy_function=copy_as_windows, ignore=unread
        )
    for name in READ:
        copy_as_windows(str(ROOT / name), str(root / name))
    page = root / "book" / "fr" / "attention.md"
    assert page.read_bytes().count(b"\r\n") > 100
    return root


def run_on_windows(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module where UTF-8 is not the system's encoding.

    Files are ASCII by default here, which knows less than Windows' cp1252: what is not
    read or written as UTF-8 by name fails. A pipe speaks cp1252, as there.
    """
    environment = {**os.environ, "PYTHONPATH": str(root / "code"), "LC_ALL": "C"}
    environment |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment |= {"PYTHONIOENCODING": "cp1252"}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        encoding="cp1252",
        check=False,
    )


def test_a_checkout_of_windows_is_read(
    windows: Path, require_tool: Callable[[tuple[str, ...], str], str]
) -> None:
    """Every command that reads the sources, one after the other in one process."""
    require_tool(("hunspell",), "apt-get install hunspell hunspell-en-gb hunspell-fr")
    (windows / "program.py").write_text(COMMANDS, encoding="utf-8")
    done = run_on_windows(windows, "program")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 pages: both languages agree" in done.stdout
    assert " ? attention" in done.stdout  # for an arrow, which cp1252 lacks


COMMANDS = """
import sys

from bilingual_book.__main__ import main

for command in ("parity", "shape", "language"):
    sys.argv = ["bilingual_book", command, "attention"]
    if main():
        sys.exit(1)
"""
PROGRAM = """
import hashlib
import inspect

from transformers_explained.attention import MultiHeadAttention
from transformers_explained.data.names import load_names
from transformers_explained.data.questions import load_questions
from transformers_explained.data.reviews import load_reviews
from transformers_explained.data.tales import load_tales
from transformers_explained.explore.element import script
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.labels import _texts, label_ids
from transformers_explained.pretrained.loading import load_tokenizer

use_language("fr")
ids = [i.split(".") for i in label_ids()]
for read in (
    [_texts(slug)[key] for slug, key in ids],
    load_names(),
    load_reviews(),
    [load_tales("fr"), load_tales("en")],
    [load_questions("fr"), load_questions("en")],
    load_tokenizer("smollm2").encode("Une élève à Noël\\r\\n"),
    [script("attention"), script("descent"), inspect.getsource(MultiHeadAttention)],
):
    print(hashlib.sha256(repr(read).encode()).hexdigest())
"""


def test_lessons_run_from_a_checkout_of_windows(windows: Path) -> None:
    """Texts, data and vocabularies are what they are elsewhere."""
    program = windows / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    here = subprocess.run(
        [sys.executable, "-X", "utf8", str(program)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "code")},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    there = run_on_windows(windows, "program")
    assert there.stdout == here.stdout, there.stderr
    assert len(there.stdout.splitlines()) == 7
