"""A small GPT in one file: it reads a text letter by letter and learns to continue it.

    python gpt.py my_text.txt
    python gpt.py my_text.txt --steps 2000 --prompt "Once upon a time"

Needs PyTorch only. It is GPT-2 (Radford et al. 2019), smaller and without dropout.
Shapes: B texts, T tokens read now, S tokens read so far, H heads, D features of one
head, V tokens in the vocabulary. d_model = H * D.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

REVIEWS = Path(__file__).parents[1] / "transformers_explained/data/reviews.jsonl"
Cache = dict[str, Tensor]  # the keys and values of one layer; empty at the beginning


# ---------------------------------------------------------------------- The model
class CausalSelfAttention(nn.Module):
    """Each token looks at itself and at those before it."""

    def __init__(self, d_model: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, cache: Cache | None) -> Tensor:
        heads = (self.num_heads, -1)  # d_model -> H, D
        q = self.q_proj(x).unflatten(-1, heads).transpose(1, 2)  # (B, H, T, D)
        k = self.k_proj(x).unflatten(-1, heads).transpose(1, 2)
        v = self.v_proj(x).unflatten(-1, heads).transpose(1, 2)
        if cache:  # put the keys and values of earlier tokens in front
            k = torch.cat([cache["k"], k], dim=2)  # (B, H, S, D)
            v = torch.cat([cache["v"], v], dim=2)
        if cache is not None:
            cache["k"], cache["v"] = k, v
        T, S, D = q.shape[2], k.shape[2], q.shape[3]
        # The T tokens are the last of S: token t sees the S - T before them, and 0...t.
        may_attend = torch.ones(T, S, dtype=torch.bool, device=x.device).tril(S - T)
        scores = q @ k.transpose(-2, -1) / math.sqrt(D)  # (B, H, T, S)
        weights = scores.masked_fill(~may_attend, -torch.inf).softmax(dim=-1)
        output = weights @ v  # (B, H, T, D)
        return self.out_proj(output.transpose(1, 2).flatten(2))  # (B, T, d_model)


class Block(nn.Module):
    """Attention, then a small network for each token, each added to what it read."""

    def __init__(self, d_model: int, num_heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = CausalSelfAttention(d_model, num_heads)
        self.norm2 = nn.LayerNorm(d_model)
        self.linear1 = nn.Linear(d_model, 4 * d_model)
        self.linear2 = nn.Linear(4 * d_model, d_model)

    def forward(self, x: Tensor, cache: Cache | None) -> Tensor:
        x = x + self.attention(self.norm1(x), cache)  # (B, T, d_model)
        inner = F.gelu(self.linear1(self.norm2(x)), approximate="tanh")  # (B, T, d_ff)
        return x + self.linear2(inner)  # (B, T, d_model)


class GPT(nn.Module):
    """Token ids in, scores of the next token out."""

    def __init__(
        self,
        vocab_size: int,
        max_len: int,
        d_model: int,
        num_heads: int,
        num_layers: int,
    ) -> None:
        super().__init__()
        self.max_len = max_len
        self.tokens = nn.Embedding(vocab_size, d_model)
        self.positions = nn.Embedding(max_len, d_model)
        blocks = [Block(d_model, num_heads) for _ in range(num_layers)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(d_model)
        self.output = nn.Linear(d_model, vocab_size, bias=False)
        self.output.weight = self.tokens.weight  # one matrix reads and writes
        self.apply(init_weights)

    def forward(self, ids: Tensor, caches: list[Cache] | None = None) -> Tensor:
        """ids (B, T) -> scores (B, T, V). With caches, ids are the new tokens only."""
        past = caches[0]["k"].shape[2] if caches and caches[0] else 0
        positions = torch.arange(past, past + ids.shape[1], device=ids.device)  # (T,)
        x = self.tokens(ids) + self.positions(positions)  # (B, T, d_model)
        for i, block in enumerate(self.blocks):
            x = block(x, caches[i] if caches is not None else None)
        return self.output(self.norm(x))  # (B, T, V)


def init_weights(module: nn.Module) -> None:
    """GPT-2's beginning: small random matrices, biases 0."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


# ----------------------------------------------------------------------- The text
def read_text(path: Path, language: str) -> str:
    """A text file; or the book's reviews, one JSON record per line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"{path} cannot be read as UTF-8 text: {error}.") from None
    if path.suffix == ".jsonl":
        text = "\n".join(json.loads(line)[language] for line in text.splitlines())
    return text


def draw_batch(ids: Tensor, batch_size: int, length: int) -> tuple[Tensor, Tensor]:
    """Passages drawn at random, (B, T), and for each token the one that follows it."""
    starts = torch.randint(len(ids) - length, (batch_size, 1))  # (B, 1)
    index = starts + torch.arange(length)  # (B, T)
    return ids[index], ids[index + 1]


# ------------------------------------------------------------------- The training
def loss_of(model: GPT, ids: Tensor, batch_size: int) -> Tensor:
    """How surprised the model is, per token, by passages drawn at random."""
    inputs, targets = draw_batch(ids, batch_size, model.max_len)  # (B, T) each
    scores = model(inputs)  # (B, T, V)
    return F.cross_entropy(scores.flatten(0, 1), targets.flatten())


def train(model: GPT, ids: Tensor, steps: int, batch_size: int, peak: float) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95))
    for step in range(steps):
        for group in optimizer.param_groups:  # up for 50 steps, then down to 0
            group["lr"] = peak * min(1.0, (step + 1) / 50) * (1 - step / steps)
        loss = loss_of(model, ids, batch_size)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0 or step == steps - 1:
            print(f"step {step:5d}   loss {loss.item():.2f}", flush=True)


# -------------------------------------------------------------------- The writing
@torch.no_grad()
def generate(
    model: GPT, ids: Tensor, length: int, temperature: float, use_cache: bool = True
) -> Tensor:
    """Continue ids (B, T) by `length` tokens, each drawn from the model's guess."""
    unread = window = ids[:, -model.max_len :]  # what the model still sees
    caches: list[Cache] = [{} for _ in model.blocks]
    for _ in range(length):
        if window.shape[1] > model.max_len:  # full: keep the last half, read it again
            window = window[:, -(model.max_len // 2) :]
            caches, unread = [{} for _ in model.blocks], window
        scores = model(unread, caches) if use_cache else model(window)  # (B, T, V)
        probabilities = (scores[:, -1] / temperature).softmax(dim=-1)  # (B, V)
        unread = torch.multinomial(probabilities, 1)  # (B, 1)
        window = torch.cat([window, unread], dim=1)
        ids = torch.cat([ids, unread], dim=1)
    return ids


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a small GPT on a text.")
    parser.add_argument("text", type=Path, nargs="?", default=REVIEWS)
    parser.add_argument("--language", choices=("en", "fr"), default="en")
    parser.add_argument("--prompt", default="I ")
    parser.add_argument("--learning-rate", type=float, default=4e-3)
    parser.add_argument("--temperature", type=float, default=0.8)
    numbers = {"steps": 700, "batch-size": 16, "max-len": 64, "d-model": 64}
    numbers |= {"num-heads": 4, "num-layers": 2}
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    text = read_text(args.text, args.language)
    if len(text) < 20 * args.max_len:
        raise SystemExit(
            f"{args.text} is too short to learn from: {len(text)} letters."
        )
    letters = sorted(set(text + args.prompt))  # the vocabulary
    id_of = {letter: i for i, letter in enumerate(letters)}
    ids = torch.tensor([id_of[letter] for letter in text])
    cut = len(ids) * 9 // 10  # the last tenth is not trained on

    # A terminal of an old encoding shows "?" for a letter that it lacks.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    torch.manual_seed(0)
    sizes = (args.max_len, args.d_model, args.num_heads, args.num_layers)
    model = GPT(len(letters), *sizes)
    print(f"{len(text):,} letters, {len(letters)} of them different")
    train(model, ids[:cut], args.steps, args.batch_size, args.learning_rate)
    with torch.no_grad():
        loss = loss_of(model, ids[cut:], 200).item()
    print(f"on the rest {loss:.2f} (an even guess: {math.log(len(letters)):.2f})\n")

    prompt = torch.tensor([[id_of[letter] for letter in args.prompt]])  # (1, T)
    for use_cache, name in ((True, "with"), (False, "without")):
        torch.manual_seed(0)
        start = time.perf_counter()
        written = generate(model, prompt, 300, args.temperature, use_cache)[0]
        seconds = time.perf_counter() - start
        if use_cache:
            print("".join(letters[i] for i in written), "\n")
        print(f"{name} the cache: {len(written) / seconds:.0f} letters a second")


if __name__ == "__main__":
    main()
