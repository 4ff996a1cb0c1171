"""TeX to MathML at build time: KaTeX, then what browsers need to draw it well.

KaTeX runs in V8 inside Python. Its MathML is mended for MathML Core, the part of
MathML that all browsers share: columns are aligned by style, letters of another
alphabet are written as themselves, words are words again, accents sit on their letter.
"""

import json
import unicodedata
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import sphinxcontrib
from py_mini_racer import JSEvalException, MiniRacer

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"

# KaTeX's sign for an accent over a letter in text, and the character that composes.
ACCENTS = {
    "ˊ": "\u0301", "ˋ": "\u0300", "ˆ": "\u0302", "^": "\u0302", "¨": "\u0308",
    "˜": "\u0303", "~": "\u0303", "¸": "\u0327", "˚": "\u030a", "ˇ": "\u030c",
    "´": "\u0301", "`": "\u0300",
}  # fmt: skip

# First code points of an alphabet's capitals, small letters and digits.
ALPHABETS = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE),
    "italic": (0x1D434, 0x1D44E, None),
    "bold-italic": (0x1D468, 0x1D482, None),
    "script": (0x1D49C, 0x1D4B6, None),
    "fraktur": (0x1D504, 0x1D51E, None),
    "double-struck": (0x1D538, 0x1D552, 0x1D7D8),
    "sans-serif": (0x1D5A0, 0x1D5BA, 0x1D7E2),
    "bold-sans-serif": (0x1D5D4, 0x1D5EE, 0x1D7EC),
    "monospace": (0x1D670, 0x1D68A, 0x1D7F6),
}
# Greek has a bold and an italic alphabet only: Α and α.
GREEK = {
    "bold": (0x1D6A8, 0x1D6C2),
    "italic": (0x1D6E2, 0x1D6FC),
    "bold-italic": (0x1D71C, 0x1D736),
}
# Letters that Unicode had before it gave the alphabets their own block.
OLDER_LETTERS = {
    0x1D455: "ℎ", 0x1D49D: "ℬ", 0x1D4A0: "ℰ", 0x1D4A1: "ℱ", 0x1D4A3: "ℋ",
    0x1D4A4: "ℐ", 0x1D4A7: "ℒ", 0x1D4A8: "ℳ", 0x1D4AD: "ℛ", 0x1D4BA: "ℯ",
    0x1D4BC: "ℊ", 0x1D4C4: "ℴ", 0x1D506: "ℭ", 0x1D50B: "ℌ", 0x1D50C: "ℑ",
    0x1D515: "ℜ", 0x1D51D: "ℨ", 0x1D53A: "ℂ", 0x1D53F: "ℍ", 0x1D545: "ℕ",
    0x1D547: "ℙ", 0x1D548: "ℚ", 0x1D549: "ℝ", 0x1D551: "ℤ",
}  # fmt: skip

# KaTeX writes a space as these characters; an invisible separator makes it negative.
SPACES = {"\u200a": 1 / 18, "\u2009": 3 / 18, "\u205f": 4 / 18, "\u2005": 5 / 18}
NEGATIVE = "\u2063"
APPLICATION = "\u2061"  # the invisible sign between a function and what it applies to
THIN = "0.167em"  # what TeX puts around the name of a function
SCRIPTED = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
# After these, plus and minus join two terms; after any other sign they begin one.
CLOSING = set(
    ")]}\u27e9\u2309\u230b|\u2016\u2223\u2225!\u2026\u22ef\u22ee\u22f1\u2032\u22a4"
)
SUMS = {"\u2211", "\u220f", "\u222b", "\u22c3", "\u22c2"}
CIRCLED = {"\u2295", "\u2296", "\u2297", "\u2299"}
BARS = {"\u02c9", "\u00af", "\u203e"}
UPRIGHT = {"\u2223": "|", "|": "|", "\u2225": "\u2016", "\u2016": "\u2016"}
DOTS = {"\u2026", "\u22ef"}
SIGNS = {"+", "-", "\u2212", "\u00b1", "\u2213"}


class FormulaError(ValueError):
    """A formula that KaTeX cannot read."""


class Katex:
    """KaTeX in V8, started at the first formula."""

    @cached_property
    def engine(self) -> MiniRacer:
        """The engine, with KaTeX loaded."""
        script = Path(next(iter(sphinxcontrib.__path__))) / "katex.min.js"
        engine = MiniRacer()
        engine.eval(script.read_text(encoding="utf-8"))
        return engine

    def close(self) -> None:
        """Stop the engine: its threads would keep the process alive."""
        if "engine" in self.__dict__:
            self.__dict__.pop("engine").close()

    def render(self, tex: str, *, display: bool) -> str:
        """KaTeX's MathML of a formula.

        Raises:
            FormulaError: With KaTeX's message.
        """
        options = {
            "output": "mathml",
            "displayMode": display,
            "throwOnError": True,
            "strict": "ignore",
        }
        call = f"katex.renderToString({json.dumps(tex)},{json.dumps(options)})"
        try:
            html = str(self.engine.eval(call))
        except JSEvalException as error:
            message = next(
                line for line in str(error).splitlines() if "KaTeX" in line or line
            )
            # KaTeX underlines the place with combining marks.
            message = message.split("ParseError: ")[-1].replace("\u0332", "")
            raise FormulaError(message) from error
        return html[html.index("<math") : html.rindex("</math>") + len("</math>")]


katex = Katex()


@cache
def to_mathml(tex: str, *, display: bool) -> str:
    """The MathML of a formula, ready for a page.

    Raises:
        FormulaError: If KaTeX cannot read it.
    """
    root = ET.fromstring(katex.render(tex, display=display))
    keep_presentation(root)
    for element in list(root.iter()):
        space_functions(element)
        space_sums(element)
        mark_signs(element)
        measure_spaces(element)
        compose_accents(element)
        draw_bars(element)
        join_words(element)
    for element in root.iter():
        write_alphabets(element)
        keep_size(element)
        close_lines(element)
        align_columns(element)
    text = ET.tostring(root, encoding="unicode", short_empty_elements=False)
    return text.replace("ns0:", "").replace(
        ' xmlns:ns0="http://www.w3.org/1998/Math/MathML"', ""
    )


def tag(element: ET.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.removeprefix(NAMESPACE)


def keep_presentation(root: ET.Element) -> None:
    """Drop the copy of the TeX source that follows the formula."""
    semantics = root.find(f"{NAMESPACE}semantics")
    if semantics is not None:
        root[:] = [semantics[0]]


def space_functions(element: ET.Element) -> None:
    """Set a function's name off as TeX does: MathML puts no space around it.

    A fence touches the name, and so does what the author pulls back to it.
    """
    children = list(element)
    for child, after in pairwise(children):
        if not applies(child):
            continue
        if NEGATIVE in (after.text or ""):
            element.remove(after)
        elif tag(first_piece(after)) not in {"mo", "mspace", "mtext"}:
            element.insert(list(element).index(after), thin_space())
    for before, child in pairwise(children):
        follows = tag(core(before)) in {"mi", "mn", "mfrac", "msqrt"}
        if follows and before in list(element) and starts_function(children, child):
            element.insert(list(element).index(child), thin_space())


def space_sums(element: ET.Element) -> None:
    """Set a sum off what is summed by a space of its own.

    Browsers know the space after the sign; WebKit puts it before the sign's index.
    """
    children = list(element)
    for child in children:
        sign = core(child)
        if tag(sign) != "mo" or sign.text not in SUMS or tag(element) in SCRIPTED:
            continue
        sign.set("lspace", "0em")
        sign.set("rspace", "0em")
        place = children.index(child)
        after = children[place + 1 : place + 2]
        begins = first_piece(after[0]) if after else child
        fenced = after and after[0] is not begins and begins.get("fence") == "true"
        if after and (fenced or tag(begins) not in {"mo", "mspace", "mtext"}):
            element.insert(list(element).index(child) + 1, thin_space())
        if place and tag(core(children[place - 1])) != "mo":
            element.insert(list(element).index(child), thin_space())


def thin_space() -> ET.Element:
    """The space between a function and its neighbour."""
    return ET.Element(f"{NAMESPACE}mspace", {"width": THIN})


def applies(element: ET.Element) -> bool:
    """Whether a function's name ends here, with its index if it has one."""
    if tag(element) in SCRIPTED and len(element):
        base = element[0]
        return len(base) > 0 and base[-1].text == APPLICATION
    return element.text == APPLICATION


def starts_function(children: list[ET.Element], child: ET.Element) -> bool:
    """Whether a function's name begins here."""
    if tag(child) in SCRIPTED:
        return applies(child)
    after = children[children.index(child) + 1 :]
    return tag(child) == "mi" and bool(after) and after[0].text == APPLICATION


def first_piece(element: ET.Element) -> ET.Element:
    """What a group begins with."""
    while tag(element) in {"mrow", "mstyle"} and len(element):
        element = element[0]
    return element


def core(element: ET.Element) -> ET.Element:
    """What bears the indices and exponents of an element."""
    while tag(element) in SCRIPTED and len(element):
        element = element[0]
    return element


def mark_signs(element: ET.Element) -> None:
    """Say of a plus or a minus that begins a term that it is a prefix.

    Browsers know it of the first sign of a group alone.
    """
    before: ET.Element | None = None
    for child in element:
        if tag(child) == "mo" and child.text in SIGNS:
            sign = core(before) if before is not None else None
            begins = sign is None or (tag(sign) == "mo" and sign.text not in CLOSING)
            if begins and tag(element) in {"mrow", "mstyle", "mtd", "math"}:
                child.set("form", "prefix")
        if tag(child) != "mspace" and not is_space(child):
            before = child


def is_space(element: ET.Element) -> bool:
    """Whether an element is one of KaTeX's spaces."""
    characters = set(element.text or "")
    spaces = {*SPACES, NEGATIVE}
    return tag(element) == "mtext" and bool(characters) and characters <= spaces


def measure_spaces(element: ET.Element) -> None:
    """Write a space as a length, so that no font needs to have its character."""
    text = element.text or ""
    characters = set(text) - {NEGATIVE}
    if tag(element) != "mtext" or not characters or characters - set(SPACES):
        return
    width = sum(SPACES.get(character, 0) for character in text)
    element.tag, element.text = f"{NAMESPACE}mspace", None
    # What TeX pulls together stays where it is: Firefox would print one sign over the
    # other.
    element.set("width", "0em" if NEGATIVE in text else f"{width:.3g}em")


def compose_accents(element: ET.Element) -> None:
    """Write an accented letter of a text as one character."""
    for i, child in enumerate(element):
        if tag(child) != "mover" or len(child) != 2:
            continue
        letter, accent = child
        mark = ACCENTS.get(accent.text or "")
        if tag(letter) == "mtext" and mark and letter.text:
            letter.text = unicodedata.normalize("NFC", letter.text + mark)
            letter.tail = child.tail
            element[i] = letter


def draw_bars(element: ET.Element) -> None:
    """Draw the bar over a letter as a line that stretches.

    As an accent it sits so low that Chromium's "h" with a bar reads as Planck's ħ.
    """
    if tag(element) != "mover" or len(element) != 2:
        return
    bar = element[1]
    if tag(bar) == "mo" and bar.text in BARS:
        element.attrib.pop("accent", None)
        bar.attrib.clear()
        bar.text = "\u203e"
        bar.set("stretchy", "true")


def keep_size(element: ET.Element) -> None:
    """Keep a sign between two terms at its size: in a displayed formula Firefox takes
    those in a circle for sums, and enlarges them."""
    if tag(element) == "mo" and element.text in CIRCLED:
        element.set("largeop", "false")


def close_lines(element: ET.Element) -> None:
    """Take the space from the lines around |y| and from dots.

    Firefox sets an upright letter off, WebKit a line, Chromium dots. The line between
    two terms, x | y, keeps its space.
    """
    text = element.text or ""
    line = text in UPRIGHT and (tag(element) == "mi" or "stretchy" in element.attrib)
    if line:
        element.tag, element.text = f"{NAMESPACE}mo", UPRIGHT[text]
        element.attrib.clear()
        element.set("stretchy", "false")
    if line or (tag(element) == "mo" and text in DOTS):
        element.attrib |= {"lspace": "0em", "rspace": "0em"}


def join_words(element: ET.Element) -> None:
    """Join what KaTeX spells: ⟨s⟩⟨o⟩⟨f⟩⟨t⟩ becomes ⟨soft⟩, and so for texts."""
    joined: list[ET.Element] = []
    for child in element:
        if joined and spelled(joined[-1]) and spelled(joined[-1]) == spelled(child):
            joined[-1].text = (joined[-1].text or "") + (child.text or "")
        else:
            joined.append(child)
    if len(joined) < len(element) and tag(element) in {"mrow", "mstyle", "math"}:
        element[:] = joined


def spelled(element: ET.Element) -> str:
    """What a piece of a spelled word is, or an empty string."""
    name, text = tag(element), element.text or ""
    if name == "mtext" and not element.attrib:
        return name
    if name == "mi" and element.get("mathvariant") == "normal" and text.isalpha():
        return name if text.isascii() else ""
    return ""


def write_alphabets(element: ET.Element) -> None:
    """Write letters of another alphabet as themselves; browsers know no mathvariant."""
    variant = element.get("mathvariant", "")
    text = element.text or ""
    if variant == "normal":
        if tag(element) != "mi" or len(text) > 1:
            del element.attrib["mathvariant"]  # more than one letter is upright anyway
    elif variant:
        element.text = "".join(other_alphabet(c, variant) for c in text)
        del element.attrib["mathvariant"]


def other_alphabet(character: str, variant: str) -> str:
    """A letter or a digit in one of Unicode's mathematical alphabets."""
    capitals, small, digits = ALPHABETS.get(variant, (None, None, None))
    code = ord(character)
    start, offset = None, 0
    if "A" <= character <= "Z":
        start, offset = capitals, code - ord("A")
    elif "a" <= character <= "z":
        start, offset = small, code - ord("a")
    elif "0" <= character <= "9":
        start, offset = digits, code - ord("0")
    elif "Α" <= character <= "Ω" and variant in GREEK:
        start, offset = GREEK[variant][0], code - ord("Α")
    elif "α" <= character <= "ω" and variant in GREEK:
        start, offset = GREEK[variant][1], code - ord("α")
    if start is None:
        return character
    return OLDER_LETTERS.get(start + offset, chr(start + offset))


def align_columns(element: ET.Element) -> None:
    """Say by style what MathML Core leaves out: alignment, spaces, rules of a table."""
    if tag(element) != "mtable":
        return
    sides = element.attrib.pop("columnalign", "").split()
    gaps = element.attrib.pop("columnspacing", "").split()
    rules = element.attrib.pop("columnlines", "").split()
    row_gap = element.attrib.pop("rowspacing", "").split()[:1]
    element.attrib.pop("rowlines", None)
    for row in element:
        cells = [cell for cell in row if tag(cell) == "mtd"]
        for i, cell in enumerate(cells):
            style = {}
            if i < len(sides) and sides[i] != "center":
                # Chromium's plain "right" moves the text of a cell, not a formula.
                style["text-align"] = f"{sides[i]};text-align:-webkit-{sides[i]}"
            before = half(gaps[min(i - 1, len(gaps) - 1)]) if gaps and i else "0"
            last = i == len(cells) - 1
            after = half(gaps[min(i, len(gaps) - 1)]) if gaps and not last else "0"
            block = half(row_gap[0], 0.15) if row_gap else "0.25em"
            style["padding"] = f"{block} {after} {block} {before}"
            if i and i - 1 < len(rules) and rules[i - 1] == "solid":
                style["border-left"] = "thin solid"
            cell.set(
                "style", ";".join(f"{name}:{value}" for name, value in style.items())
            )


def half(length: str, more: float = 0.0) -> str:
    """Half of a length in em, and a little more where a browser is tighter than TeX."""
    return f"{float(length.removesuffix('em')) / 2 + more:.4g}em"
