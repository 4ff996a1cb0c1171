"""Show the page's engine, as `lesson.show_source` shows Python."""

from transformers_explained.lesson.display import show
from transformers_explained.live.element import read

ENGINE = "transformer.js"


def show_engine(first: str = "", last: str = "") -> None:
    """Show the engine in JavaScript, or a part of it.

    Args:
        first: a text in the first line that is shown; the file's first by default.
        last: a text in the first line that is no longer shown.

    Raises:
        ValueError: if no line has such a text.
    """
    lines = read(ENGINE).splitlines()
    start = _line(lines, first) if first else 0
    end = start + _line(lines[start:], last) if last else len(lines)
    part = "\n".join(lines[start:end]).rstrip()
    text = f"// transformers_explained/live/{ENGINE}\n{part}"
    show({"text/markdown": f"```javascript\n{text}\n```", "text/plain": text})


def _line(lines: list[str], text: str) -> int:
    found = next((i for i, line in enumerate(lines) if text in line), None)
    if found is None:
        raise ValueError(f"no line of {ENGINE} has {text!r}")
    return found
