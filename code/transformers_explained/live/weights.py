"""Eight-bit weights of a model, as a text that a page can load.

Each row of a matrix is written as whole numbers from -127 to 127 and one scale; what is
not a matrix stays as it is. `transformer.js` reads what `packed` writes.
"""

import base64
import copy
import dataclasses
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from transformers_explained.language_model import LanguageModel
from transformers_explained.seq2seq import Transformer

Model = TypeVar("Model", bound=nn.Module)
Packed = dict[str, Any]

LARGEST = 127
# What the page's engine can do; anything else is refused, not computed wrongly.
READ = {
    LanguageModel: {
        "positions": ("learned",),
        "norm": ("pre",),
        "activation": ("gelu_tanh", "relu"),
        "norm_kind": ("layer",),
        "gated": (False,),
        "num_kv_heads": (None,),
        "attention_bias": (True,),
        "tied": (True,),
        "pad_id": (None,),
    },
    Transformer: {
        "positions": ("sinusoidal",),
        "norm": ("post",),
        "final_norm": (None, False),
        "activation": ("gelu_tanh", "relu"),
        "share_embeddings": (False,),
        "tie_output": (True,),
        "scale_embeddings": (True,),
    },
}


def eight_bits(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix (R, C) as whole numbers (R, C), int8, and scales (R,), float32."""
    scales = matrix.detach().float().abs().amax(dim=1) / LARGEST
    safe = torch.where(scales > 0, scales, torch.ones_like(scales))
    whole = (matrix.detach().float() / safe[:, None]).round().to(torch.int8)
    return whole, scales


def rounded(model: Model) -> Model:
    """A copy of a model with the weights that the page computes with."""
    copied = copy.deepcopy(model).eval()
    with torch.no_grad():
        for parameter in copied.parameters():
            if parameter.dim() == 2:
                whole, scales = eight_bits(parameter)
                parameter.copy_(whole.float() * scales[:, None])
    return copied


def packed(model: LanguageModel | Transformer) -> Packed:
    """The configuration and the weights of a model, ready for JSON.

    Raises:
        ValueError: if the page's engine does not know how to compute the model.
    """
    config = dataclasses.asdict(model.config)
    for name, allowed in READ[type(model)].items():
        if config[name] not in allowed:
            raise ValueError(
                f"{name} must be {' or '.join(map(repr, allowed))} to run in a page; "
                f"got {config[name]!r}"
            )
    tensors: list[tuple[str, *tuple[int, ...]]] = []
    rows: list[Tensor] = []
    floats: list[Tensor] = []
    # Each weight once: a tied matrix has the name under which it comes first.
    for name, parameter in model.named_parameters():
        tensors.append((name, *parameter.shape))
        if parameter.dim() == 2:
            whole, scales = eight_bits(parameter)
            rows.append(whole.flatten())
            floats.append(scales)
        else:
            floats.append(parameter.detach().float())
    return {
        "config": config,
        "tensors": tensors,
        "rows": _base64(torch.cat(rows).numpy()),
        "floats": _base64(torch.cat(floats).numpy().astype("<f4")),
    }


def load_packed(model: Model, found: Packed) -> Model:
    """Fill a model with packed weights.

    Raises:
        ValueError: if these are not the weights of such a model.
    """
    given = dict(_tensors(found))
    wanted = dict(model.named_parameters())
    if given.keys() != wanted.keys():
        raise ValueError(
            f"the weights must be those of the model; they differ in "
            f"{sorted(given.keys() ^ wanted.keys())}"
        )
    with torch.no_grad():
        for name, parameter in wanted.items():
            if parameter.shape != given[name].shape:
                raise ValueError(
                    f"{name} must have the shape {tuple(parameter.shape)}; "
                    f"got {tuple(given[name].shape)}"
                )
            parameter.copy_(given[name])
    return model.eval()


def _tensors(found: Packed) -> Iterator[tuple[str, Tensor]]:
    rows = np.frombuffer(base64.b64decode(found["rows"]), dtype=np.int8)
    floats = np.frombuffer(base64.b64decode(found["floats"]), dtype="<f4")
    for name, height, *width in found["tensors"]:
        vector, floats = floats[:height], floats[height:]
        tensor = torch.tensor(vector.astype(np.float32))
        if width:
            size = height * width[0]
            whole, rows = rows[:size].reshape(height, -1), rows[size:]
            tensor = torch.tensor(whole.astype(np.float32)) * tensor[:, None]
        yield name, tensor


def _base64(array: np.ndarray[Any, np.dtype[Any]]) -> str:
    return base64.b64encode(array.tobytes()).decode()
