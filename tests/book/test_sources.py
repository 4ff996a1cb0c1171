"""The book's own sources: typography, terms, addresses, texts in both languages."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from bilingual_book.claims import check_register
from bilingual_book.code_trees import called_name
from bilingual_book.errors import BookError
from bilingual_book.page import PageReader
from bilingual_book.parity import check_parity, page_reader
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.prose import Sentence, prose
from bilingual_book.source_checks import check_sources, first_text, label_ids
from transformers_explained.labels import label_ids as loaded_label_ids

ROOT = Path(__file__).parents[2]
PROJECT = Project(ROOT)
FRENCH_PAGES = sorted((ROOT / "book" / "fr").glob("*.md"))
NBSP = "\u00a0"


def tracked_files() -> list[Path]:
    """The files of the repository, or of the folder where there is none."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if found.returncode:
        pytest.skip("git is missing: apt-get install git")
    paths = [ROOT / name for name in found.stdout.splitlines()]
    return [path for path in paths if path.is_file()]


def text_of(path: Path) -> str:
    """A text file; empty for another."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


# What no French page may hold, with the reason.
FRENCH = {
    "a no-break space goes before ; : ! ? and »": re.compile(
        rf"(?<![{NBSP}(;:!?…]):(?!//)(?!\d)|(?<![{NBSP}(]);|(?<![{NBSP}(!?])[!?]"
        rf"|(?<!{NBSP})»"
    ),
    "a no-break space goes after «": re.compile(rf"«(?!{NBSP})"),
    "quotation marks are « and »": re.compile(r"[\"“”„]"),
    "an ellipsis is one character": re.compile(r"\.\.\."),
    "decimals have a comma": re.compile(r"(?<![\d.])0\.\d|\d\.\d+\s*%"),
    "one apostrophe in the whole book: '": re.compile("[’‘]"),
    "library is « bibliothèque »": re.compile(r"\blibrairies?\b", re.I),
    "digital is « numérique »": re.compile(r"\bdigita(l|le|ux|les)\b", re.I),
    "accuracy is « exactitude »": re.compile(r"précision \(accuracy\)", re.I),
    "the reader is « vous »": re.compile(r"\b(tu|toi|tes|ton)\b(?! sur)", re.I),
}


def faults(sentence: Sentence) -> list[str]:
    """The rules that a French sentence breaks."""
    return [rule for rule, pattern in FRENCH.items() if pattern.search(sentence.text)]


@pytest.fixture(scope="module")
def reader() -> PageReader:
    return page_reader(PROJECT)


@pytest.mark.parametrize("path", FRENCH_PAGES, ids=lambda path: path.stem)
def test_french_typography(path: Path, reader: PageReader) -> None:
    sentences = prose(path.read_text(encoding="utf-8"), reader)
    assert sentences
    found = [
        f"{path}:{s.line}: {rule}: {s.text.strip()[:120]!r}"
        for s in sentences
        for rule in faults(s)
    ]
    assert not found, "\n".join(found)


WRONG = [
    "Quoi?",
    "Quoi ?",
    "un : deux",
    "un: deux",
    "un ; deux",
    "Non !",
    f"«{NBSP}mot »",
    f"« mot{NBSP}»",
    '"mot"',
    "“mot”",
    "et puis...",
    "vaut 0.5",
    "vaut 3.5 %",
    "l’attention",
    "la librairie",
]
RIGHT = [
    f"Quoi{NBSP}? Oui{NBSP}! Ceci{NBSP}: cela{NBSP}; «{NBSP}mot{NBSP}».",
    "PyTorch 2.13 et Python 3.11 (voir l'article).",
    "vaut 0,5 puis 3,5 %",
    "à 10:30, https://example.org",
    f"Vraiment{NBSP}?! Et puis… (?)",
]


@pytest.mark.parametrize("text", WRONG)
def test_wrong_typography_is_seen(text: str) -> None:
    assert faults(Sentence(1, text))


@pytest.mark.parametrize("text", RIGHT)
def test_right_typography_passes(text: str) -> None:
    assert faults(Sentence(1, text)) == []


def test_prose_is_what_a_reader_reads(reader: PageReader) -> None:
    text = (
        "# Un titre\n\nDu texte, `code: x?`, $a ; b$ {cite:t}`b` et [lien](c.md).\n"
        ':::{admonition} Un cadre\n:class: tip\nDedans.\n:::\n\n```python\n"x"?\n```\n'
        "```{code-cell} python\n---\nmystnb:\n  image:\n    alt: Un dessin.\n---\n"
        'x = "a?"\n```\n'
    )
    found = prose(text, reader)
    shown = "\n".join(sentence.text for sentence in found)
    for kept in ("Un titre", "Du texte", "lien", "Un cadre", "Dedans.", "Un dessin."):
        assert kept in shown
    for left_out in ("code:", "a ; b", '"x"', "a?", "c.md", "class"):
        assert left_out not in shown
    assert Sentence(6, "Dedans.") in found


def test_both_trees_agree() -> None:
    check_parity(PROJECT)


def test_every_name_leads_somewhere() -> None:
    check_sources(PROJECT)


def test_the_register_of_claims() -> None:
    check_register(PROJECT)


def test_every_text_is_in_both_languages() -> None:
    assert set(loaded_label_ids()) == label_ids(PROJECT.package)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_without_a_language_is_seen(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "label_texts"
    folder.mkdir()
    path = folder / "one.toml"
    path.write_text(f'[a]\n{language} = "x"\n', encoding="utf-8")
    with pytest.raises(BookError, match=r"one\.toml:1: the text \[a\] has no"):
        label_ids(tmp_path)


def test_every_text_that_the_package_asks_for_exists() -> None:
    known = label_ids(PROJECT.package)
    missing = []
    for path in sorted(PROJECT.package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called_name(node) == "label":
                name = first_text(node)
                if name is not None and name not in known:
                    missing.append(f"{path}:{node.lineno}: {name}")
    assert not missing, "\n".join(missing)


def test_every_check_has_a_hint() -> None:
    from bilingual_book.source_checks import check_ids

    hints = {name.replace(".", ".hint-") for name in check_ids(PROJECT.package)}
    assert hints
    assert hints - label_ids(PROJECT.package) == set()


MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/[\w.]")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|conda\.anaconda", re.I
)
ASSET = re.compile(
    r"<(?:script|img|iframe|source)[^>]+src=[\"'](?:https?:)?//"
    r"|<link[^>]+rel=[\"']?stylesheet[^>]+href=[\"'](?:https?:)?//"
    r"|@import\s+(?:url\()?[\"']?https?:|url\([\"']?https?:"
    r"|fonts\.googleapis|cdn\.jsdelivr|cdnjs\.cloudflare|unpkg\.com",
    re.I,
)
RULES = {"a machine's path": MACHINE_PATH, "a registry": REGISTRY, "an asset": ASSET}


@pytest.mark.parametrize("name", RULES)
def test_no_file_names(name: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in tracked_files()
        if path != Path(__file__)
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if RULES[name].search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a machine's path", "see /home/me/book"),
        ("a machine's path", '"/root/.cache"'),
        ("a registry", "https://pypi.org/simple"),
        ("an asset", '<script src="https://a.org/b.js">'),
        ("an asset", '<img alt="" src="//a.org/b.png">'),
        ("an asset", "@import url(https://a.org/b.css)"),
        ("an asset", "src: url('https://a.org/b.woff2')"),
    ],
)
def test_such_a_line_is_seen(name: str, text: str) -> None:
    assert RULES[name].search(text)


def test_every_page_describes_itself(reader: PageReader) -> None:
    for language in LANGUAGES:
        for slug in PROJECT.pages:
            page = reader.read(PROJECT.source(language, slug), language)
            settings = {**page.metadata, **page.metadata.get("myst", {})}
            text = (settings.get("html_meta") or {}).get("description", "")
            assert 20 <= len(text) <= 300, f"{page.path}: {text!r}"
