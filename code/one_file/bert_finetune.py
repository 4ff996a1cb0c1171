"""BERT in one file: it reads pretrained weights and learns to classify your texts.

    python bert_finetune.py my_texts.csv --model a_folder_from_hugging_face

The table's first line names its columns: text, label. Needs torch, safetensors and
tokenizers. Without --model: multilingual-e5-small in 4 bits, in this book's package.
Shapes: B texts, S tokens, H heads, D features of one head, C classes. d_model = H * D.
"""

import argparse
import csv
import gzip
import io
import json
import math
import struct
from pathlib import Path
from typing import Any

import tokenizers as tk
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers.normalizers import NFKC, Prepend, Replace, Strip
from torch import Tensor, nn

E5 = "transformers_explained/pretrained/multilingual_e5_small/french-english.q4.gz"


# ---------------------------------------------------------------------- The model
class Layer(nn.Module):
    def __init__(self, d_model: int, num_heads: int, d_ff: int, eps: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.ModuleList(nn.Linear(d_model, d_model) for _ in range(3))
        self.out_proj = nn.Linear(d_model, d_model)
        self.norm1 = nn.LayerNorm(d_model, eps)
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)
        self.norm2 = nn.LayerNorm(d_model, eps)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        heads = (proj(x).unflatten(-1, (self.num_heads, -1)) for proj in self.qkv)
        q, k, v = (each.transpose(1, 2) for each in heads)  # (B, H, S, D)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (B, H, S, S)
        scores = scores.masked_fill(~real[:, None, None, :], -torch.inf)
        output = scores.softmax(dim=-1) @ v  # (B, H, S, D)
        x = self.norm1(x + self.out_proj(output.transpose(1, 2).flatten(2)))
        return self.norm2(x + self.linear2(F.gelu(self.linear1(x))))


class Classifier(nn.Module):  # BERT, the mean of its vectors, one score per class
    def __init__(self, sizes: list[Any], num_classes: int) -> None:
        super().__init__()
        d_model, num_layers, num_heads, d_ff, vocab_size, max_len, segments, eps = sizes
        self.tokens = nn.Embedding(vocab_size, d_model)
        self.positions = nn.Embedding(max_len, d_model)
        self.segments = nn.Embedding(segments, d_model)
        self.norm = nn.LayerNorm(d_model, eps)
        layers = (Layer(d_model, num_heads, d_ff, eps) for _ in range(num_layers))
        self.layers = nn.ModuleList(layers)
        self.head = nn.Linear(d_model, num_classes)

    def forward(self, ids: Tensor, real: Tensor) -> Tensor:  # (B, S), (B, S) -> (B, C)
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]  # (B, S, d_model)
        x = self.norm(x + self.segments.weight[0])  # all of it is the first segment
        for layer in self.layers:
            x = layer(x, real)
        x = x.masked_fill(~real[:, :, None], 0.0)
        return self.head(x.sum(dim=1) / real.sum(dim=1, keepdim=True))


# ----------------------------- Sizes, weights in the model's order, and the tokenizer
SIZES = """hidden_size num_hidden_layers num_attention_heads intermediate_size
    vocab_size max_position_embeddings type_vocab_size layer_norm_eps"""
EMBEDDINGS = "word_embeddings position_embeddings token_type_embeddings LayerNorm"
LAYER = """attention.self.query attention.self.key attention.self.value
    attention.output.dense attention.output.LayerNorm
    intermediate.dense output.dense output.LayerNorm"""


def read_folder(folder: Path) -> tuple[list[Any], list[Tensor], Any]:
    """Of a BERT in Hugging Face's format."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config["model_type"] != "bert":
        raise ValueError(f"{folder} holds no BERT but a {config['model_type']}")
    names = [f"embeddings.{part}" for part in EMBEDDINGS.split()]
    for i in range(config["num_hidden_layers"]):
        names += [f"encoder.layer.{i}.{part}" for part in LAYER.split()]
    found = load_file(folder / "model.safetensors")  # its pooler and heads are left
    found = {name.removeprefix("bert."): tensor for name, tensor in found.items()}
    names = [name + end for name in names for end in (".weight", ".bias")]
    weights = [found[name] for name in names if name in found]
    tokenizer = tk.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding()
    return [config[name] for name in SIZES.split()], weights, tokenizer


def read_4_bits(path: Path) -> tuple[list[Any], list[Tensor], Any]:
    """Of the book's multilingual-e5-small: see its package, pretrained/quantized.py."""
    file = io.BytesIO(gzip.decompress(path.read_bytes()))

    def take(layout: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{layout}", file.read(struct.calcsize(f"<{layout}")))

    _, *sizes, _, count, _, _, _, _, length = take("8s7if6iQ")  # length in bytes
    at, scores, text = take(f"{count + 1}I"), take(f"{count}f"), file.read(length)
    pieces = [(text[at[i] : at[i + 1]].decode(), scores[i]) for i in range(count)]
    tokenizer = tk.Tokenizer(tk.models.Unigram(pieces, unk_id=3))
    spaces = tk.Regex(r"(?:[^\S\x{85}]|[\x{200b}-\x{200f}\x{2581}\x{feff}\x{fffd}])+")
    steps = [Prepend("query: "), NFKC(), Replace(spaces, " "), Strip()]
    tokenizer.normalizer = tk.normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = tk.pre_tokenizers.Metaspace()  # "a b" gives "▁a" and "▁b"
    tokenizer.post_processor = tk.processors.BertProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>")
    file.seek(take("iI")[1], io.SEEK_CUR)  # a table of what NFKC does, in other words
    tensors = [(file.read(*take("H")), *take("BIQQ")) for _ in range(*take("i"))]
    weights = []
    for _, in_4_bits, _, _, size in tensors:
        numbers = torch.frombuffer(bytearray(file.read(size)), dtype=torch.uint8)
        if in_4_bits:  # 18 bytes: a scale of 16 bits, then 32 numbers of 4 bits
            scale, pairs = numbers.view(-1, 18).split([2, 16], dim=1)
            numbers = torch.cat([pairs & 15, pairs >> 4], dim=1) - 8.0  # (N, 32)
            weights.append(numbers * scale.contiguous().view(torch.float16))
        else:
            weights.append(numbers.view(torch.float32))
    return sizes, weights, tokenizer


@torch.no_grad()
def load(path: Path, num_classes: int) -> tuple[Classifier, Any]:
    """Model and tokenizer of a folder, or of a file in 4 bits; the head is new."""
    sizes, weights, tokenizer = (read_folder if path.is_dir() else read_4_bits)(path)
    model = Classifier(sizes, num_classes)
    *parameters, _, _ = model.parameters()  # all but the head's
    if len(weights) != len(parameters):
        raise ValueError(f"{path} has {len(weights)} weights, not {len(parameters)}")
    for parameter, weight in zip(parameters, weights, strict=True):
        parameter.copy_(weight.view_as(parameter))
    tokenizer.enable_truncation(64)  # longer texts are cut
    return model, tokenizer


# ---------------------------------------------------------------------- The table
def read_table(path: Path) -> list[tuple[str, str]]:
    """Texts and labels; a ValueError says in one sentence why a file cannot serve."""
    data = path.read_bytes()
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:  # the older Western encoding, from a spreadsheet
        text = data.decode("cp1252", errors="replace")
    lines = io.StringIO(text, newline=None)
    first = lines.readline().rstrip("\n")
    separator = max(",;\t", key=first.count)
    header = [name.strip(' "').lower() for name in first.split(separator)]
    if not {"text", "label"} <= set(header):
        raise ValueError(f'the first line must be "text,label", and it is "{first}"')
    rows = []
    for row in csv.DictReader(lines, header, delimiter=separator):
        if None in row:
            raise ValueError(f'put the text "{row["text"]}..." between quotation marks')
        rows.append(((row["text"] or "").strip(), (row["label"] or "").strip()))
    kept = list(dict.fromkeys(row for row in rows if all(row)))
    num_labels = len({label for _, label in kept})
    print(f"{len(kept)} texts; left out, empty or double: {len(rows) - len(kept)}")
    if num_labels < 2 or len(kept) < max(20, 4 * num_labels):
        found = f"{len(kept)} texts and {num_labels} different labels"
        raise ValueError(f"{found}; needed: 20 texts, 2 labels, 4 texts for each")
    return kept


# ------------------------------------------------------------------- The training
def scores_of(model: Classifier, tokenizer: Any, texts: list[str]) -> Tensor:
    encoded = tokenizer.encode_batch(texts)
    real = torch.tensor([text.attention_mask for text in encoded]).bool()  # (B, S)
    return model(torch.tensor([text.ids for text in encoded]), real)  # (B, C)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fine-tune BERT on a table of texts.")
    parser.add_argument("table", type=Path)
    parser.add_argument("--model", type=Path, default=Path(__file__).parents[1] / E5)
    parser.add_argument("--steps", type=int, default=30)
    args = parser.parse_args()
    torch.manual_seed(0)
    try:
        rows = read_table(args.table)
        labels = sorted({label for _, label in rows})
        model, tokenizer = load(args.model, len(labels))
    except (EOFError, OSError, ValueError, csv.Error, struct.error) as error:
        raise SystemExit(f"{args.table}: {error}.") from None
    rows = [rows[i] for i in torch.randperm(len(rows))]
    test, rows = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    top = nn.ModuleList([*model.requires_grad_(False).layers[-3:], model.head])
    optimizer = torch.optim.AdamW(top.requires_grad_().parameters())  # the rest stays
    for step in range(args.steps):
        batch = [rows[i] for i in torch.randint(len(rows), (16,))]
        targets = torch.tensor([labels.index(label) for _, label in batch])
        scores = scores_of(model, tokenizer, [text for text, _ in batch])
        loss = F.cross_entropy(scores, targets)
        up_then_down = min((step + 1) / 6, 1 - step / args.steps)
        optimizer.param_groups[0]["lr"] = 2e-4 * up_then_down
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0 or step == args.steps - 1:
            print(f"step {step:4d}   loss {loss.item():.2f}", flush=True)
    names, n, z = [label for _, label in test], len(test), 1.96
    with torch.no_grad():
        found = [scores_of(model, tokenizer, [text]).argmax() for text, _ in test]
    right = sum(labels[i] == name for i, name in zip(found, names, strict=True))
    middle, half = right + z**2 / 2, z * math.sqrt(right * (n - right) / n + z**2 / 4)
    low, high = (middle - half) / (n + z**2), (middle + half) / (n + z**2)  # Wilson's
    print(f"right: {right} of {n}, {right / n:.0%} ({low:.0%} to {high:.0%})")
    print(f"always the commonest label: {max(map(names.count, labels)) / n:.0%}")


if __name__ == "__main__":
    main()
