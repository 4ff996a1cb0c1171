r"""The book on paper: what a screen folds, links or scrolls is laid out for a page.

Boxes keep their kind (key point, common mistake, exercise…), solutions move behind the
last chapter, a table without a header has none, a displayed source looks like code, and
a file that the site offers for download has its path.
The look itself is in ``latex/preamble.tex``.
"""

import html
import re
from collections.abc import Iterable
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.locale import admonitionlabels
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import texescape
from sphinx.writers.latex import LaTeXTranslator
from sphinx_exercise.nodes import exercise_enumerable_node, solution_node

from bilingual_book.project import Project
from bilingual_book.sphinx_ext.folds import solution_name
from bilingual_book.sphinx_ext.further import further
from bilingual_book.sphinx_ext.page_context import book_texts, project_at
from bilingual_book.sphinx_ext.quiz import quiz, quiz_height

# How the boxes are drawn, by the class that the source gives them.
KINDS = (
    *("key-point", "common-mistake", "measure-it", "goals", "exercise"),
    *("predict", "answer"),
)
NUMBERED = (nodes.figure, nodes.table)
LONG_BOX = 1500  # characters; a shorter box stays on one page
LONG_TABLE = 18  # lines; a longer table may go over two pages
SHORT_CELL = 16  # characters; a column without longer texts is not broken into lines
LINE, GAP = 84, 3  # characters of a row of a table, and between two columns
# Code of so many lines stays on one page; of a longer one, so many lines at least.
WHOLE, SOME_LINES = 14, 6
BLOCKS = (nodes.section, nodes.container)
# Heights in points: what KeptTogether reckons with.
TEXT_LINE, CODE_LINE, BOX_FRAME, HEADING_HEIGHT = 14.0, 11.4, 45.0, 45.0
SOURCE_FILE = re.compile(r"(?:#|//) transformers_explained/")
UPWARDS = re.compile(r"^(\.\./)+")
EXPLORER = re.compile(r"<(\w+)-explorer\b")
ALTERNATIVE = re.compile(r'<svg[^>]* aria-label="([^"]*)"')
CAPTION = re.compile(r"<figcaption>([^<]*)</figcaption>")
LONG_CAPTION = 260  # characters


class paper_box(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """A box; its first child is its title, its ``kind`` says how it is drawn."""


class paper_title(nodes.Part, nodes.TextElement):  # type: ignore[misc]  # noqa: N801
    """The title of a box or of a solution."""


class paper_solution(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """A solution, in the chapter that gathers them."""


def raw(tex: str) -> nodes.raw:
    """A piece of LaTeX."""
    return nodes.raw("", tex, format="latex")


class PaperTransform(SphinxPostTransform):
    """What all of these share: the book's texts."""

    formats = ("latex",)

    @property
    def project(self) -> Project:
        """The book."""
        return project_at(self.config.book_root)

    @property
    def texts(self) -> dict[str, Any]:
        """The texts of the language."""
        return book_texts(self.config)


class ReadableSources(PaperTransform):
    """Leave the addresses of the bibliography alone.

    They are written out (a DOI, an arXiv number), so that they need no footnote.
    """

    default_priority = 399  # before Sphinx makes footnotes of links

    def run(self, **kwargs: Any) -> None:
        """Write these links as LaTeX."""
        for citation in self.document.findall(nodes.citation):
            for link in list(citation.findall(nodes.reference)):
                address, text = link.get("refuri", ""), link.astext()
                if text in address.replace("/abs/", ":") or address.endswith(
                    text.partition(":")[2]
                ):
                    shown = text.replace("_", r"\_").replace("%", r"\%")
                    address = address.replace("%", r"\%").replace("#", r"\#")
                    link.replace_self(raw(rf"\sphinxhref{{{address}}}{{{shown}}}"))


class AddressesInNotes(PaperTransform):
    """Link the address at the foot of the page, not the words that stand for it.

    What is a link can then be read where it is, on paper and on a screen.
    """

    default_priority = 401  # when Sphinx has put the addresses into footnotes

    def run(self, **kwargs: Any) -> None:
        """Leave the words, and the footnote behind them."""
        for link in list(self.document.findall(nodes.reference)):
            address = link.get("refuri", "")
            outer = address.startswith(("http://", "https://"))
            if outer and link.astext() != address:
                link.replace_self(link.children)
            elif outer:
                link.attributes.pop("nolinkurl", None)  # Sphinx only shows it


class ExplorersAsFigures(PaperTransform):
    """Number the picture that stands for an explorer; say what it shows, and where.

    An explorer has no number on screen, so it is counted apart from the figures.
    """

    default_priority = 3  # before MyST-NB keeps the picture only

    def run(self, **kwargs: Any) -> None:
        """Wrap each picture."""
        for page in list(self.document.findall(nodes.raw)):
            bundle = page.parent.parent
            explorer = EXPLORER.search(page.astext())
            if explorer:
                where = bundle.parent.index(bundle)
                begin = r"\begin{bookexplorer}\refstepcounter{bookexplorernumber}"
                bundle.parent.insert(where, raw(begin))
                caption = self.caption(page, explorer[1])
                end = rf"\caption*{{{caption}}}\end{{bookexplorer}}"
                bundle.parent.insert(where + 2, raw(end))

    def caption(self, page: nodes.raw, kind: str) -> str:
        """The number, what the picture shows in numbers, and what a screen does."""
        words = self.texts["paper"]
        numbered = file_of(page) in self.project.numbered
        name = words["explorer"] + (r"~\thebookexplorernumber" if numbered else "")
        shown = said_by(page.astext())
        return rf"\textbf{{{name}}}\enspace {shown}{words['explorers'][kind]}"


def file_of(node: nodes.Node) -> str:
    """The page that a node of the whole book stands in, as its sections say."""
    while node is not None:
        if isinstance(node, nodes.section) and "docname" in node:
            return str(node["docname"])
        node = node.parent
    return ""


def said_by(page: str) -> str:
    """What an explorer's still picture shows, as LaTeX: with its values, if short."""
    texts = [
        html.unescape(found[1]).strip().rstrip(".") + ". "
        for form in (ALTERNATIVE, CAPTION)
        if (found := form.search(page)) is not None
    ]
    short = [text for text in texts if len(text) <= LONG_CAPTION]
    return texescape.escape(short[0], "xelatex") if short else ""


class DownloadsAsPaths(PaperTransform):
    """Say where in the repository a file lies that the site offers for download."""

    default_priority = 900

    def run(self, **kwargs: Any) -> None:
        """Write the path behind each link."""
        for link in list(self.document.findall(addnodes.download_reference)):
            link.replace_self(with_path(link))


def with_path(link: addnodes.download_reference) -> list[nodes.Node]:
    """The words of a link to a file, and the path, which may break at a slash."""
    found = [*link.children, nodes.Text(" (")]
    for part in re.split(r"(?<=/)", UPWARDS.sub("", link["reftarget"])):
        found += [nodes.literal("", part), raw(r"\allowbreak{}")]
    return [*found[:-1], nodes.Text(")")]


class GatherSolutions(PaperTransform):
    """Move the solutions into a chapter of their own, and say where they are."""

    default_priority = 890

    def run(self, **kwargs: Any) -> None:
        """Take the solutions out, page by page, and put them where they are read."""
        paper = self.texts["paper"]
        gathered: list[nodes.Node] = []
        for page in list(self.document.findall(addnodes.start_of_file)):
            solutions = list(page.findall(solution_node))
            if solutions:
                title = page.next_node(nodes.title)
                name = title.astext() if title else page["docname"]
                label = rf"\ref*{{\detokenize{{{page['docname']}::doc}}}}"
                slug = page["docname"]
                gathered.append(raw(rf"\solutionsof{{{label}}}{{{name}}}{{{slug}}}"))
            gathered += [self.take_out(solution, paper) for solution in solutions]
        if not gathered:
            return
        last = next(
            page
            for page in self.document.findall(addnodes.start_of_file)
            if page["docname"] == self.project.numbered[-1]
        )
        heading = raw(rf"\solutionschapter{{{paper['solutions']}}}")
        last.extend([heading, *gathered])

    def take_out(self, solution: nodes.Element, paper: dict[str, str]) -> nodes.Element:
        """Leave the number of its page in the exercise, and return the solution."""
        for inner in solution.findall():
            labelled = isinstance(inner, nodes.math_block) and inner.get("label")
            if isinstance(inner, NUMBERED) or labelled:
                raise ExtensionError(
                    f"{solution['label']}: a solution moves behind the last chapter on "
                    "paper, so it cannot hold a numbered figure, table or formula"
                )
        label, exercise = solution["label"], solution["target_label"]
        where = paper["solution_at"].format(page=rf"\pageref{{solution:{label}}}")
        for box in self.document.findall(exercise_enumerable_node):
            if box["label"] == exercise:
                box += raw(rf"\solutionat{{{where}}}")
        name = solution_name(solution[0], self.config)
        task = paper["exercise_at"].format(page=rf"\pageref{{exercise:{exercise}}}")
        solution.parent.remove(solution)
        return paper_solution(
            "",
            paper_title("", "", nodes.Text(name)),
            *solution.children[1:],
            label=label,
            docname=solution["docname"],
            task=task,
        )


class DrawBoxes(PaperTransform):
    """Make boxes of what the screen shows as boxes."""

    default_priority = 900  # after sphinx-exercise has written its titles

    def run(self, **kwargs: Any) -> None:
        """Replace each box."""
        for box in list(self.document.findall(nodes.Admonition)):
            if not isinstance(box, nodes.Element) or not len(box):
                continue
            classes = box.get("classes", [])
            kind = next((kind for kind in KINDS if kind in classes), "note")
            first, rest = box[0], box.children[1:]
            if isinstance(first, nodes.title):
                title = paper_title("", "", *first.children)
            else:
                name = str(admonitionlabels.get(box.tagname, box.tagname))
                title, rest = paper_title("", "", nodes.Text(name)), box.children
            label = f"exercise:{box['label']}" if kind == "exercise" else ""
            new = paper_box("", title, *rest, kind=kind, label=label, ids=box["ids"])
            # An answer may find itself below two figures, on what is left of a page.
            new["breaks"] = kind == "answer" or len(new.astext()) > LONG_BOX
            box.replace_self(new)


class PlainTables(PaperTransform):
    """Give the columns of a table their widths, and no header to one without names."""

    default_priority = 900

    def run(self, **kwargs: Any) -> None:
        """Mend each table."""
        for head in list(self.document.findall(nodes.thead)):
            if not head.astext().strip():
                head.parent.remove(head)
        for table in list(self.document.findall(nodes.table)):
            rows = [
                [entry.astext() for entry in row.findall(nodes.entry)]
                for row in table.findall(nodes.row)
            ]
            widths = column_widths(rows)
            table["lines"] = sum(map(max, cell_heights(rows, widths)))
            if table["lines"] > LONG_TABLE:
                table["classes"].append("longtable")
                if not isinstance(table[0], nodes.title):  # LaTeX counts all of these
                    where = table.parent.index(table) + 1
                    table.parent.insert(where, raw(r"\addtocounter{table}{-1}"))
            total = sum(widths)
            columns = (
                "".join(f"P{{{width / total:.3f}}}" for width in widths)
                if total >= LINE
                else "l" * len(widths)
            )
            spec = addnodes.tabular_col_spec(spec=columns)
            table.parent.insert(table.parent.index(table), spec)


def cell_heights(rows: list[list[str]], widths: list[int]) -> list[list[int]]:
    """The lines of each cell, row by row, in columns so many characters wide."""
    return [
        [
            -(-len(text) // max(width - GAP, 1))  # a column may be empty
            for text, width in zip(row, widths, strict=False)
        ]
        for row in rows
    ]


def column_widths(rows: list[list[str]], line: int = LINE) -> list[int]:
    """The widths of columns, in characters, that give the lowest table.

    Args:
        rows: The texts of the cells.
        line: How many characters stand side by side on the page.

    Returns:
        The longest text of each column where all fit; else widths that fill the line.
    """
    columns = list(zip(*rows, strict=False))
    longest = [max(len(text) for text in column) + GAP for column in columns]
    if sum(longest) <= line:
        return longest
    widths = [
        (whole if whole - GAP <= SHORT_CELL else longest_word(column) + GAP)
        for column, whole in zip(columns, longest, strict=True)
    ]

    def height(tried: list[int]) -> tuple[int, int]:
        """The lines of the table, then of all its cells."""
        lines = cell_heights(rows, tried)
        return sum(map(max, lines)), sum(map(sum, lines))

    while sum(widths) < line:
        steps = range(1, min(9, line - sum(widths) + 1))
        tries = [
            (height([*widths[:i], widths[i] + step, *widths[i + 1 :]]), step, i)
            for i in range(len(widths))
            if widths[i] < longest[i]
            for step in steps
        ]
        if not tries:
            break
        _, step, best = min(tries)
        widths[best] += step
    return widths


def longest_word(column: Iterable[str]) -> int:
    """The longest piece of a column that no line may break."""
    return max(len(word) for text in column for word in re.split(r"[\s_/-]", text))


class KeptTogether(PaperTransform):
    """Keep a heading, and a text that announces something, with what follows."""

    default_priority = 910  # when boxes are boxes

    def run(self, **kwargs: Any) -> None:
        """Ask for room before headings, paragraphs that end in a colon, and tables."""
        for paragraph in list(self.document.findall(nodes.paragraph)):
            block = paragraph.parent
            if isinstance(block, BLOCKS) and ends_in_colon(paragraph):
                where = block.index(paragraph)
                block.insert(where, room(height_of(block, where)))
        for table in list(self.document.findall(nodes.table)):
            block = table.parent
            if isinstance(block, (*BLOCKS, further)):  # a box decides for itself
                where = block.index(table) - 1  # its columns stand before it
                block.insert(where, room(table_height(table)))
        for section in list(self.document.findall(nodes.section)):
            inner = isinstance(section.parent, nodes.section)
            if inner and isinstance(section[0], nodes.title):
                height = HEADING_HEIGHT + height_of(section, 1)
                section.parent.insert(section.parent.index(section), room(height))
            self.keep_end(section)

    def keep_end(self, section: nodes.section) -> None:
        """Keep the last box of a section with the paragraphs that end it.

        A chapter that ends so does not end with two lines on a page.
        """
        where = len(section) - 1
        height = 0.0
        while where > 0 and isinstance(section[where], nodes.paragraph | nodes.raw):
            if isinstance(section[where], nodes.paragraph):
                height += TEXT_LINE * (2 + len(section[where].astext()) // LINE)
            where -= 1
        if height and isinstance(section[where], paper_box):
            section.insert(where, room(height + height_of(section, where)))


def room(height: float) -> nodes.raw:
    """A page ends here if so many points are not left on it."""
    return raw(rf"\room{{{height:.0f}pt}}")


def ends_in_colon(paragraph: nodes.paragraph) -> bool:
    """Whether a paragraph announces what follows."""
    return str(paragraph.astext()).rstrip().endswith(":")


def table_height(table: nodes.table) -> float:
    """How high is what must stay together of a table: caption, head, rows."""
    lines = table["lines"]
    return TEXT_LINE * (3 + (lines if lines <= LONG_TABLE else SOME_LINES))


def height_of(block: nodes.Element, where: int) -> float:
    """About how high is what must stay together from a child on, in points."""
    while where < len(block) and isinstance(block[where], nodes.raw | nodes.target):
        where += 1
    if where >= len(block):
        return 0.0
    child = block[where]
    if isinstance(child, addnodes.tabular_col_spec):
        return height_of(block, where + 1)
    if isinstance(child, nodes.table):
        return table_height(child)
    if isinstance(child, quiz):
        return quiz_height(child)
    if isinstance(child, nodes.section):  # the inside of a solution
        code = next(iter(child.findall(nodes.literal_block)), None)
        below = lines_together(code.astext()) + 1 if code is not None else 0
        return height_of(child, 0) + CODE_LINE * below
    lines = 1 + len(child.astext()) // LINE
    if isinstance(child, nodes.paragraph):
        if ends_in_colon(child):
            return TEXT_LINE * lines + height_of(block, where + 1)
        return TEXT_LINE * min(lines, SOME_LINES / 2)
    if isinstance(child, paper_box):
        # Each list item begins a line and stands a little apart.
        lines += len(list(child.findall(nodes.paragraph)))
        return BOX_FRAME + TEXT_LINE * (lines if not child["breaks"] else SOME_LINES)
    if isinstance(child, nodes.Element):
        code = next(iter(child.findall(nodes.literal_block)), None)
        if code is not None:
            return CODE_LINE * (lines_together(code.astext()) + 1)
    return TEXT_LINE * SOME_LINES / 2


def lines_together(code: str) -> int:
    """How many lines of a piece of code stay on the page where it begins."""
    count = len(code.rstrip().split("\n"))
    return count if count <= WHOLE else SOME_LINES


class SourcesAsCode(PaperTransform):
    """Show the source that a cell displays as code, not as the output of a run."""

    default_priority = 900

    def run(self, **kwargs: Any) -> None:
        """Wrap each displayed source."""
        for block in list(self.document.findall(nodes.literal_block)):
            if SOURCE_FILE.match(block.astext()):
                wrapper = nodes.container("", classes=["shown_source"])
                block.replace_self(wrapper)
                wrapper += block


def visit_box(translator: LaTeXTranslator, node: paper_box) -> None:
    """Open a box."""
    breaks = "breakable" if node["breaks"] else "unbreakable"
    label = rf"\phantomsection\label{{{node['label']}}}" if node["label"] else ""
    translator.body.append(
        rf"\begin{{bookbox}}{{{node['kind']}}}{{{breaks}}}{{{label}}}"
    )


def depart_box(translator: LaTeXTranslator, node: paper_box) -> None:
    """Close a box."""
    translator.body.append("\n\\end{bookbox}\n")


def visit_title(translator: LaTeXTranslator, node: paper_title) -> None:
    """Open a title."""
    translator.body.append("{")


def depart_title(translator: LaTeXTranslator, node: paper_title) -> None:
    """Close a title."""
    translator.body.append("}\n")


def visit_solution(translator: LaTeXTranslator, node: paper_solution) -> None:
    """Open a solution."""
    height = HEADING_HEIGHT + TEXT_LINE + height_of(node, 1)
    translator.body.append(rf"\room{{{height:.0f}pt}}")
    translator.body.append("\n" + rf"\solution{{{node['task']}}}{{%" + "\n")
    for label in (f"solution:{node['label']}", f"{node['docname']}:{node['label']}"):
        translator.body.append(rf"\label{{{label}}}")
    translator.body.append("}")


def depart_solution(translator: LaTeXTranslator, node: paper_solution) -> None:
    """Close a solution."""
    translator.body.append("\n\\solutionend\n")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_node(paper_box, latex=(visit_box, depart_box))
    app.add_node(paper_title, latex=(visit_title, depart_title))
    app.add_node(paper_solution, latex=(visit_solution, depart_solution))
    for transform in (
        ReadableSources,
        AddressesInNotes,
        ExplorersAsFigures,
        DownloadsAsPaths,
        GatherSolutions,
        DrawBoxes,
        PlainTables,
        KeptTogether,
        SourcesAsCode,
    ):
        app.add_post_transform(transform)
