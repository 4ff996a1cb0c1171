"""A tokenizer from a folder of Hugging Face's, written by transformers 4 or 5.

The vocabulary stands in `tokenizer.json`, or else in `vocab.txt`, or in `vocab.json`
with `merges.txt`; the settings in `tokenizer_config.json`, which may be absent, and in
older folders in `special_tokens_map.json` and `added_tokens.json` too.

Each setting that changes ids is obeyed, or refused by its name: a tokenizer that is
nearly the right one gives numbers that look right and are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers_explained.files import read_json
from transformers_explained.tokenization import (
    BPETokenizer,
    SpecialTokens,
    WordPieceTokenizer,
)
from transformers_explained.tokenization.base import by_id
from transformers_explained.tokenization.bpe import read_merges
from transformers_explained.tokenization.wordpiece import read_vocabulary

Ids = dict[str, int]
Pair = tuple[str, str]

# Classes that cut as ours do; the last two take everything from tokenizer.json.
_WORDPIECE_CLASSES = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer")
_BPE_CLASSES = ("GPT2Tokenizer",)
_BACKENDS = ("PreTrainedTokenizer", "TokenizersBackend")
_MODEL_TYPES = ("bert", "distilbert", "electra", "gpt2")

# What each role is called there, and its name by default.
_WORDPIECE_ROLES = {
    "pad": ("pad_token", "[PAD]"),
    "unk": ("unk_token", "[UNK]"),
    "start": ("cls_token", "[CLS]"),
    "end": ("sep_token", "[SEP]"),
    "mask": ("mask_token", "[MASK]"),
}
_BPE_ROLES = {
    "pad": ("pad_token", None),
    "start": ("bos_token", "<|endoftext|>"),
    "end": ("eos_token", "<|endoftext|>"),
}
# Settings that change ids and that ours does not compute, with the only value it has.
_FIXED: dict[str, tuple[Any, ...]] = {
    "split_special_tokens": (False,),
    "add_prefix_space": (False,),
    "add_bos_token": (False,),
    "add_eos_token": (False,),
    "do_basic_tokenize": (True,),
    "never_split": ([],),
    "clean_text": (True,),
    "wordpieces_prefix": ("##",),
    "dropout": (0, 0.0),
}


@dataclass
class _Files:
    """What a folder says."""

    folder: Path
    settings: dict[str, Any]
    backend: dict[str, Any]  # tokenizer.json
    added: list[dict[str, Any]] = field(default_factory=list)

    def setting(self, name: str, default: Any) -> Any:
        """A setting; null stands for its default, too."""
        value = self.settings.get(name)
        return default if value is None else value

    def refused(self, name: str, value: Any, wanted: str) -> ValueError:
        """The error that names a setting which ours does not compute."""
        return ValueError(
            f"{self.folder}: {name} must be {wanted} in the tokenizer's settings; "
            f"got {value!r}"
        )

    def flag(self, name: str, default: bool | None) -> Any:
        """A setting that is true or false."""
        value = self.setting(name, default)
        if value is not default and not isinstance(value, bool):
            raise self.refused(name, value, "true or false")
        return value


def read_tokenizer(folder: Path) -> WordPieceTokenizer | BPETokenizer:
    """The tokenizer of a folder, with the ids that `AutoTokenizer` gives.

    One difference: in a text, GPT-2's `<|endoftext|>` is text like any other.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if a file is damaged, or a setting is not among those that ours
            computes; the message names it.
    """
    files = _read(folder)
    _check_settings(files)
    has_pairs = (folder / "vocab.json").exists() and (folder / "merges.txt").exists()
    if files.backend:
        return _from_backend(files)
    if (folder / "vocab.txt").exists():
        return _wordpiece(files, read_vocabulary(folder / "vocab.txt"))
    if has_pairs:
        ids = _ids(folder / "vocab.json", read_json(folder / "vocab.json"))
        return _bpe(files, ids, read_merges(folder / "merges.txt"))
    raise FileNotFoundError(
        f"{folder} holds no vocab.txt, nor vocab.json with merges.txt, nor "
        "tokenizer.json"
    )


def _read(folder: Path) -> _Files:
    def optional(name: str) -> dict[str, Any]:
        return read_json(folder / name) if (folder / name).exists() else {}

    settings = optional("tokenizer_config.json")
    backend = optional("tokenizer.json")
    added = list(backend.get("added_tokens") or [])
    decoder = settings.get("added_tokens_decoder")
    if decoder is None:  # an older folder has files of their own for these
        settings |= optional("special_tokens_map.json")
        decoder = {i: {"content": t} for t, i in optional("added_tokens.json").items()}
    added += [{**token, "id": int(i)} for i, token in decoder.items()]
    for name in ("additional_special_tokens", "extra_special_tokens"):
        extra = settings.get(name) or []
        values = extra.values() if isinstance(extra, dict) else extra
        added += [{"content": _content(token)} for token in values]
    return _Files(folder, settings, backend, added)


def _content(token: Any) -> Any:
    """The text of a token, which is written alone or with what surrounds it."""
    return token.get("content") if isinstance(token, dict) else token


def _check_settings(files: _Files) -> None:
    for name, allowed in _FIXED.items():
        value = files.setting(name, allowed[0])
        if value not in allowed:
            raise files.refused(name, value, repr(allowed[0]))
    kind = str(files.setting("tokenizer_class", "")).removesuffix("Fast")
    known = (*_WORDPIECE_CLASSES, *_BPE_CLASSES, *_BACKENDS)
    if kind and kind not in known:
        raise files.refused("tokenizer_class", kind, f"one of {', '.join(known)}")
    config = files.folder / "config.json"
    if not kind and config.exists():
        model = read_json(config).get("model_type")
        if model is not None and model not in _MODEL_TYPES:
            raise files.refused("model_type", model, f"one of {_MODEL_TYPES}")


def _special(
    files: _Files, roles: Mapping[str, tuple[str, str | None]], ids: Ids
) -> SpecialTokens:
    """The special tokens; `ids` gains those that were added behind the vocabulary."""
    named = {role: _content(files.setting(*names)) for role, names in roles.items()}
    special = SpecialTokens(**{"unk": None, **named})
    for token in files.added:
        content = token.get("content")
        if content not in special.listed():
            raise ValueError(
                f"{files.folder}: the added token {content!r} is none of the special "
                f"tokens ({', '.join(special.listed())}), which are all that ours knows"
            )
        if token.get("single_word"):
            raise files.refused("single_word", True, f"false for {content!r}")
        if ids.setdefault(content, token.get("id", len(ids))) != token.get(
            "id", ids[content]
        ):
            raise ValueError(
                f"{files.folder} gives {content!r} two ids: {ids[content]} and "
                f"{token['id']}"
            )
    return special


def _wordpiece(
    files: _Files, ids: Ids, *, max_word_length: int = 100
) -> WordPieceTokenizer:
    special = _special(files, _WORDPIECE_ROLES, ids)
    return WordPieceTokenizer(
        by_id(ids),
        lowercase=files.flag("do_lower_case", True),
        strip_accents=files.flag("strip_accents", None),
        split_chinese=files.flag("tokenize_chinese_chars", True),
        max_word_length=max_word_length,
        special=special,
    )


def _bpe(files: _Files, ids: Ids, merges: list[Pair]) -> BPETokenizer:
    special = _special(files, _BPE_ROLES, ids)
    for first, second in merges:
        if first + second not in ids:
            raise ValueError(
                f"{files.folder}: the merge {first!r} {second!r} gives a token that is "
                "not in the vocabulary: the files are cut short, or not of one model"
            )
    return BPETokenizer(by_id(ids), merges, special)


def _from_backend(files: _Files) -> WordPieceTokenizer | BPETokenizer:
    path = files.folder / "tokenizer.json"
    model = files.backend.get("model")
    if not isinstance(model, dict):
        raise ValueError(f"{path} must hold a model; it is cut short or damaged")
    kind = model.get("type") or ("BPE" if "merges" in model else "WordPiece")
    ids = _ids(path, model.get("vocab"))
    whole = str(files.setting("tokenizer_class", "")).removesuffix("Fast") in _BACKENDS
    if kind == "WordPiece":
        if whole:
            _take_normalizer(files, model)
        _check_template(files, "cls_token", "sep_token")
        length = model.get("max_input_chars_per_word", 100) if whole else 100
        return _wordpiece(files, ids, max_word_length=length)
    if kind == "BPE":
        if whole:
            _check_byte_level(files, model)
        _check_template(files)
        return _bpe(files, ids, [_pair(path, m) for m in model.get("merges") or []])
    raise files.refused("model.type", kind, "WordPiece or BPE")


def _take_normalizer(files: _Files, model: dict[str, Any]) -> None:
    """Where `tokenizer.json` alone counts, its settings replace the others."""
    normalizer = files.backend.get("normalizer") or {}
    before = files.backend.get("pre_tokenizer") or {}
    for name, value, wanted in (
        ("normalizer", normalizer.get("type"), "BertNormalizer"),
        ("clean_text", normalizer.get("clean_text"), True),
        ("pre_tokenizer", before.get("type"), "BertPreTokenizer"),
        ("continuing_subword_prefix", model.get("continuing_subword_prefix"), "##"),
    ):
        if value != wanted:
            raise files.refused(name, value, repr(wanted))
    files.settings |= {
        "do_lower_case": normalizer.get("lowercase"),
        "strip_accents": normalizer.get("strip_accents"),
        "tokenize_chinese_chars": normalizer.get("handle_chinese_chars"),
        "unk_token": model.get("unk_token"),
    }


def _check_byte_level(files: _Files, model: dict[str, Any]) -> None:
    before = files.backend.get("pre_tokenizer") or {}
    for name, value, wanted in (
        ("normalizer", files.backend.get("normalizer"), None),
        ("pre_tokenizer", before.get("type"), "ByteLevel"),
        ("add_prefix_space", before.get("add_prefix_space"), False),
        ("use_regex", before.get("use_regex", True), True),
        ("dropout", model.get("dropout"), None),
        ("ignore_merges", model.get("ignore_merges") or False, False),
    ):
        if value != wanted:
            raise files.refused(name, value, repr(wanted))


def _check_template(files: _Files, *ends: str) -> None:
    """The tokens put around a text must be those of `encode`."""
    template = files.backend.get("post_processor") or {}
    if template.get("type") != "TemplateProcessing":
        return
    names = dict(_WORDPIECE_ROLES.values())
    around = [_content(files.setting(end, names[end])) for end in ends]
    put = [
        part["SpecialToken"]["id"]
        for part in template.get("single") or []
        if "SpecialToken" in part
    ]
    if put != around:
        raise files.refused("post_processor", put, repr(around))


def _pair(path: Path, merge: Any) -> Pair:
    parts = merge.split(" ") if isinstance(merge, str) else merge
    if not isinstance(parts, list) or len(parts) != 2:
        raise ValueError(f"{path}: a merge must hold two symbols; got {merge!r}")
    return parts[0], parts[1]


def _ids(path: Path, vocabulary: Any) -> Ids:
    """Tokens and ids, checked."""
    if not isinstance(vocabulary, dict) or not all(
        type(i) is int and i >= 0 for i in vocabulary.values()
    ):
        raise ValueError(f"{path} must give each token of the vocabulary an id, from 0")
    return dict(vocabulary)
