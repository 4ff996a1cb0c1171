"""Folders of models: each setting as Hugging Face reads it, or refused by its name."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers import AutoTokenizer

from transformers_explained.pretrained import load_bert, load_gpt2, load_tokenizer
from transformers_explained.pretrained.weight_names import (
    BERT_DEFAULTS,
    DISTILBERT_DEFAULTS,
    GPT2_DEFAULTS,
)

TOKENS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] a A b B é É e ##b ##é 東 ##京 東京 <unk> zz , E"
)
VOCABULARY = "\n".join(TOKENS.split()) + "\n"
TEXT = "É A ab é éb Ab zz, [MASK] 東京 <unk> xy [UNK] B"
BERT = {"tokenizer_class": "BertTokenizer"}
BPE_IDS = {"a": 0, "b": 3, "ab": 7, "Ġ": 4, "Ġa": 6, "<|endoftext|>": 9}
MERGES = "#version: 0.2\na b\nĠ a\n"
GPT2 = {"tokenizer_class": "GPT2Tokenizer"}
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
PAGE = "<!DOCTYPE html>\n<html><body>404</body></html>\n"


def folder_of(path: Path, **files: Any) -> Path:
    """A folder of files; "vocab_txt" stands for vocab.txt."""
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        stem, _, suffix = name.rpartition("_")
        text = content if isinstance(content, str) else json.dumps(content)
        (path / f"{stem}.{suffix}").write_text(text, encoding="utf-8", newline="")
    return path


def assert_same_ids(folder: Path, text: str = TEXT) -> None:
    reference = AutoTokenizer.from_pretrained(folder)
    ours = load_tokenizer(folder)
    expected = reference(text, add_special_tokens=False)["input_ids"]
    assert ours.encode(text) == expected
    assert len(set(expected)) > 2
    if reference.cls_token is not None:
        assert (
            ours.encode(text, add_special_tokens=True) == reference(text)["input_ids"]
        )
        assert ours.mask_id == reference.mask_token_id
        assert ours.pad_id == reference.pad_token_id


# ------------------------------------------------------------ the tokenizer's settings


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"do_lower_case": False},
        {"strip_accents": False},
        {"strip_accents": True, "do_lower_case": False},
        {"strip_accents": None, "do_lower_case": True},
        {"tokenize_chinese_chars": False},
        {"unk_token": "<unk>"},
        {"unk_token": {"content": "<unk>", "lstrip": False, "__type": "AddedToken"}},
        {"mask_token": "zz", "pad_token": "A"},
        {"cls_token": "a", "sep_token": "b"},
        {"additional_special_tokens": ["[MASK]"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("version", ["4", "5"])
def test_each_setting_of_wordpiece_is_obeyed(
    tmp_path: Path, settings: dict[str, Any], version: str
) -> None:
    folder = folder_of(
        tmp_path / "old", vocab_txt=VOCABULARY, tokenizer_config_json=BERT | settings
    )
    if version == "5":
        reference = AutoTokenizer.from_pretrained(folder)
        reference.save_pretrained(tmp_path / "new")
        folder = tmp_path / "new"
        assert not (folder / "vocab.txt").exists()
    assert_same_ids(folder)


def test_a_folder_without_settings(tmp_path: Path) -> None:
    config = {"model_type": "bert"}
    folder = folder_of(tmp_path, vocab_txt=VOCABULARY, config_json=config)
    assert_same_ids(folder)
    folder_of(folder, special_tokens_map_json={"unk_token": "<unk>"})
    assert load_tokenizer(folder).special.unk == "<unk>"
    assert_same_ids(folder)
    (folder / "config.json").unlink()  # a vocabulary alone
    assert load_tokenizer(folder).special.unk == "<unk>"


def test_null_is_the_default(tmp_path: Path) -> None:
    """Hugging Face stops on these nulls; here they are what is not said."""
    nulls = dict.fromkeys(("do_lower_case", "tokenize_chinese_chars", "unk_token"))
    plain = folder_of(tmp_path / "a", vocab_txt=VOCABULARY, tokenizer_config_json=BERT)
    null = folder_of(
        tmp_path / "b", vocab_txt=VOCABULARY, tokenizer_config_json=BERT | nulls
    )
    assert load_tokenizer(null).encode(TEXT) == load_tokenizer(plain).encode(TEXT)


def test_lines_of_windows_and_of_a_token_twice_keep_their_ids(tmp_path: Path) -> None:
    text = (VOCABULARY + "b\nlast\n").replace("\n", "\r\n")
    folder = folder_of(tmp_path, vocab_txt=text, config_json={"model_type": "bert"})
    assert_same_ids(folder, TEXT + " b last")
    ours = load_tokenizer(folder)
    assert ours.token_to_id["b"] == 21
    assert ours.decode([7, 21]) == "b"  # no token has the id 7 any more


@pytest.mark.parametrize("settings", [{}, {"lowercase": False, "strip_accents": True}])
def test_a_folder_of_tokenizer_json_alone(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    folder = folder_of(
        tmp_path / "old", vocab_txt=VOCABULARY, tokenizer_config_json=BERT
    )
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path / "new")
    whole = json.loads((tmp_path / "new" / "tokenizer.json").read_text("utf-8"))
    whole["normalizer"] |= settings
    whole["model"]["max_input_chars_per_word"] = 1
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    folder_of(
        tmp_path / "new",
        tokenizer_json=whole,
        tokenizer_config_json={
            "tokenizer_class": "PreTrainedTokenizerFast",
            "do_lower_case": True,  # not read there
            "pad_token": "[PAD]",
            **names,
        },
    )
    assert_same_ids(tmp_path / "new")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"tokenizer_class": "BertJapaneseTokenizer"}, "tokenizer_class"),
        ({"split_special_tokens": True}, "split_special_tokens"),
        ({"do_basic_tokenize": False}, "do_basic_tokenize"),
        ({"never_split": ["A"]}, "never_split"),
        ({"additional_special_tokens": ["zz"]}, "added token 'zz'"),
        ({"extra_special_tokens": {"image": "zz"}}, "added token 'zz'"),
        (
            {"added_tokens_decoder": {"30": {"content": "[E1]", "special": True}}},
            r"added token '\[E1\]'",
        ),
        ({"do_lower_case": "yes"}, "do_lower_case must be true or false"),
        ({"strip_accents": "no"}, "strip_accents must be true or false"),
        ({"mask_token": "[NONE]"}, r"missing: \[NONE\]"),
        (
            {"added_tokens_decoder": {"30": {"content": "[MASK]", "special": True}}},
            r"gives '\[MASK\]' two ids: 4 and 30",
        ),
    ],
    ids=str,
)
def test_what_wordpiece_does_not_compute_is_named(
    tmp_path: Path, settings: dict[str, Any], named: str
) -> None:
    folder = folder_of(
        tmp_path, vocab_txt=VOCABULARY, tokenizer_config_json=BERT | settings
    )
    with pytest.raises(ValueError, match=named):
        load_tokenizer(folder)


def test_a_special_token_added_behind_the_vocabulary(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        vocab_txt=VOCABULARY.replace("[MASK]", "gone"),
        tokenizer_config_json=BERT,
        added_tokens_json={"[MASK]": 21},
    )
    assert_same_ids(folder)
    assert load_tokenizer(folder).mask_id == 21


# ----------------------------------------------------------------------------- GPT-2


@pytest.mark.parametrize("version", ["4", "5"])
@pytest.mark.parametrize(
    "settings", [{}, {"pad_token": "<|endoftext|>"}, {"unk_token": None}], ids=str
)
def test_holes_in_the_vocabulary_keep_the_ids(
    tmp_path: Path, settings: dict[str, Any], version: str
) -> None:
    folder = folder_of(
        tmp_path / "old",
        vocab_json=BPE_IDS,
        merges_txt=MERGES,
        tokenizer_config_json=GPT2 | settings,
    )
    if version == "5":
        AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path / "new")
        folder = tmp_path / "new"
        assert not (folder / "vocab.json").exists()
    assert_same_ids(folder, "ab a b aab ")
    ours = load_tokenizer(folder)
    assert ours.vocab_size == 10
    assert ours.end_id == 9
    assert ours.decode([7, 1, 6, 5]) == "ab a"  # nothing has the ids 1 and 5
    for i in (-1, 10):
        with pytest.raises(ValueError, match=rf"ids must lie in \[0, 10\); got {i}"):
            ours.decode([i])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"add_prefix_space": True}, "add_prefix_space must be False"),
        ({"add_bos_token": True}, "add_bos_token must be False"),
        ({"tokenizer_class": "RobertaTokenizerFast"}, "got 'RobertaTokenizer'"),
        ({"additional_special_tokens": ["<x>"]}, "added token '<x>'"),
    ],
    ids=str,
)
def test_what_bpe_does_not_compute_is_named(
    tmp_path: Path, settings: dict[str, Any], named: str
) -> None:
    folder = folder_of(
        tmp_path,
        vocab_json=BPE_IDS,
        merges_txt=MERGES,
        tokenizer_config_json=GPT2 | settings,
    )
    with pytest.raises(ValueError, match=named):
        load_tokenizer(folder)


def test_other_kinds_of_model_are_named(tmp_path: Path) -> None:
    backend = {"model": {"type": "Unigram", "vocab": {}}}
    with pytest.raises(ValueError, match=r"model\.type must be WordPiece or BPE"):
        load_tokenizer(folder_of(tmp_path / "a", tokenizer_json=backend))
    roberta = {"model_type": "roberta"}
    folder = folder_of(
        tmp_path / "b", vocab_json=BPE_IDS, merges_txt=MERGES, config_json=roberta
    )
    with pytest.raises(ValueError, match="model_type must be one of"):
        load_tokenizer(folder)


# ------------------------------------------------------------------ the configuration


@pytest.mark.parametrize(
    ("config", "defaults"),
    [
        (transformers.BertConfig(), BERT_DEFAULTS),
        (transformers.DistilBertConfig(), DISTILBERT_DEFAULTS),
        (transformers.GPT2Config(), GPT2_DEFAULTS),
    ],
)
def test_the_defaults_are_hugging_faces(
    config: transformers.PreTrainedConfig, defaults: dict[str, Any]
) -> None:
    assert defaults == {name: getattr(config, name) for name in defaults}


SIZES = {
    "hidden_size": 6,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "intermediate_size": 10,
    "vocab_size": 23,
    "max_position_embeddings": 11,
}
SAID = {
    "type_vocab_size": 2,
    "hidden_dropout_prob": 0.1,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
    "hidden_act": "gelu",
    "is_decoder": False,
}


@pytest.fixture
def bert_folder(tmp_path: Path) -> Path:
    config = transformers.BertConfig(**SIZES)
    transformers.BertModel(config).save_pretrained(tmp_path / "bert")
    return tmp_path / "bert"


@pytest.mark.parametrize("null", [False, True], ids=["absent", "null"])
def test_what_a_configuration_leaves_out(bert_folder: Path, null: bool) -> None:
    expected = load_bert(bert_folder)
    nulls = dict.fromkeys(SAID) if null else {}
    folder_of(bert_folder, config_json={"model_type": "bert", **SIZES, **nulls})
    ours = load_bert(bert_folder)
    assert ours.config == expected.config
    ids = torch.tensor([[3, 5, 7]])
    assert torch.equal(ours(ids).hidden, expected(ids).hidden)


@pytest.mark.parametrize("value", ["6", 6.0, True, [6]])
def test_a_size_that_is_no_whole_number(bert_folder: Path, value: Any) -> None:
    config = {"model_type": "bert", **SIZES, "hidden_size": value}
    folder_of(bert_folder, config_json=config)
    with pytest.raises(ValueError, match="hidden_size must be a whole number"):
        load_bert(bert_folder)


# --------------------------------------------------------------------- damaged files


def assert_said(folder: Path, name: str, load: Any) -> None:
    """A damaged file: the error names it and a likely cause, whatever the damage."""
    path = folder / name
    whole = path.read_bytes()
    for content, cause in (
        (b"", "it is empty"),
        (POINTER.encode(), "git-lfs pointer"),
        (PAGE.encode(), "web page"),
        (b"\xff\xfe\x00", "cut short or damaged"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=cause) as error:
            load(folder)
        assert str(path) in str(error.value)
        assert "weights_only" not in str(error.value)
    path.write_bytes(whole)
    load(folder)


def assert_cuts_said(folder: Path, name: str, load: Any) -> None:
    path = folder / name
    whole = path.read_bytes()
    for kept in (1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 3):
        path.write_bytes(whole[:kept])
        with pytest.raises(ValueError, match=r"cut short|damaged") as error:
            load(folder)
        assert str(path) in str(error.value)
    path.write_bytes(whole)


def test_damaged_weights_and_configuration(bert_folder: Path) -> None:
    for name in ("model.safetensors", "config.json"):
        assert_said(bert_folder, name, load_bert)
        assert_cuts_said(bert_folder, name, load_bert)
    model = transformers.BertModel.from_pretrained(bert_folder)
    (bert_folder / "model.safetensors").unlink()
    old = bert_folder / "pytorch_model.bin"
    torch.save(model.state_dict(), old)
    assert_said(bert_folder, old.name, load_bert)
    assert_cuts_said(bert_folder, old.name, load_bert)
    for other in ([torch.zeros(2)], {"weights": {"a": torch.zeros(2)}}, 3):
        torch.save(other, old)
        with pytest.raises(ValueError, match="must hold tensors by name"):
            load_bert(bert_folder)


def test_damaged_vocabularies(tmp_path: Path) -> None:
    bert = folder_of(tmp_path / "b", vocab_txt=VOCABULARY, tokenizer_config_json=BERT)
    assert_said(bert, "vocab.txt", load_tokenizer)
    assert_said(bert, "tokenizer_config.json", load_tokenizer)
    AutoTokenizer.from_pretrained(bert).save_pretrained(tmp_path / "new")
    assert_said(tmp_path / "new", "tokenizer.json", load_tokenizer)
    assert_cuts_said(tmp_path / "new", "tokenizer.json", load_tokenizer)
    gpt2 = folder_of(tmp_path / "g", vocab_json=BPE_IDS, merges_txt=MERGES)
    assert_said(gpt2, "vocab.json", load_tokenizer)
    assert_said(gpt2, "merges.txt", load_tokenizer)
    (gpt2 / "merges.txt").write_text("#version: 0.2\na b\nĠ", encoding="utf-8")
    with pytest.raises(ValueError, match=r"merges\.txt, line 3, must hold two"):
        load_tokenizer(gpt2)
    (gpt2 / "merges.txt").write_text("#version: 0.2\nb a\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not in the vocabulary"):
        load_tokenizer(gpt2)


def test_a_damaged_gpt2(tmp_path: Path) -> None:
    config = transformers.GPT2Config(
        n_embd=4, n_head=2, n_layer=1, vocab_size=5, bos_token_id=0, eos_token_id=0
    )
    transformers.GPT2Model(config).save_pretrained(tmp_path)
    assert_said(tmp_path, "model.safetensors", load_gpt2)
    said = {"n_embd": 4, "n_head": 2, "n_layer": 1, "vocab_size": 5}
    folder_of(tmp_path, config_json={"model_type": "gpt2", **said, "n_inner": None})
    assert load_gpt2(tmp_path).config.d_ff == 16
