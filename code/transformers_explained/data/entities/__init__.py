"""Named entities: who and where, in the paragraphs that the questions are asked of.

Two labels. A *being* is a person or an animal with a name, without its title: Dossou in
"Mrs Dossou". A *place* is a country, a town, a street, a river, an island ... with a
name. Teams, boats, trains, shops, games, days and months are neither. One hand listed
the names of each paragraph (`entities.toml`), before any model had read them; wherever
a listed name stands as whole words, it is an entity. The split is that of the
questions.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from transformers_explained.data.editions import of_split
from transformers_explained.data.questions import load_questions
from transformers_explained.data.reviews import Language, Split

EntityLabel = Literal["being", "place"]

LABELS: tuple[EntityLabel, ...] = get_args(EntityLabel)
KEYS: dict[EntityLabel, str] = {"being": "beings", "place": "places"}


@dataclass(frozen=True, order=True)
class Entity:
    """A name in a text: text[start:end].

    Attributes:
        start, end: of its characters.
        label: "being" or "place".
    """

    start: int
    end: int
    label: EntityLabel


@dataclass(frozen=True, kw_only=True)
class TaggedText:
    """A paragraph and the names in it.

    Attributes:
        id: the paragraph's, the same in both languages.
        text: the paragraph.
        entities: in the order of the text; no two overlap.
        language: "fr" or "en".
        split: "train", "valid" or "test".
    """

    id: str
    text: str
    entities: tuple[Entity, ...]
    language: Language
    split: Split


def load_entities(
    language: Language, split: Split | None = None
) -> tuple[TaggedText, ...]:
    """Read the tagged paragraphs of one language.

    Args:
        language: "fr" or "en".
        split: one split only; all of them by default.

    Raises:
        ValueError: if `language` or `split` is none of those above.
    """
    return of_split(_all_texts, language, split)


def find_entities(text: str, names: dict[EntityLabel, list[str]]) -> list[Entity]:
    """Wherever a name stands as whole words; where two overlap, the longer one.

    Args:
        names: label -> names.
    """
    label_of = {name: label for label, found in names.items() for name in found}
    longest_first = sorted(label_of, key=len, reverse=True)
    if not longest_first:
        return []
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
    return [
        Entity(found.start(), found.end(), label_of[found[0]])
        for found in re.finditer(pattern, text)
    ]


def names_of(paragraph: str, language: Language) -> dict[EntityLabel, list[str]]:
    """The names that were listed for a paragraph, as one language writes them."""
    row = _lists()[paragraph]
    own = row.get(language, {})
    return {
        label: [*row.get(key, []), *own.get(key, [])] for label, key in KEYS.items()
    }


@cache
def _lists() -> dict[str, dict[str, Any]]:
    content = (files(__package__) / "entities.toml").read_text(encoding="utf-8")
    return tomllib.loads(content)


@cache
def _all_texts(language: Language) -> tuple[TaggedText, ...]:
    paragraphs = {q.paragraph: q for q in load_questions(language)}
    return tuple(
        TaggedText(
            id=name,
            text=question.context,
            entities=tuple(find_entities(question.context, names_of(name, language))),
            language=language,
            split=question.split,
        )
        for name, question in paragraphs.items()
    )
