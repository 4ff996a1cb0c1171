"""One word, however it is typed: search.js does the same with what a reader types.

Words are reduced by the language's stemmer (« têtes » finds « tête ») and then freed
of their accents (« tete » finds it too). Both stemmers come with Sphinx.
"""

import re
import unicodedata
from collections.abc import Callable

Stem = Callable[[str], str]

# A word, or the name of a function: `masked_softmax` is one, and two words as well.
WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
# What is typed or pasted for an apostrophe; some count as letters.
APOSTROPHES = re.compile("[\u02b9-\u02bd\u2018\u2019\u201b\u2032\u00b4\u0060]")


def without_accents(word: str) -> str:
    """The letters alone: « tête » becomes "tete", « cœur » becomes "coeur"."""
    word = word.lower().replace("œ", "oe").replace("æ", "ae")
    parts = unicodedata.normalize("NFD", word)
    return "".join(part for part in parts if not unicodedata.combining(part))


def key(word: str, stem: Stem) -> str:
    """A word as the index writes it.

    The French stemmer keeps the s of « résidus », and cuts « connexions » shorter than
    « connexion ».
    """
    stemmed = stem(re.sub(r"ions$", "ion", word))
    return re.sub(r"(?<=[iou])s$", "", without_accents(stemmed))


def simple(text: str) -> str:
    """A text in one way of writing: ligatures, wide letters, accents, apostrophes."""
    text = unicodedata.normalize("NFKC", APOSTROPHES.sub("'", text))
    return unicodedata.normalize("NFC", text.lower())


def words_of(text: str, stem: Stem) -> list[str]:
    """The words of a text as the index writes them; a name, whole and in its words."""
    words = []
    for word in WORD.findall(simple(text)):
        parts = word.split("_")
        if len(parts) > 1:
            words.append(without_accents(word))
        words += [key(part, stem) for part in parts]
    return words
