"""The cover, drawn in code: the words of the running example, joined by attention.

The same picture is the landing page's, the social card and the cover of the PDF. Its
curves are drawn, not measured: three heads as a reader will meet them, one that looks
at the word before, one at what a word describes, one at who does what to whom.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve

# The regular and the bold face: STIX comes with matplotlib. The paper has its own.
STIX = (
    FontProperties(family="STIXGeneral"),
    FontProperties(family="STIXGeneral", weight="bold"),
)
NIGHT, PAPER = "#0b2438", "#fdfcf9"
HEADS = ("#56b4e9", "#e69f00", "#40c9a2")  # Okabe and Ito's, the green a little lighter
WORDS = {
    "fr": ("Le", "chat", "noir", "mange", "la", "souris", "."),
    "en": ("The", "black", "cat", "eats", "the", "mouse", "."),
}
NOUN, ADJECTIVE = {"fr": 1, "en": 2}, {"fr": 2, "en": 1}
VERB, ARTICLE, OBJECT, STOP = 3, 4, 5, 6
CARD = (12.0, 6.3)  # inches at 100 dots: what social networks ask for
ART = (12.0, 4.6)
SHEET = (8.27, 11.69)  # A4


def weights(language: str) -> list[tuple[int, int, int, float]]:
    """The curves: (head, position that looks, position looked at, weight)."""
    noun, adjective = NOUN[language], ADJECTIVE[language]
    before = [(0, i, max(i - 1, 0), 0.42) for i in range(len(WORDS[language]))]
    described = [
        (1, adjective, noun, 0.95), (1, noun, adjective, 0.6),
        (1, 0, noun, 0.8), (1, ARTICLE, OBJECT, 0.85),
    ]  # fmt: skip
    action = [
        (2, VERB, noun, 1.0), (2, VERB, OBJECT, 0.9), (2, OBJECT, VERB, 0.7),
        (2, noun, VERB, 0.5), (2, noun, OBJECT, 0.35), (2, STOP, VERB, 0.45),
        (2, STOP, 0, 0.25),
    ]  # fmt: skip
    return [*before, *described, *action]


def draw_cover(
    language: str,
    texts: Mapping[str, Any],
    size: tuple[float, float],
    *,
    title: bool,
    faces: tuple[FontProperties, FontProperties] = STIX,
) -> Figure:
    """Draw the cover.

    Args:
        language: Of the words.
        texts: The language's texts, for the title.
        size: Width and height in inches.
        title: Whether the title stands above the picture.
        faces: The regular and the bold face of all words.
    """
    figure = Figure(figsize=size, facecolor=NIGHT)
    FigureCanvasAgg(figure)
    tall = size[1] > size[0]
    height = 0.52 if tall else 0.56 if title else 0.92
    axes = figure.add_axes((0.06, 0.12 if tall else 0.04, 0.88, height))
    axes.set_axis_off()
    words = WORDS[language]
    axes.set_xlim(-0.5, len(words) - 0.5)
    axes.set_ylim(-0.16, 1.16)
    for head, asks, seen, weight in weights(language):
        shift = (head - 1) * 0.05
        points = [
            (asks + shift, 0.97), (asks + shift, 0.5),
            (seen + shift, 0.5), (seen + shift, 0.03),
        ]  # fmt: skip
        codes = [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4]
        axes.add_patch(
            PathPatch(
                Curve(points, codes),
                facecolor="none",
                edgecolor=HEADS[head],
                linewidth=(0.8 + 5.0 * weight) * size[0] / 12,
                alpha=0.25 + 0.65 * weight,
                capstyle="round",
            )
        )
    scale = size[0] / 12
    for i, word in enumerate(words):
        style: dict[str, Any] = {
            "ha": "center",
            "color": PAPER,
            "font": faces[0],
        }
        axes.text(i, 1.03, word, fontsize=25 * scale, va="bottom", **style)
        axes.text(i, -0.03, word, fontsize=25 * scale, va="top", **style)
    if title:
        add_title(figure, texts, faces, tall=tall)
    return figure


def add_title(
    figure: Figure,
    texts: Mapping[str, Any],
    faces: tuple[FontProperties, FontProperties],
    *,
    tall: bool,
) -> None:
    """Write the title and the subtitle above the picture."""
    scale = figure.get_figwidth() / 12
    style: dict[str, Any] = {"color": PAPER, "va": "baseline"}
    top = 0.86 if tall else 0.83
    regular, bold = faces
    figure.text(0.07, top, texts["title"], font=bold, fontsize=58 * scale, **style)
    figure.text(
        0.07, top - (0.045 if tall else 0.105), texts["subtitle"],
        font=regular, fontsize=(29 if tall else 25) * scale, **style,
    )  # fmt: skip


@contextmanager
def library_style(hashsalt: str = "") -> Iterator[None]:
    """Matplotlib's own settings, whatever this process has set: the same lines every
    time."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = hashsalt
        yield


def write_covers(language: str, texts: Mapping[str, Any], folder: Path) -> None:
    """Write the landing page's picture (SVG) and the social card (PNG)."""
    folder.mkdir(parents=True, exist_ok=True)
    with library_style(hashsalt=language):
        draw_cover(language, texts, ART, title=False).savefig(
            folder / "cover.svg", metadata={"Date": None}
        )
        card = draw_cover(language, texts, CARD, title=True)
        card.savefig(folder / "cover.png", dpi=100)


def write_banners(root: Path) -> list[Path]:
    """Write the picture of each README; it is kept with the sources."""
    written = []
    for language in WORDS:
        path = root / ".github" / f"banner-{language}.svg"
        with library_style(hashsalt=language):
            draw_cover(language, {}, ART, title=False).savefig(
                path, metadata={"Date": None}
            )
        written.append(path)
    return written


def epub_cover(language: str, texts: Mapping[str, Any]) -> bytes:
    """The cover of the EPUB (PNG), as tall as readers' shelves show it."""
    picture = io.BytesIO()
    with library_style():
        draw_cover(language, texts, SHEET, title=True).savefig(picture, dpi=150)
    return picture.getvalue()


def write_pdf_cover(
    language: str, texts: Mapping[str, Any], path: Path, regular: Path, bold: Path
) -> None:
    """Write the cover of the PDF, a whole sheet, in the faces of two files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    faces = (FontProperties(fname=regular), FontProperties(fname=bold))
    with library_style():
        draw_cover(language, texts, SHEET, title=True, faces=faces).savefig(
            path, metadata={"CreationDate": None}
        )
