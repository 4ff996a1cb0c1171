"""What a cell of code says in the page's language: comments, docstrings, messages."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from bilingual_book.language.prose import STANDS_FOR, Sentence
from bilingual_book.sources.code_trees import called_name, parse_code
from bilingual_book.sources.page import Element

# A word of code inside a comment: a string, an index, a call, a path of attributes.
_CODE = re.compile(r"""`[^`]*`|"[^"\s]*"|\w*[_\d]\w*|\w+\(|\w+(?:\.\w+)+""")
_WORD = re.compile(r"[^\W\d_]+")
_DOCUMENTED = ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef


def cell_sentences(cells: Iterable[Element]) -> Iterator[Sentence]:
    """The sentences of a page's cells, without their words of code."""
    cells = list(cells)
    names = {name for cell in cells for name in words_of_code(cell.source)}
    for cell in cells:
        for line, text in said(cell.source):
            text = _CODE.sub(STANDS_FOR, text)
            text = _WORD.sub(lambda m: STANDS_FOR if m[0] in names else m[0], text)
            yield Sentence(cell.source_line + line - 1, text, unmarked=True)


def said(source: str) -> Iterator[tuple[int, str]]:
    """Comments, docstrings and messages, with their lines in the cell (from 1)."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")
    for node in ast.walk(parse_code(source)):
        for text in messages(node):
            for number, line in enumerate(str(text.value).splitlines()):
                yield text.lineno + number, line


def messages(node: ast.AST) -> Iterator[ast.Constant]:
    """The texts of a node that are written for the reader."""
    shown: list[ast.AST] = []
    if isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
        shown = [node.body[0]]
    elif isinstance(node, ast.Call) and called_name(node) == "print":
        shown = [
            arg for arg in node.args if isinstance(arg, ast.Constant | ast.JoinedStr)
        ]
    elif isinstance(node, ast.Assert) and node.msg:
        shown = [node.msg]
    elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        shown = list(node.exc.args)
    for part in shown:
        yield from plain_texts(part)


def plain_texts(node: ast.AST) -> Iterator[ast.Constant]:
    """The texts of an expression, without what its {} compute."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    elif isinstance(node, ast.JoinedStr | ast.Expr):
        for child in ast.iter_child_nodes(node):
            yield from plain_texts(child)


def words_of_code(source: str) -> set[str]:
    """The names and the data of a cell: words that its comments may repeat."""
    tree = parse_code(source)
    spoken = {id(text) for node in ast.walk(tree) for text in messages(node)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in spoken and " " not in node.value:
                found.update(_WORD.findall(node.value))
        elif isinstance(
            node, ast.Name | ast.Attribute | ast.arg | ast.alias | ast.keyword
        ):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            name = name or getattr(node, "arg", None) or getattr(node, "name", None)
            found.update((name or "").split("."))
        elif isinstance(node, _DOCUMENTED):
            found.add(node.name)
    return found
