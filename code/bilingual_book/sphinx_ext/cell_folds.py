"""Cells by what they are for: lessons stand open, other code is one fold away.

On the site, evidence is folded run by run under the number of its checks; a drawing or
a displayed source shows its result first and folds its call below; long imports are
folded. On paper, evidence leaves its number of checks, and what only draws is left out.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

from bilingual_book.project import Project
from bilingual_book.sources.cells import Kind, cell_kind, count_checks
from bilingual_book.sphinx_ext.page_context import book_texts, project_at
from bilingual_book.sphinx_ext.paper import SOURCE_FILE, raw

# What may stand between two cells of one run.
UNSEEN = (nodes.comment, nodes.target)


class cell_fold(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """Something one fold away: ``title`` is what is seen of it."""


class cell_folds(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """Folds side by side, below what they belong to."""


def is_cell(node: nodes.Node) -> bool:
    """Whether a node is a cell of code."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def part(cell: nodes.Element, name: str) -> nodes.Element | None:
    """The code or the outputs of a cell."""
    for child in cell.children:
        if isinstance(child, nodes.container) and child.get("nb_element") == name:
            return child
    return None


def code_of(cell: nodes.Element) -> str:
    """The code of a cell."""
    code = part(cell, "cell_code_source")
    return str(code.astext()) if code is not None else ""


def kind_of(cell: nodes.Element) -> Kind:
    """What a cell is for."""
    tags = cell.get("cell_metadata", {}).get("tags", [])
    return cell_kind(code_of(cell), tags)


def runs_of_evidence(document: nodes.Element) -> Iterator[list[nodes.Element]]:
    """The cells of evidence that follow one another, run by run."""
    run: list[nodes.Element] = []
    for cell in list(document.findall(is_cell)):
        if kind_of(cell) is not Kind.EVIDENCE:
            continue
        if run and not follows(run[-1], cell):
            yield run
            run = []
        run.append(cell)
    if run:
        yield run


def follows(one: nodes.Element, other: nodes.Element) -> bool:
    """Whether nothing that is seen stands between two cells."""
    block = one.parent
    if other.parent is not block:
        return False
    between = block.children[block.index(one) + 1 : block.index(other)]
    return all(isinstance(node, UNSEEN) for node in between)


def checks_of(run: list[nodes.Element]) -> int:
    """How many checks a run of cells holds."""
    return sum(count_checks(code_of(cell)) for cell in run)


def counted(texts: dict[str, Any], name: str, count: int) -> str:
    """A text about a number of checks, in its singular, its plural, or without one."""
    chosen: dict[str, str] = texts[name]
    key = "none" if count == 0 else "one" if count == 1 else "many"
    return chosen[key].format(n=count)


def drop_empty_outputs(document: nodes.Element) -> None:
    """Take away outputs of which nothing is seen, such as those of `report`."""
    for cell in document.findall(is_cell):
        output = part(cell, "cell_code_output")
        if output is not None and not has_output(output):
            cell.remove(output)


def has_output(output: nodes.Element) -> bool:
    """Whether something of an output is seen."""
    return any(
        isinstance(node, nodes.Text | nodes.image | nodes.raw)
        for node in output.findall()
    )


class FoldCells(SphinxPostTransform):
    """Fold, on the site, the code that is not the lesson."""

    default_priority = 190  # when each output has its form; before MyST-NB's own folds
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Fold each cell by what it is for."""
        self.texts = book_texts(self.config)["shape"]
        self.project: Project = project_at(self.config.book_root)
        drop_empty_outputs(self.document)
        for cell in list(self.document.findall(is_cell)):
            kind = kind_of(cell)
            code = part(cell, "cell_code_source")
            if code is None or kind in {Kind.LESSON, Kind.EVIDENCE}:
                continue
            name = "imports" if kind is Kind.IMPORTS else "code"
            title = self.texts[name]
            folds = [cell_fold("", code.deepcopy(), title=title, classes=[name])]
            if kind is Kind.SOURCE:
                folds = [*self.whole_files(cell), *folds]
            cell.remove(code)
            cell["classes"].append(f"cell-{kind}")
            cell += cell_folds("", *folds)
        for run in list(runs_of_evidence(self.document)):
            self.fold_evidence(run)

    def fold_evidence(self, run: list[nodes.Element]) -> None:
        """One fold for a run of cells."""
        title = counted(self.texts, "evidence", checks_of(run))
        box = cell_fold("", title=title, classes=["evidence"])
        block = run[0].parent
        block.insert(block.index(run[0]), box)  # a replacement would take its classes
        for cell in run:
            block.remove(cell)
        box.extend(run)

    def whole_files(self, cell: nodes.Element) -> Iterator[nodes.Element]:
        """The files whose excerpts a cell shows, each in a fold."""
        seen = set()
        output = part(cell, "cell_code_output")
        for block in output.findall(nodes.literal_block) if output is not None else ():
            shown = block.astext()
            path = source_path(self.project, shown)
            if path is None or path in seen:
                continue
            seen.add(path)
            text = path.read_text(encoding="utf-8").rstrip()
            if text in shown:
                continue  # it is whole already
            written_in = "javascript" if path.suffix == ".js" else "python"
            whole = nodes.literal_block(text, text, language=written_in)
            name = path.relative_to(self.project.package.parent).as_posix()
            title = self.texts["whole_file"].format(path=name)
            yield cell_fold("", whole, title=title, classes=["file"])


def source_path(project: Project, shown: str) -> Path | None:
    """The file that the first line of a displayed source names, if it is there."""
    if not SOURCE_FILE.match(shown):
        return None
    name = shown.split("\n", 1)[0].split()[1]
    path = project.package.parent / name
    package = path.with_suffix("") / "__init__.py"
    return next((found for found in (path, package) if found.is_file()), None)


class CellsOnPaper(SphinxPostTransform):
    """Leave out, on paper, what only a screen can fold."""

    default_priority = 190
    formats = ("latex",)

    def run(self, **kwargs: Any) -> None:
        """Change each cell by what it is for."""
        texts = book_texts(self.config)["shape"]
        drop_empty_outputs(self.document)
        for cell in list(self.document.findall(is_cell)):
            kind = kind_of(cell)
            code = part(cell, "cell_code_source")
            if code is None:
                continue
            if kind is Kind.IMPORTS:
                code["classes"] = ["cell_imports"]
            elif kind in {Kind.DRAWING, Kind.SOURCE}:
                cell.remove(code)
                if not cell.children:
                    cell.parent.remove(cell)
        for run in list(runs_of_evidence(self.document)):
            count = checks_of(run)
            for cell in run[1:]:
                cell.parent.remove(cell)
            mark = []
            if count:
                word = counted(texts, "evidence_on_paper", count)
                mark = raw(rf"\evidence{{{word}}}")
            run[0].replace_self(mark)


def note_files(app: Sphinx, doctree: nodes.document) -> None:
    """Read a page again when a file that it shows changes."""
    project = project_at(app.config.book_root)
    for block in doctree.findall(nodes.literal_block):
        path = source_path(project, block.astext())
        if path is not None:
            app.env.note_dependency(str(path))


def visit_fold(translator: HTML5Translator, node: cell_fold) -> None:
    """Open a fold."""
    start = translator.starttag(node, "details", CLASS="fold-line")
    title = translator.encode(node["title"])
    translator.body.append(f"{start}<summary>{title}</summary>\n")


def depart_fold(translator: HTML5Translator, node: cell_fold) -> None:
    """Close a fold."""
    translator.body.append("</details>\n")


def visit_folds(translator: HTML5Translator, node: cell_folds) -> None:
    """Open a row of folds."""
    translator.body.append('<div class="fold-lines">\n')


def depart_folds(translator: HTML5Translator, node: cell_folds) -> None:
    """Close a row of folds."""
    translator.body.append("</div>\n")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_node(cell_fold, html=(visit_fold, depart_fold))
    app.add_node(cell_folds, html=(visit_folds, depart_folds))
    app.connect("doctree-read", note_files)
    app.add_post_transform(FoldCells)
    app.add_post_transform(CellsOnPaper)
