"""Timetables: the sections of a route's chapters, minute by minute.

Time is shared by words. What is counted is the path of a chapter: its prose from the
title to the quick questions, without folds and code. Nobody has taught by it yet: it is
a plan, and the page says so.
"""

import json
import re
from dataclasses import dataclass
from itertools import accumulate

from bilingual_book.computed.captions import captioned
from bilingual_book.locales import LOCALES
from bilingual_book.project import LANGUAGES, Project, read_yaml

MINUTES = {"1h": 60, "1h30": 90, "3h": 180}
OPENING, CLOSING, BREAK, LONG = 3, 5, 10, 120  # minutes; a long route has a break
QUIZ = {"1h": 7, "1h30": 10, "3h": 4}  # minutes of quick questions per chapter
FENCED = re.compile(r"^(```+)[^\n]*\n.*?^\1$", re.MULTILINE | re.DOTALL)
FURTHER = re.compile(
    r"^:::\{further-start\}.*?^:::\{further-end\}\n:::$", re.MULTILINE | re.DOTALL
)
ANSWER = re.compile(
    r"^:::\{admonition\}[^\n]*\n:class: answer.*?^:::$", re.MULTILINE | re.DOTALL
)
LINE = re.compile(r"^(?:%|:|\(|\|)[^\n]*$", re.MULTILINE)
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
HEADING = re.compile(r"^\(([\w-]+)\)=\n## ", re.MULTILINE)
SLIDE = re.compile(r"^% slide: ", re.MULTILINE)
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """A section of a chapter's path.

    Attributes:
        label: its name; the page's own for what stands before the first heading.
        words: of its prose, folds apart.
        slides: how many begin in it.
        cells: lessons that a reader runs.
        predicts: whether it asks to predict.
    """

    label: str
    words: int
    slides: int
    cells: int
    predicts: bool


def path_sections(project: Project, language: str, slug: str) -> list[Section]:
    """The sections of a chapter, up to its quick questions."""
    text = project.source(language, slug).read_text(encoding="utf-8")
    text = text.partition("\n---\n")[2]
    text = text.partition(f"({slug}-quiz)=")[0]
    starts = [(found[1], found.start()) for found in HEADING.finditer(text)]
    places = [(slug, 0), *starts]
    ends = [start for _, start in starts] + [len(text)]
    return [
        section(label, text[start:end])
        for (label, start), end in zip(places, ends, strict=True)
    ]


def section(label: str, text: str) -> Section:
    """Measure one section."""
    path = FURTHER.sub("", text)
    lessons = [cell for cell in CELL.findall(path) if "evidence" not in cell]
    prose = LINE.sub("", ANSWER.sub("", FENCED.sub("", path)))
    return Section(
        label,
        words=len(WORD.findall(prose)),
        slides=len(SLIDE.findall(text)),
        cells=len(lessons),
        predicts=":class: predict" in path,
    )


def words(project: Project, language: str, slug: str) -> int:
    """The words of a chapter's path."""
    return sum(part.words for part in path_sections(project, language, slug))


def run_seconds(project: Project, slug: str) -> float | None:
    """How long the build took to run a chapter; None before it has."""
    found = []
    for language in LANGUAGES:
        path = project.executed / language / f"{slug}.ipynb"
        if path.exists():
            run = json.loads(path.read_text(encoding="utf-8"))["metadata"]["run"]
            found.append(float(run["seconds"]))
    return max(found, default=None)


def shares(total: int, sizes: list[int]) -> list[int]:
    """Share whole minutes by size, at least one each; they sum to the total.

    Raises:
        ValueError: If there are fewer minutes than parts.
    """
    if total < len(sizes):
        raise ValueError(f"{total} minutes for {len(sizes)} sections")
    spare = total - len(sizes)
    ends = [round(spare * done / sum(sizes)) for done in accumulate(sizes)]
    return [1 + end - start for start, end in zip([0, *ends], ends, strict=False)]


def timetable(project: Project, language: str, name: str) -> str:
    """The timetable of a route, as a table."""
    texts = project.languages[language]["computed"]
    chapters: list[str] = read_yaml(project.book / "routes.yml")[name]
    parts = {slug: path_sections(project, language, slug) for slug in chapters}
    sizes = [part.words for found in parts.values() for part in found]
    total = MINUTES[name]
    rest = BREAK if total > LONG else 0
    talk = total - OPENING - CLOSING - rest - QUIZ[name] * len(chapters)
    minutes = iter(shares(talk, sizes))
    rows = [(OPENING, texts["opening"], "1", "")]
    slide = 1
    for place, (slug, found) in enumerate(parts.items()):
        if rest and place == len(parts) // 2:
            rows.append((rest, texts["break"], "", ""))
        slide += len(parts) > 1  # the chapter's own title
        for part in found:
            shown = slide_range(slide, part.slides)
            slide += part.slides
            name_ = f"{{ref}}`{part.label}`"
            rows.append((next(minutes), name_, shown, activity(part, texts)))
        rows.append((QUIZ[name], f"{{ref}}`{slug}-quiz`", "", texts["vote"]))
    rows.append((CLOSING, texts["closing"], "", ""))
    pace = texts["pace"].format(
        words=number(sum(sizes), language),
        rate=round(sum(sizes) / talk),
        runs=runs_said(project, chapters, texts),
    )
    lines = captioned(table(rows, texts), texts["captions"][name])
    return "\n".join([*lines, "", pace])


def table(rows: list[tuple[int, str, str, str]], texts: dict[str, str]) -> list[str]:
    """The rows with the clock before them."""
    lines = [f"| {texts['columns']} |", "|---|---|---|---|"]
    clock = 0
    for minutes, what, slides, do in rows:
        lines.append(
            f"| {time(clock)}–{time(clock + minutes)} | {what} | {slides} | {do} |"
        )
        clock += minutes
    return lines


def time(minutes: int) -> str:
    """Hours and minutes: 1:05."""
    return f"{minutes // 60}:{minutes % 60:02}"


def slide_range(before: int, count: int) -> str:
    """The numbers of the slides that begin in a section."""
    if count == 0:
        return ""
    return str(before + 1) if count == 1 else f"{before + 1}–{before + count}"


def activity(part: Section, texts: dict[str, str]) -> str:
    """What the room does."""
    said = [texts["predict"]] if part.predicts else []
    if part.cells:
        key = "cell" if part.cells == 1 else "cells"
        said.append(texts[key].format(n=part.cells))
    return ", ".join(said)


def runs_said(project: Project, chapters: list[str], texts: dict[str, str]) -> str:
    """How long the notebooks of a route run, as the build measured."""
    found = [run_seconds(project, slug) for slug in chapters]
    known = [seconds for seconds in found if seconds is not None]
    return texts["runs"].format(seconds=round(sum(known))) if known else ""


def number(value: int, language: str) -> str:
    """A whole number as the language writes it."""
    return f"{value:,}".replace(",", LOCALES[language].thousands[0])
