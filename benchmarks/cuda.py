"""What a graphics card says of attention: rows where nothing is allowed, the cost of
the guard, and the lessons' tests there.

    python -m benchmarks.cuda          # needs a CUDA device; writes benchmarks/cuda.md
"""

import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from transformers_explained import attention
from transformers_explained.attention import scaled_dot_product_attention
from transformers_explained.language_model import LanguageModel, LanguageModelConfig

REPORT = Path(__file__).with_suffix(".md")
DTYPES = (torch.float32, torch.bfloat16, torch.float16)
TESTS = ("attention", "masks", "positions", "layers", "devices", "decoding")
EMPTY = 3  # the query that may attend to nothing


def main() -> None:
    """Measure, test and write the report."""
    if not torch.cuda.is_available():
        raise SystemExit("benchmarks.cuda needs a CUDA device; there is none")
    lines = [
        "# On a graphics card",
        "",
        f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, "
        f"Python {platform.python_version()}; `python -m benchmarks.cuda`.",
        "",
        "## A query that may attend to nothing",
        "",
        "Batch 2, 4 heads, 64 queries and keys of 64 features, half of the keys "
        "masked.",
        "The answer should be 0, and all gradients finite.",
        "",
        "| type | PyTorch's kernel: largest answer | gradients finite | "
        "ours: largest answer | gradients finite | fused − explicit | "
        "their gradients |",
        "|---|---|---|---|---|---|---|",
        *(empty_row(dtype) for dtype in DTYPES),
        "",
        "## What the guard costs",
        "",
        guard_cost(),
        "",
        guard_cost(compiled=True),
        "",
        "## The lessons' tests",
        "",
        lesson_tests(),
        "",
    ]
    REPORT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def empty_row(dtype: torch.dtype) -> str:
    """One row of the table."""
    torch.manual_seed(0)
    q, k, v = (
        torch.randn(2, 4, 64, 64, device="cuda").to(dtype).requires_grad_()
        for _ in range(3)
    )
    mask = torch.rand(2, 1, 64, 64, device="cuda") < 0.5
    mask[:, :, EMPTY] = False

    def fused() -> Tensor:
        return scaled_dot_product_attention(q, k, v, mask)[0]

    def explicit() -> Tensor:
        return scaled_dot_product_attention(q, k, v, mask, return_weights=True)[0]

    def run(function: Callable[[], Tensor]) -> tuple[Tensor, list[Tensor]]:
        output = function()
        total = output.float().square().sum()
        return output, list(torch.autograd.grad(total, (q, k, v)))

    alone = run(lambda: F.scaled_dot_product_attention(q, k, v, mask))
    ours, reference = run(fused), run(explicit)
    cells = [str(dtype).removeprefix("torch.")]
    for output, gradients in (alone, ours):
        cells.append(f"{output[:, :, EMPTY].abs().max().item():.3g}")
        finite = all(bool(x.isfinite().all()) for x in gradients)
        cells.append("yes" if finite else "**no**")
    cells.append(f"{(ours[0] - reference[0]).abs().max().item():.1e}")
    apart = [(a - b).abs().max() for a, b in zip(ours[1], reference[1], strict=True)]
    cells.append(f"{max(apart).item():.1e}")
    return f"| {' | '.join(cells)} |"


def guard_cost(pairs: int = 14, steps: int = 3, *, compiled: bool = False) -> str:
    """A training step with the guard and without, in turn.

    Compiled, PyTorch joins the guard's small kernels with their neighbours.
    """
    config = LanguageModelConfig(
        vocab_size=8_000,
        d_model=768,
        num_heads=12,
        num_layers=12,
        d_ff=3_072,
        max_len=512,
        pad_id=0,
    )
    model = LanguageModel(config).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    ids = torch.randint(1, config.vocab_size, (16, 513), device="cuda")
    known = attention.is_known_to_give_zeros

    def unguarded(query: Tensor) -> bool:
        return True

    def step(run: Callable[..., tuple[Tensor, object]]) -> None:
        with torch.autocast("cuda", torch.bfloat16):
            scores, _ = run(ids[:, :-1])
        loss = F.cross_entropy(scores.float().flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def trial(guarded: bool) -> Callable[[], float]:
        # Compiled once with the guard and once without; the switch counts then.
        run = torch.compile(lambda ids: model(ids)) if compiled else model

        def measure() -> float:
            attention.is_known_to_give_zeros = known if guarded else unguarded
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(steps):
                step(run)
            torch.cuda.synchronize()
            wall = (time.perf_counter() - start) / steps
            attention.is_known_to_give_zeros = known
            return wall

        return measure

    trials = trial(True), trial(False)
    times = [[measure() for measure in trials] for _ in range(pairs + 2)][2:]
    ours, plain = (statistics.median(column) for column in zip(*times, strict=True))
    return (
        f"{'Compiled: ' if compiled else ''}GPT-2's small size, 16 texts of 512 "
        f"tokens, bfloat16 by autocast, median of {pairs} pairs: "
        f"{1e3 * ours:.1f} ms a step with it, {1e3 * plain:.1f} ms without, "
        f"{100 * (ours / plain - 1):+.1f} %."
    )


def lesson_tests() -> str:
    """The closing line of the tests."""
    files = [f"tests/lessons/test_{name}.py" for name in TESTS]
    command = [sys.executable, "-m", "pytest", "-q", "--device", "cuda", *files]
    command += ["-p", "no:cacheprovider", "-n", "8", "--tb=line"]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    tail = [
        line
        for line in run.stdout.splitlines()
        if line.startswith("FAILED") or " passed" in line
    ]
    names = ", ".join(f"`{name}`" for name in TESTS)
    return f"{names}, in float32, bfloat16 and float16:\n\n" + "\n".join(
        f"    {line}" for line in tail
    )


if __name__ == "__main__":
    main()
