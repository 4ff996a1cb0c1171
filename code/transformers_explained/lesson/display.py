"""Send rich output to a notebook or a page; print its text in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def running_shell() -> Any:
    """Return the running IPython shell, or None outside of one."""
    try:
        from IPython import get_ipython
    except ImportError:  # the package needs no IPython
        return None
    return get_ipython()


def show(
    bundle: Mapping[str, Any], *, metadata: Mapping[str, Any] | None = None
) -> None:
    """Show one output in its richest form that the reader's page can display.

    Args:
        bundle: MIME type -> content. Outside IPython, `text/plain` is printed, and
            nothing when it is absent.
        metadata: kept with the output in the notebook's file.
    """
    if running_shell() is None:
        if "text/plain" in bundle:
            print(bundle["text/plain"])
        return
    from IPython.display import display

    display(  # type: ignore[no-untyped-call]
        dict(bundle), raw=True, metadata=dict(metadata or {})
    )
