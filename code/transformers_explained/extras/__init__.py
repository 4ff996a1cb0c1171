"""What the package can use and does not ask for: a clear word where it is missing."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def from_extra(extra: str = "lessons") -> Iterator[None]:
    """Say what to install when an import in the block finds nothing.

    Raises:
        ModuleNotFoundError: naming the package that is missing and the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is not installed; this part of the package needs it: "
            f'pip install "transformers-explained[{extra}]", or from a checkout: '
            f'pip install ".[{extra}]"',
            name=error.name,
        ) from None
