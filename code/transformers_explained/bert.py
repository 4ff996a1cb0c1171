"""BERT: an encoder that reads in both directions, pretrained by filling in blanks.

Differences from the 2017 encoder: learned positions and segments, GELU instead of ReLU,
a normalization of the embeddings, and a first token, [CLS], that stands for the whole
text. It stays post-norm. Reference: Devlin, Chang, Lee & Toutanova (2019).

Axes: B batch, S positions, D = d_model, V = vocab_size.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from transformers_explained.arguments import check_config, check_ids, check_sizes
from transformers_explained.layers import Encoder, LayerNorm
from transformers_explained.masks import padding_mask
from transformers_explained.positions import LearnedPositions


@dataclass(frozen=True, kw_only=True)
class BertConfig:
    """The sizes of a BERT; by default BERT-base, 109,482,240 parameters if uncased.

    Args:
        num_segments: kinds of segments (first or second text); 0: no segments.
        pooler: whether [CLS] goes through one more layer, trained by the next-sentence
            task.
        norm_eps: ε of every LayerNorm.
        pad_id: the id that fills up short texts; nothing attends to it.

    Raises:
        ValueError: if a value is out of its range.
    """

    vocab_size: int = 30_522
    d_model: int = 768
    num_heads: int = 12
    num_layers: int = 12
    d_ff: int = 3_072
    max_len: int = 512
    num_segments: int = 2
    pooler: bool = True
    dropout: float = 0.1
    norm_eps: float = 1e-12
    pad_id: int = 0

    def __post_init__(self) -> None:
        check_config(self)
        check_sizes(num_layers=self.num_layers)
        if not 0 <= self.pad_id < self.vocab_size:
            raise ValueError(
                "pad_id must lie in the vocabulary; got "
                f"pad_id={self.pad_id}, vocab_size={self.vocab_size}"
            )
        if self.num_segments < 0:
            raise ValueError(
                f"num_segments must be at least 0; got {self.num_segments}"
            )


# Half of the layers, no segments, no pooler: Sanh, Debut, Chaumond & Wolf (2019).
DISTILBERT_BASE = BertConfig(num_layers=6, num_segments=0, pooler=False)


class BertOutput(NamedTuple):
    """What `Bert` returns."""

    hidden: Tensor  # (B, S, D), one vector per token, in its context
    pooled: Tensor | None  # (B, D), from [CLS]; None without a pooler
    weights: list[Tensor] | None  # of each layer, (B, H, S, S), if asked for


class BertEmbeddings(nn.Module):
    """Token + segment + position, normalized: (B, S) ids -> (B, S, D)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        # padding_idx: the vector of the padding gets no gradient.
        self.tokens = nn.Embedding(
            config.vocab_size, config.d_model, padding_idx=config.pad_id
        )
        self.positions = LearnedPositions(config.d_model, config.max_len)
        self.segments = (
            nn.Embedding(config.num_segments, config.d_model)
            if config.num_segments > 0
            else None
        )
        self.norm = LayerNorm(config.d_model, eps=config.norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, ids: Tensor, segments: Tensor | None = None) -> Tensor:
        ids = check_ids("ids", ids)
        x: Tensor = self.tokens(ids)  # (B, S, D)
        if self.segments is not None:
            segments = torch.zeros_like(ids) if segments is None else segments
            segments = _check_segments(segments, ids)
            x = x + self.segments(segments)
        elif segments is not None:
            raise ValueError("segments were given, but the model has num_segments=0")
        x = self.dropout(self.norm(self.positions(x)))
        return x  # (B, S, D)


def _check_segments(segments: Tensor, ids: Tensor) -> Tensor:
    segments = check_ids("segments", segments)
    if segments.shape != ids.shape:
        raise ValueError(
            f"segments must have the shape of ids, {tuple(ids.shape)}; "
            f"got {tuple(segments.shape)}"
        )
    return segments


class Bert(nn.Module):
    """The encoder of BERT, without a head.

    Args:
        config: the sizes.

    Raises:
        ValueError: if a size is out of range.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = BertEmbeddings(config)
        self.encoder = Encoder(
            config.num_layers,
            config.d_model,
            config.num_heads,
            config.d_ff,
            dropout=config.dropout,
            activation="gelu",
            norm="post",
            norm_eps=config.norm_eps,
        )
        self.pooler = (
            nn.Linear(config.d_model, config.d_model) if config.pooler else None
        )
        self.apply(init_weights)

    def forward(
        self,
        ids: Tensor,  # (B, S)
        segments: Tensor | None = None,  # (B, S)
        mask: Tensor | None = None,  # (B, S)
        *,
        return_weights: bool = False,
    ) -> BertOutput:
        """Encode texts.

        Args:
            ids: [CLS] text [SEP], padded on the right with `pad_id`.
            segments: 0 for the first text and 1 for the second; all 0 unless given.
            mask: boolean, True = is attended to; all but `pad_id` unless given. (A text
                may hold the word "[PAD]": only its tokenizer knows.)
            return_weights: also return the attention weights.

        Returns:
            The vectors of the tokens, of the text, and the weights.

        Raises:
            TypeError: if ids or segments are not integers, or the mask not boolean.
            ValueError: if they are not (B, S), if there are more tokens than
                `max_len`, or segments for a model without. (That each id lies in its
                vocabulary is left to PyTorch: IndexError.)
        """
        x = self.embeddings(ids, segments)  # (B, S, D)
        seen = self._seen(ids, mask)  # (B, 1, 1, S)
        hidden, weights = self.encoder(x, seen, return_weights=return_weights)
        pooled = None
        if self.pooler is not None:
            pooled = torch.tanh(self.pooler(hidden[:, 0]))  # (B, D)
        return BertOutput(hidden, pooled, weights)

    def _seen(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            return padding_mask(ids, self.config.pad_id)
        if mask.shape != ids.shape:
            raise ValueError(
                f"mask must have the shape of ids, {tuple(ids.shape)}; "
                f"got {tuple(mask.shape)}"
            )
        return mask[:, None, None, :]


class BertForPretraining(nn.Module):
    """BERT with its two pretraining tasks: masked words, and next sentence or not.

    Args:
        bert: the encoder; it must have a pooler.

    Raises:
        ValueError: if it has none.

    Reference: Devlin et al. (2019), section 3.1. The layer before the prediction of
    words, and the bias of the shared output layer, are in the authors' code only.
    """

    def __init__(self, bert: Bert) -> None:
        super().__init__()
        if bert.pooler is None:
            raise ValueError("bert must have a pooler: pooler=True in its config")
        config = bert.config
        self.transform = nn.Sequential(
            nn.Linear(config.d_model, config.d_model),
            nn.GELU(),
            LayerNorm(config.d_model, eps=config.norm_eps),
        )
        self.word_bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.next_sentence = nn.Linear(config.d_model, 2)
        self.apply(init_weights)
        self.bert = bert  # after the initialization, which must not touch it

    def forward(
        self,
        ids: Tensor,
        segments: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Scores (B, S, V) of each word at each position, and (B, 2) of "the second
        text follows the first" and "it does not"."""
        hidden, pooled, _ = self.bert(ids, segments, mask)
        words = nn.functional.linear(
            self.transform(hidden),
            self.bert.embeddings.tokens.weight,  # shared with the input
            self.word_bias,
        )  # (B, S, V)
        return words, self.next_sentence(pooled)


class BertForSequenceClassification(nn.Module):
    """BERT with one linear layer on [CLS], to classify texts.

    Args:
        bert: the encoder, new or pretrained. [CLS] goes through its pooler if it has
            one. (Hugging Face's DistilBERT adds a layer of its own here.)
        num_classes: number of classes.
    """

    def __init__(self, bert: Bert, num_classes: int) -> None:
        super().__init__()
        if num_classes < 2:
            raise ValueError(f"num_classes must be at least 2; got {num_classes}")
        self.dropout = nn.Dropout(bert.config.dropout)
        self.classifier = nn.Linear(bert.config.d_model, num_classes)
        self.apply(init_weights)
        self.bert = bert

    def forward(
        self,
        ids: Tensor,
        segments: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Scores of the classes, (B, num_classes)."""
        hidden, pooled, _ = self.bert(ids, segments, mask)
        text = hidden[:, 0] if pooled is None else pooled  # (B, D)
        scores: Tensor = self.classifier(self.dropout(text))
        return scores


class SpanScores(NamedTuple):
    """How well an answer starts, or ends, at each position."""

    start: Tensor  # (B, S)
    end: Tensor  # (B, S)


class BertForQuestionAnswering(nn.Module):
    """BERT with two scores per token: the answer starts here, the answer ends here.

    Args:
        bert: the encoder, new or pretrained.

    Reference: Devlin et al. (2019), section 4.2.
    """

    def __init__(self, bert: Bert) -> None:
        super().__init__()
        self.span = nn.Linear(bert.config.d_model, 2)
        self.apply(init_weights)
        self.bert = bert

    def forward(
        self,
        ids: Tensor,
        segments: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> SpanScores:
        """The scores of [CLS] question [SEP] text [SEP]."""
        scores = self.span(self.bert(ids, segments, mask).hidden)  # (B, S, 2)
        return SpanScores(*scores.unbind(dim=-1))


def init_weights(module: nn.Module) -> None:
    """BERT's first weights: normal with standard deviation 0.02, biases 0.

    The paper's code cuts the normal off at two standard deviations.
    """
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        with torch.no_grad():
            module.weight[module.padding_idx].zero_()
