"""A simulated oven: loaves whose chance to be good is known.

The rule is written here, so that the lowest loss that any model can reach on new loaves
can be computed: the entropy of the labels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Loaves:
    """Loaves of one split.

    Attributes:
        x: (N, 2) heat and time, each 0 at its usual value.
        y: (N,) 1 where the loaf is good, 0 where it is pale or burnt.
        chance: (N,) the probability of y = 1, which no model is shown.
    """

    x: Array
    y: Array
    chance: Array

    def __len__(self) -> int:
        return len(self.y)

    @property
    def entropy(self) -> float:
        """The mean entropy of the labels, in nats: the floor of the cross-entropy."""
        return float(entropy(self.chance).mean())


def chance_of_good(x: Array) -> Array:
    """The probability that a loaf is good: heat and time must balance each other.

    Args:
        x: (N, 2) heat and time.

    Returns:
        (N,) the sigmoid of 4 - 3 (heat + time)².
    """
    chance: Array = 1 / (1 + np.exp(3 * x.sum(axis=1) ** 2 - 4))
    return chance


def entropy(chance: Array) -> Array:
    """The entropy of yes-or-no draws, in nats.

    Args:
        chance: (...) probabilities strictly between 0 and 1.
    """
    no = 1 - chance
    result: Array = -(chance * np.log(chance) + no * np.log(no))
    return result


def bake(number: int, seed: int) -> Loaves:
    """Draw loaves.

    Args:
        number: how many.
        seed: of the pseudo-random numbers.

    Raises:
        ValueError: if `number` is not positive.
    """
    if number <= 0:
        raise ValueError(f"number must be positive; got {number}")
    draws = np.random.default_rng(seed)
    x = draws.normal(size=(number, 2))
    chance = chance_of_good(x)
    return Loaves(x=x, y=(draws.random(number) < chance).astype(float), chance=chance)
