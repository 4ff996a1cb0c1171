"""The models in one file: equal to the package, and kind to whoever runs them."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from parity import (
    Pair,
    assert_pairs_cover,
    assert_same,
    assert_same_gradients,
    copy_weights,
    randomize,
)
from torch import Tensor, nn

from transformers_explained.attention import (
    MultiHeadAttention,
    scaled_dot_product_attention,
)
from transformers_explained.bert import Bert, BertConfig
from transformers_explained.data.reviews import load_reviews
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.pretrained import load_bert, load_tokenizer, model_folder
from transformers_explained.pretrained.loading import MULTILINGUAL_FILE
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.tokenization import UnigramTokenizer

FOLDER = Path(__file__).parents[2] / "code" / "one_file"
LINES = {"attention": 80, "transformer": 220, "gpt": 220, "bert_finetune": 220}
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "out_proj")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        f"one_file_{name}", FOLDER / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pairs_of(
    single: nn.Module, package: nn.Module, names: dict[str, str]
) -> list[Pair]:
    """Each name is that of a module or of a parameter: in the file, in the package."""
    ours = dict(single.named_parameters(remove_duplicate=False))
    theirs = dict(package.named_parameters(remove_duplicate=False))
    pairs = []
    for mine, reference in names.items():
        for end in ("", ".weight", ".bias"):
            if mine + end in ours:
                whole = reference if reference in theirs else reference + end
                pairs.append(Pair(ours[mine + end], theirs[whole]))
    assert_pairs_cover(pairs, single, package)
    return pairs


def inside(ours: str, theirs: str, *ends: str) -> dict[str, str]:
    """Names that are alike below two modules."""
    return {f"{ours}.{end}": f"{theirs}.{end}" for end in ends}


def assert_equal_to_the_package(
    pairs: list[Pair], single: Callable[[], Tensor], package: Callable[[], Tensor]
) -> None:
    """Same weights, hence the same output and the same gradients."""
    copy_weights(pairs)
    output, reference = single(), package()
    assert_same(output, reference)
    probe = torch.randn_like(reference)
    (output * probe).sum().backward()
    (reference * probe).sum().backward()
    assert_same_gradients(pairs)


@pytest.mark.parametrize("name", LINES)
def test_each_file_fits_on_the_wall(name: str) -> None:
    lines = (FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LINES[name]
    assert max(map(len, lines)) <= 88


def test_attention_is_the_package_s() -> None:
    file = load("attention")
    q, k, v = torch.randn(2, 3, 5, 8), torch.randn(2, 3, 7, 8), torch.randn(2, 3, 7, 8)
    mask = torch.rand(5, 7) < 0.6
    mask[2] = False  # a query that may attend to nothing
    for some in (None, mask):
        output, weights = file.attention(q, k, v, some)
        expected = scaled_dot_product_attention(q, k, v, some, return_weights=True)
        assert_same(output, expected[0])
        assert expected[1] is not None
        assert_same(weights, expected[1])


def test_multi_head_attention_is_the_package_s() -> None:
    single, package = (
        load("attention").MultiHeadAttention(12, 3),
        MultiHeadAttention(12, 3),
    )
    randomize(package)
    pairs = pairs_of(single, package, {name: name for name in PROJECTIONS})
    x, memory, mask = (
        torch.randn(2, 5, 12),
        torch.randn(2, 7, 12),
        torch.rand(5, 7) < 0.6,
    )
    assert_equal_to_the_package(
        pairs,
        lambda: single(x, memory, mask),
        lambda: package(x, memory, mask=mask)[0],
    )


def test_transformer_is_the_package_s() -> None:
    single = load("transformer").Transformer((11, 13), 12, 3, 2)
    package = Transformer(
        TransformerConfig(
            vocab_size=11,
            target_vocab_size=13,
            share_embeddings=False,
            d_model=12,
            num_heads=3,
            num_encoder_layers=2,
            num_decoder_layers=2,
            d_ff=48,
            dropout=0.0,
        )
    )
    randomize(package)
    names = {
        "source_embedding": "source_embedding",
        "target_embedding": "target_embedding",
    }
    for i in range(2):
        ours, theirs = f"encoder.{i}", f"encoder.layers.{i}"
        names |= inside(f"{ours}.attention", f"{theirs}.attention", *PROJECTIONS)
        names |= inside(ours, theirs, "norm1", "norm2")
        names[f"{ours}.feed_forward.0"] = f"{theirs}.feed_forward.linear1"
        names[f"{ours}.feed_forward.2"] = f"{theirs}.feed_forward.linear2"
        ours, theirs = f"decoder.{i}", f"decoder.layers.{i}"
        for kind in ("self_attention", "cross_attention"):
            names |= inside(f"{ours}.{kind}", f"{theirs}.{kind}", *PROJECTIONS)
        names |= inside(ours, theirs, "norm1", "norm2", "norm3")
        names[f"{ours}.feed_forward.0"] = f"{theirs}.feed_forward.linear1"
        names[f"{ours}.feed_forward.2"] = f"{theirs}.feed_forward.linear2"
    source = torch.tensor([[3, 4, 5, 6, 7, 8, 9], [9, 3, 5, 4, 0, 0, 0]])
    target = torch.tensor([[1, 4, 6, 8, 10], [1, 9, 7, 0, 0]])
    assert_equal_to_the_package(
        pairs_of(single, package, names),
        lambda: single(source, target),
        lambda: package(source, target)[0],
    )


def gpt_pairs(single: nn.Module, package: LanguageModel) -> list[Pair]:
    names = {"tokens": "tokens", "positions": "positions", "norm": "decoder.final_norm"}
    for i in range(2):
        ours, theirs = f"blocks.{i}", f"decoder.layers.{i}"
        names |= inside(f"{ours}.attention", f"{theirs}.attention", *PROJECTIONS)
        names |= inside(ours, theirs, "norm1", "norm2")
        names |= inside(ours, f"{theirs}.feed_forward", "linear1", "linear2")
    return pairs_of(single, package, names)


def test_gpt_is_the_package_s() -> None:
    single = load("gpt").GPT(11, 17, 12, 3, 2)
    config = LanguageModelConfig(
        vocab_size=11, d_model=12, num_heads=3, num_layers=2, d_ff=48, max_len=17,
        dropout=0.0,
    )  # fmt: skip
    package = LanguageModel(config)
    randomize(package)
    ids = torch.randint(11, (2, 7))
    assert_equal_to_the_package(
        gpt_pairs(single, package), lambda: single(ids), lambda: package(ids)[0]
    )


def test_gpt_writes_the_same_with_and_without_its_cache() -> None:
    file = load("gpt")
    model = file.GPT(11, 9, 12, 3, 2)
    randomize(model)
    prompt = torch.randint(11, (2, 4))
    texts = []
    for use_cache in (True, False):
        torch.manual_seed(0)
        texts.append(file.generate(model, prompt, 30, 1.0, use_cache))  # beyond max_len
    assert torch.equal(*texts)
    caches: list[dict[str, Tensor]] = [{} for _ in model.blocks]
    parts = [model(prompt[:, :3], caches), model(prompt[:, 3:], caches)]
    assert_same(torch.cat(parts, dim=1), model(prompt))


def bert_names(num_layers: int) -> dict[str, str]:
    names = {
        "tokens": "embeddings.tokens",
        "positions": "embeddings.positions",
        "segments": "embeddings.segments",
        "norm": "embeddings.norm",
    }
    for i in range(num_layers):
        ours, theirs = f"layers.{i}", f"encoder.layers.{i}"
        for j, name in enumerate(PROJECTIONS[:3]):
            names[f"{ours}.qkv.{j}"] = f"{theirs}.attention.{name}"
        names[f"{ours}.out_proj"] = f"{theirs}.attention.out_proj"
        names |= inside(ours, theirs, "norm1", "norm2")
        names |= inside(ours, f"{theirs}.feed_forward", "linear1", "linear2")
    return names


class PackageClassifier(nn.Module):
    """The package's BERT, the mean of its vectors, and a head."""

    def __init__(self, bert: Bert, num_classes: int) -> None:
        super().__init__()
        self.bert, self.head = bert, nn.Linear(bert.config.d_model, num_classes)

    def forward(self, ids: Tensor) -> Tensor:
        real = (ids != self.bert.config.pad_id)[:, :, None]
        hidden = self.bert(ids).hidden * real
        scores: Tensor = self.head(hidden.sum(dim=1) / real.sum(dim=1))
        return scores


def test_bert_is_the_package_s() -> None:
    config = BertConfig(
        vocab_size=11, d_model=12, num_heads=3, num_layers=2, d_ff=20, max_len=17,
        pooler=False, dropout=0.0,
    )  # fmt: skip
    sizes = [12, 2, 3, 20, 11, 17, 2, 1e-12]  # width, layers, heads, inner, vocabulary…
    single = load("bert_finetune").Classifier(sizes, 4)
    package = PackageClassifier(Bert(config), 4)
    randomize(package)
    names = {ours: f"bert.{theirs}" for ours, theirs in bert_names(2).items()}
    ids = torch.tensor([[3, 4, 5, 6, 7, 8, 9], [9, 3, 5, 4, 0, 0, 0]])
    assert_equal_to_the_package(
        pairs_of(single, package, names | {"head": "head"}),
        lambda: single(ids, ids != 0),
        lambda: package(ids),
    )


@pytest.mark.parametrize("kind", ["minilm", "multilingual-e5-small"])
def test_bert_reads_pretrained_weights_as_the_package_does(kind: str) -> None:
    path = MULTILINGUAL_FILE if kind == "multilingual-e5-small" else model_folder(kind)
    single, tokenizer = load("bert_finetune").load(path, 2)
    bert = load_bert(kind)
    bert.pooler = None
    package = PackageClassifier(bert, 2).eval()
    names = bert_names(bert.config.num_layers)
    names = {ours: f"bert.{theirs}" for ours, theirs in names.items()}
    pairs = pairs_of(single, package, names | {"head": "head"})
    for pair in pairs[:-2]:  # all but the head, which is new
        assert torch.equal(pair.ours, pair.theirs)
    ids = torch.tensor([text.ids for text in tokenizer.encode_batch(TEXTS)])
    assert (ids == bert.config.pad_id).any()
    assert_equal_to_the_package(
        pairs,
        lambda: single(ids, ids != bert.config.pad_id),
        lambda: package(ids),
    )


TEXTS = [
    "Un bon film.",
    "J'ai adoré l'accueil… mais le \u00ab service \u00bb\u202f: bof\u00a0!",
    "1 234,5 € — ﬁne, 10² ½, naïve   e\u0301té\tœuvre 👩\u200d🍳 \ufeffÇa",
    "Merci \u0645\u0631\u062d\u0628\u0627 日本 🙏🏾🙏🏾",
]


def test_bert_cuts_french_and_english_as_the_package_does() -> None:
    tokenizer = load("bert_finetune").load(MULTILINGUAL_FILE, 2)[1]
    package = load_tokenizer("multilingual-e5-small")
    reviews = [
        review.text
        for language in ("fr", "en")
        for review in load_reviews("train", language)
    ]
    for text in [*TEXTS, *reviews]:
        ids = package.encode(f"query: {text}", add_special_tokens=True)
        if len(ids) > 64:
            ids = [*ids[:63], ids[-1]]
        assert tokenizer.encode(text).ids == ids, text


def test_every_letter_is_normalized_as_in_the_package() -> None:
    tokenizer = load("bert_finetune").load(MULTILINGUAL_FILE, 2)[1]
    package = load_tokenizer("multilingual-e5-small")
    assert isinstance(package, UnigramTokenizer)
    different = []
    for code in [*range(32, 0xD800), *range(0xE000, 0x20000)]:
        text = f"a{chr(code)}b"
        ours = tokenizer.normalizer.normalize_str(text).removeprefix("query: ")
        if ours != package.normalize(text):
            different.append(f"{code:x}")
    # Three control characters, a sign for a tilde, and a sign newer than the model.
    assert different == ["7f", "8f", "9f", "ff5e", "1f23b"]


def run(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": "", "HF_HUB_OFFLINE": "1"}
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        environment[proxy] = "http://127.0.0.1:9"  # no network
    return subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("attention", (), "2 heads: (1, 5, 16) -> (1, 5, 16)"),
        (
            "transformer",
            ("cat", "--steps", "2", "--pairs", "200"),
            "'cat' is no number",
        ),
        ("gpt", ("--steps", "2"), "without the cache:"),
        (
            "bert_finetune",
            ("few.csv", "--steps", "2"),
            "always the commonest label: ",
        ),
    ],
)
def test_each_file_runs_from_anywhere_without_network(
    name: str, arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    rows = [f"film number {i},{'good' if i % 2 else 'bad'}" for i in range(20)]
    (tmp_path / "few.csv").write_text("text,label\n" + "\n".join(rows), "utf-8")
    done = run(name, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


def test_letters_that_the_terminal_lacks_stop_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    (tmp_path / "text.txt").write_text("Noël\u202f! → " * 300, encoding="utf-8")
    options = ("--prompt", "→ Noël", "--steps", "2")
    done = run("gpt", "text.txt", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "? No?l" in done.stdout


GOOD = [f"Très bon numéro {i};{'oui' if i % 2 else 'non'}" for i in range(20)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_as_spreadsheets_write_it(
    encoding: str, separator: str, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    text = "\r\n".join(["Text;Label", *GOOD, "", ";oui", "sans;", GOOD[0]])
    path.write_bytes(text.replace(";", separator).encode(encoding))
    rows = load("bert_finetune").read_table(path)
    assert len(rows) == 20
    assert rows[3] == ("Très bon numéro 3", "oui")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", 'the first line must be "text,label", and it is ""'),
        (b"review,stars\nfine,5\n", 'and it is "review,stars"'),
        (b"text,label\na,x\nb,y\nc,x\n", "3 texts and 2 different labels"),
        (
            ("text;label\n" + "\n".join(GOOD).replace("non", "oui")).encode(),
            "1 different",
        ),
        (b"text,label\n" + b"fine,\n" * 30, "0 texts and 0 different labels"),
        (
            b"text,label\ngood, but long,yes\n",
            'put the text "good..." between quotation',
        ),
    ],
    ids=["empty", "columns", "three rows", "one class", "no labels", "unquoted comma"],
)
def test_a_bad_table_is_refused_in_one_sentence(
    content: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["bert_finetune.py", str(path)])
    with pytest.raises(SystemExit) as refusal:
        load("bert_finetune").main()
    message = str(refusal.value)  # on its way to the terminal, with status 1
    assert said in message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


def test_a_missing_table_is_said_in_one_sentence(tmp_path: Path) -> None:
    done = run("bert_finetune", "none.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "none.csv" in done.stderr
