"""The look of every figure: colours, sizes, and how a notebook shows a figure.

A figure has a transparent background and is vector graphics: SVG for the page, PDF for
paper. On a dark page the site inverts it (`invert(1) hue-rotate(180deg)`): light
becomes dark and colours keep their hue, so nothing may rely on a white background.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import ScalarFormatter

from transformers_explained.drawing.phone import phone_picture
from transformers_explained.lesson.display import running_shell, show
from transformers_explained.lesson.language import signs

# The colours of Okabe and Ito (2008), some darkened until each reaches a contrast of
# 3:1 on white and, inverted, on #121212. Colours that meet in one figure (query, key
# and value; encoder and decoder; French and English; good and bad) also differ in
# luminance, so that they stay apart in grey print.
COLORS: dict[str, str] = {
    "text": "#2B2B2B",
    "muted": "#767676",
    "grid": "#D5D5D5",
    "query": "#005A9C",
    "key": "#C47F00",
    "value": "#008A64",
    "encoder": "#2E9BD6",
    "decoder": "#B84A00",
    "fr": "#005A9C",
    "en": "#C47F00",
    "accent": "#B85C91",
    "good": "#2FA37F",
    "bad": "#9E3D00",
}

# Words in the paler colours are drawn darker, in the same hue: they need 4.5:1 on the
# page (WCAG 2.2) and on a box tinted with their own colour.
WORD_COLORS = {
    COLORS["muted"]: "#696969",
    COLORS["key"]: "#946000",
    COLORS["value"]: "#007756",
    COLORS["encoder"]: "#22719C",
    COLORS["decoder"]: "#AF4600",
    COLORS["accent"]: "#9C4E7B",
    COLORS["good"]: "#23785D",
}

# In charts, a series is told apart by colour, by line style and by marker.
SERIES_COLORS = ("#005A9C", "#C47F00", "#008A64", "#B85C91", "#2E9BD6", "#9E3D00")
SERIES_LINES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.5, 1.5)), "-", "--")
SERIES_MARKERS = ("o", "s", "^", "D", "v", "P")

# One blue, in equal steps of lightness (CIE L* from 96 down to 24): equal differences
# look equal, in colour, in grey, and inverted.
WEIGHT_STOPS = (
    *("#F1F5FA", "#B5E1FF", "#8BC8FF", "#66AEF6", "#4995E0"),
    *("#317DC5", "#2466A3", "#21507E", "#203B56"),
)
WEIGHTS = mpl.colors.LinearSegmentedColormap.from_list("weights", WEIGHT_STOPS)

# Widths in inches. Ten-point text in a figure of 5 inches is 9 pixels high on a phone
# that is 360 pixels wide.
WIDTH = 5.0
MAX_WIDTH = 7.0
DPI = 110  # of a PNG
TEXT_SIZE = 10.0
SMALL_SIZE = 9.0


def set_style() -> None:
    """Set the style of the figures drawn from now on, and how notebooks show them.

    In a notebook, each figure is shown once, as SVG, PDF and PNG (which a notebook
    that is not trusted shows, too), whether it is the value of the cell's last line,
    was passed to `display`, or is still open at the end. The same figure gives the
    same bytes.
    """
    mpl.rcParams.update(
        {
            "figure.figsize": (WIDTH, 3.2),
            "figure.facecolor": "none",
            "figure.constrained_layout.use": True,  # unless a figure says otherwise
            "savefig.facecolor": "none",
            "savefig.bbox": "tight",
            "savefig.pad_inches": 0.04,
            "font.family": ["DejaVu Sans"],
            "font.size": TEXT_SIZE,
            "axes.titlesize": TEXT_SIZE,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.labelsize": TEXT_SIZE,
            "xtick.labelsize": SMALL_SIZE,
            "ytick.labelsize": SMALL_SIZE,
            "legend.fontsize": SMALL_SIZE,
            "legend.frameon": False,
            "figure.titlesize": TEXT_SIZE + 1,
            "figure.titleweight": "bold",
            "text.color": COLORS["text"],
            "axes.labelcolor": COLORS["text"],
            "axes.edgecolor": COLORS["muted"],
            "axes.facecolor": "none",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.unicode_minus": True,
            "axes.prop_cycle": cycler(color=SERIES_COLORS)
            + cycler(linestyle=SERIES_LINES),
            "grid.color": COLORS["grid"],
            "grid.linewidth": 0.6,
            "xtick.color": COLORS["muted"],
            "ytick.color": COLORS["muted"],
            "xtick.labelcolor": COLORS["text"],
            "ytick.labelcolor": COLORS["text"],
            "lines.linewidth": 2.0,
            "lines.markersize": 5.0,
            "patch.linewidth": 1.0,
            "hatch.linewidth": 0.6,
            "image.cmap": "cividis",
            "svg.fonttype": "path",
            "svg.hashsalt": "transformers-explained",
            "pdf.fonttype": 42,
        }
    )
    shell = running_shell()
    if shell is not None:
        formatter = shell.display_formatter.ipython_display_formatter
        formatter.for_type(Figure, _show_once)


def render(figure: Figure, kind: str) -> bytes:
    """Return a figure as "svg", "pdf" or "png" bytes, without dates."""
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    darken_words(figure)
    # Lay the figure out once: each drawing would move its parts a little further.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    buffer = io.BytesIO()
    # A PNG has its own paper: nothing inverts it in a dark notebook.
    paper = "white" if kind == "png" else "none"
    # Saving puts the default layout back on a figure that has none.
    with mpl.rc_context({"figure.constrained_layout.use": False}):
        figure.savefig(
            buffer, format=kind, metadata=undated.get(kind), dpi=DPI, facecolor=paper
        )
    return buffer.getvalue()


def darken_words(figure: Figure) -> None:
    """Draw words that have one of the paler colours in their darker shade."""
    for text in figure.findobj(Text):
        color = to_hex(text.get_color()).upper()
        if color in WORD_COLORS:
            text.set_color(WORD_COLORS[color])


def localise(figure: Figure) -> None:
    """Write the numbers on a figure's axes as the current language does."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if type(axis.get_major_formatter()) is ScalarFormatter:
                axis.set_major_formatter(_LocalFormatter())


class _LocalFormatter(ScalarFormatter):
    """Ticks with the language's decimal mark, thousands set apart from 10 000 on."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        text = super().__call__(x, pos)
        whole, point, decimals = text.partition(".")
        digits = whole.lstrip("\N{MINUS SIGN}-")
        if digits.isdecimal() and len(digits) > 4:
            whole = whole.replace(digits, f"{int(digits):,d}")
        whole = whole.replace(",", signs().thousands)
        point = point.replace(".", signs().decimal)
        return whole + point + decimals

    def get_offset(self) -> str:
        offset = super().get_offset()
        # In mathematics a bare comma has a space behind it.
        return offset.replace(".", "{,}") if signs().decimal == "," else offset


def _show_once(figure: Figure) -> None:
    """Show a figure; pyplot forgets it, else it shows it again after the cell."""
    localise(figure)
    bundle: dict[str, Any] = {
        "image/svg+xml": render(figure, "svg").decode(),
        "application/pdf": base64.b64encode(render(figure, "pdf")).decode(),
        "image/png": base64.b64encode(render(figure, "png")).decode(),
        "text/plain": repr(figure),
    }
    metadata: dict[str, Any] = {}
    phone = phone_picture(figure)
    if phone is not None:
        localise(phone)
        metadata["phone"] = render(phone, "svg").decode()
    show(bundle, metadata=metadata)
    import matplotlib.pyplot as plt

    plt.close(figure)
    if phone is not None:
        plt.close(phone)
