"""The typography of each language, as rules that a line of text must not break."""

import re
from collections.abc import Iterator

from bilingual_book.language.prose import STANDS_FOR

NO_BREAK = "\u00a0"
NARROW = "\u202f"
_SPACES = f"[ {NO_BREAK}]"

# What is not typeset as prose: addresses, tags, code, what a program fills in.
_LEFT_OUT = re.compile(r"https?://\S+|<[^<>]*>|`[^`]*`|\{[^{}]*\}")
# Numbers of sections and versions keep their points: section 3.2.1, CC BY 4.0.
_NUMBERED = re.compile(
    r"\b(?:[Ss]ections?|[Aa]nnexes?|[Vv]ersions?|Python|PyTorch|BY|Attribution)"
    rf"{_SPACES}[A-Z.\d]*\d\.\d+(?:(?:, | et | à | ou )[A-Z.\d]*\d\.\d+)*"
)
_MEASURES = re.compile(r"\d\.\d+(?: \d\.\d+)+")  # what a drawing reads from its texts
_AFTER_A = (
    "partir|la|le|les|cet|cette|ce|ces|ceux|celui|celle|chaque|chacun|vous|nous|eux|gauche|"
    "droite|main|cause|propos|moins|peine|quoi|qui|quel|quelle|un|une|deux|trois|quatre|"
    "travers|titre|défaut|force|savoir|noter|retenir|suivre|lire|temps|nouveau|présent|"
    "son|sa|ses|leur|mesure|côté|mi|tort|part|nos|vos|mes|toutes?|tous"
)

RULES: dict[str, dict[str, re.Pattern[str]]] = {
    "fr": {
        "a no-break space goes before ; : ! ? and »": re.compile(
            rf"(?<![{NO_BREAK}(;:!?…]):(?!//)(?!\d)|(?<![{NO_BREAK}(]);"
            rf"|(?<![{NO_BREAK}(!?])[!?]|(?<!{NO_BREAK})»"
        ),
        "a no-break space goes after «": re.compile(rf"«(?!{NO_BREAK})"),
        "quotation marks are « and »": re.compile(r"[\"“”„]"),
        "an ellipsis is one character": re.compile(r"\.\.\."),
        "decimals have a comma": re.compile(r"\d\.\d"),
        "a narrow no-break space sets thousands apart": re.compile(
            rf"\d{_SPACES}\d{{3}}(?!\d)|(?<![\d,.])\d{{5,}}"
        ),
        "a no-break space goes before % and units": re.compile(
            rf"\d(?:[ {NARROW}]?%|[ {NARROW}]?(?:[GMk]o|ms)\b)"
        ),
        "capitals keep their accents": re.compile(
            rf"\bA (?:{_AFTER_A})\b|\bA l'|\bCa\b"
        ),
        "ordinals are 1er, 1re, 2e": re.compile(r"\d(?:ème|ième|eme|ère|nde)\b"),
        "a dash is –": re.compile(r"(?<=\s)[-—](?=\s)|—"),
        "one space is enough": re.compile(r"\S {2,}\S|[( ],|\( | \)| \.(?!\.)"),
        "one apostrophe in the whole book: '": re.compile("[’‘]"),
        "library is « bibliothèque »": re.compile(r"\blibrairies?\b", re.I),
        "digital is « numérique »": re.compile(r"\bdigita(l|le|ux|les)\b", re.I),
        "accuracy is « exactitude »": re.compile(r"précision \(accuracy\)", re.I),
        "the reader is « vous »": re.compile(r"\b(tu|toi|tes|ton)\b(?! sur)", re.I),
    },
    "en": {
        "no space goes before ; : ! ? %": re.compile(
            rf"[ {NO_BREAK}{NARROW}][;:!?](?!\S)|\d[ {NO_BREAK}{NARROW}]%"
        ),
        'quotation marks are "': re.compile("[«»“”„]"),
        "an ellipsis is one character": re.compile(r"\.\.\."),
        "decimals have a point": re.compile(r"(?<![\d,])\d+,\d{1,2}(?!\d)"),
        "a comma sets thousands apart": re.compile(
            rf"\d[ {NO_BREAK}{NARROW}]\d{{3}}(?!\d)|(?<![\d,.])\d{{5,}}"
        ),
        "a dash is –": re.compile(r"(?<=\s)[-—](?=\s)|—"),
        "one space is enough": re.compile(r"\S {2,}\S|[( ],|\( | \)| \.(?!\.)"),
        "one apostrophe in the whole book: '": re.compile("[’‘]"),
    },
}

# Formulas write decimals as their language does, and are the only code read here.
_FENCE = re.compile(r"^```(\S*).*?^```$", re.S | re.M)
_FORMULA = re.compile(r"\$\$?[^$]+\$\$?|^```\{math\}.*?^```", re.S | re.M)
_WRONG_DECIMALS = {
    "fr": re.compile(r"\d\.\d|\d,\d"),
    "en": re.compile(r"\d\{,\}\d{1,2}(?!\d)"),
}


def formulas(page: str) -> Iterator[tuple[int, str]]:
    """The formulas of a page, with their lines (from 1)."""

    def blank(fence: re.Match[str]) -> str:
        return fence[0] if fence[1] == "{math}" else "\n" * fence[0].count("\n")

    page = _FENCE.sub(blank, page)
    for found in _FORMULA.finditer(page):
        yield page.count("\n", 0, found.start()) + 1, found[0]


def formula_faults(page: str, language: str) -> list[tuple[int, str]]:
    """The formulas of a page that write decimals as the other language does."""
    wrong = _WRONG_DECIMALS[language]
    return [(line, text) for line, text in formulas(page) if wrong.search(text)]


def faults(text: str, language: str) -> list[str]:
    """The rules of a language that a text breaks."""
    text = _LEFT_OUT.sub(STANDS_FOR, text)
    text = _NUMBERED.sub(STANDS_FOR, text)
    if _MEASURES.fullmatch(text):
        return []
    return [rule for rule, broken in RULES[language].items() if broken.search(text)]
