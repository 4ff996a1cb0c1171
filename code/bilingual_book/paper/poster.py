"""The poster of formulas: the twenty that matter, on two sheets, from the chapters.

`book/poster.yml` says which and in which order, and the shapes of their letters; the
formulas and their numbers come from the chapters, as on the page of all formulas.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bilingual_book.computed.formulas import Formula, numbered_formulas
from bilingual_book.errors import BookError
from bilingual_book.paper.pdf import INSTALL, log_problems
from bilingual_book.project import LANGUAGES, Project, read_yaml

TEMPLATE = Path(__file__).parent / "latex" / "poster.tex"
COLORS = ("blue", "ochre")  # of the sheets
ENDING = re.compile(r"\s*[.,]\s*$")  # what ends a formula inside a sentence
# The first card of a sheet is as wide as both columns, its formula larger.
HERO = "\\LARGE"


@dataclass(frozen=True)
class Sheet:
    """One sheet: its title and its entries, as they are written in `poster.yml`."""

    title: dict[str, str]
    entries: list[dict[str, Any]]


def sheets(project: Project) -> list[Sheet]:
    """What `book/poster.yml` asks for."""
    found = read_yaml(project.book / "poster.yml")
    return [Sheet(sheet["title"], sheet["formulas"]) for sheet in found]


def numbers(project: Project, language: str) -> dict[str, tuple[str, Formula]]:
    """By its label: the number that a formula bears in the book, and the formula."""
    places: dict[str, int] = {}
    found = {}
    for formula in numbered_formulas(project, language):
        places[formula.slug] = places.get(formula.slug, 0) + 1
        chapter = project.numbered.index(formula.slug) + 1
        found[formula.label] = (f"{chapter}.{places[formula.slug]}", formula)
    return found


def poster_tex(project: Project, language: str) -> str:
    """The poster of one language as LaTeX.

    Raises:
        BookError: If the list names a formula that no chapter has.
    """
    known = numbers(project, language)
    texts = project.languages[language]
    body = []
    for place, sheet in enumerate(sheets(project)):
        color = COLORS[place % len(COLORS)]
        cards = [
            card(project, known, entry, language, hero=number == 0)
            for number, entry in enumerate(sheet.entries)
        ]
        body.append(
            f"\\colorlet{{sheet}}{{{color}}}%\n"
            f"{{\\sffamily\\bfseries\\Huge\\color{{sheet}}{plain(sheet.title[language])}"
            f"\\par}}\\vspace{{1mm}}\n"
            f"{{\\sffamily\\small\\color{{quiet}}{plain(texts['poster']['axes'])}\\par}}"
            "\\vspace{2mm}\n"
            "\\begin{tcbraster}[raster columns=2, raster equal height=rows, "
            "raster column skip=5mm, raster row skip=5.2mm]\n"
            + "\n".join(cards)
            + "\n\\end{tcbraster}\n\\vfill\n"
            f"{{\\sffamily\\footnotesize\\color{{quiet}}{plain(texts['poster']['foot'])}"
            f"\\hfill {plain(texts['title'])} · CC BY 4.0\\par}}\n"
        )
    template = TEMPLATE.read_text(encoding="utf-8")
    template = template.replace("<lang>", texts["paper"]["language"])
    template = template.replace("<title>", plain(texts["poster"]["title"]))
    return template.replace("<sheets>", "\n\\clearpage\n".join(body))


def card(
    project: Project,
    known: dict[str, tuple[str, Formula]],
    entry: dict[str, Any],
    language: str,
    *,
    hero: bool,
) -> str:
    """One formula: its name, its number, itself, its letters."""
    if entry["formula"] not in known:
        raise BookError(
            f"no chapter has the formula {entry['formula']}",
            path=project.book / "poster.yml",
            expected="the label of a numbered formula",
        )
    number, formula = known[entry["formula"]]
    wide = "[raster multicolumn=2]" if hero else ""
    shown = one_formula(formula.tex)
    if hero:
        shown = f"{{\\mbox{{{HERO}$\\displaystyle {shown}$}}}}"
    return (
        f"\\begin{{card}}{wide}{{{plain(entry['name'][language])}}}{{({number})}}\n"
        f"\\shown{{{shown}}}\n\\letters{{{plain(entry['legend'][language])}}}\n"
        "\\end{card}"
    )


def one_formula(tex: str) -> str:
    """A formula without the full stop that ends its sentence."""
    body = ENDING.sub("", tex.strip())
    ended = re.sub(r"\s*[.,]\s*(?=\\end\{aligned\}$)", "\n", body)
    return re.sub(r",(?=\s*\\\\)", "", ended)


def plain(text: str) -> str:
    """A text for LaTeX: what stands between dollars is a formula, the rest is words."""
    parts = text.split("$")
    words = [
        part if place % 2 else re.sub(r"([%&#_])", r"\\\1", part)
        for place, part in enumerate(parts)
    ]
    return "$".join(words).replace("√d", "$\\sqrt{d_k}$")


def build_posters(project: Project) -> list[Path]:
    """Make `_build/pdf/<name>.pdf` for each language.

    Raises:
        BookError: If TeX is missing, fails, or tells of a missing character or a line
            that runs off the page; or if there are not two sheets.
    """
    if shutil.which("xelatex") is None:
        raise BookError("xelatex is not installed", fix=INSTALL)
    return [build_poster(project, language) for language in LANGUAGES]


def build_poster(project: Project, language: str) -> Path:
    """Make the poster of one language."""
    name = project.languages[language]["poster"]["pdf"].removesuffix(".pdf")
    folder = project.build / "poster"
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{name}.tex"
    source.write_text(poster_tex(project, language), encoding="utf-8")
    command = ["xelatex", "-interaction=nonstopmode", "-file-line-error", source.name]
    for _ in range(2):  # cards of one row learn their common height
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    log_path = source.with_suffix(".log")
    log = log_path.read_text(encoding="utf-8", errors="replace")
    problems = log_problems(log)
    pages = re.search(r"Output written on \S+ \((\d+) pages?", log.replace("\n", " "))
    if done.returncode or problems or pages is None or pages[1] != "2":
        shown = problems or done.stdout.splitlines()[-20:]
        raise BookError(
            f"the {language} poster has problems\n" + "\n".join(shown),
            path=log_path,
            expected="two sheets, and a log without them",
        )
    target = project.build / "pdf" / f"{name}.pdf"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source.with_suffix(".pdf"), target)
    print(f"{target} ({target.stat().st_size / 1e3:.0f} kB)", flush=True)
    return target
