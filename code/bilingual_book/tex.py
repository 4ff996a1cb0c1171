"""From Sphinx's LaTeX file to course notes: a cover, parts, numbered chapters only.

Sphinx writes every page as a chapter and turns the sections of the introduction into
chapters of their own, because its title is already the book's. The file is arranged
here, page by page: Sphinx marks the beginning of each with ``\\sphinxstepscope``.
"""

import re
from collections.abc import Iterable

from bilingual_book.project import Project

PAGE = "\\sphinxstepscope"
# The first table of contents gives its caption to the list of all contents.
CONTENTS_NAME = re.compile(
    r"\\addto\\captions\w+\{\\renewcommand\{\\contentsname\}.*\n"
)
# sphinx-exercise joins two translated words: "Solution de" and "Exercice".
SOLUTION = re.compile(r"(\{note\}\{)Solution \w+ \w+ ([\d.]+)")

INDEX_ENTRY = re.compile(r"\\index\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}")


def arrange(project: Project, language: str, tex: str) -> str:
    """Return the LaTeX of one language, arranged.

    Args:
        project: the book.
        language: of the file.
        tex: what Sphinx wrote.
    """
    names = project.languages[language]["parts"]
    head, *pages = CONTENTS_NAME.sub("", tex).split(PAGE)
    head = introduction(head, title=page_title(project, language, project.toc["root"]))
    out, part = [head], ""
    for (its_part, _), page in zip(project.chapters_by_part, pages, strict=True):
        numbered = is_numbered(project, its_part)
        if its_part != part and numbered:
            out.append(f"\\part{{{part_name(names[its_part])}}}\n")
        part = its_part
        out.append(PAGE + (page if numbered else unnumbered(page)))
    solution = project.languages[language]["ui"]["solution"]
    text = SOLUTION.sub(lambda m: m[1] + solution.format(number=m[2]), "".join(out))
    return INDEX_ENTRY.sub(plain_hyphens, text)


def plain_hyphens(entry: re.Match[str]) -> str:
    """An entry of the index without the command for a hyphen.

    TeX writes the command with a space after it where the entry is in a heading and
    without elsewhere: to the index, these are two terms.
    """
    return entry[0].replace("\\sphinxhyphen{}", "-")


def is_numbered(project: Project, part: str) -> bool:
    """Whether the chapters of a part are numbered."""
    parts = project.toc.get("parts", [])
    return any(each["caption"] == part and each.get("numbered") for each in parts)


def part_name(name: str) -> str:
    """The name without "Part II –": LaTeX numbers parts itself."""
    return name.split(" – ", 1)[-1]


def page_title(project: Project, language: str, slug: str) -> str:
    """The first heading of a page."""
    text = project.source(language, slug).read_text(encoding="utf-8")
    found = re.search(r"^# (.+)$", text, flags=re.MULTILINE)
    return found[1] if found else slug


def introduction(head: str, *, title: str) -> str:
    """The introduction as one unnumbered chapter, behind cover and contents."""
    before, maketitle, rest = head.partition("\\sphinxmaketitle")
    contents = "\\sphinxtableofcontents"
    start, _, text = rest.partition(contents)
    cover = "\\begin{titlepage}\\includepdf{cover.pdf}\\end{titlepage}\n"
    opening = f"\n\\chapter*{{{title}}}\\addcontentsline{{toc}}{{chapter}}{{{title}}}\n"
    opening += f"\\markboth{{{title}}}{{{title}}}\n"
    sections = re.sub(r"\\(chapter|section|subsection)\{", lower, text)
    if not maketitle:
        return head
    # What follows the contents on their own line belongs before the introduction.
    line, newline, sections = sections.partition("\\phantomsection")
    return before + cover + start + contents + line + opening + newline + sections


def lower(heading: re.Match[str]) -> str:
    """One level down, without a number."""
    below = {
        "chapter": "section",
        "section": "subsection",
        "subsection": "subsubsection",
    }
    return f"\\{below[heading[1]]}*{{"


def unnumbered(page: str) -> str:
    """A page of the front or back matter: in the contents, without numbers."""
    page = re.sub(r"\\(section|subsection)\{", r"\\\1*{", page)
    return re.sub(
        r"\\chapter\{(.*)\}",
        r"\\chapter*{\1}\\addcontentsline{toc}{chapter}{\1}\\markboth{\1}{\1}",
        page,
        count=1,
    )


def declarations(signs: Iterable[str]) -> str:
    """Let a second typeface draw some signs."""
    return "".join(
        f"\\newunicodechar{{{sign}}}{{{{\\otherglyphs {sign}}}}}\n" for sign in signs
    )
