"""A teacher and its students, on the English reviews: the chapter's recorded runs.

    python -m transformers_explained.chapters.model_families.distilling

tunes the teacher once, then trains each student with five seeds, and writes
`distilling.json` beside this file. One thread of one processor.

Temperature, weights of the losses and rates are those of the first trial. That trial,
with other sizes, had printed test scores before the teacher's epochs were cut from six
to four and the student from three layers to one, to save time: what is compared here
was designed after looking at them.

The teacher is multilingual-e5-small, twelve layers, whose upper three are tuned. A
student has one layer of the same width, which starts as a copy of the pretrained
model's first; DistilBERT's six start as one in two of BERT's. The embeddings are the
teacher's and stay as they are. Each network of the record reads the test reviews once,
when it has been trained.
"""

from __future__ import annotations

import argparse
import json
import math
import time
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
)
from transformers_explained.training import epoch_batches, set_seed
from transformers_explained.training.schedules import cosine

MODEL = "multilingual-e5-small"
SEEDS = (1, 2, 3, 4, 5)
LOWER = 9  # of the teacher's twelve layers, left as they are
KEPT = (0,)  # the pretrained layers that a student starts from
EPOCHS, BATCH, RATE, HEAD_RATE, WARMUP = 4, 16, 2e-4, 1e-3, 0.1
RESULTS = Path(__file__).with_name("distilling.json")

ALONE = DistillationLoss(soft=0, hard=1, cosine=0)
LOSSES = {
    "alone": ALONE,
    "three": DistillationLoss(soft=0.5, hard=0.5, cosine=0.5, temperature=2),
}


def reviews(split: str) -> list[Example]:
    """The English reviews of a split as ids, "query: " before each."""
    found = load_reviews(split, "en")  # type: ignore[call-overload]
    return read_reviews(load_tokenizer(MODEL), found, prefix="query: ")


def student_of(bert: Bert) -> SentimentClassifier:
    """A classifier of one layer over the embeddings' vectors."""
    vectors = TopLayers(bert, lower=LOWER)
    vectors.layers = nn.ModuleList(deepcopy(bert.encoder.layers[i]) for i in KEPT)
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
    losses = []
    for epoch in range(epochs):
        model.train()
        for rows in epoch_batches(
            len(examples), BATCH, seed=seed, epoch=epoch, lengths=lengths
        ):
            batch = collate([examples[row] for row in rows])
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


def measure(
    *, seeds: Sequence[int] = SEEDS, epochs: int = EPOCHS, results: Path = RESULTS
) -> None:
    """Everything that is recorded; the file is written after each run."""
    began = time.perf_counter()
    bert = load_bert(MODEL, dropout=0.0)
    ids = {split: reviews(split) for split in ("train", "valid", "test")}
    below = {name: lower_states(bert, rows, layers=LOWER) for name, rows in ids.items()}
    set_seed(0)
    teacher = SentimentClassifier(TopLayers(bert, lower=LOWER))
    teach(teacher, below["train"], ALONE, seed=0, epochs=epochs)
    known = known_answers(teacher, below["train"])

    def scores(
        model: SentimentClassifier, parts: dict[str, list[Example]]
    ) -> dict[str, float]:
        return {
            name: accuracy(positive_probability(model, parts[name]), parts[name])
            for name in ("valid", "test")
        }

    found: dict[str, Any] = {
        "teacher": scores(teacher, below),
        "teacher_logits": [
            [round(value, 3) for value in logits.tolist()] for logits, _ in known
        ],
        "teacher_seconds": round(time.perf_counter() - began, 1),
        "runs": [],
    }
    print({k: v for k, v in found.items() if k != "teacher_logits"}, flush=True)
    del below
    words = {name: lower_states(bert, rows, layers=0) for name, rows in ids.items()}
    for seed in seeds:
        for name, loss in LOSSES.items():
            start = time.perf_counter()
            set_seed(seed)
            student = student_of(bert)
            losses = teach(
                student, words["train"], loss, seed=seed, known=known, epochs=epochs
            )
            row = {
                "student": name,
                "seed": seed,
                "last_loss": round(sum(losses[-10:]) / 10, 4),
                **scores(student, words),
                "seconds": round(time.perf_counter() - start, 1),
            }
            found["runs"].append(row)
            print(row, flush=True)
            write(found, results)


def write(found: dict[str, Any], results: Path) -> None:
    """JSON, one run a line."""
    rows = ",\n".join(json.dumps(row) for row in found["runs"])
    head = json.dumps({k: v for k, v in found.items() if k != "runs"})
    results.write_text(f'{head[:-1]},\n"runs": [\n{rows}\n]}}\n', encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, one epoch")
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.quick:
        measure(seeds=(1,), epochs=1, results=chosen.results)
    else:
        measure(results=chosen.results)


if __name__ == "__main__":
    main()
