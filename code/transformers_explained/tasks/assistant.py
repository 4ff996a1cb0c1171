"""Talking to a model that was trained to answer.

An assistant is a language model all the same: it continues a text. The text is a
conversation written in the form that it has seen in training, up to its own turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch

from transformers_explained.decoding import greedy
from transformers_explained.language_model import LanguageModel
from transformers_explained.pretrained.loading import load_tokenizer
from transformers_explained.pretrained.smollm2 import load_smollm2
from transformers_explained.tokenization import Tokenizer

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
START, END = "<|im_start|>", "<|im_end|>"


class Message(NamedTuple):
    """What somebody says in a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Assistant:
    """A model, its tokenizer, and how it is talked to."""

    model: LanguageModel
    tokenizer: Tokenizer

    def prompt(self, messages: Sequence[Message]) -> str:
        """A conversation as the model was trained to read it, up to where it answers.

        Raises:
            ValueError: if there is no message.
        """
        if not messages:
            raise ValueError("messages must hold at least one message; got none")
        if messages[0].role != "system":
            messages = [Message("system", SYSTEM), *messages]
        turns = (f"{START}{m.role}\n{m.text}{END}\n" for m in messages)
        return "".join(turns) + f"{START}assistant\n"

    def answer(self, *messages: Message | str, max_new_tokens: int = 100) -> str:
        """What the model answers, choosing the likeliest token each time.

        Args:
            messages: the conversation; a string is the user's.
            max_new_tokens: where it is cut if it does not end by itself.
        """
        said = [Message("user", m) if isinstance(m, str) else m for m in messages]
        ids = torch.tensor([self.tokenizer.encode(self.prompt(said))])
        with torch.no_grad():
            written = greedy(
                self.model,
                ids,
                max_new_tokens=max_new_tokens,
                end_id=self.tokenizer.end_id,
            )
        return self.tokenizer.decode(written[0, ids.shape[1] :].tolist())


def load_assistant(*, max_len: int = 1024) -> Assistant:
    """SmolLM2, ready to be asked; see `load_smollm2`."""
    return Assistant(load_smollm2(max_len=max_len), load_tokenizer("smollm2"))
