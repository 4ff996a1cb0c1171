"""The one visual language of the book: colours, charts, heat maps, drawings.

A chapter's figures take their shapes and colours from here. Each part has a file of its
own: `style` (colours, sizes, how a notebook shows a figure), `diagrams` (boxes and
arrows), `charts`, and `heatmaps` (attention weights).
"""

from transformers_explained.drawing.charts import (
    bar_chart,
    line_chart,
    new_figure,
)
from transformers_explained.drawing.diagrams import (
    Box,
    arrow,
    box,
    diagram,
    frame,
    note,
    text_on,
    tint,
    token_strip,
)
from transformers_explained.drawing.heatmaps import (
    attention_heads,
    attention_heatmap,
)
from transformers_explained.drawing.phone import PHONE_WIDTH, phone_variant
from transformers_explained.drawing.style import (
    COLORS,
    MAX_WIDTH,
    SERIES_COLORS,
    SERIES_LINES,
    SERIES_MARKERS,
    SMALL_SIZE,
    TEXT_SIZE,
    WEIGHTS,
    WIDTH,
    render,
    set_style,
)

__all__ = [
    "COLORS",
    "MAX_WIDTH",
    "PHONE_WIDTH",
    "SERIES_COLORS",
    "SERIES_LINES",
    "SERIES_MARKERS",
    "SMALL_SIZE",
    "TEXT_SIZE",
    "WEIGHTS",
    "WIDTH",
    "Box",
    "arrow",
    "attention_heads",
    "attention_heatmap",
    "bar_chart",
    "box",
    "diagram",
    "frame",
    "line_chart",
    "new_figure",
    "note",
    "phone_variant",
    "render",
    "set_style",
    "text_on",
    "tint",
    "token_strip",
]
