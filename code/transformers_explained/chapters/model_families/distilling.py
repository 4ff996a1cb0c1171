"""Teachers and their students, on the English reviews: the chapter's recorded runs.

    python -m transformers_explained.chapters.model_families.distilling

tunes a teacher with each of five seeds, trains its students with the same seed, and
writes `distilling.json` beside this file. One thread of one processor needs about an
hour; `--device cuda`, minutes.

The teacher is multilingual-e5-small, twelve layers, whose upper three are tuned. A
student has one or three layers of the same width, which start as copies of layers of
the pretrained model; DistilBERT's six start as one in two of BERT's. The embeddings are
the teacher's and stay as they are. A student learns from the labels alone, or from
its teacher with one, two or all of the losses of DistilBERT.

How this was fixed. Earlier runs, with seeds 0 to 5, had printed test scores before the
teacher's epochs were cut from six to four and the student from three layers to one, to
save time. For the runs recorded here nothing was chosen again: rates, epochs,
temperature, weights and the student of one layer are those of the last of the earlier
runs. The student of three layers and the ablation of the losses were added, and fixed,
before the first run of seeds 11 to 15, which no run had used. Each network of the
record reads the test reviews once, when it has been trained.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from transformers_explained.bert import Bert
from transformers_explained.data.reviews import load_reviews
from transformers_explained.pretrained import load_bert, load_tokenizer
from transformers_explained.tasks.distillation import Answer, DistillationLoss
from transformers_explained.tasks.examples import Batch, Example, collate
from transformers_explained.tasks.fitting import each
from transformers_explained.tasks.sentiment import (
    SentimentClassifier,
    TopLayers,
    accuracy,
    lower_states,
    masked_mean,
    positive_probability,
    read_reviews,
    targets,
)
from transformers_explained.training import epoch_batches, set_seed
from transformers_explained.training.schedules import cosine

MODEL = "multilingual-e5-small"
SEEDS = (11, 12, 13, 14, 15)
LOWER = 9  # of the teacher's twelve layers, left as they are
STUDENTS = {1: (0,), 3: (0, 4, 8)}  # the pretrained layers that a student starts from
EPOCHS, BATCH, RATE, HEAD_RATE, WARMUP = 4, 16, 2e-4, 1e-3, 0.1
RESULTS = Path(__file__).with_name("distilling.json")

ALONE = DistillationLoss(soft=0, hard=1, cosine=0)
LOSSES = {
    "alone": ALONE,
    "soft": DistillationLoss(soft=0.5, hard=0, cosine=0, temperature=2),
    "soft-hard": DistillationLoss(soft=0.5, hard=0.5, cosine=0, temperature=2),
    "three": DistillationLoss(soft=0.5, hard=0.5, cosine=0.5, temperature=2),
}


def reviews(split: str) -> list[Example]:
    """The English reviews of a split as ids, "query: " before each."""
    found = load_reviews(split, "en")  # type: ignore[call-overload]
    return read_reviews(load_tokenizer(MODEL), found, prefix="query: ")


def student_of(bert: Bert, kept: Sequence[int]) -> SentimentClassifier:
    """A classifier over the embeddings' vectors, its layers copies of those kept."""
    vectors = TopLayers(bert, lower=LOWER)
    vectors.layers = nn.ModuleList(deepcopy(bert.encoder.layers[i]) for i in kept)
    return SentimentClassifier(vectors)


def answer(model: SentimentClassifier, batch: Batch) -> Answer:
    """Logits and last vectors."""
    hidden = model.vectors(batch.inputs, batch.mask)
    return Answer(model.head(masked_mean(hidden, batch.mask)), hidden)


def known_answers(
    model: SentimentClassifier, examples: Sequence[Example]
) -> list[tuple[Tensor, Tensor]]:
    """What the teacher says of each example: logits (C,) and vectors (S, D)."""

    def both(batch: Batch) -> list[Tensor]:
        logits, hidden = answer(model, batch)
        wide = logits[:, None, :].expand(-1, 1, -1)
        wide = torch.nn.functional.pad(wide, (0, hidden.shape[2] - wide.shape[2]))
        return list(torch.cat([wide, hidden], dim=1))  # the logits as a row in front

    classes = model.head.out_features
    return [
        (rows[0, :classes].clone(), rows[1 : 1 + len(example.inputs)].clone())
        for rows, example in zip(each(model, examples, both), examples, strict=True)
    ]


def teach(
    model: SentimentClassifier,
    examples: Sequence[Example],
    loss: DistillationLoss,
    *,
    seed: int,
    known: Sequence[tuple[Tensor, Tensor]] | None = None,
    epochs: int = EPOCHS,
) -> list[float]:
    """Train in place, with a teacher's answers or without; the loss of each update."""
    updates = epochs * math.ceil(len(examples) / BATCH)
    optimizer = torch.optim.AdamW(
        [
            {"params": model.vectors.parameters(), "lr": RATE},
            {"params": model.head.parameters(), "lr": HEAD_RATE},
        ],
        weight_decay=0.0,
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: cosine(
            min(step + 1, updates),
            total_steps=updates,
            peak=1.0,
            warmup_steps=int(WARMUP * updates),
        ),
    )
    lengths = [len(example.inputs) for example in examples]
    device = next(model.parameters()).device
    losses = []
    for epoch in range(epochs):
        model.train()
        for rows in epoch_batches(
            len(examples), BATCH, seed=seed, epoch=epoch, lengths=lengths
        ):
            batch = collate([examples[row] for row in rows]).to(device)
            said = answer(model, batch)
            taught = said
            if known is not None:
                taught = Answer(
                    torch.stack([known[row][0] for row in rows]),
                    nn.utils.rnn.pad_sequence(
                        [known[row][1] for row in rows], batch_first=True
                    ),
                )
            total = loss(said, taught, batch.targets, batch.mask)
            optimizer.zero_grad()
            total.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(total.item())
    model.zero_grad()
    return losses


def right(model: SentimentClassifier, examples: Sequence[Example]) -> str:
    """A digit for each review: 1 where the likelier label is the right one."""
    likelier = positive_probability(model, examples).cpu() > 0.5
    return "".join(str(int(one)) for one in likelier == targets(examples).bool())


def measure(
    *,
    seeds: Sequence[int] = SEEDS,
    epochs: int = EPOCHS,
    device: str = "cpu",
    results: Path = RESULTS,
) -> None:
    """Everything that is recorded; the file is written after each run."""
    bert = load_bert(MODEL, dropout=0.0).to(device)
    ids = {split: reviews(split) for split in ("train", "valid", "test")}
    below = {name: lower_states(bert, rows, layers=LOWER) for name, rows in ids.items()}
    words = {name: lower_states(bert, rows, layers=0) for name, rows in ids.items()}
    machine = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    found: dict[str, Any] = {"machine": machine, "teachers": [], "runs": []}

    def row(
        model: SentimentClassifier, parts: dict[str, list[Example]], **about: Any
    ) -> dict[str, Any]:
        valid = accuracy(positive_probability(model, parts["valid"]), parts["valid"])
        made = {**about, "valid": valid, "test": right(model, parts["test"])}
        print({k: v for k, v in made.items() if k != "test"}, flush=True)
        return made

    for seed in seeds:
        set_seed(seed)
        teacher = SentimentClassifier(TopLayers(bert, lower=LOWER)).to(device)
        teach(teacher, below["train"], ALONE, seed=seed, epochs=epochs)
        known = known_answers(teacher, below["train"])
        sure = torch.stack([logits for logits, _ in known]).softmax(dim=-1)
        certainty = round(sure.max(dim=-1).values.mean().item(), 4)
        found["teachers"].append(row(teacher, below, seed=seed, certainty=certainty))
        for layers, kept in STUDENTS.items():
            for name, loss in LOSSES.items():
                set_seed(seed)
                student = student_of(bert, kept).to(device)
                losses = teach(
                    student, words["train"], loss, seed=seed, known=known, epochs=epochs
                )
                last = round(sum(losses[-10:]) / 10, 4)
                about = {"student": name, "layers": layers, "seed": seed}
                found["runs"].append(row(student, words, **about, last_loss=last))
                write(found, results)


def write(found: dict[str, Any], results: Path) -> None:
    """JSON, one run a line."""
    parts = [f'{{"machine": {json.dumps(found["machine"])}']
    for key in ("teachers", "runs"):
        rows = ",\n".join(json.dumps(row) for row in found[key])
        parts.append(f'"{key}": [\n{rows}\n]')
    results.write_text(",\n".join(parts) + "\n}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, one epoch")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.quick:
        measure(seeds=(1,), epochs=1, device=chosen.device, results=chosen.results)
    else:
        measure(device=chosen.device, results=chosen.results)


if __name__ == "__main__":
    main()
