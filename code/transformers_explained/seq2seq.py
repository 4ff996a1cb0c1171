"""The Transformer of 2017: an encoder reads the source, a decoder writes the target.

The defaults are the paper's base model: post-norm, ReLU, sinusoidal positions, dropout
0.1, and one matrix of embeddings, shared by source, target and output layer, multiplied
by √d_model. Each deviation is an option of `TransformerConfig`.

Axes: B batch, H heads, T target positions, S source positions, V vocabulary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from torch import Tensor, nn

from transformers_explained.arguments import (
    check_choice,
    check_config,
    check_ids,
    check_rotary,
    check_sizes,
)
from transformers_explained.layers import (
    Activation,
    Decoder,
    DecoderCache,
    DecoderWeights,
    Encoder,
    LayerOptions,
    Norm,
)
from transformers_explained.masks import causal_mask, padding_mask
from transformers_explained.positions import (
    LearnedPositions,
    RotaryPositions,
    SinusoidalPositions,
)

PositionKind = Literal["sinusoidal", "learned", "rotary", "none"]


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """Sizes and choices of a `Transformer`.

    Args:
        vocab_size: source tokens, and target tokens unless `target_vocab_size`.
        target_vocab_size: target tokens, if they have a vocabulary of their own.
        d_model: features of a token.
        num_heads: must divide `d_model`.
        num_encoder_layers: layers that read the source.
        num_decoder_layers: layers that write the target.
        d_ff: features inside the feed-forward networks.
        max_len: most positions of a source or a target.
        dropout: probability of dropping, in training.
        pad_id: the token id that fills up short sequences, in both vocabularies.
        norm: "post" (the paper) or "pre".
        final_norm: whether to normalize the output of both stacks; unless given, True
            with "pre" only.
        norm_eps: ε of the normalizations.
        activation: "relu" (the paper), "gelu" or "gelu_tanh".
        positions: "sinusoidal" (the paper), "learned", "rotary" or "none".
        share_embeddings: whether source and target share one matrix (the paper).
        tie_output: whether target and output layer share one matrix (the paper).
        scale_embeddings: whether to multiply embeddings by √d_model (the paper).

    Raises:
        ValueError: if a value is out of its range or two contradict each other.
    """

    vocab_size: int
    target_vocab_size: int | None = None
    d_model: int = 512
    num_heads: int = 8
    num_encoder_layers: int = 6
    num_decoder_layers: int = 6
    d_ff: int = 2048
    max_len: int = 512
    dropout: float = 0.1
    pad_id: int = 0
    norm: Norm = "post"
    final_norm: bool | None = None
    norm_eps: float = 1e-5
    activation: Activation = "relu"
    positions: PositionKind = "sinusoidal"
    share_embeddings: bool = True
    tie_output: bool = True
    scale_embeddings: bool = True

    def __post_init__(self) -> None:
        check_config(self)
        check_sizes(
            num_encoder_layers=self.num_encoder_layers,
            num_decoder_layers=self.num_decoder_layers,
        )
        check_choice("norm", self.norm, get_args(Norm))
        check_choice("activation", self.activation, get_args(Activation))
        check_choice("positions", self.positions, get_args(PositionKind))
        if self.positions == "rotary":
            check_rotary(self.head_dim)
        if self.share_embeddings and self.num_target_tokens != self.vocab_size:
            raise ValueError(
                "share_embeddings needs one vocabulary; got "
                f"vocab_size={self.vocab_size}, "
                f"target_vocab_size={self.target_vocab_size}"
            )
        smaller = min(self.vocab_size, self.num_target_tokens)
        if not 0 <= self.pad_id < smaller:
            raise ValueError(
                f"pad_id must lie in [0, {smaller}), in both vocabularies; "
                f"got {self.pad_id}"
            )

    @property
    def head_dim(self) -> int:
        """Features of one head."""
        return self.d_model // self.num_heads

    @property
    def num_target_tokens(self) -> int:
        """Size of the target's vocabulary."""
        if self.target_vocab_size is None:
            return self.vocab_size
        return self.target_vocab_size


class TransformerWeights(NamedTuple):
    """The attention weights of every layer: the three attentions of the Transformer."""

    encoder: list[Tensor]  # (B, H, S, S) each
    decoder: list[DecoderWeights]  # (B, H, T, T) and (B, H, T, S) each


class Transformer(nn.Module):
    """p(target | source) = Π_t p(target_t | target_<t, source).

    Sources and targets are padded on the right. The padding of the source is masked;
    that of the target needs no mask, since it comes last and the decoder is causal.

    Args:
        config: sizes and choices.

    Reference: Vaswani et al. (2017), section 3. The paper does not say how weights
    start: here matrices are Xavier-uniform as in its authors' code, biases 0,
    embeddings normal with variance 1 / d_model.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        d_model, max_len = config.d_model, config.max_len

        self.source_embedding = nn.Embedding(config.vocab_size, d_model)
        self.target_embedding = nn.Embedding(config.num_target_tokens, d_model)
        self.output = nn.Linear(d_model, config.num_target_tokens, bias=False)
        nn.init.normal_(self.source_embedding.weight, std=d_model**-0.5)
        nn.init.normal_(self.target_embedding.weight, std=d_model**-0.5)
        nn.init.xavier_uniform_(self.output.weight)
        if config.share_embeddings:
            self.target_embedding.weight = self.source_embedding.weight
        if config.tie_output:
            self.output.weight = self.target_embedding.weight
        self.scale = math.sqrt(d_model) if config.scale_embeddings else 1.0

        self.source_positions = _positions_to_add(config)
        self.target_positions = _positions_to_add(config)
        rotary = (
            RotaryPositions(config.head_dim, max_len)
            if config.positions == "rotary"
            else None
        )
        options = LayerOptions(
            dropout=config.dropout,
            activation=config.activation,
            norm=config.norm,
            norm_eps=config.norm_eps,
            rotary=rotary,
        )
        sizes = (d_model, config.num_heads, config.d_ff)
        self.encoder = Encoder(
            config.num_encoder_layers, *sizes, final_norm=config.final_norm, **options
        )
        self.decoder = Decoder(
            config.num_decoder_layers, *sizes, final_norm=config.final_norm, **options
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        source_ids: Tensor,  # (B, S)
        target_ids: Tensor,  # (B, T)
        *,
        return_weights: bool = False,
    ) -> tuple[Tensor, TransformerWeights | None]:
        """Predict each next target token from the source and the tokens before it.

        In training, with a target `[bos, w1, …, wn, eos]`, give all but the last
        token and compare the logits with all but the first.

        Args:
            source_ids: token ids.
            target_ids: token ids.
            return_weights: also return the attention weights.

        Returns:
            Logits (B, T, V) of the token after each target position, and the weights
            of each layer or None.

        Raises:
            TypeError: if the ids are not integers.
            ValueError: if the ids are not (B, S) and (B, T) with one B, or if they are
                longer than `max_len`. (That each lies in its vocabulary is left to
                PyTorch: IndexError.)
        """
        if target_ids.shape[0] != source_ids.shape[0]:
            raise ValueError(
                "source_ids and target_ids must have the same batch size; got "
                f"{source_ids.shape[0]} and {target_ids.shape[0]}"
            )
        memory, encoder_weights = self.encode(source_ids, return_weights=return_weights)
        logits, decoder_weights = self.decode(
            target_ids,
            memory,
            self.memory_mask(source_ids),
            return_weights=return_weights,
        )
        if encoder_weights is None or decoder_weights is None:
            return logits, None
        return logits, TransformerWeights(encoder_weights, decoder_weights)

    def memory_mask(self, source_ids: Tensor) -> Tensor:
        """(B, S) ids -> (B, 1, 1, S), True where the source is not padding."""
        return padding_mask(source_ids, self.config.pad_id)

    def encode(
        self, source_ids: Tensor, *, return_weights: bool = False
    ) -> tuple[Tensor, list[Tensor] | None]:
        """Read the source.

        Args:
            source_ids: (B, S) token ids.
            return_weights: also return the attention weights.

        Returns:
            The memory (B, S, d_model), and the weights of each layer or None.

        Raises:
            TypeError: if `source_ids` are not integers.
            ValueError: if `source_ids` is not (B, S), or longer than `max_len`.
        """
        source_ids = self._check_ids("source_ids", source_ids, past=0)
        mask = self.memory_mask(source_ids)  # (B, 1, 1, S)
        x = self.source_embedding(source_ids) * self.scale  # (B, S, d_model)
        x = self.dropout(self._add(self.source_positions, x, offset=0))
        memory, weights = self.encoder(x, mask, return_weights=return_weights)
        return memory, weights

    def make_cache(self) -> list[DecoderCache]:
        """Empty caches for `decode`: one pair per decoder layer."""
        return self.decoder.make_cache(self.config.max_len)

    def decode(
        self,
        target_ids: Tensor,  # (B, T)
        memory: Tensor,  # (B, S, d_model)
        memory_mask: Tensor | None = None,  # (B, 1, 1, S)
        *,
        cache: Sequence[DecoderCache] | None = None,
        return_weights: bool = False,
    ) -> tuple[Tensor, list[DecoderWeights] | None]:
        """Predict the token after each target token.

        Args:
            target_ids: token ids; with a cache, only those it has not seen.
            memory: from `encode`.
            memory_mask: from `memory_mask`.
            cache: from `make_cache`; it is updated. `layer.select(rows)`, for each
                layer, reorders its sequences.
            return_weights: also return the attention weights.

        Returns:
            Logits (B, T, V), and the weights of each layer or None.

        Raises:
            TypeError: if `target_ids` are not integers.
            ValueError: if `target_ids` is not (B, T), or longer than `max_len`, or if
                memory or memory_mask does not fit.
        """
        past = 0 if cache is None else cache[0].length
        target_ids = self._check_ids("target_ids", target_ids, past)
        T = target_ids.shape[1]
        # A single new token may attend to all that precede it: no mask.
        mask = causal_mask(T, past + T, device=target_ids.device) if T > 1 else None
        x = self.target_embedding(target_ids) * self.scale  # (B, T, d_model)
        x = self.dropout(self._add(self.target_positions, x, offset=past))
        x, weights = self.decoder(
            x, memory, mask, memory_mask, cache=cache, return_weights=return_weights
        )
        return self.output(x), weights  # (B, T, V)

    def _check_ids(self, name: str, ids: Tensor, past: int) -> Tensor:
        ids = check_ids(name, ids)
        length, max_len = past + ids.shape[1], self.config.max_len
        if length > max_len:
            raise ValueError(
                f"{name} may have at most max_len={max_len} positions; got {length}"
            )
        return ids

    @staticmethod
    def _add(positions: nn.Module | None, x: Tensor, *, offset: int) -> Tensor:
        added: Tensor = x if positions is None else positions(x, offset)
        return added


def _positions_to_add(
    config: TransformerConfig,
) -> SinusoidalPositions | LearnedPositions | None:
    """What to add to the embeddings; rotary positions act inside the attention."""
    if config.positions == "sinusoidal":
        return SinusoidalPositions(config.d_model, config.max_len)
    if config.positions == "learned":
        return LearnedPositions(config.d_model, config.max_len)
    return None
