"""A page of the site as a page of the EPUB: what it keeps, and where its links lead."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bilingual_book.epub.build import picture
from bilingual_book.epub.pages import Chapter, PageReader
from bilingual_book.project import LANGUAGES, find_project

SITE = "https://a.b/c/en/"
TEXTS = find_project().languages["en"]
NAMES = 'xmlns:epub="http://www.idpf.org/2007/ops"'
XHTML = "{http://www.w3.org/1999/xhtml}"
EPUB = "{http://www.idpf.org/2007/ops}"


def chapter(body: str) -> Chapter:
    """A page with this text, of a book that holds `one` and `glossary`."""
    reader = PageReader(["one", "glossary"], SITE, TEXTS)
    return reader.read("one", f"<main><article>{body}</article></main>")


def tree(made: Chapter) -> ElementTree.Element:
    """The text of a chapter, read as strictly as a reading system reads it."""
    wrapped = f'<body xmlns="http://www.w3.org/1999/xhtml" {NAMES}>{made.body}</body>'
    return ElementTree.fromstring(wrapped)


@pytest.mark.parametrize(
    ("written", "leads_to"),
    [
        ("#here", "#here"),
        ("one.html#here", "one.xhtml#here"),
        ("glossary.html", "glossary.xhtml"),
        ("glossary.html#term-head", "glossary.xhtml#term-head"),
        ("slides/one.html", f"{SITE}slides/one.html"),
        ("../notebooks/en/one.ipynb", "https://a.b/c/notebooks/en/one.ipynb"),
        ("_downloads/ab/gpt.py", f"{SITE}_downloads/ab/gpt.py"),
        ("https://x.y/z?a=1&amp;b=2", "https://x.y/z?a=1&b=2"),
    ],
)
def test_links_lead_into_the_book_or_to_the_site(written: str, leads_to: str) -> None:
    (link,) = tree(chapter(f'<p><a href="{written}">x</a></p>')).iter(f"{XHTML}a")
    assert link.get("href") == leads_to


def test_what_is_written_short_in_html_is_whole() -> None:
    made = chapter(
        '<h1>T<a class="headerlink" href="#t">#</a></h1><p>1 &lt; 2<br>&nbsp;3</p>'
        '<p hidden lang="fr">chat</p><img src="_images/a.svg" alt="" loading="lazy">'
        "<script>let a = 1 < 2;</script><style>p > b { color: red; }</style>"
    )
    body = tree(made)
    assert made.title == "T"
    assert made.pictures == {"_images/a.svg"}
    assert "".join(body.itertext()) == "T1 < 2\u00a03chat"
    (image,) = body.iter(f"{XHTML}img")
    assert dict(image.attrib) == {"src": "images/a.svg", "alt": ""}
    hidden = next(p for p in body.iter(f"{XHTML}p") if p.get("hidden"))
    assert hidden.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"


def test_formulas_and_drawings_have_their_namespace_and_their_names() -> None:
    made = chapter(
        '<math display="block"><mi>x</mi></math>'
        '<attention-explorer data-json="{}"><figure>'
        '<svg viewBox="0 0 9 9"><linearGradient></linearGradient></svg>'
        "<figcaption>Attention.</figcaption></figure></attention-explorer>"
    )
    assert made.properties == ["math", "svg"]
    body = tree(made)
    assert body.find(".//{http://www.w3.org/1998/Math/MathML}mi") is not None
    svg = body.find(".//{http://www.w3.org/2000/svg}svg")
    assert svg is not None
    assert svg.get("viewBox") == "0 0 9 9"
    assert svg[0].tag == "{http://www.w3.org/2000/svg}linearGradient"
    (link,) = body.iter(f"{XHTML}a")  # where the figure moves
    assert link.get("href") == f"{SITE}one.html"


def test_the_name_of_a_fold_comes_first() -> None:
    made = chapter(
        '<details id="a"><span id="b"></span><summary><p>One</p><p>Two</p></summary>'
        "<p>Three</p></details>"
    )
    (fold,) = tree(made).iter(f"{XHTML}details")
    assert [part.tag.removeprefix(XHTML) for part in fold] == ["summary", "span", "p"]
    assert fold[0][0].tag == f"{XHTML}span"
    assert "".join(fold[0].itertext()) == "One"


def test_a_term_leads_to_its_note_and_the_note_back() -> None:
    made = chapter(
        '<p>A <a class="term" id="use-head" href="glossary.html#term-head" '
        'aria-describedby="about-head">head</a>.</p>'
        '<div class="about-term" id="about-head" role="tooltip" popover>'
        "<p>One of several.</p></div>"
    )
    body = tree(made)
    use, entry, back = body.iter(f"{XHTML}a")
    assert (use.get(f"{EPUB}type"), use.get("href")) == ("noteref", "#about-head")
    (note,) = body.iter(f"{XHTML}aside")
    assert (note.get("id"), note.get(f"{EPUB}type")) == ("about-head", "footnote")
    assert "One of several." in "".join(note.itertext())
    assert entry.get("href") == "glossary.xhtml#term-head"
    assert back.get("href") == "#use-head"


def test_a_drawing_has_no_doctype_and_no_empty_shape(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n'
        ' "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
        '<svg><defs><path id="DejaVu-20" d=""/></defs><use href="#DejaVu-20"/>'
        '<path id="a" transform="scale(2)"/><path id="b" d="M1 1z"/>'
        '<image id="c"/><image id="c"/></svg>',
        encoding="utf-8",
    )
    text = picture(path).decode()
    assert "DOCTYPE" not in text
    assert 'd=""' not in text
    assert 'id="DejaVu-20"' in text  # it is used
    assert text.count('<image id="c"/>') == text.count("<image/>") == 1
    assert re.findall(r'<path[^>]* d="([^"]*)"', text) == ["M0 0", "M0 0", "M1 1z"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_says_what_there_is(language: str) -> None:
    texts = find_project().languages[language]["epub"]
    assert re.search(r"MathML", texts["summary"])
    assert len(texts["summary"]) > 100
