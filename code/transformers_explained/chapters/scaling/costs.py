"""What a language model costs: each formula of the chapter, a function.

They count the book's `LanguageModel` in GPT-2's form: a table of V words and one of
positions, L layers with a feed-forward network four times as wide as d, biases, an
output that shares the table. T is the length of a text, B the number of texts.
"""

from dataclasses import dataclass

from transformers_explained.language_model import LanguageModelConfig


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes that all the formulas need."""

    V: int  # words
    d: int  # features of a word
    L: int  # layers
    heads: int
    max_len: int

    @property
    def config(self) -> LanguageModelConfig:
        """The book's model with these sizes."""
        return LanguageModelConfig(
            vocab_size=self.V,
            d_model=self.d,
            num_layers=self.L,
            num_heads=self.heads,
            d_ff=4 * self.d,
            max_len=self.max_len,
            dropout=0.0,
        )


# Radford et al. (2019), table 2; Brown et al. (2020), table 2.1.
GPT2 = Sizes(V=50_257, d=768, L=12, heads=12, max_len=1024)
GPT3 = Sizes(V=50_257, d=12_288, L=96, heads=96, max_len=2048)


def parameters(s: Sizes) -> int:
    """N: the two tables, the layers, the last normalization."""
    layer = 12 * s.d**2 + 13 * s.d
    return (s.V + s.max_len) * s.d + s.L * layer + 2 * s.d


def forward_flops(s: Sizes, B: int, T: int) -> int:
    """Additions and multiplications of the matrix products of one reading."""
    layers = s.L * (24 * T * s.d**2 + 4 * T**2 * s.d)
    return B * (layers + 2 * T * s.d * s.V)


def training_flops(s: Sizes, B: int, T: int) -> int:
    """Of one update: backwards, each product is followed by two of its size."""
    return 3 * forward_flops(s, B, T)


def rule_of_six(N: float, D: float) -> float:
    """C ≈ 6 N D: what training N parameters on D tokens takes (Kaplan et al. 2020)."""
    return 6 * N * D


def state_bytes(N: int, mixed: bool = False) -> dict[str, int]:
    """Weights, gradients, and what Adam keeps: 16 bytes a parameter either way.

    In mixed precision weights and gradients take 2 bytes, and a copy of the weights in
    4 bytes is kept for the updates.
    """
    if mixed:
        return {"weights": 2 * N, "gradients": 2 * N, "adam": 12 * N}
    return {"weights": 4 * N, "gradients": 4 * N, "adam": 8 * N}


def activation_numbers(s: Sizes, B: int, T: int, *, stored: bool = False) -> int:
    """What one training step keeps from its way forwards for its way back, in numbers
    of 4 bytes: all layers, and the output with its loss.

    Args:
        stored: whether the attention keeps its weights, instead of the fused kernel.
    """
    layer = B * T * (16 * s.d + s.heads + 4) + T**2  # the mask last
    if stored:  # scores and weights; the mask takes a byte where it took four
        layer = B * (T * (16 * s.d + 4) + 2 * s.heads * T**2) + T**2 // 4
    return s.L * layer + output_numbers(s, B, T)


def output_numbers(s: Sizes, B: int, T: int) -> int:
    """The part of the output: scores of V words, and the ids, of 8 bytes."""
    return B * T * (2 * s.d + 2 + s.V + 4)


def checkpointed_numbers(s: Sizes, B: int, T: int) -> int:
    """The same if only the input of each layer is kept, and the mask once."""
    return s.L * B * T * s.d + T**2 // 4 + output_numbers(s, B, T)


def cache_bytes(s: Sizes, T: int, bytes_each: int = 2) -> int:
    """Keys and values of T words, in every layer."""
    return 2 * s.L * s.d * T * bytes_each


def days(flops: float, speed: float, cards: int = 1) -> float:
    """How long it takes at `speed` useful operations a second on each card."""
    return flops / (speed * cards) / 86_400
