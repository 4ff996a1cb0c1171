"""Is this answer right? SQuAD's two measures, and the same for French.

The rules are those of SQuAD's evaluation (Rajpurkar et al. 2016; for questions without
an answer, Rajpurkar, Jia & Liang 2018): lower case, no punctuation, no articles, one
space between words; then the best over the accepted answers. They are English: their
articles are a, an and the, and an apostrophe disappears (don't -> dont). In French
"l'école" would become "lécole", in which nothing finds the article any more. So French
has rules of its own: an apostrophe separates two words, and the articles are le, la,
les, l', un, une and des.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

from transformers_explained.data.reviews import Language

ARTICLES = {"en": r"\b(?:a|an|the)\b", "fr": r"\b(?:les?|la|l|une?|des)\b"}


def normalize(text: str, language: Language = "en") -> str:
    """What is compared of an answer."""
    text = text.lower()
    if language == "fr":
        text = re.sub("['\u2019]", " ", text)
        text = "".join(c for c in text if unicodedata.category(c)[0] != "P")
    else:  # SQuAD's list of signs: ASCII only, and symbols such as $ among them
        text = "".join(c for c in text if c not in string.punctuation)
    return " ".join(re.sub(ARTICLES[language], " ", text).split())


def exact_match(
    answer: str, accepted: Sequence[str], language: Language = "en"
) -> float:
    """1 if the answer is one of the accepted ones, else 0.

    No accepted answer means that the text does not say: right is then the empty answer.
    """
    return float(normalize(answer, language) in _compared(accepted, language))


def f1(answer: str, accepted: Sequence[str], language: Language = "en") -> float:
    """How many words the answer shares with the accepted one that is closest.

    Precision is the share of the answer's words that are right, recall the share of the
    right words that are there; F1 is their harmonic mean.
    """
    given = normalize(answer, language).split()
    return max(_f1(given, one.split()) for one in _compared(accepted, language))


def _compared(accepted: Sequence[str], language: Language) -> list[str]:
    """The accepted answers; of those of which nothing is left, none counts."""
    return list(filter(None, (normalize(one, language) for one in accepted))) or [""]


def _f1(given: Sequence[str], right: Sequence[str]) -> float:
    if not given or not right:  # a text that does not say, or nothing said of it
        return float(given == right)
    common = (Counter(given) & Counter(right)).total()
    return 2 * common / (len(given) + len(right))
