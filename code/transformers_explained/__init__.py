"""The lessons' package of « Les Transformers expliqués » / "Transformers Explained".

One concept per module. The names that nearly every chapter needs are importable from
here, at first use: importing the package does not import the whole of it.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers_explained.lesson.check import check as check
    from transformers_explained.lesson.first_cell import use_language as use_language
    from transformers_explained.lesson.labels import label as label
    from transformers_explained.lesson.report import report as report
    from transformers_explained.lesson.show_source import show_source as show_source

    __version__: str

_HOMES = {
    "check": "lesson.check",
    "label": "lesson.labels",
    "report": "lesson.report",
    "show_source": "lesson.show_source",
    "use_language": "lesson.first_cell",
}

__all__ = ["check", "label", "report", "show_source", "use_language"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("transformers-explained")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
