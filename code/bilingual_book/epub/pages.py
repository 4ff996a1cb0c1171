"""A page of the site as XHTML: what an EPUB may hold, without script.

The pages have been built; nothing is executed or read again. An explorer leaves its
drawing, a term its note, a link out of the book the address of the site.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.formatter import XMLFormatter

EPUB_TYPE = "epub:type"
NAMESPACES = {
    "math": "http://www.w3.org/1998/Math/MathML",
    "svg": "http://www.w3.org/2000/svg",
}
# What only a browser on the site needs.
UNWANTED = "script, style, button, noscript, template, a.headerlink, source"
# HTML has attributes that stand for themselves, and some that only tune loading.
DROPPED = {"popover", "loading", "decoding", "tabindex", "border", "align", "valign"}
CAMEL = re.compile(r"<(?:[a-z]+[A-Z]\w*)|[\s](?:[a-z]+[A-Z]\w*)(?==)")
XHTML = XMLFormatter(
    entity_substitution=lambda text: (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    ),
    void_element_close_prefix="/",
)


@dataclass
class Chapter:
    """A page, ready for the book.

    Attributes:
        slug: the page's name.
        title: as its heading says it, with its number.
        body: XHTML.
        sections: pairs (anchor, title), those of the contents.
        pictures: the files that it shows, as the site names them.
        properties: what a reading system must be able to draw.
    """

    slug: str
    title: str
    body: str
    sections: list[tuple[str, str]] = field(default_factory=list)
    pictures: set[str] = field(default_factory=set)
    properties: list[str] = field(default_factory=list)


class PageReader:
    """Reads the pages of one language.

    Args:
        slugs: the pages that the book holds.
        address: of the site, where other links lead: that of the folder of the pages.
        texts: those of the language.
    """

    def __init__(
        self, slugs: list[str], address: str, texts: dict[str, dict[str, str]]
    ) -> None:
        self.slugs = set(slugs)
        self.address = address
        self.texts = texts

    def read(self, slug: str, html: str) -> Chapter:
        """Make a chapter of a page of the site."""
        soup = BeautifulSoup(html, "html.parser")
        article = soup.select_one("article")
        assert article is not None, f"{slug}: the page has no article"
        for unwanted in article.select(UNWANTED):
            unwanted.decompose()
        for more in article.select("summary p ~ p"):  # one name of a fold is enough
            more.decompose()
        for name in article.select("summary p"):
            name.name = "span"
        for place in article.select("details > span[id]:first-child"):
            title = place.find_next_sibling("summary")
            if isinstance(title, Tag):  # in XHTML the name of a fold comes first
                title.insert_after(place.extract())
        self.keep_drawings(article, slug)
        self.make_notes(article)
        for tag in list(article.find_all(True)):
            mend(tag)
        for link in article.select("a[href]"):
            link["href"] = self.target(str(link["href"]), slug)
        chapter = Chapter(slug, title_of(article), "")
        chapter.sections = list(sections_of(article))
        for picture in article.select("img[src]"):
            source = unquote(str(picture["src"]))
            chapter.pictures.add(source)
            picture["src"] = f"images/{source.rsplit('/', 1)[-1]}"
        chapter.properties = [
            name for name in NAMESPACES if article.find(name) is not None
        ]
        chapter.body = with_capitals(article.decode_contents(formatter=XHTML), html)
        return chapter

    def keep_drawings(self, article: Tag, slug: str) -> None:
        """Of an explorer, keep the drawing that stands in it; say where it moves."""
        for explorer in article.find_all(re.compile(r"-explorer$")):
            explorer.name = "div"
            explorer.attrs = {"class": "explorer"}
            caption = explorer.find("figcaption")
            if isinstance(caption, Tag):
                link = BeautifulSoup("", "html.parser").new_tag(
                    "a", href=f"{slug}.html#site"
                )
                link.string = self.texts["epub"]["explorer"]
                caption.append(" ")
                caption.append(link)
        for picture in article.find_all("picture"):
            picture.unwrap()

    def make_notes(self, article: Tag) -> None:
        """Make notes of the boxes beside the terms, behind the chapter's text."""
        boxes = article.select("div.about-term")
        if not boxes:
            return
        new = BeautifulSoup("", "html.parser").new_tag
        notes = new("section", attrs={"class": "notes", EPUB_TYPE: "footnotes"})
        heading = new("h2")
        heading.string = self.texts["epub"]["notes"]
        notes.append(heading)
        for box in boxes:
            note = box.extract()
            note.name = "aside"
            note.attrs = {
                "id": note["id"], "class": "note",
                EPUB_TYPE: "footnote", "role": "doc-footnote",
            }  # fmt: skip
            notes.append(note)
        article.append(notes)
        for use in article.select("a.term[aria-describedby]"):
            name = str(use["aria-describedby"])
            its_note = notes.find(id=name)
            assert isinstance(its_note, Tag), f"the term {name} has no note"
            link = new("a", href=str(use["href"]))
            link.string = self.texts["epub"]["entry"]
            back = new("a", href=f"#{use['id']}", attrs={"role": "doc-backlink"})
            back.string = self.texts["epub"]["back"]
            line = new("p", attrs={"class": "ways"})
            line.extend([link, " · ", back])
            its_note.append(line)
            use.attrs = {
                "class": "term", "id": use["id"], "href": f"#{name}",
                EPUB_TYPE: "noteref", "role": "doc-noteref",
            }  # fmt: skip

    def target(self, address: str, slug: str) -> str:
        """Where a link of a page leads in the book, or on the site."""
        if address.startswith(f"{slug}.html#site"):
            return urljoin(self.address, f"{slug}.html")
        if urlsplit(address).scheme:
            return address
        path, fragment = urldefrag(address)
        if not path:
            return f"#{fragment}" if fragment else f"{slug}.xhtml"
        page = path.removesuffix(".html")
        if page in self.slugs:
            return f"{page}.xhtml" + (f"#{fragment}" if fragment else "")
        return urljoin(self.address, address)


def mend(tag: Tag) -> None:
    """Make an element one of XHTML: its namespace, its language, its attributes."""
    for name in list(tag.attrs):
        if name in DROPPED or name.startswith("data-"):
            del tag[name]
        elif tag[name] == "" and name != "alt":
            tag[name] = name
    if tag.name in NAMESPACES:
        tag["xmlns"] = NAMESPACES[tag.name]
    if "lang" in tag.attrs:
        tag["xml:lang"] = tag["lang"]


def title_of(article: Tag) -> str:
    """The heading of a page, on one line."""
    heading = article.find("h1")
    return " ".join(heading.get_text().split()) if heading else ""


def sections_of(article: Tag) -> Iterator[tuple[str, str]]:
    """The sections of a page: anchor and heading."""
    for section in article.select("section[id]"):
        heading = section.find("h2", recursive=False)
        if heading is not None:
            yield str(section["id"]), " ".join(heading.get_text().split())


def with_capitals(markup: str, html: str) -> str:
    """Write the names of SVG as they are, ``viewBox``: the parser makes them small."""
    for found in set(CAMEL.findall(html)):
        start, name = found[0], found[1:]
        small = name.lower()
        if start == "<":
            markup = re.sub(rf"(</?){small}\b", rf"\1{name}", markup)
        else:
            markup = re.sub(rf"(\s){small}=(?=\")", rf"\1{name}=", markup)
    return markup
