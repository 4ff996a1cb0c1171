"""The typeface of formulas, cut down to the signs that the pages show.

A browser without a typeface for mathematics draws roots and tall brackets badly, and
many telephones have none. STIX Two Math (SIL Open Font License) comes with the package
ziamath; whole it weighs 1.5 MB, with the book's signs about fifty kilobytes.
"""

import html
import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from fontTools import subset
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from bilingual_book.errors import BookError
from bilingual_book.sphinx_ext.mathml import other_alphabet

FORMULA = re.compile(r"<math\b.*?</math>", re.DOTALL)
VARIABLE = re.compile(r"<mi>(.)</mi>")
TAG = re.compile(r"<[^>]*>")
# Letters and digits are kept whole, for a font that lacks one would mix two faces; and
# the root, which the browser draws though no page writes it.
ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "√"
PRIMES = (0x2032, 0x2033, 0x2034, 0x2035, 0x2057)


def source_font() -> Path:
    """The whole typeface, in the package that ships it.

    Raises:
        BookError: If the package is missing.
    """
    package = find_spec("ziamath")
    if package is None or package.origin is None:
        raise BookError(
            "the typeface of formulas is missing",
            expected="the package ziamath",
            fix="pip install -r requirements.txt",
        )
    return Path(package.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"


def formula_signs(pages: Iterable[str]) -> set[str]:
    """The characters of all formulas; a lone letter is drawn in italics."""
    signs = set(ALWAYS)
    for page in pages:
        for formula in FORMULA.findall(page):
            signs |= set(html.unescape(TAG.sub("", formula)))
            signs |= {
                other_alphabet(html.unescape(letter), "italic")
                for letter in VARIABLE.findall(formula)
            }
    return {sign for sign in signs if sign.isprintable()}


def write_math_font(signs: set[str], target: Path) -> None:
    """Write the typeface with these signs only, its table of measures kept."""
    font = TTFont(source_font())
    keep_small_forms(font, PRIMES)
    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["ssty", "flac", "dtls", "kern", "mark", "mkmk", "ccmp"]
    options.hinting = False
    options.name_IDs = [0, 1, 2, 13, 14]  # the copyright and the licence stay in it
    options.notdef_outline = True
    options.drop_tables += ["DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(sign) for sign in signs])
    subsetter.subset(font)
    level_roots(font)
    font.flavor = "woff2"
    subset.save_font(font, str(target), options)


def keep_small_forms(font: TTFont, signs: Iterable[int]) -> None:
    """Keep the forms for indices and exponents of these characters only.

    The typeface draws every letter twice more for them, which doubles its weight on a
    slow line; without them a browser makes the letter smaller. A prime needs its own:
    the common one is raised already, and would be raised again.
    """
    names = {font.getBestCmap()[sign] for sign in signs if sign in font.getBestCmap()}
    table = font["GSUB"].table
    lookups = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "ssty"
        for index in record.Feature.LookupListIndex
    }
    for index in lookups:
        for part in table.LookupList.Lookup[index].SubTable:
            part = getattr(part, "ExtSubTable", part)
            forms = part.alternates if hasattr(part, "alternates") else part.mapping
            for name in forms.keys() - names:
                del forms[name]


def level_roots(font: TTFont) -> None:
    """Give the root's taller forms the width of the first.

    Chromium reserves the width of the widest form for every root, which leaves a hole
    of 0.4 em after the small ones.
    """
    variants = font["MATH"].table.MathVariants
    root = font.getBestCmap()[ord("√")]
    construction = variants.VertGlyphConstruction[
        variants.VertGlyphCoverage.glyphs.index(root)
    ]
    taller = {record.VariantGlyph for record in construction.MathGlyphVariantRecord}
    if construction.GlyphAssembly is not None:
        taller |= {part.glyph for part in construction.GlyphAssembly.PartRecords}
    width = font["hmtx"][root][0]
    glyphs = font.getGlyphSet()
    scaled = {}
    for name in taller - {root}:
        advance, bearing = font["hmtx"][name]
        scale = width / advance
        pen = TTGlyphPen(None)
        glyphs[name].draw(TransformPen(pen, (scale, 0, 0, 1, 0, 0)))
        scaled[name] = pen.glyph(), (width, round(bearing * scale))
    for name, (glyph, metrics) in scaled.items():
        font["glyf"][name] = glyph
        font["hmtx"][name] = metrics
