"""The course as a whole: what needs what, ways through it, modules, powers."""

from collections.abc import Iterator
from typing import Any

from bilingual_book.computed.captions import captioned
from bilingual_book.computed.routes import number, run_seconds, words
from bilingual_book.project import Project, read_yaml

PACE = 130  # words a minute, read aloud
QUIZ, EXERCISE = 5, 10  # minutes


def course(project: Project) -> dict[str, Any]:
    """`book/course.yml`, without the chapters that the book does not hold yet."""
    found = read_yaml(project.book / "course.yml")
    there = set(project.numbered)
    return {
        "needs": {
            slug: [need for need in needs if need in there]
            for slug, needs in found["needs"].items()
            if slug in there
        },
        "ways": {
            name: [slug for slug in way if slug in there]
            for name, way in found["ways"].items()
        },
        "modules": [[s for s in part if s in there] for part in found["modules"]],
        "labs": [[s for s in part if s in there] for part in found["labs"]],
        "powers": {s: said for s, said in found["powers"].items() if s in there},
    }


def documents(slugs: list[str]) -> str:
    """Links to some pages."""
    return ", ".join(f"{{doc}}`{slug}`" for slug in slugs)


def map_table(project: Project, language: str, _: str) -> str:
    """What each chapter needs, and on which of the three ways it lies."""
    texts = project.languages[language]["computed"]
    data = course(project)
    lines = [f"| {texts['map_columns']} |", "|---|---|---|"]
    for slug in project.numbered:
        ways = [
            texts["ways"][name] for name, way in data["ways"].items() if slug in way
        ]
        needs = documents(data["needs"][slug]) or texts["nothing"]
        lines.append(f"| {{doc}}`{slug}` | {needs} | {', '.join(ways) or '–'} |")
    return "\n".join(captioned(lines, texts["captions"]["map"]))


def powers(project: Project, language: str, _: str) -> str:
    """What a reader can do after each chapter."""
    texts = project.languages[language]["computed"]
    said = course(project)["powers"]
    lines = [f"| {texts['power_columns']} |", "|---|---|---|"]
    lines += [
        f"| {level} | {{doc}}`{slug}` | {said[slug][language]} |"
        for level, slug in enumerate(project.numbered, start=1)
    ]
    return "\n".join(captioned(lines, texts["captions"]["powers"]))


def exercises(project: Project, language: str, slug: str) -> int:
    """How many exercises a chapter has."""
    text = project.source(language, slug).read_text(encoding="utf-8")
    return text.count("{exercise-start}") + text.count("{exercise}")


def masterclass(project: Project, language: str, kind: str) -> str:
    """The modules, or the labs: chapters, words, run time and minutes of each."""
    texts = project.languages[language]["computed"]
    lines = [f"| {texts[f'{kind}_columns']} |", "|---|---|---|---|---|"]
    whole = 0
    for place, slugs in enumerate(course(project)[kind]):
        minutes = sum(minutes_of(project, language, kind, slug) for slug in slugs)
        whole += minutes
        title = texts[f"{kind}_titles"][place]
        said = " | ".join(columns(project, language, slugs))
        lines.append(f"| {place + 1}. {title} | {said} | {minutes} |")
    total = texts["total"].format(hours=whole // 60, minutes=f"{whole % 60:02}")
    return "\n".join([*captioned(lines, texts["captions"][kind]), "", total])


def columns(project: Project, language: str, slugs: list[str]) -> Iterator[str]:
    """Chapters, words of their paths, seconds of their runs."""
    yield documents(slugs)
    yield number(sum(words(project, language, slug) for slug in slugs), language)
    found = [run_seconds(project, slug) for slug in slugs]
    yield str(round(sum(seconds or 0 for seconds in found)))


def minutes_of(project: Project, language: str, kind: str, slug: str) -> int:
    """Minutes of a chapter: read aloud and asked in a module, done in a lab."""
    if kind == "labs":
        return EXERCISE * exercises(project, language, slug)
    talk = words(project, language, slug) / PACE
    return round(talk / 5) * 5 + QUIZ
