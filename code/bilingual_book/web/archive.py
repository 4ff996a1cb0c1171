"""The site as one file that opens from disk, for reading.

What can be taken away by itself is not in it: its links lead to the site.
"""

import re
import zipfile
from pathlib import Path

from bilingual_book.errors import BookError
from bilingual_book.project import Project

LARGEST = 40_000_000  # bytes, with the models that live in the pages
STORED = {".woff2", ".png"}  # compressed already
APART = re.compile(r'(href=")\.\./((?:downloads/|[\w-]+\.pdf)[^"]*")')


def build_zip(project: Project) -> Path:
    """Pack the site.

    Returns:
        The path of the archive.

    Raises:
        BookError: If there is no site, or the archive is too large to pass around.
    """
    if not project.site.exists():
        raise BookError("there is no site yet", path=project.site, fix="make book")
    name = project.repository.slug.split("/")[-1]
    target = project.build / f"{name}.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(project.site.rglob("*")):
            if path.is_file() and not is_apart(path.relative_to(project.site)):
                method = (
                    zipfile.ZIP_STORED
                    if path.suffix in STORED
                    else zipfile.ZIP_DEFLATED
                )
                inside = Path(name) / path.relative_to(project.site)
                archive.writestr(str(inside), content(project, path), method)
    size = target.stat().st_size
    if size > LARGEST:
        raise BookError(
            f"the archive holds {size / 1e6:.1f} MB",
            path=target,
            expected=f"at most {LARGEST / 1e6:.0f} MB",
            fix="look for large pictures in _build/site",
        )
    print(f"{target} ({size / 1e6:.1f} MB)")
    return target


def is_apart(path: Path) -> bool:
    """Whether a file of the site is to be taken away by itself."""
    return path.parts[0] == "downloads" or path.suffix == ".pdf"


def content(project: Project, path: Path) -> bytes:
    """A file as it stands in the archive: a page leads to the site for the rest."""
    if path.suffix != ".html":
        return path.read_bytes()
    text = path.read_text(encoding="utf-8")
    return APART.sub(rf"\1{project.base_url}\2", text).encode()
