"""The Transformer of 2017 in one file: it learns to translate numbers in words.

    python transformer.py "seventy-one" 380 --steps 800

Needs PyTorch, and num2words, which spells the numbers. See Vaswani et al. (2017).
Shapes: B sentences, S source positions, T target positions, H heads, D features of one
head, V words in the target's vocabulary. d_model = H * D.
"""

import argparse
import math
import random
import re

import torch
import torch.nn.functional as F
from num2words import num2words
from torch import Tensor, nn

PAD, START, END = 0, 1, 2  # the first ids of each vocabulary
# The numbers of one digit, of two, and so on up to five.
RANGES = [range(10)] + [range(10**d, 10 ** (d + 1)) for d in range(1, 5)]


# ---------------------------------------------------------------------- The model
class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, d_model) asks; memory (B, S, d_model) answers."""
        heads = (self.num_heads, -1)  # d_model -> H, D
        q = self.q_proj(x).unflatten(-1, heads).transpose(1, 2)  # (B, H, T, D)
        k = self.k_proj(memory).unflatten(-1, heads).transpose(1, 2)  # (B, H, S, D)
        v = self.v_proj(memory).unflatten(-1, heads).transpose(1, 2)  # (B, H, S, D)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (B, H, T, S)
        weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
        output = weights @ v  # (B, H, T, D)
        return self.out_proj(output.transpose(1, 2).flatten(2))  # (B, T, d_model)


def feed_forward(d_model: int) -> nn.Sequential:
    d_ff = 4 * d_model
    return nn.Sequential(nn.Linear(d_model, d_ff), nn.ReLU(), nn.Linear(d_ff, d_model))


class EncoderLayer(nn.Module):
    def __init__(self, d_model: int, num_heads: int) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(d_model, num_heads)
        self.feed_forward = feed_forward(d_model)
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        x = self.norm1(x + self.attention(x, x, real))  # (B, S, d_model)
        return self.norm2(x + self.feed_forward(x))


class DecoderLayer(nn.Module):
    def __init__(self, d_model: int, num_heads: int) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, num_heads)
        self.cross_attention = MultiHeadAttention(d_model, num_heads)
        self.feed_forward = feed_forward(d_model)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(d_model) for _ in range(3))

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor, real: Tensor) -> Tensor:
        x = self.norm1(x + self.self_attention(x, x, mask))  # (B, T, d_model)
        x = self.norm2(x + self.cross_attention(x, memory, real))
        return self.norm3(x + self.feed_forward(x))


def sinusoids(length: int, d_model: int) -> Tensor:
    """(length, d_model): sines in the even features, cosines in the odd ones."""
    position = torch.arange(length)[:, None]  # (length, 1)
    angle = position / 10_000 ** (torch.arange(0, d_model, 2) / d_model)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class Transformer(nn.Module):
    """The encoder reads the source; the decoder scores each next word of the target."""

    def __init__(
        self, sizes: tuple[int, int], d_model: int, num_heads: int, num_layers: int
    ) -> None:
        """sizes: of the source's vocabulary and of the target's."""
        super().__init__()
        self.d_model = d_model
        self.source_embedding = nn.Embedding(sizes[0], d_model)
        self.target_embedding = nn.Embedding(sizes[1], d_model)
        layers = range(num_layers)
        self.encoder = nn.ModuleList(EncoderLayer(d_model, num_heads) for _ in layers)
        self.decoder = nn.ModuleList(DecoderLayer(d_model, num_heads) for _ in layers)
        nn.init.normal_(self.source_embedding.weight, std=d_model**-0.5)
        nn.init.normal_(self.target_embedding.weight, std=d_model**-0.5)

    def embed(self, ids: Tensor, embedding: nn.Embedding) -> Tensor:
        x = embedding(ids) * math.sqrt(self.d_model)  # (B, T, d_model)
        return x + sinusoids(ids.shape[1], self.d_model).to(x)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """source (B, S) -> memory (B, S, d_model), and which of it is not padding."""
        real = (source != PAD)[:, None, None, :]  # (B, 1, 1, S)
        x = self.embed(source, self.source_embedding)
        for layer in self.encoder:
            x = layer(x, real)
        return x, real

    def decode(self, target: Tensor, memory: Tensor, real: Tensor) -> Tensor:
        """target (B, T) -> scores (B, T, V) of the word after each."""
        T = target.shape[1]
        causal = torch.ones(T, T, dtype=torch.bool, device=target.device).tril()
        x = self.embed(target, self.target_embedding)
        for layer in self.decoder:
            x = layer(x, memory, causal, real)
        return x @ self.target_embedding.weight.T  # one matrix reads and writes

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        return self.decode(target, *self.encode(source))


# ----------------------------------------------------------------------- The words
def words(text: str) -> list[str]:
    return re.findall(r"[^\s,-]+-?", text.lower())  # "ninety-one" is "ninety-", "one"


def held_out(number: int) -> bool:
    """One number in ten is for the test only; 0 to 9 must all be learned."""
    return number > 9 and random.Random(number).random() < 0.1


class Vocabulary:
    def __init__(self, texts: list[str]) -> None:
        known = sorted({word for text in texts for word in words(text)})
        self.words = ["<pad>", "<start>", "<end>", *known]
        self.id_of = {word: i for i, word in enumerate(self.words)}

    def encode(self, texts: list[str]) -> Tensor:
        """Ids (B, S): start, the words, end, and padding up to the longest."""
        ids = [[self.id_of[word] for word in words(text)] for text in texts]
        rows = [torch.tensor([START, *row, END]) for row in ids]
        return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)

    def decode(self, ids: list[int]) -> str:
        ids = ids[1 : ids.index(END)] if END in ids else ids[1:]
        return " ".join(self.words[i] for i in ids).replace("- ", "-")


# ----------------------------------------------------- The training and the writing
def train(model: Transformer, sources: Tensor, targets: Tensor, steps: int) -> None:
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9)
    for step in range(1, steps + 1):
        batch = torch.randint(len(sources), (64,))  # (B,)
        source, target = sources[batch], targets[batch]  # (B, S), (B, T + 1)
        scores = model(source, target[:, :-1]).flatten(0, 1)  # (B * T, V)
        labels = target[:, 1:].flatten()  # the word that follows each
        loss = F.cross_entropy(scores, labels, ignore_index=PAD, label_smoothing=0.1)
        for group in optimizer.param_groups:  # up for 100 steps, then slowly down
            group["lr"] = 2e-3 * min(step / 100, math.sqrt(100 / step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0 or step == steps:
            print(f"step {step:4d}   loss {loss.item():.2f}", flush=True)


@torch.no_grad()
def translate(model: Transformer, source: Tensor) -> list[list[int]]:
    """Write the likeliest word, read it, and so on until every text has ended."""
    memory, real = model.encode(source)  # (B, S, d_model), (B, 1, 1, S)
    target = torch.full((len(source), 1), START)  # (B, 1)
    while target.shape[1] < 32 and not (target == END).any(dim=1).all():
        scores = model.decode(target, memory, real)[:, -1]  # (B, V)
        target = torch.cat([target, scores.argmax(dim=-1, keepdim=True)], dim=1)
    return target.tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description="Translate numbers into French.")
    parser.add_argument("texts", nargs="*", help="numbers below 100,000")
    options = {"steps": 500, "pairs": 12_000, "d-model": 64}
    for name, default in (options | {"num-heads": 4, "num-layers": 2}).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    random.seed(0)
    torch.manual_seed(0)
    # As many of each length: of numbers drawn evenly, nine in ten have five digits.
    drawn = [random.choice(RANGES[i % 5]) for i in range(args.pairs)]
    numbers = [number for number in drawn if not held_out(number)]
    sources = [num2words(n) for n in numbers]
    targets = [num2words(n, lang="fr") for n in numbers]
    english, french = Vocabulary(sources), Vocabulary(targets)
    sizes = (len(english.words), len(french.words))
    model = Transformer(sizes, args.d_model, args.num_heads, args.num_layers)
    train(model, english.encode(sources), french.encode(targets), args.steps)

    print("\nRight to the last word, of numbers never seen (but 0 to 9):")
    for some in RANGES:
        test = [n for n in some if held_out(n) or n < 10]
        test = random.sample(test, min(len(test), 200))
        answers = translate(model, english.encode([num2words(n) for n in test]))
        expected = [num2words(n, lang="fr") for n in test]
        right = sum(french.decode(answers[i]) == expected[i] for i in range(len(test)))
        print(f"{some[0]:6d} to {some[-1]:5d}: {right} of {len(test)}")
    for text in args.texts or ["zero", "seventy-one", "99", "81095"]:
        text = num2words(int(text)) if text.isdecimal() else text
        if not words(text) or any(word not in english.id_of for word in words(text)):
            print(f"{text!r} is no number from 0 to 99,999 in English words.")
        else:
            [answer] = translate(model, english.encode([text]))
            print(text, "->", french.decode(answer))


if __name__ == "__main__":
    main()
