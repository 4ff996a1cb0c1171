"""The lessons' package of « Les Transformers expliqués » / "Transformers Explained".

One concept per module. The names that nearly every chapter needs are importable from
here, at first use: importing the package does not import the whole of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers_explained.exercises import check as check
    from transformers_explained.labels import label as label
    from transformers_explained.labels import use_language as use_language
    from transformers_explained.reporting import report as report
    from transformers_explained.source import show_source as show_source

_HOMES = {
    "check": "exercises",
    "label": "labels",
    "report": "reporting",
    "show_source": "source",
    "use_language": "labels",
}

__all__ = ["check", "label", "report", "show_source", "use_language"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
