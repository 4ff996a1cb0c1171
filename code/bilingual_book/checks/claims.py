"""The book's checkable claims: a register per chapter, `book/claims/<slug>.yml`.

A claim names a number that a run reports, with its value and tolerance, or a source of
the bibliography::

    - claim: {fr: "...", en: "..."}
      report: attention.variance-64
      value: 64.0
      tolerance: 2.0
    - claim: {fr: "...", en: "..."}
      source: vaswani2017attention
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bilingual_book.checks.names import Sources
from bilingual_book.errors import BookError
from bilingual_book.project import LANGUAGES, Project, read_yaml
from bilingual_book.runs.outputs import run_cells

KINDS = (
    frozenset({"claim", "report", "value", "tolerance"}),
    frozenset({"claim", "source"}),
)


@dataclass(frozen=True)
class Claim:
    """One entry of the register."""

    slug: str
    line: int
    entry: dict[str, Any]


def claims_path(project: Project, slug: str) -> Path:
    """The register of one chapter."""
    return project.book / "claims" / f"{slug}.yml"


def read_claims(project: Project) -> list[Claim]:
    """All registers, with the line of each claim.

    Raises:
        BookError: If a file is not a list.
    """
    paths = sorted((project.book / "claims").glob("*.yml"))
    return [claim for path in paths for claim in read_register(path)]


def read_register(path: Path) -> list[Claim]:
    """The register of one chapter.

    Raises:
        BookError: If the file is not a list.
    """
    entries = read_yaml(path)
    if not isinstance(entries, list):
        raise BookError(
            "the register is not a list",
            path=path,
            expected="a list of claims",
        )
    nodes: Any = yaml.compose(path.read_text(encoding="utf-8"))  # know their lines
    return [
        Claim(
            path.stem,
            node.start_mark.line + 1,
            entry if isinstance(entry, dict) else {},
        )
        for node, entry in zip(nodes.value, entries, strict=True)
    ]


def check_register(project: Project) -> None:
    """Check the form of the register, its sources, and that no chapter lacks claims.

    Raises:
        BookError: With one message per mistake.
    """
    claims = read_claims(project)
    works = Sources(project, LANGUAGES[0]).works
    messages = [
        str(mistake(project, claim, what, expected))
        for claim in claims
        for what, expected in form_mistakes(project, claim, works)
    ]
    for slug in project.notebooks:
        if slug not in {claim.slug for claim in claims}:
            error = BookError(
                f"the chapter {slug} makes no claim",
                path=claims_path(project, slug),
                expected="a short list of checkable claims for every chapter with code",
                fix="write the file: a list of claims",
            )
            messages.append(str(error))
    if messages:
        raise BookError("\n".join(messages))


def mistake(project: Project, claim: Claim, what: str, expected: str) -> BookError:
    """The error for a claim."""
    return BookError(
        f"{claim.slug}: {what}",
        path=claims_path(project, claim.slug),
        line=claim.line,
        expected=expected,
        fix="mend the claim, or what it is about",
    )


def form_mistakes(
    project: Project, claim: Claim, works: set[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry before anything runs: (what, expected)."""
    entry = claim.entry
    if claim.slug not in project.pages:
        yield "no such page", "the name of a page of _toc.yml"
    if set(entry) not in KINDS:
        kinds = " or ".join(", ".join(sorted(kind)) for kind in KINDS)
        yield f"the claim has the keys {', '.join(sorted(entry))}", kinds
        return
    texts = entry["claim"]
    if not isinstance(texts, dict) or [k for k in LANGUAGES if not texts.get(k)]:
        yield "the claim is not in both languages", "claim: {fr: ..., en: ...}"
    if "source" in entry:
        if entry["source"] not in works:
            yield f"unknown source {entry['source']!r}", "a key of references.bib"
    elif not str(entry["report"]).startswith(f"{claim.slug}."):
        yield f"{entry['report']!r} is of another chapter", f"{claim.slug}.<key>"
    elif not all(is_number(entry[key]) for key in ("value", "tolerance")):
        yield "value and tolerance are not numbers", "two numbers"
    elif entry["tolerance"] < 0:
        yield "the tolerance is negative", "0 or more"


def is_number(value: object) -> bool:
    """Whether a value is a number (True is not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_claims(project: Project) -> None:
    """Check the register against the executed pages of both languages.

    Raises:
        BookError: With one message per claim that does not hold.
    """
    check_register(project)
    claims = read_claims(project)
    messages: list[str] = []
    for language in LANGUAGES:
        for slug in dict.fromkeys(claim.slug for claim in claims):
            reported = reports(project, language, slug)
            for claim in claims:
                if claim.slug == slug and "report" in claim.entry:
                    messages += broken(project, claim, reported, language)
    if messages:
        raise BookError("\n".join(messages))
    print(f"{len(claims)} claims hold")


def reports(project: Project, language: str, slug: str) -> dict[str, Any]:
    """All that a page reported."""
    found: dict[str, Any] = {}
    if slug in project.notebooks:
        for cell in run_cells(project, language, slug):
            found |= cell.reports
    return found


def broken(
    project: Project, claim: Claim, reported: dict[str, Any], language: str
) -> Iterator[str]:
    """The message for a claim that a run does not bear out."""
    name, wanted = claim.entry["report"], claim.entry["value"]
    if name not in reported:
        what = f"the {language} run reports no {name!r}"
        yield str(mistake(project, claim, what, "a report(...) of this name"))
        return
    got, tolerance = reported[name], claim.entry["tolerance"]
    if not is_number(got) or not abs(got - wanted) <= tolerance:
        what = f"{name} is {got} in the {language} run"
        yield str(mistake(project, claim, what, f"{wanted} ± {tolerance}"))
