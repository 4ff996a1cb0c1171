"""A decoder-only language model: predict the next token from those before it.

It is a stack of encoder layers under a causal mask, since there is no encoder to attend
to. With the default configuration it has GPT-2's architecture; with other choices,
Llama's (`pretrained.llama`).

Axes: B batch, T positions, D = d_model, V = vocab_size.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from transformers_explained.arguments import (
    check_choice,
    check_config,
    check_ids,
    check_rotary,
    check_sizes,
    readable,
)
from transformers_explained.layers import (
    Activation,
    Changes,
    Encoder,
    EncoderLayer,
    ModernLayer,
    Norm,
    NormKind,
    make_norm,
)
from transformers_explained.masks import causal_mask, combine
from transformers_explained.positions import (
    LearnedPositions,
    RotaryPositions,
    SinusoidalPositions,
)

PositionKind = Literal["learned", "sinusoidal", "rotary", "none"]


@dataclass(frozen=True, kw_only=True)
class LanguageModelConfig:
    """The sizes and the choices of a language model.

    Args:
        positions: "learned" (GPT-2), "sinusoidal" (2017), "rotary" or "none".
        activation: "gelu_tanh" (GPT-2), "gelu" or "relu".
        norm: "pre" (GPT-2) or "post" (GPT-1).
        tied: whether the output layer shares the embedding's matrix.
        norm_kind: "layer" (GPT-2) or "rms" (Llama).
        gated: whether the feed-forward networks are gated (Llama); they then have an
            activation of their own.
        num_kv_heads: heads of keys and values, if fewer than `num_heads` (Llama).
        attention_bias: whether the projections of the attention add a bias (GPT-2).
        rotary_base: of rotary positions.
        pad_id: the id that fills up short texts, on either side; nothing attends to
            it, and positions are counted from the first token that is not padding.

    Raises:
        ValueError: if a value is out of its range.
    """

    vocab_size: int
    d_model: int = 128
    num_heads: int = 4
    num_layers: int = 4
    d_ff: int = 512
    max_len: int = 256
    dropout: float = 0.1
    positions: PositionKind = "learned"
    activation: Activation = "gelu_tanh"
    norm: Norm = "pre"
    norm_eps: float = 1e-5
    tied: bool = True
    norm_kind: NormKind = "layer"
    gated: bool = False
    num_kv_heads: int | None = None
    attention_bias: bool = True
    rotary_base: float = 10_000.0
    pad_id: int | None = None

    @property
    def changes(self) -> Changes:
        """What differs from the layers of 2017; empty if nothing does."""
        changes: Changes = {}
        if self.norm_kind != "layer":
            changes["norm_kind"] = self.norm_kind
        if self.gated:
            changes["gated"] = True
        if self.num_kv_heads is not None:
            changes["num_kv_heads"] = self.num_kv_heads
        if not self.attention_bias:
            changes["attention_bias"] = False
        return changes

    def __post_init__(self) -> None:
        check_config(self)
        check_sizes(num_layers=self.num_layers)
        check_choice("norm", self.norm, get_args(Norm))
        check_choice("activation", self.activation, get_args(Activation))
        check_choice("positions", self.positions, get_args(PositionKind))
        check_choice("norm_kind", self.norm_kind, get_args(NormKind))
        if self.positions == "rotary":
            check_rotary(self.d_model // self.num_heads)
        if self.pad_id is not None and not 0 <= self.pad_id < self.vocab_size:
            raise ValueError(
                "pad_id must lie in the vocabulary; got "
                f"pad_id={self.pad_id}, vocab_size={self.vocab_size}"
            )


class LanguageModel(nn.Module):
    """Tokens in, scores of the next token out.

    Args:
        config: the sizes and choices.

    Reference: Radford et al. (2019) for GPT-2: pre-norm, learned positions, GELU with
    tanh, the output layer tied to the embedding. GPT-2 draws the first weights of the
    layers from a normal of standard deviation 0.02; here the layers' own are kept.
    """

    def __init__(self, config: LanguageModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab_size, config.d_model)
        self.positions: LearnedPositions | SinusoidalPositions | None = None
        rotary: RotaryPositions | None = None
        self.scale = 1.0
        if config.positions == "learned":
            self.positions = LearnedPositions(config.d_model, config.max_len)
        elif config.positions == "sinusoidal":
            self.positions = SinusoidalPositions(config.d_model, config.max_len)
            self.scale = math.sqrt(config.d_model)  # or the sinusoids drown the tokens
        elif config.positions == "rotary":
            rotary = RotaryPositions(
                config.d_model // config.num_heads,
                config.max_len,
                base=config.rotary_base,
            )
        self.dropout = nn.Dropout(config.dropout)
        self.decoder = Encoder(
            config.num_layers,
            config.d_model,
            config.num_heads,
            config.d_ff,
            dropout=config.dropout,
            activation=config.activation,
            norm=config.norm,
            norm_eps=config.norm_eps,
            rotary=rotary,
            layer=(
                partial(ModernLayer, changes=config.changes)
                if config.changes
                else EncoderLayer
            ),
        )
        if self.decoder.final_norm is not None and config.norm_kind != "layer":
            self.decoder.final_norm = make_norm(
                config.norm_kind, config.d_model, config.norm_eps
            )
        self.output = nn.Linear(config.d_model, config.vocab_size, bias=False)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.output.weight, std=0.02)
        if config.tied:
            self.output.weight = self.tokens.weight

    def forward(
        self,
        ids: Tensor,  # (B, T)
        *,
        cache: "LanguageModelCache | None" = None,
        return_weights: bool = False,
    ) -> tuple[Tensor, list[Tensor] | None]:
        """Score the next token at each position.

        Args:
            ids: with a cache, only the tokens that it has not seen yet.
            cache: what is kept of the earlier tokens; this call adds its own.
            return_weights: also return the attention weights.

        Returns:
            The scores (B, T, V): those at position t are for the token at t + 1; and
            the weights of each layer, (B, H, T, S), or None.

        Raises:
            TypeError: if the ids are not integers.
            ValueError: if they are not (B, T), or the text is longer than `max_len`.
                (That each lies in the vocabulary is left to PyTorch: IndexError.)
        """
        ids = check_ids("ids", ids)
        past = 0 if cache is None else cache.length
        T = ids.shape[1]
        if past + T > self.config.max_len:
            raise ValueError(
                f"the text must have at most max_len={self.config.max_len} tokens; "
                f"got {past + T}"
            )
        offset, real = self._padding(ids, cache)
        x = self.tokens(ids) * self.scale  # (B, T, D)
        if self.positions is not None:
            x = self.positions(x, offset)
        # A single new token may see everything before it: it needs no causal mask.
        causal = None if T == 1 else causal_mask(T, past + T, device=ids.device)
        x, weights = self.decoder(
            self.dropout(x),
            combine(causal, real),
            cache=None if cache is None else cache.layers,
            return_weights=return_weights,
        )
        return self.output(x), weights  # (B, T, V)

    def make_cache(self, max_len: int | None = None) -> "LanguageModelCache":
        """An empty cache for at most `max_len` tokens (the model's, unless given)."""
        return LanguageModelCache(
            self, self.config.max_len if max_len is None else max_len
        )

    def _padding(
        self, ids: Tensor, cache: "LanguageModelCache | None"
    ) -> tuple[int | Tensor, Tensor | None]:
        """The position of the first token of `ids`, and which keys are real,
        (B, 1, 1, S); None if all are."""
        past = 0 if cache is None else cache.length
        if self.config.pad_id is None:
            return past, None
        real = ids != self.config.pad_id  # (B, T)
        if cache is not None:
            real = cache.remember(real)  # (B, S)
        if readable(real) and bool(real.all()):  # the common case: no mask needed
            return past, None
        before = (real.cumsum(dim=1) == 0).sum(dim=1)  # (B,), padding on the left
        return past - before, real[:, None, None, :]


class LanguageModelCache:
    """The keys and values of the tokens that a model has read, layer by layer, and
    which of these tokens are real and not padding."""

    def __init__(self, model: LanguageModel, max_len: int) -> None:
        self.layers = model.decoder.make_cache(max_len)
        self._real: Tensor | None = None  # (B, S)

    @property
    def length(self) -> int:
        """The number of tokens read."""
        return self.layers[0].length

    def remember(self, real: Tensor) -> Tensor:
        """Add which of the new tokens are real, (B, T); return all, (B, S)."""
        self._real = real if self._real is None else torch.cat([self._real, real], 1)
        return self._real

    def select(self, rows: Tensor) -> None:
        """Keep these sequences of the batch, in this order, for beam search."""
        for layer in self.layers:
            layer.select(rows)
        if self._real is not None:
            self._real = self._real[rows]
