"""The map of the course, drawn: a line per chapter, an arc from what it needs."""

import html
import re

from bilingual_book.computed.course import course
from bilingual_book.project import Project

ROW, TOP, WIDTH = 26, 34, 365  # CSS pixels: on a telephone a tenth smaller
SPINE, WAYS, NAMES = 66, 81, 126
COLORS = {"idea": "--goals", "build": "--key", "use": "--measure"}
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
ROLE = re.compile(r"\{[\w:.-]+\}|[`*]")


def title(project: Project, language: str, slug: str) -> str:
    """The title of a page, up to its colon: the map is narrow."""
    text = project.source(language, slug).read_text(encoding="utf-8")
    found = TITLE.search(text)
    said = ROLE.sub("", found[1]) if found else slug
    return re.split(r"\s*[:,]\s", said)[0]


def drawn_map(project: Project, language: str) -> str:
    """The drawing as one block of HTML; the table below it says the same in words."""
    texts = project.languages[language]["computed"]
    data = course(project)
    rows = {slug: place for place, slug in enumerate(project.numbered)}
    parts = [
        arc(rows[need], rows[slug]) for slug in rows for need in data["needs"][slug]
    ]
    for slug, row in rows.items():
        y = height(row)
        parts.append(f'<circle cx="{SPINE}" cy="{y}" r="4" fill="currentColor"/>')
        parts += [
            f'<circle cx="{WAYS + 16 * place}" cy="{y}" r="5" fill="var({color})"/>'
            for place, (way, color) in enumerate(COLORS.items())
            if slug in data["ways"][way]
        ]
        name = html.escape(f"{row + 1}. {title(project, language, slug)}")
        parts.append(f'<text x="{NAMES}" y="{y + 5}">{name}</text>')
    parts += legend(texts["ways"])
    label = html.escape(texts["map_alt"], quote=True)
    size = f'viewBox="0 0 {WIDTH} {height(len(rows))}" width="{WIDTH}"'
    # Raw: nothing of it stands in the PDF, which has the table.
    return (
        "```{raw} html\n"
        f'<svg class="course-map" role="img" aria-label="{label}" {size} '
        'font-size="14" font-family="var(--plain)" fill="currentColor">'
        + "".join(parts)
        + "</svg>\n```"
    )


def height(row: int) -> int:
    """The height of a chapter's line."""
    return TOP + ROW * row + ROW // 2


def arc(start: int, end: int) -> str:
    """A half circle at the left of the spine, from what is needed down to who needs."""
    top, bottom = height(start), height(end)
    bulge = min(SPINE - 6, 10 + 9 * (end - start))
    return (
        f'<path d="M{SPINE} {top}C{SPINE - bulge} {top} {SPINE - bulge} {bottom} '
        f'{SPINE} {bottom}" fill="none" stroke="var(--link-line)" stroke-width="1.5"/>'
    )


def legend(ways: dict[str, str]) -> list[str]:
    """The names of the ways, in the first line."""
    parts = []
    x = 6
    for way, color in COLORS.items():
        parts.append(f'<circle cx="{x + 5}" cy="14" r="5" fill="var({color})"/>')
        parts.append(f'<text x="{x + 15}" y="19">{html.escape(ways[way])}</text>')
        x += 34 + round(7.6 * len(ways[way]))
    return parts
