"""Every numbered formula: what its letters are, what computes it, what holds it."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bilingual_book.project import Project
from bilingual_book.sources.definitions import place_of_code, place_of_test

FORMULA = re.compile(
    r"^```\{math\}\n((?::\w+:[^\n]*\n)+)(.*?)^```$", re.MULTILINE | re.DOTALL
)
MARK = re.compile(r":(\w+): (.*)")
SYMBOL_ROW = re.compile(r"^\| (\$[^|]*\$(?:, \$[^|]*\$)*) \| ([^|]*) \|", re.MULTILINE)
WORDS = re.compile(r"\\(?:operatorname|text|mathrm)\*?\{[^}]*\}")
COMMAND = re.compile(r"\\[A-Za-z]+")
TOKEN = re.compile(r"\\[A-Za-z]+|.")
PAGE = "page"


@dataclass(frozen=True)
class Formula:
    """A formula of a page, as it is written.

    Attributes:
        slug: of its page.
        label: its name.
        tex: its body.
        code: the dotted path of what computes it, or `page`.
        test: the test that holds it, or `page`.
    """

    slug: str
    label: str
    tex: str
    code: str
    test: str


def numbered_formulas(project: Project, language: str) -> Iterator[Formula]:
    """The formulas of the chapters that have a name, in the order of the book."""
    for slug in project.numbered:
        text = project.source(language, slug).read_text(encoding="utf-8")
        for found in FORMULA.finditer(text):
            marks = dict(MARK.findall(found[1]))
            if "label" in marks:
                code, test = marks.get("code", PAGE), marks.get("test", PAGE)
                yield Formula(slug, marks["label"], found[2], code, test)


def formulas(project: Project, language: str, _: str) -> str:
    """All of them, chapter by chapter."""
    texts = project.languages[language]["computed"]
    lines = []
    before = ""
    for formula in numbered_formulas(project, language):
        if formula.slug != before:
            lines += [f"**{{doc}}`{formula.slug}`**", ""]
            before = formula.slug
        lines += entry(project, language, formula, texts)
    return "\n".join(lines)


def entry(
    project: Project, language: str, formula: Formula, texts: dict[str, str]
) -> list[str]:
    """One formula, with its number in its chapter and where it is computed."""
    said = [f"{{eq}}`{formula.label}`"]
    letters = symbols(project, language, formula)
    if letters:
        said.append(", ".join(f"{name} {shape}" for name, shape in letters))
    if formula.code == formula.test == PAGE:
        said.append(texts["on_page"])
    else:
        said.append(texts["code"].format(link=code_link(project, formula, texts)))
        said.append(texts["test"].format(link=test_link(project, formula, texts)))
    return ["```{math}", formula.tex.rstrip(), "```", "", " · ".join(said), ""]


def symbols(project: Project, language: str, formula: Formula) -> list[tuple[str, str]]:
    """What the chapter's table of symbols says of the letters of a formula."""
    text = project.source(language, formula.slug).read_text(encoding="utf-8")
    rows = SYMBOL_ROW.findall(text)
    return [(name, shape.strip()) for name, shape in rows if stands_in(name, formula)]


def stands_in(symbol: str, formula: Formula) -> bool:
    """Whether a symbol of a table, `$d_k$`, stands in a formula.

    Letters side by side are a product; those of a command or of a word are none.
    """
    wanted = symbol.split("$")[1].replace(" ", "")
    tex = WORDS.sub(" ", formula.tex)
    if len(wanted) == 1:
        tex = COMMAND.sub(" ", tex)
        return re.search(rf"(?<!_){re.escape(wanted)}(?!\s*_)", tex) is not None
    pattern = r"\s*".join(re.escape(part) for part in TOKEN.findall(wanted))
    return re.search(rf"(?<![A-Za-z\\]){pattern}(?![A-Za-z_])", tex) is not None


def poster_link(project: Project, language: str, _: str) -> str:
    """A link to the poster, as one of those that go when their file was not made."""
    texts = project.languages[language]["poster"]
    name, words = (html.escape(texts[key]) for key in ("pdf", "link"))
    link = f'<ul class="simple"><li><a href="../{name}">{words}</a></li></ul>'
    return f"```{{raw}} html\n{link}\n```"


def code_link(project: Project, formula: Formula, texts: dict[str, str]) -> str:
    """A link to the line of the package; words, if the page computes it."""
    if formula.code == PAGE:
        return texts["chapter"]
    name = formula.code.removeprefix("transformers_explained.")
    return link(project, name, *place_of_code(project.root, formula.code))


def test_link(project: Project, formula: Formula, texts: dict[str, str]) -> str:
    """A link to the line of the test; words, if the page holds it."""
    if formula.test == PAGE:
        return texts["chapter"]
    name = formula.test.split("::")[-1].partition("[")[0]
    return link(project, name, *place_of_test(project.root, formula.test))


def link(project: Project, name: str, path: str, line: int) -> str:
    """A link to a line of the sources, where they are published."""
    return f"[`{name}`]({project.repository.file(path)}#L{line})"
