r"""From Sphinx's LaTeX file to course notes: a cover, parts, numbered chapters only.

Sphinx writes every page as a chapter and turns the sections of the introduction into
chapters of their own, because its title is already the book's. The file is arranged
here, page by page: Sphinx marks the beginning of each with ``\sphinxstepscope``.
"""

import re
from collections.abc import Iterable

from bilingual_book.project import Project, other_language
from bilingual_book.sphinx_ext.paper import lines_together

PAGE = "\\sphinxstepscope"
# The first table of contents gives its caption to the list of all contents.
CONTENTS_NAME = re.compile(
    r"\\addto\\captions\w+\{\\renewcommand\{\\contentsname\}.*\n"
)
HEADING = re.compile(r"\\chapter\{(.*)\}")
# A link to a page of the book: on paper its reader needs a page number.
PAGE_LINK = re.compile(
    r"\{\\hyperref\[\\detokenize\{(?P<label>[\w-]+::doc)\}\]"
    r"\{\\sphinxcrossref\{\\DUrole\{doc\}\{(?P<text>[^{}]*(?:\{\}[^{}]*)*)\}\}\}\}"
)
CODE = re.compile(
    r"(\\begin\{sphinxVerbatim\}\[[^\n]*\]\n)(.*?)(?=\\end\{sphinxVerbatim\})",
    re.DOTALL,
)
TOKEN, SIGN = re.compile(r"\\PYG\{[^}]*\}"), re.compile(r"\\\w+\{\}")
# A cell without words would be two lines high.
EMPTY_CELL = re.compile(r"\\sphinxAtStartPar\n\n(?=&|\\\\\n)")
SHORT = 84  # a line of code that is no longer fits the page: nothing to do
FURTHER = 4  # columns by which the rest of a long line stands further in


def arrange(project: Project, language: str, tex: str) -> str:
    """Return the LaTeX of one language, arranged.

    Args:
        project: the book.
        language: of the file.
        tex: what Sphinx wrote.
    """
    texts = project.languages[language]
    head, *pages = CONTENTS_NAME.sub("", tex).split(PAGE)
    other = other_language(language)
    opening = imprint(
        [
            f"\\textbf{{{texts['title']}}}\\\\{texts['subtitle']}",
            *texts["paper"]["imprint"],
        ],
        site=project.base_url,
        repository=project.repository.url,
        date="\\today",
        other=f"\\emph{{{project.languages[other]['title']}}}",
    )
    out = [introduction(head, texts["paper"]["introduction"], opening)]
    part = ""
    chapters = list(zip(project.chapters_by_part, pages, strict=True))
    parts = {chapter["file"]: name for (name, chapter), _ in chapters}
    titles = {chapter["file"]: title_of(page) for (_, chapter), page in chapters}
    for (its_part, chapter), page in chapters:
        numbered = chapter["file"] in project.numbered
        if its_part != part and numbered:
            listed = [
                (slug, number, titles[slug])
                for number, slug in enumerate(project.numbered, start=1)
                if parts[slug] == its_part
            ]
            out.append(part_page(texts["parts"][its_part], listed))
        part = its_part
        numbers = "\n\\chapternumbers" if numbered else "\n\\plainnumbers"
        out.append(PAGE + numbers + (page if numbered else unnumbered(page)))
    body = with_page_numbers(EMPTY_CELL.sub("", "".join(out)), texts["paper"]["page"])
    return typeset_code(body)


def title_of(page: str) -> str:
    """The title of a page, as LaTeX."""
    found = HEADING.search(page)
    return found[1] if found else ""


def part_page(name: str, chapters: Iterable[tuple[str, int, str]]) -> str:
    """The page that opens a part: its name and its chapters (slug, number, title)."""
    above, _, title = name.partition(" – ")
    lines = "".join(
        f"\\partchapter{{\\detokenize{{{slug}::doc}}}}{{{number}}}{{{its_title}}}"
        for slug, number, its_title in chapters
    )
    return f"\\bookpart{{{name}}}{{{above}}}{{{title or name}}}{{{lines}}}\n"


def introduction(head: str, title: str, imprint: str) -> str:
    """The introduction as one chapter, behind cover, imprint and contents."""
    before, maketitle, rest = head.partition("\\sphinxmaketitle")
    contents = "\\sphinxtableofcontents"
    start, _, text = rest.partition(contents)
    cover = "\\begin{titlepage}\\includepdf{cover.pdf}\\end{titlepage}\n"
    opening = f"\n\\plainnumbers\\plainchapter{{{title}}}\n"
    sections = re.sub(r"\\(chapter|section|subsection)\{", lower, text)
    if not maketitle:
        return head
    # What follows the contents on their own line belongs before the introduction.
    line, newline, sections = sections.partition("\\phantomsection")
    return (
        f"{before}{cover}{imprint}{start}{contents}{line}{opening}{newline}{sections}"
    )


def imprint(paragraphs: Iterable[str], **facts: str) -> str:
    """The back of the cover: what this is, under which licence, where it comes from."""
    lines = "\\par\\medskip\n".join(paragraphs)
    for name, fact in facts.items():
        lines = lines.replace(f"{{{name}}}", fact)
    lines = re.sub(r"<(https?://[^>]+)>", r"\\url{\1}", lines)
    return (
        "\\thispagestyle{empty}\\null\\vfill\n"
        f"{{\\raggedright\\small {lines}\\par}}\\clearpage\n"
    )


def lower(heading: re.Match[str]) -> str:
    """One level down, without a number."""
    below = {
        "chapter": "plainsection",
        "section": "subsection*",
        "subsection": "subsubsection*",
    }
    return f"\\{below[heading[1]]}{{"


def unnumbered(page: str) -> str:
    """A page of the front or back matter: in the contents, without numbers."""
    page = page.replace("\\section{", "\\plainsection{")
    page = page.replace("\\subsection{", "\\subsection*{")
    return HEADING.sub(r"\\plainchapter{\1}", page, count=1)


def with_page_numbers(tex: str, form: str) -> str:
    """Say on which page a page of the book that the text names begins."""

    def numbered(link: re.Match[str]) -> str:
        page = form.format(page=f"\\pageref{{\\detokenize{{{link['label']}}}}}")
        return f"{link[0]} ({page})"

    return PAGE_LINK.sub(numbered, tex)


def typeset_code(tex: str) -> str:
    """Keep short pieces of code whole; let a long line go on below its beginning."""

    def block(match: re.Match[str]) -> str:
        lines = match[2].split("\n")
        count = lines_together(match[2])
        return f"\\together{{{count}}}\n{match[1]}" + "\n".join(map(hung, lines))

    return CODE.sub(block, tex)


def hung(line: str) -> str:
    """The line, told how far in its rest stands."""
    shown = re.sub(r"[{}]", "", SIGN.sub("x", TOKEN.sub("", line)))
    if len(shown) <= SHORT:
        return line
    indent = len(shown) - len(shown.lstrip(" "))
    return f"\\hang{{{indent + FURTHER}}}{line}"


def declarations(signs: Iterable[str], typeface: str = "otherglyphs") -> str:
    """Let another typeface draw some signs.

    By their numbers: a sign that the preamble has defined already would call itself.
    """
    return "".join(
        f'\\newunicodechar{{{sign}}}{{{{\\{typeface} \\char"{ord(sign):X} }}}}\n'
        for sign in signs
    )
