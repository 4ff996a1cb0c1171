"""A small grammar of French and of English whose entropy is known exactly.

Real text has an unknown floor: nobody can say how well the best model could predict it.
Here the chances of each sentence are written down, so the floor can be computed, and a
model that falls below it has seen the answer.

A sentence is drawn by replacing symbols, one choice at a time, until only words are
left. No sentence can be drawn in two ways, so its probability is the product of its
choices, and the entropy of a sentence is the sum of what its choices weigh.

Both languages say the same things with the same chances. What makes them hard is
agreement: in « la souris que les chats regardent mange » the verb agrees with a word
that stands four words away, behind others that want another ending.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from transformers_explained.data.editions import check_language
from transformers_explained.data.reviews import Language

Symbols = tuple[str, ...]
Choice = tuple[float, Symbols]  # probability, what stands in place of the symbol
END = "."
START = "sentence"
NUMBERS = ("one", "many")

# Nouns: weight, gender in French, then one and many in each language. The weights are
# unequal, as in life: some words come often.
NOUNS = (
    (6, "m", ("chat", "chats"), ("cat", "cats")),
    (5, "f", ("souris", "souris"), ("mouse", "mice")),
    (4, "m", ("chien", "chiens"), ("dog", "dogs")),
    (3, "f", ("fille", "filles"), ("girl", "girls")),
    (2, "f", ("chèvre", "chèvres"), ("goat", "goats")),
    (2, "m", ("boulanger", "boulangers"), ("baker", "bakers")),
    (1, "f", ("poule", "poules"), ("hen", "hens")),
    (1, "m", ("cheval", "chevaux"), ("horse", "horses")),
)
# Verbs with an object, and without: weight, one and many in each language.
SEEING = (
    (4, ("mange", "mangent"), ("eats", "eat")),
    (3, ("regarde", "regardent"), ("watches", "watch")),
    (2, ("suit", "suivent"), ("follows", "follow")),
    (1, ("entend", "entendent"), ("hears", "hear")),
)
DOING = (
    (3, ("dort", "dorment"), ("sleeps", "sleep")),
    (2, ("mange", "mangent"), ("eats", "eat")),
    (1, ("court", "courent"), ("runs", "run")),
)
PLACES = (
    (3, "le tapis", "the mat"),
    (2, "la table", "the table"),
    (1, "le toit", "the roof"),
)
# In French one stands before its noun and the other after it; in English both before.
SIZE = {
    "m": ("petit", "petits"),
    "f": ("petite", "petites"),
    "en": ("small", "small"),
}
COLOUR = {
    "m": ("noir", "noirs"),
    "f": ("noire", "noires"),
    "en": ("black", "black"),
}
ARTICLES = {
    ("fr", "m"): (("le", "les"), ("un", "des")),
    ("fr", "f"): (("la", "les"), ("une", "des")),
    ("en", "m"): (("the", "the"), ("a", "some")),
    ("en", "f"): (("the", "the"), ("a", "some")),
}
LINKS = {  # that (object), that (subject), behind, is, are, on
    "fr": ("que", "qui", "derrière", ("est", "sont"), "sur"),
    "en": ("that", "that", "behind", ("is", "are"), "on"),
}


@dataclass(frozen=True)
class Grammar:
    """What may stand in place of each symbol, and how often.

    Args:
        rules: for each symbol its choices, whose probabilities sum to 1. What has no
            rule is a word. No symbol may lead back to itself.
    """

    rules: Mapping[str, Sequence[Choice]]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words, in alphabetical order."""
        seen = {s for choices in self.rules.values() for _, c in choices for s in c}
        return tuple(sorted(seen - self.rules.keys()))

    def sample(self, generator: random.Random) -> tuple[list[str], float]:
        """Draw a sentence: its words, and the logarithm of its probability."""
        words: list[str] = []
        log_probability, stack = 0.0, [START]
        while stack:
            symbol = stack.pop()
            if symbol not in self.rules:
                words.append(symbol)
                continue
            choices = self.rules[symbol]
            ((p, symbols),) = generator.choices(choices, [p for p, _ in choices])
            log_probability += math.log(p)
            stack.extend(reversed(symbols))
        return words, log_probability

    def entropy(self, symbol: str = START) -> float:
        """What the words drawn from a symbol tell on average, in nats.

        A choice weighs -Σ p log p, and its parts are drawn independently:
        H(symbol) = Σ_choices p · (-log p + Σ_parts H(part)).
        """
        return self._tables[symbol][0]

    def mean_length(self, symbol: str = START) -> float:
        """How many words a symbol becomes on average, the full stop included."""
        return self._tables[symbol][1]

    def entropy_per_word(self) -> float:
        """The floor of a language model's loss, in nats: no model that reads from left
        to right can do better on average over the words of many sentences."""
        return self.entropy() / self.mean_length()

    @cached_property
    def _tables(self) -> dict[str, tuple[float, float]]:
        """Entropy and mean length of each symbol and word."""
        known: dict[str, tuple[float, float]] = {}

        def visit(symbol: str) -> tuple[float, float]:
            if symbol not in self.rules:
                return 0.0, 1.0
            if symbol not in known:
                entropy = length = 0.0
                for p, symbols in self.rules[symbol]:
                    parts = [visit(part) for part in symbols]
                    entropy += p * (sum(h for h, _ in parts) - math.log(p))
                    length += p * sum(n for _, n in parts)
                known[symbol] = entropy, length
            return known[symbol]

        visit(START)
        return known

    def next_word(self, prefix: Sequence[str]) -> dict[str, float]:
        """The true probability of each word after a prefix; empty after the full stop.

        All ways to have drawn the prefix are followed at once: each is the stack of
        symbols that are still to be replaced.

        Raises:
            ValueError: if no sentence begins so.
        """
        stacks: dict[Symbols, float] = {(START,): 1.0}
        for place, word in enumerate(prefix):
            after = self._first_words(stacks).get(word)
            if after is None:
                raise ValueError(
                    f"prefix must begin a sentence of the grammar; got {word!r} after "
                    f"{' '.join(prefix[:place])!r}"
                )
            stacks = after
        masses = {
            word: sum(after.values())
            for word, after in self._first_words(stacks).items()
        }
        total = sum(masses.values())
        return {word: mass / total for word, mass in masses.items()}

    def _first_words(
        self, stacks: Mapping[Symbols, float]
    ) -> dict[str, dict[Symbols, float]]:
        """By each word that may come first: what may stand behind it, how probably."""
        found: dict[str, dict[Symbols, float]] = {}
        waiting = list(stacks.items())
        while waiting:
            stack, mass = waiting.pop()
            if not stack:
                continue
            first, rest = stack[0], stack[1:]
            if first in self.rules:
                for p, symbols in self.rules[first]:
                    waiting.append(((*symbols, *rest), mass * p))
            else:
                after = found.setdefault(first, {})
                after[rest] = after.get(rest, 0.0) + mass
        return found


def grammar_of(language: Language) -> Grammar:
    """The grammar of a language.

    A noun phrase may hold adjectives and, at most once, a place behind others (two
    deep) or a relative clause; a verb phrase one object, a place to be, or nothing.

    Raises:
        ValueError: if `language` is neither "fr" nor "en".
    """
    check_language(language)
    rules: dict[str, list[Choice]] = {
        START: [(0.5, (f"{n} subject", f"{n} verb phrase", END)) for n in NUMBERS],
        "object": [(0.5, (f"{n} chain",)) for n in NUMBERS],
        "simple object": [(0.5, (f"{n} noun",)) for n in NUMBERS],
        "place": weighted(
            (weight, tuple((french if language == "fr" else english).split()))
            for weight, french, english in PLACES
        ),
    }
    that, who, behind, being, on = LINKS[language]
    for many, n in enumerate(NUMBERS):
        rules |= {
            f"{n} subject": [
                (0.5, (f"{n} noun",)),
                (0.2, (f"{n} noun", behind, "object")),
                (0.2, (f"{n} noun", f"{n} clause")),
                (0.1, (f"{n} noun", who, f"{n} seeing", "simple object")),
            ],
            f"{n} clause": [
                (0.5, (that, f"{m} chain", f"{m} seeing")) for m in NUMBERS
            ],
            f"{n} chain": [
                (0.75, (f"{n} noun",)),
                (0.25, (f"{n} noun", behind, "simple object")),
            ],
            f"{n} verb phrase": [
                (0.4, (f"{n} doing",)),
                (0.4, (f"{n} seeing", "object")),
                (0.2, (being[many], on, "place")),
            ],
            f"{n} noun": noun_phrases(language, many),
            f"{n} seeing": verbs(SEEING, language, many),
            f"{n} doing": verbs(DOING, language, many),
        }
    return Grammar(rules)


def noun_phrases(language: Language, many: int) -> list[Choice]:
    """Article, adjectives and noun, in the order and with the endings that agree."""
    choices: list[tuple[float, Symbols]] = []
    for weight, gender, french, english in NOUNS:
        noun = (french if language == "fr" else english)[many]
        form = gender if language == "fr" else "en"
        size, colour = SIZE[form][many], COLOUR[form][many]
        for share, article in zip((0.7, 0.3), ARTICLES[language, gender], strict=True):
            for rarity, words in (
                (0.7, (noun,)),
                (0.1, (size, noun)),
                (0.2, (noun, colour) if language == "fr" else (colour, noun)),
            ):
                choices.append((weight * share * rarity, (article[many], *words)))
    return weighted(choices)


def verbs(
    table: Sequence[tuple[int, tuple[str, str], tuple[str, str]]],
    language: Language,
    many: int,
) -> list[Choice]:
    """The verbs of a table, with the ending of their number."""
    return weighted(
        (weight, ((french if language == "fr" else english)[many],))
        for weight, french, english in table
    )


def weighted(choices: Iterator[Choice] | Sequence[Choice]) -> list[Choice]:
    """The same choices, with weights that sum to 1."""
    listed = list(choices)
    total = sum(weight for weight, _ in listed)
    return [(weight / total, symbols) for weight, symbols in listed]


def sample_sentences(
    language: Language, count: int, seed: int
) -> tuple[list[list[str]], float]:
    """Draw sentences: their words, and the nats that one word told on average.

    The second number approaches `entropy_per_word` as the count grows.

    Raises:
        ValueError: if `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1; got {count}")
    grammar, generator = grammar_of(language), random.Random(seed)
    drawn = [grammar.sample(generator) for _ in range(count)]
    words = sum(len(sentence) for sentence, _ in drawn)
    return [sentence for sentence, _ in drawn], -sum(p for _, p in drawn) / words


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A beginning after which a verb must agree with its far subject.

    Args:
        prefix: the words before the verb.
        right, wrong: the verbs of `right`'s meaning with the subject's number, and with
            the other one; they stand at the same places.
        distractors: how many nouns of the other number stand between.
    """

    prefix: tuple[str, ...]
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    distractors: int


def agreement_cases(language: Language, generator: random.Random) -> list[Agreement]:
    """One case for each number of the subject and each count of distractors, 0 to 2:
    « la souris », « la souris que les chats regardent », « la souris que les chats
    derrière les chiens regardent ».

    Every noun between has the other number than the subject, so that a model that looks
    at the nearest noun is always wrong.
    """
    grammar = grammar_of(language)
    that, _, behind, being, _ = LINKS[language]

    def draw(symbol: str) -> Symbols:
        choices = grammar.rules[symbol]
        return generator.choices(choices, [p for p, _ in choices])[0][1]

    cases = []
    for many, n in enumerate(NUMBERS):
        other = NUMBERS[1 - many]
        ends = [
            (*(word for _, (word,) in grammar.rules[f"{m} doing"]), being[i])
            for i, m in enumerate(NUMBERS)
        ]
        for distractors in range(3):
            between: list[str] = []
            if distractors:
                between += [that, *draw(f"{other} noun")]
                if distractors == 2:
                    between += [behind, *draw(f"{other} noun")]
                between += draw(f"{other} seeing")
            cases.append(
                Agreement(
                    prefix=(*draw(f"{n} noun"), *between),
                    right=ends[many],
                    wrong=ends[1 - many],
                    distractors=distractors,
                )
            )
    return cases
