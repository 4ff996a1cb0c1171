"""The training loop: exact sums, exact resumption, schedules, seeds, silence."""

import dataclasses
import json
import math
import os
import random
import re
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.training import (
    Trainer,
    TrainingConfig,
    checkpoints,
    cross_entropy,
    epoch_batches,
    mean_loss,
    parameter_groups,
    schedules,
    set_seed,
    train,
)

VOCAB, PAD = 13, 0


class Reader(nn.Module):
    """A small model with what can go wrong: tied weights, dropout, a LayerNorm."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, 6)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.mix = nn.GRU(6, 6, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(6, VOCAB)
        self.output.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.output(self.dropout(self.norm(self.mix(self.embedding(ids))[0])))


def collate(rows):
    return nn.utils.rnn.pad_sequence(
        [torch.tensor(row) for row in rows], batch_first=True
    )


def next_token(model, ids, label_smoothing=0.0):
    return cross_entropy(
        model(ids[:, :-1]),
        ids[:, 1:],
        ignore_id=PAD,
        label_smoothing=label_smoothing,
    )


def sequences(count=37, seed=0):
    draw = random.Random(seed)
    return [draw.choices(range(1, VOCAB), k=draw.randint(2, 9)) for _ in range(count)]


def trainer(
    examples=None, *, dropout=0.0, dtype=torch.float32, evaluate=None, **config
):
    torch.manual_seed(5)
    model = Reader(dropout).to(dtype)
    config = {"batch_size": 8, "learning_rate": 1e-2, "epochs": 2} | config
    examples = sequences() if examples is None else examples
    return Trainer(
        model,
        examples,
        next_token,
        collate,
        TrainingConfig(**config),
        length=len,
        evaluate=evaluate
        or (lambda model: {"loss": mean_loss(model, examples, next_token, collate)}),
    )


def weights(run):
    return {name: p.detach().clone() for name, p in run.model.named_parameters()}


# --- learning ------------------------------------------------------------------------


def test_it_learns_a_sentence_by_heart():
    run = trainer([[1, 2, 3, 4, 5, 6, 7]] * 8, epochs=150, learning_rate=3e-2)
    history = run.run()
    assert history.losses[-1] < 0.05
    assert history.losses[0] == pytest.approx(math.log(VOCAB), abs=0.2)
    assert len(history.losses) == len(history.gradient_norms) == 150
    assert history.evaluations[-1]["step"] == 150
    assert history.evaluations[-1]["loss"] < 0.05


def test_updates_are_those_of_pytorch():
    """Against the loop that everybody writes: mean loss, clip, step."""
    run = trainer(sequences(8), dtype=torch.float64, epochs=3, clip_norm=0.01)
    reference = trainer(dtype=torch.float64).model
    ids = collate(sequences(8))
    optimizer = torch.optim.AdamW(reference.parameters(), lr=1e-2, weight_decay=0)
    losses, norms = [], []
    for _ in range(3):
        optimizer.zero_grad()
        loss = F.cross_entropy(
            reference(ids[:, :-1]).transpose(1, 2), ids[:, 1:], ignore_index=PAD
        )
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(reference.parameters(), 0.01).item())
        optimizer.step()
        losses.append(loss.item())
    history = run.run()
    assert history.losses == pytest.approx(losses, abs=1e-11)
    assert history.gradient_norms == pytest.approx(norms, abs=1e-11)
    for name, parameter in reference.named_parameters():
        torch.testing.assert_close(weights(run)[name], parameter, rtol=0, atol=1e-11)


def test_without_clipping_the_gradient_keeps_its_norm():
    free, clipped = trainer(clip_norm=None), trainer(clip_norm=0.05)
    norms = free.run(until=1).gradient_norms
    assert clipped.run(until=1).gradient_norms == norms  # the norm *before* clipping
    grads = [
        torch.stack([p.grad.norm() for p in run.model.parameters()]).norm().item()
        for run in (free, clipped)
    ]
    assert grads == pytest.approx([norms[0], 0.05], rel=1e-4)


def test_model_is_in_train_mode_to_learn_and_in_eval_mode_to_be_measured():
    run = trainer(dropout=0.5)
    modes = []
    run.evaluate = lambda model: modes.append(model.training) or {}
    run.model.register_forward_hook(lambda module, *_: modes.append(module.training))
    run.run(until=6)
    assert modes == [True] * 5 + [False, True]


# --- accumulation --------------------------------------------------------------------


@pytest.mark.parametrize("accumulation", [2, 3, 8, 20])
def test_accumulation_equals_the_large_batch(accumulation):
    """Micro-batches hold different numbers of real tokens: means would not add up."""
    whole = trainer(dtype=torch.float64)
    cut = trainer(dtype=torch.float64, accumulation=accumulation)
    torch.testing.assert_close(whole.run().losses, cut.run().losses, rtol=0, atol=1e-11)
    assert whole.history.gradient_norms == pytest.approx(cut.history.gradient_norms)
    for name, weight in weights(whole).items():
        torch.testing.assert_close(weights(cut)[name], weight, rtol=0, atol=1e-9)


def test_accumulation_cuts_the_batch():
    run = trainer(sequences(8), accumulation=3)
    sizes = []
    run.model.register_forward_hook(lambda _, ids, __: sizes.append(len(ids[0])))
    run.run(until=1)
    assert sizes[:3] == [3, 3, 2]


# --- checkpoints ---------------------------------------------------------------------


@pytest.mark.parametrize("stop", [2, 5, 7])  # inside, at the end of, after an epoch
def test_resumed_run_continues_bit_for_bit(tmp_path, stop):
    settings = {"dropout": 0.3, "schedule": "cosine", "warmup_steps": 3, "seed": 4}
    straight = trainer(**settings)
    straight.run()

    first = trainer(**settings)
    first.run(until=stop)
    first.save(tmp_path)
    torch.rand(17), random.random(), np.random.rand()  # the world moves on
    resumed = trainer(**settings)
    nn.init.zeros_(resumed.model.output.bias)
    resumed.load(tmp_path)
    resumed.run()

    assert resumed.history == straight.history
    for name, weight in weights(straight).items():
        assert torch.equal(weights(resumed)[name], weight), name
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".safetensors", ".json"}


def test_checkpoint_keeps_all_three_generators(tmp_path):
    run = trainer()
    torch.rand(3), random.gauss(0, 1), np.random.standard_normal()
    run.save(tmp_path)
    expected = torch.rand(4).tolist(), random.gauss(0, 1), np.random.standard_normal()
    set_seed(99)
    run.load(tmp_path)
    found = torch.rand(4).tolist(), random.gauss(0, 1), np.random.standard_normal()
    assert found == expected


def test_checkpoint_holds_a_momentum_too(tmp_path):
    """Another optimizer, whose state is not Adam's."""

    def run():
        made = trainer()
        made.optimizer = torch.optim.SGD(made.model.parameters(), lr=1, momentum=0.9)
        return made

    straight, first, resumed = run(), run(), run()
    straight.run()
    first.run(until=3)
    first.save(tmp_path)
    resumed.load(tmp_path)
    assert resumed.run() == straight.history


def test_checkpoint_of_another_run_is_refused(tmp_path):
    trainer().save(tmp_path)
    with pytest.raises(ValueError, match=r"learning_rate.*\(0.01, 0.5\)"):
        trainer(learning_rate=0.5).load(tmp_path)
    with pytest.raises(ValueError, match="trained on other examples"):
        trainer(sequences(36)).load(tmp_path)
    for index in (0, 12, 24, 36):
        examples = sequences()
        examples[index] = [1] * len(examples[index])
        with pytest.raises(ValueError, match="trained on other examples"):
            trainer(examples).load(tmp_path)
    with pytest.raises(ValueError, match="these in another order"):
        trainer(sequences()[::-1]).load(tmp_path)
    trainer(sequences()).load(tmp_path)
    with pytest.raises(FileNotFoundError, match="no checkpoint in"):
        trainer().load(tmp_path / "elsewhere")


def test_checkpoint_of_another_model_is_refused(tmp_path):
    run = trainer()
    run.save(tmp_path)
    run.model.norm = nn.LayerNorm(5)
    with pytest.raises(ValueError, match=r"norm.bias should be \(\(5,\), "):
        run.load(tmp_path)


def test_checkpoint_of_other_settings_of_a_like_shape_is_refused(tmp_path):
    """The number of heads leaves no trace in a shape."""

    def language_run(**changes):
        config = LanguageModelConfig(
            **{"vocab_size": 11, "d_model": 12, "num_heads": 3, "num_layers": 1}
            | {"d_ff": 10, "max_len": 9, "dropout": 0.0}
            | changes
        )
        made = trainer()
        made.model = LanguageModel(config)
        made.optimizer = torch.optim.AdamW(made.model.parameters())
        return made

    language_run().save(tmp_path)
    for changes, told in (
        ({"num_heads": 4}, r"num_heads.*\(3, 4\)"),
        ({"activation": "relu"}, r"activation.*'gelu_tanh', 'relu'"),
        ({"norm_eps": 1e-6}, r"norm_eps.*\(1e-05, 1e-06\)"),
        ({"norm": "post"}, r"norm.*'pre', 'post'"),
    ):
        with pytest.raises(ValueError, match=rf"another model; .*{told}"):
            language_run(**changes).load(tmp_path)
    language_run().load(tmp_path)


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it."""


class Killer:
    """Ends the process before the n-th operation on a file, through Python's audit."""

    def __init__(self):
        self.left = None
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if self.left is None or not (writes or event in CHANGES):
            return
        if self.left == 0:
            self.left = None
            raise Killed
        self.left -= 1


CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}


@pytest.fixture(scope="module")
def killer():
    return Killer()


def test_a_killed_save_leaves_the_last_good_one(tmp_path, killer, monkeypatch):
    """Killed before each operation on a file, it resumes from the state before it; the
    library's own writes, which Python does not see, are ended half-way."""

    def half_way(tensors, path):
        content = safetensors.torch.save(tensors)
        Path(path).write_bytes(content[: len(content) // 2])
        Path(path).write_bytes(content)

    monkeypatch.setattr(checkpoints, "save_file", half_way)
    first = trainer()
    first.run(until=2)
    first.save(tmp_path)
    good = {name: x.clone() for name, x in weights(first).items()}
    first.run(until=5)
    operations = 0
    while True:
        killer.left = operations
        try:
            first.save(tmp_path)
        except Killed:
            operations += 1
        else:
            break
        finally:
            killer.left = None
        resumed = trainer()
        resumed.load(tmp_path)
        if resumed.step == 5:  # published; what is killed is tidying up
            continue
        assert resumed.step == 2
        for name, weight in good.items():
            assert torch.equal(weights(resumed)[name], weight), name
    assert operations > 12
    resumed = trainer()
    resumed.load(tmp_path)
    assert resumed.step == 5


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.98])
def test_a_cut_file_is_named_and_changes_nothing(tmp_path, share):
    run = trainer()
    run.run(until=3)
    run.save(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 8
    run.run(until=4)
    before = {name: x.clone() for name, x in weights(run).items()}
    told = run.step, len(run.history.losses)
    for path in files:
        whole = path.read_bytes()
        # Two bytes at least: the last one of a JSON file is the end of its line.
        path.write_bytes(whole[: min(int(share * len(whole)), len(whole) - 2)])
        if path.name == "task.json":  # the run itself does not need it
            path.write_bytes(whole)
            continue
        state = torch.get_rng_state()
        with pytest.raises(ValueError, match=re.escape(path.name)):
            run.load(tmp_path)
        path.write_bytes(whole)
        assert (run.step, len(run.history.losses)) == told
        assert torch.equal(torch.get_rng_state(), state)
        for name, weight in before.items():
            assert torch.equal(weights(run)[name], weight), name
    run.load(tmp_path)
    assert run.step == 3


def test_measures_of_any_number_type_are_kept(tmp_path):
    run = trainer(evaluate=lambda _: {"a": np.float32(0.5), "b": torch.tensor(2)})
    run.run(until=run.steps_per_epoch)
    run.save(tmp_path)
    run.load(tmp_path)
    assert run.history.evaluations[0]["a"] == 0.5
    assert run.history.evaluations[0]["b"] == 2.0


# --- order, seeds --------------------------------------------------------------------


@given(
    count=st.integers(1, 200),
    batch_size=st.integers(1, 50),
    seed=st.integers(0, 5),
    epoch=st.integers(0, 5),
    sort=st.booleans(),
)
def test_each_epoch_sees_each_example_once(count, batch_size, seed, epoch, sort):
    lengths = [(7 * i) % 11 for i in range(count)] if sort else None
    order = partial(epoch_batches, count, batch_size, seed=seed, lengths=lengths)
    batches = order(epoch=epoch)
    assert sorted(index for batch in batches for index in batch) == list(range(count))
    assert sorted(map(len, batches))[1:] == [batch_size] * (len(batches) - 1)
    assert batches == order(epoch=epoch)


def test_epochs_and_seeds_have_different_orders():
    orders = [
        epoch_batches(50, 8, seed=seed, epoch=epoch)
        for seed in range(3)
        for epoch in range(3)
    ]
    assert len({json.dumps(order) for order in orders}) == 9


def test_sorting_by_length_saves_padding():
    lengths = [random.Random(i).randint(1, 40) for i in range(1000)]

    def padding(batches):
        longest = [max(lengths[i] for i in batch) * len(batch) for batch in batches]
        return sum(longest) - sum(lengths)

    plain = epoch_batches(1000, 16, seed=0, epoch=0)
    bucketed = epoch_batches(1000, 16, seed=0, epoch=0, lengths=lengths)
    assert padding(bucketed) < padding(plain) / 5
    first_lengths = [lengths[batch[0]] for batch in bucketed]
    assert first_lengths != sorted(first_lengths)  # not from short to long


def test_same_seed_same_run_and_another_seed_another():
    runs = [trainer(dropout=0.3, seed=seed).run().losses for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[2][0]


def test_set_seed_reaches_every_generator():
    def draws():
        return random.random(), np.random.rand(), torch.rand(1).item()

    set_seed(3)
    first = draws()
    set_seed(3)
    assert draws() == first
    set_seed(4)
    assert not set(draws()) & set(first)


# --- loss ----------------------------------------------------------------------------


@given(
    smoothing=st.sampled_from([0.0, 0.1, 0.5]),
    shape=st.sampled_from([(3,), (2, 5), (2, 3, 4)]),
)
def test_cross_entropy_is_its_formula(smoothing, shape):
    torch.manual_seed(0)
    logits = torch.randn(*shape, 7, dtype=torch.float64)
    labels = torch.randint(0, 7, shape)
    labels[0] = 0
    total, count = cross_entropy(logits, labels, ignore_id=0, label_smoothing=smoothing)
    target = (1 - smoothing) * F.one_hot(labels, 7) + smoothing / 7
    expected = -(target * logits.log_softmax(-1)).sum(-1)[labels != 0]
    assert count == (labels != 0).sum()
    torch.testing.assert_close(total, expected.sum())


def test_mean_loss_does_not_depend_on_the_batches():
    model, examples = Reader(dropout=0.5), sequences()
    losses = [
        mean_loss(model, examples, next_token, collate, batch_size=size)
        for size in (1, 5, 100)
    ]
    assert losses == pytest.approx([losses[0]] * 3, abs=1e-6)
    assert model.training


def test_a_loss_over_nothing_is_refused():
    with pytest.raises(ValueError, match="no token at all"):
        trainer([[3, PAD], [4, PAD]]).run()


# --- schedules, decay, configuration -------------------------------------------------


def test_schedule_of_2017():
    rate = partial(schedules.warmup_inverse_sqrt, warmup_steps=4000, d_model=512)
    for step in (1, 100, 3999, 4000, 4001, 100_000):
        paper = 512**-0.5 * min(step**-0.5, step * 4000**-1.5)
        assert rate(step) == pytest.approx(paper, rel=1e-12)
    assert max(map(rate, range(1, 9000))) == rate(4000) == pytest.approx(6.99e-4, 1e-3)
    same = schedules.warmup_inverse_sqrt(77, warmup_steps=4000, peak=rate(4000))
    assert same == pytest.approx(rate(77))


def test_cosine_schedule():
    rate = partial(schedules.cosine, total_steps=110, warmup_steps=10, peak=2, floor=1)
    assert [rate(s) for s in (1, 5, 10)] == pytest.approx([0.2, 1.0, 2.0])
    assert [rate(s) for s in (60, 110, 500)] == pytest.approx([1.5, 1.0, 1.0])
    falling = [rate(step) for step in range(10, 111)]
    assert falling == sorted(falling, reverse=True)
    assert schedules.cosine(1, total_steps=9, peak=1) < 1


def test_linear_schedule():
    rate = partial(schedules.linear, total_steps=110, warmup_steps=10, peak=2, floor=1)
    assert [rate(s) for s in (1, 5, 10)] == pytest.approx([0.2, 1.0, 2.0])
    assert [rate(s) for s in (35, 60, 110, 500)] == pytest.approx([1.75, 1.5, 1, 1])
    assert schedules.linear(9, total_steps=9, peak=1) == 0


def test_constant_schedule():
    rate = partial(schedules.constant, peak=3.0)
    assert [rate(s) for s in (1, 7)] == [3.0, 3.0]
    assert [rate(s, warmup_steps=4) for s in (1, 4, 9)] == [0.75, 3.0, 3.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (partial(schedules.constant, 0, peak=1), "step is counted from 1; got 0"),
        (partial(schedules.constant, 1, peak=1, warmup_steps=-1), "at least 0; got -1"),
        (
            partial(schedules.warmup_inverse_sqrt, 1, warmup_steps=0, peak=1),
            "at least 1 for this schedule; got 0",
        ),
        (
            partial(schedules.warmup_inverse_sqrt, 1, warmup_steps=1),
            "exactly one of peak and d_model; got peak=None",
        ),
        (
            partial(
                schedules.warmup_inverse_sqrt, 1, warmup_steps=1, peak=1, d_model=2
            ),
            "exactly one of peak and d_model; got peak=1",
        ),
        (
            partial(schedules.cosine, 1, total_steps=5, warmup_steps=5, peak=1),
            "must be below total_steps; got 5 and 5",
        ),
        (
            partial(schedules.linear, 1, total_steps=4, warmup_steps=7, peak=1),
            "must be below total_steps; got 7 and 4",
        ),
    ],
)
def test_impossible_schedules_are_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("schedule", ["constant", "inverse-sqrt", "linear", "cosine"])
def test_the_run_follows_its_schedule(schedule):
    run = trainer(schedule=schedule, warmup_steps=4)
    rates = run.run().learning_rates
    config = run.config
    assert rates == [config.rate(s, total_steps=10) for s in range(1, 11)]
    assert max(rates) == rates[3] == 1e-2
    assert run.optimizer.param_groups[1]["lr"] == rates[-1]


def test_decay_spares_biases_and_gains():
    decayed, spared = parameter_groups(Reader(), 0.1)
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)
    assert {p.dim() for p in decayed["params"]} == {2}
    assert {p.dim() for p in spared["params"]} == {1}
    count = len(decayed["params"]) + len(spared["params"])
    assert count == len(list(Reader().parameters()))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1; got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1; got 0"),
        ({"accumulation": -1}, "accumulation must be at least 1; got -1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive and finite; got 0.0"),
        ({"clip_norm": 0.0}, "clip_norm must be positive and finite; got 0.0"),
        ({"schedule": "step"}, "got 'step'"),
        ({"schedule": "inverse-sqrt"}, "warmup_steps must be at least 1"),
        ({"warmup_steps": -2}, "warmup_steps must be at least 0; got -2"),
    ],
)
def test_impossible_configurations_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**values)


def test_configuration_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingConfig().epochs = 3


def test_no_examples_are_refused():
    with pytest.raises(ValueError, match="got 0 for 1"):
        trainer([])


# --- progress ------------------------------------------------------------------------


def test_quiet_outside_a_terminal_unless_asked(capsys):
    examples = sequences(8)
    config = TrainingConfig(epochs=2)
    train(Reader(), examples, next_token, collate, config)
    assert capsys.readouterr() == ("", "")
    train(Reader(), examples, next_token, collate, config, progress=True)
    assert "0/2" in capsys.readouterr().err
