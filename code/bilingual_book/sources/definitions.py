"""Where a name that a page writes is defined: a file of the sources, and a line."""

import ast
from pathlib import Path


def place_of_code(root: Path, path: str) -> tuple[str, int]:
    """The file and the line where a dotted path is defined, imports followed.

    Raises:
        KeyError: If it is defined nowhere in the sources.
    """
    parts = path.split(".")
    for split in range(len(parts) - 1, 0, -1):
        base = root.joinpath("code", *parts[:split])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if not file.is_file():
                continue
            tree = ast.parse(file.read_text(encoding="utf-8"))
            name = parts[split]
            for node in tree.body:
                if isinstance(node, ast.ImportFrom) and node.module:
                    for alias in node.names:
                        if name == (alias.asname or alias.name):
                            rest = [node.module, alias.name, *parts[split + 1 :]]
                            return place_of_code(root, ".".join(rest))
            line = line_of(tree, parts[split:])
            return file.relative_to(root).as_posix(), line
    raise KeyError(path)


def place_of_test(root: Path, path: str) -> tuple[str, int]:
    """The file and the line of a test such as `tests/a.py::TestB::test_c[one]`.

    Raises:
        KeyError: If there is none.
    """
    file, *names = path.split("::")
    source = root / file
    if not names or not source.is_file():
        raise KeyError(path)
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return file, line_of(tree, [name.partition("[")[0] for name in names])


def line_of(tree: ast.AST, names: list[str]) -> int:
    """The line where nested names are defined.

    Raises:
        KeyError: If they are not.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == names[0]:
            return line_of(node, names[1:]) if names[1:] else node.lineno
    raise KeyError(names[0])
