"""What is searched: the sections of a page, its folds, the entries of the glossary."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from docutils import nodes
from sphinx import addnodes

from bilingual_book.sphinx_ext.further import further, further_title

# How much a word counts by where it stands.
IN_TEXT, IN_STRONG, IN_DEFINITION, IN_CODE = 1.0, 3.0, 0.5, 0.3
NAME_IN_FORMULA = re.compile(r"\\operatorname\*?\{([^{}]*)\}")
# A formula that an excerpt can show: N, d_k, N = 6.
READABLE = re.compile(r"[^\\{}^_&]{1,11}|\w_\w")
# What a listing defines, or a cell shows the source of.
DEFINED = re.compile(
    r"^\s*(?:(?:def|class) |show_source\((?:\w+\.)??)(\w+)", re.MULTILINE
)


class Kind(Enum):
    """What a section is for."""

    LESSON = "lesson"
    BEFORE = "before the chapters"
    AFTER = "after the chapters"
    END = "end of a chapter"
    ENTRY = "entry of the glossary"


@dataclass
class Part:
    """What is shown of a section, or of one of its folds.

    Attributes:
        anchor: its place on the page; empty at the top.
        title: its heading.
        label: its name in the source, the same in both languages; empty without one.
        text: what an excerpt shows.
        code: its listings.
    """

    anchor: str
    title: str
    label: str = ""
    text: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


@dataclass
class Section(Part):
    """A section, or an entry of the glossary.

    Attributes:
        page: its page.
        kind: what it is for.
        number: as it is written before the heading; empty without one.
        other: its name in the other language, if it has one.
        outer: whether only the page is around it.
        words: its texts, each with how much its words count.
        strong: its words in bold or italics.
        folds: what it holds for those who want more; their words are the section's.
    """

    page: str = ""
    kind: Kind = Kind.LESSON
    number: str = ""
    other: str = ""
    outer: bool = True
    words: list[tuple[str, float]] = field(default_factory=list)
    strong: list[str] = field(default_factory=list)
    folds: list[Part] = field(default_factory=list)

    @property
    def is_page(self) -> bool:
        """Whether it is what stands at the top of a page."""
        return not self.anchor

    @property
    def parts(self) -> list[Part]:
        """The section and its folds."""
        return [self, *self.folds]

    @property
    def names(self) -> set[str]:
        """The functions and classes that its listings define."""
        texts = [text for part in self.parts for text in part.code]
        return {name for text in texts for name in DEFINED.findall(text)}


@dataclass(frozen=True)
class Reader:
    """Reads the sections of a page.

    Attributes:
        page: its name.
        kind: what its sections are for.
        numbers: the number of each section, by its name on the page; "" for the page.
        labels: the names that the sources give.
    """

    page: str
    kind: Kind
    numbers: dict[str, str]
    labels: set[str]

    def sections(self, doctree: nodes.document) -> Iterator[Section]:
        """Each section with its own text and not that of the inner ones."""
        kind = self.kind
        ends = {f"{self.page}-quiz", f"{self.page}-exercises"}
        for node in doctree.findall(nodes.section):
            if is_section(node):
                kind = Kind.END if ends & set(node["ids"]) else kind
                yield self.section(node, kind)
        for item in doctree.findall(nodes.definition_list_item):
            if isinstance(item.parent.parent, addnodes.glossary):
                yield entry_of(self.page, item)

    def section(self, node: nodes.section, kind: Kind) -> Section:
        """One section."""
        top = isinstance(node.parent, nodes.document)
        anchor = "" if top else str(node["ids"][0])
        section = Section(
            anchor,
            shown(node[0]),
            label=self.label(node),
            page=self.page,
            kind=kind,
            number=self.numbers.get(anchor, ""),
            outer=top or isinstance(node.parent.parent, nodes.document),
        )
        for child in node.children[1:]:
            self.collect(child, section, section)
        return section

    def label(self, node: nodes.Element) -> str:
        """The name that the source gives an element."""
        return next((name for name in node["ids"] if name in self.labels), "")

    def collect(self, node: nodes.Node, section: Section, part: Part) -> None:
        """Add the texts below a node to a section, and to the part that shows them."""
        if isinstance(node, nodes.Text):
            add(node, section, part)
            return
        if is_section(node) or isinstance(node, addnodes.glossary):
            return
        if isinstance(node, further) and node["ids"]:
            label = next((n for n in node["ids"][1:] if n in self.labels), "")
            part = Part(str(node["ids"][0]), str(node[0].astext()), label=label)
            section.folds.append(part)
        elif isinstance(node, nodes.TextElement) and not isinstance(node, nodes.Inline):
            part.text.append(" ")  # no word runs into that of the next block
        for child in node.children:
            self.collect(child, section, part)


def is_section(node: nodes.Node) -> bool:
    """Whether a node is a section of the book; the inside of a solution is none."""
    return isinstance(node, nodes.section) and isinstance(
        next(iter(node.children), None), nodes.title
    )


def add(text: nodes.Text, section: Section, part: Part) -> None:
    """Add one text."""
    weight, shown = weight_of(text)
    content = str(text.astext())
    if weight:
        section.words.append((searched(text), weight))
    if weight == IN_CODE:
        part.code.append(content)
    if weight == IN_STRONG:
        section.strong.append(content)
    if shown:
        part.text.append(content)


def entry_of(page: str, item: nodes.definition_list_item) -> Section:
    """An entry of the glossary; the other language's word finds it too."""
    term, definition = item[0], item[-1]
    text = str(definition[0].astext())
    return Section(
        term["ids"][0],
        "".join(text.astext() for text in term.findall(nodes.Text)),
        page=page,
        kind=Kind.ENTRY,
        other="".join(
            word.astext()
            for word in definition.findall(nodes.inline)
            if any(name.startswith("language-") for name in word["classes"])
        ),
        text=[text],
        words=[(text, IN_DEFINITION)],
    )


def searched(text: nodes.Text) -> str:
    """The words of a text; of a formula, the functions that it names."""
    words = str(text.astext())
    if isinstance(text.parent, nodes.math | nodes.math_block):
        return " ".join(NAME_IN_FORMULA.findall(words))
    return words


def shown(title: nodes.Node) -> str:
    """A heading in plain text: √d_k, not its TeX."""
    words = ""
    for text in title.findall(nodes.Text):
        content = text.astext()
        if isinstance(text.parent, nodes.math):
            content = re.sub(r"[\\{}]", "", content.replace(r"\sqrt", "√"))
        words += content
    return words


def ancestors(node: nodes.Node) -> Iterator[nodes.Element]:
    """The elements around a node, from the inside."""
    while isinstance(node.parent, nodes.Element):
        node = node.parent
        yield node


def weight_of(text: nodes.Text) -> tuple[float, bool]:
    """How much a text counts, and whether an excerpt shows it."""
    weight, shown = IN_TEXT, True
    for element in ancestors(text):
        if isinstance(element, further_title):
            weight, shown = IN_STRONG, False
        if isinstance(element, nodes.raw | nodes.comment | addnodes.index):
            return 0.0, False
        if isinstance(element, nodes.math | nodes.math_block):
            return IN_TEXT, bool(READABLE.fullmatch(text.astext()))
        if isinstance(element, addnodes.pending_xref):
            # A reference without words of its own holds the label, which no one reads.
            if element.get("reftarget") == text.astext():
                return 0.0, False
        elif isinstance(element, nodes.literal_block):
            weight, shown = IN_CODE, False
        elif isinstance(element, nodes.table):
            shown = False  # cells make no sentence
        elif isinstance(element, nodes.strong | nodes.emphasis) and weight == IN_TEXT:
            weight = IN_STRONG
        if isinstance(element, nodes.section):
            break
    return weight, shown
