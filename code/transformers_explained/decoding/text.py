"""Texts that a model writes: what is written, and what the model keeps of it.

Greedy decoding, sampling and beam search choose tokens; the objects here ask the model
for its scores, with or without a cache, and hold the result.

Axes: B texts (K copies of each in a beam search), T tokens, V vocabulary.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from transformers_explained.arguments import check_ids
from transformers_explained.language_model import LanguageModel
from transformers_explained.seq2seq import Transformer

Writer = LanguageModel | Transformer


@contextmanager
def writing(
    model: Writer,
    prompt: Tensor | int,
    source: Tensor | None,
    max_new_tokens: int,
    use_cache: bool,
    *,
    copies: int = 1,
) -> Iterator["Text"]:
    """The texts to write, without dropout and without gradients inside the block.

    The arguments and the errors are those of `decoding.greedy`; `copies` is how many
    rows each prompt gets.
    """
    if isinstance(prompt, int):
        device = next(model.parameters()).device
        texts = 1 if source is None else source.shape[0]
        prompt = torch.full((texts, 1), prompt, device=device)
    _check(model, prompt, source, max_new_tokens)
    prompt = check_ids("prompt", prompt)  # wide enough for every id
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            room = prompt.shape[1] + max_new_tokens
            if isinstance(model, LanguageModel):
                yield Continuation(model, prompt, room, use_cache, copies)
            elif source is not None:
                yield Translation(model, prompt, source, room, use_cache, copies)
    finally:
        model.train(was_training)


def _check(
    model: Writer, prompt: Tensor, source: Tensor | None, max_new_tokens: int
) -> None:
    if max_new_tokens < 1:
        raise ValueError(f"max_new_tokens must be at least 1; got {max_new_tokens}")
    if prompt.dim() != 2 or 0 in prompt.shape:
        raise ValueError(
            f"prompt must have the shape (B, T), T >= 1; got {tuple(prompt.shape)}"
        )
    # The last token written is never read, hence the 1.
    longest = prompt.shape[1] + max_new_tokens - 1
    if longest > model.config.max_len:
        raise ValueError(
            "prompt and new tokens do not fit into the model: it would have to read "
            f"{longest} tokens, and max_len={model.config.max_len}"
        )
    pad_id = model.config.pad_id
    if pad_id is not None:
        _check_padding(model, prompt, pad_id)
    if isinstance(model, LanguageModel):
        if source is not None:
            raise ValueError("a LanguageModel reads no source; put it in the prompt")
    elif source is None:
        raise ValueError("a Transformer needs a source to read; got None")
    elif source.shape[0] != prompt.shape[0]:
        raise ValueError(
            "source and prompt must have the same batch size; got "
            f"{source.shape[0]} and {prompt.shape[0]}"
        )


def _check_padding(model: Writer, prompt: Tensor, pad_id: int) -> None:
    """A language model counts positions from the first token that is not padding; a
    Transformer counts them from the left edge, and sees the padding of its target."""
    padding = prompt == pad_id  # (B, T)
    if isinstance(model, Transformer) and bool(padding.any()):
        raise ValueError(
            f"a Transformer's prompt must hold no padding (pad_id={pad_id}): start a "
            "text with its start token, and give together prompts of one length"
        )
    if bool(padding[:, -1].any()):
        raise ValueError(
            f"a LanguageModel's prompt must not end with padding (pad_id={pad_id}): "
            "start a text with its start token, and pad shorter prompts on the left"
        )


class Text(ABC):
    """Texts of equal length, which grow together by one token at a time.

    Args:
        prompt: (B, T), what is already written.
        room: the most tokens that a text may have, prompt included.
        copies: how many rows each prompt gets, one after the other.
    """

    def __init__(
        self, prompt: Tensor, room: int, copies: int, pad_id: int | None
    ) -> None:
        self.batch, self.prompt_length = prompt.shape[0] * copies, prompt.shape[1]
        self.device = prompt.device
        self.pad_id = pad_id
        self.length = self.prompt_length  # tokens written so far
        self.ids = prompt.new_empty(self.batch, room)  # (B, T + new)
        self.ids[:, : self.length] = prompt.repeat_interleave(copies, dim=0)

    @abstractmethod
    def next_scores(self) -> Tensor:
        """The scores (B, V) of the token that comes next."""

    @abstractmethod
    def _select_cache(self, rows: Tensor) -> None:
        """Reorder what the cache holds."""

    def append(self, tokens: Tensor) -> None:
        """Write one token, (B,), at the end of each text."""
        self.ids[:, self.length] = tokens
        self.length += 1

    def select(self, rows: Tensor) -> None:
        """Go on from these texts, (B,), in this order; one may occur several times."""
        self.ids = self.ids[rows]
        self._select_cache(rows)

    def new_ids(self, row: int) -> list[int]:
        """The tokens written after the prompt."""
        ids: list[int] = self.ids[row, self.prompt_length : self.length].tolist()
        return ids

    def written(self) -> Tensor:
        """The texts, (B, length), as an ordinary tensor: what inference mode makes
        could not be trained on."""
        return self.ids[:, : self.length].clone()


class Continuation(Text):
    """Texts that a language model writes."""

    def __init__(
        self,
        model: LanguageModel,
        prompt: Tensor,
        room: int,
        use_cache: bool,
        copies: int,
    ) -> None:
        super().__init__(prompt, room, copies, model.config.pad_id)
        self.model = model
        self.cache = model.make_cache(room) if use_cache else None

    def next_scores(self) -> Tensor:
        read = 0 if self.cache is None else self.cache.length
        scores, _ = self.model(self.ids[:, read : self.length], cache=self.cache)
        last: Tensor = scores[:, -1]
        return last

    def _select_cache(self, rows: Tensor) -> None:
        if self.cache is not None:
            self.cache.select(rows)


class Translation(Text):
    """Texts that a Transformer writes from a source, which it reads once."""

    def __init__(
        self,
        model: Transformer,
        prompt: Tensor,
        source: Tensor,
        room: int,
        use_cache: bool,
        copies: int,
    ) -> None:
        super().__init__(prompt, room, copies, model.config.pad_id)
        self.model = model
        memory, _ = model.encode(source)  # (B / copies, S, d_model)
        self.memory = memory.repeat_interleave(copies, dim=0)  # (B, S, d_model)
        self.memory_mask = model.memory_mask(source).repeat_interleave(copies, dim=0)
        self.cache = model.decoder.make_cache(room) if use_cache else None

    def next_scores(self) -> Tensor:
        read = 0 if self.cache is None else self.cache[0].length
        scores, _ = self.model.decode(
            self.ids[:, read : self.length],
            self.memory,
            self.memory_mask,
            cache=self.cache,
        )
        return scores[:, -1]  # (B, V)

    def _select_cache(self, rows: Tensor) -> None:
        # Only copies of the same prompt change places, and they have the same source:
        # what was computed from it stays where it is.
        for layer in self.cache or ():
            layer.self_attention.select(rows)
