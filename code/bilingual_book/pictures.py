"""The size of a picture, read from its file."""

import re
import struct
from pathlib import Path

POINT = 4 / 3  # CSS pixels
SVG_TAG = re.compile(r"<svg\b[^>]*>", re.DOTALL)


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height in CSS pixels, or None for a kind that is not known."""
    if not path.is_file():
        return None
    if path.suffix == ".svg":
        return svg_size(path)
    if path.suffix == ".png":
        head = path.read_bytes()[:24]
        if head.startswith(b"\x89PNG"):
            width, height = struct.unpack(">II", head[16:24])
            return int(width), int(height)
    return None


def svg_size(path: Path) -> tuple[int, int] | None:
    """The size that an SVG file asks for."""
    found = SVG_TAG.search(path.read_text(encoding="utf-8", errors="replace")[:4000])
    if found is None:
        return None
    sizes = []
    for name in ("width", "height"):
        value = re.search(rf'\b{name}="([\d.]+)(pt|px)?"', found[0])
        if value is None:
            return None
        sizes.append(round(float(value[1]) * (POINT if value[2] == "pt" else 1)))
    return sizes[0], sizes[1]
