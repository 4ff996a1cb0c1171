"""The workflows: pinned actions, least permissions, and the same steps as `.ci/run`."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
READ_ONLY = {"contents": "read"}
# What a job may ask for beyond reading, and why.
GRANTED = {
    ("book", "pages"): {"pages": "write", "id-token": "write"},
    ("book", "notebooks"): {"contents": "write"},
}


def load(path: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):", text, flags=re.MULTILINE))


def called_targets(script: str) -> list[str]:
    lines = re.findall(r"^[^#\n]*\bmake ([a-z ]+)$", script, flags=re.MULTILINE)
    return [target for line in lines for target in line.split()]


def test_there_are_workflows() -> None:
    assert [path.stem for path in WORKFLOWS] == ["book", "weekly"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
class TestEachWorkflow:
    def test_every_action_is_pinned_by_commit(self, path: Path) -> None:
        uses = [step["uses"] for step in steps(load(path)) if "uses" in step]
        assert uses
        for action in uses:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action

    def test_every_pin_names_its_version(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8").splitlines():
            if "uses:" in line:
                assert re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line

    def test_permissions_are_least(self, path: Path) -> None:
        workflow = load(path)
        assert workflow["permissions"] == READ_ONLY
        for name, job in workflow["jobs"].items():
            granted = GRANTED.get((path.stem, name))
            assert job.get("permissions") == granted, name

    def test_every_job_has_a_time_limit(self, path: Path) -> None:
        for name, job in load(path)["jobs"].items():
            assert 0 < job["timeout-minutes"] <= 90, name

    def test_make_targets_exist(self, path: Path) -> None:
        called = [
            t for step in steps(load(path)) for t in called_targets(step.get("run", ""))
        ]
        assert set(called) <= make_targets()


def test_the_book_workflow_runs_what_ci_runs() -> None:
    """One script for both, so that they cannot drift apart."""
    runs = [
        step.get("run", "") for step in load(WORKFLOWS[0])["jobs"]["build"]["steps"]
    ]
    assert ".ci/run" in runs
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    targets = ["setup", "test", "book", "pdf", "notebooks", "slides", "printed"]
    targets += ["bare", "check"]
    assert called_targets(script) == targets
    assert set(called_targets(script)) <= make_targets()
    assert "REQUIRE_ALL=1" in script


def test_the_parts_fit_the_budget() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    minutes = [int(part) for part in re.findall(r"^part (\d+) ", script, re.MULTILINE)]
    assert len(minutes) == len(called_targets(script)) + 1  # the system's tools
    assert sum(minutes) <= 80  # with eighteen chapters or more


@pytest.mark.parametrize("fails", [False, True])
def test_each_part_says_how_long_it_took(fails: bool) -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    head = script.partition("export REQUIRE_ALL")[0].replace("cd ", ": ")
    parts = f"part 3 echo one\npart 2 {'false' if fails else 'true'}\npart 1 true\n"
    done = subprocess.run(
        ["bash", "-c", head + parts], capture_output=True, encoding="utf-8", check=False
    )
    lines = done.stdout.splitlines()
    assert bool(done.returncode) == fails
    assert "  0 of  3  echo one" in lines
    assert ("failed: false" in lines) == fails
    assert ("  0 of  1  true" in lines) == (not fails)


@pytest.mark.parametrize(
    ("job", "compiled"),
    [("newest", "make lock"), ("lowest", "/tmp/uv/bin/uv pip compile pyproject.toml")],
)
def test_the_weekly_lock_may_take_another_pytorch(
    tmp_path: Path, job: str, compiled: str
) -> None:
    """Its constraint, and nothing else, is away while the job locks."""
    path = Path(shutil.copy(ROOT / "pyproject.toml", tmp_path))
    kept = path.read_text(encoding="utf-8")
    expected = tomllib.loads(kept)
    constraints = expected["tool"]["uv"].pop("constraint-dependencies")
    assert [text.partition("==")[0] for text in constraints] == ["torch"]
    parts = load(WORKFLOWS[1])["jobs"][job]["steps"]
    script = next(s["run"] for s in parts if compiled in s.get("run", ""))
    before, after = (
        [line for line in part.splitlines() if "pyproject.toml" in line]
        for part in script.split(compiled)
    )
    subprocess.run(["bash", "-ec", "\n".join(before)], cwd=tmp_path, check=True)
    assert tomllib.loads(path.read_text(encoding="utf-8")) == expected
    subprocess.run(["bash", "-ec", "\n".join(after)], cwd=tmp_path, check=True)
    assert path.read_text(encoding="utf-8") == kept


def test_nothing_is_published_unless_the_build_passed() -> None:
    jobs = load(WORKFLOWS[0])["jobs"]
    publishing = {name for name, job in jobs.items() if "permissions" in job}
    assert publishing == {"pages", "notebooks"}
    for name in publishing:
        assert jobs[name]["needs"] == "build"
        assert "refs/heads/main" in jobs[name]["if"]
        assert "pull_request" in jobs[name]["if"]


def test_the_script_installs_what_the_pdf_asks_for() -> None:
    from bilingual_book.paper.pdf import INSTALL

    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for package in INSTALL.split()[2:]:
        assert package in script
