"""What the text of a page refers to while it becomes a notebook."""

import base64
import mimetypes
from dataclasses import dataclass, field

from bilingual_book.errors import BookError
from bilingual_book.notebooks.links import Links
from bilingual_book.sources.page import Page


@dataclass
class Context:
    """One page, where its names lead, and the pictures that its cells take along.

    Attributes:
        page: The structure of the page, for the titles of its exercises.
        links: Where names lead.
        numbers: The numbers that the cells reported.
        attachments: The local pictures met since the last cell was taken.
    """

    page: Page
    links: Links
    numbers: dict[str, str]
    attachments: dict[str, dict[str, str]] = field(default_factory=dict, kw_only=True)

    def fail(self, what: str) -> BookError:
        """The error for a construct that has no form in a notebook."""
        return BookError(
            f"{what} has no form in a notebook",
            path=self.page.path,
            expected="constructs that bilingual_book/notebooks/markdown.py knows",
            fix="write it another way, or teach the module what it becomes",
        )

    def attach(self, path: str) -> str:
        """Take a local picture into the cell; return the address it has there."""
        if path.startswith(("http:", "https:", "data:")):
            raise self.fail(f"the picture {path} of another site")
        file = self.page.path.parent / path
        kind = mimetypes.guess_type(file.name)[0] or "image/png"
        data = base64.b64encode(file.read_bytes()).decode()
        self.attachments[file.name] = {kind: data}
        return f"attachment:{file.name}"
