"""SGD, momentum, Adam and AdamW equal PyTorch's, step after step."""

import re

import pytest
import torch
from torch import nn

from transformers_explained.training import (
    SGD,
    Adam,
    AdamW,
    Trainer,
    TrainingConfig,
    cross_entropy,
    range_test,
)

PAIRS = {
    "sgd": (SGD, torch.optim.SGD, {"lr": 0.1}),
    "momentum": (SGD, torch.optim.SGD, {"lr": 0.02, "momentum": 0.9}),
    "adam": (Adam, torch.optim.Adam, {"lr": 0.01}),
    "adam-2017": (
        Adam,
        torch.optim.Adam,
        {"lr": 0.01, "betas": (0.9, 0.98), "eps": 1e-9},
    ),
    "adam-decay": (Adam, torch.optim.Adam, {"lr": 0.01, "weight_decay": 0.1}),
    "adamw": (AdamW, torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
}


class Net(nn.Module):
    """Two layers, one gain, and a weight that no loss ever reaches."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(5, 7)
        self.gain = nn.Parameter(torch.ones(7))
        self.last = nn.Linear(7, 3)
        self.unused = nn.Parameter(torch.ones(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.gain * torch.tanh(self.first(x)))


def nets() -> list[Net]:
    made = []
    for _ in range(2):
        torch.manual_seed(0)
        made.append(Net().double())
    return made


def groups(net: Net) -> list[dict[str, object]]:
    """A second group with a rate of its own."""
    return [
        {"params": [*net.first.parameters(), net.gain, net.unused]},
        {"params": list(net.last.parameters()), "lr": 0.03},
    ]


@pytest.mark.parametrize("name", PAIRS)
def test_it_equals_pytorch_over_many_steps(name):
    ours, theirs, options = PAIRS[name]
    mine, reference = nets()
    pair = [(mine, ours(groups(mine), **options))]
    pair.append((reference, theirs(groups(reference), **options)))
    draw = torch.Generator().manual_seed(1)
    for step in range(400):
        x = torch.randn(6, 5, generator=draw, dtype=torch.float64)
        y = torch.randint(3, (6,), generator=draw)
        for net, optimizer in pair:
            if step == 200:  # a schedule changes the rate
                optimizer.param_groups[0]["lr"] /= 3
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
    start = nets()[0].state_dict()
    for key, weight in mine.state_dict().items():
        torch.testing.assert_close(
            weight, reference.state_dict()[key], rtol=0, atol=1e-10
        )
        moved = (weight - start[key]).abs().max() > 1e-3
        assert moved == (key != "unused")


def test_the_two_decays_differ():
    """Where the gradient is 0, only the decay acts: on all alike, or by λ."""
    found = []
    for kind in (Adam, AdamW):
        w = nn.Parameter(torch.tensor([1.0, 100.0], dtype=torch.float64))
        w.grad = torch.zeros_like(w)
        kind([w], lr=0.1, weight_decay=0.5).step()
        found.append(w.detach())
    torch.testing.assert_close(found[0], found[0].new_tensor([0.9, 99.9]))
    torch.testing.assert_close(found[1], found[1].new_tensor([0.95, 95.0]))


def test_first_step_of_adam_has_the_length_of_the_rate():
    w = nn.Parameter(torch.zeros(3, dtype=torch.float64))
    w.grad = torch.tensor([1e-3, -5.0, 2e4], dtype=torch.float64)
    Adam([w], lr=0.1).step()
    torch.testing.assert_close(
        w.detach(), w.new_tensor([-0.1, 0.1, -0.1]), rtol=1e-4, atol=0
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda w: SGD(w, 0.0), "lr"),
        (lambda w: SGD(w, 1.0, momentum=1.0), "momentum must lie in [0, 1); got 1.0"),
        (lambda w: Adam(w, betas=(0.9, 1.0)), "betas must be two numbers in [0, 1)"),
        (lambda w: Adam(w, eps=0.0), "eps"),
        (lambda w: AdamW(w, weight_decay=-1.0), "at least 0; got -1.0"),
    ],
)
def test_impossible_values_are_refused(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make([nn.Parameter(torch.zeros(2))])


@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_a_checkpoint_holds_their_memory(tmp_path, kind):
    examples = [([i, i % 3, i % 2], i % 4) for i in range(20)]

    def collate(part):
        return (
            torch.tensor([x for x, _ in part]).float(),
            torch.tensor([y for _, y in part]),
        )

    def run():
        torch.manual_seed(3)
        model = nn.Linear(3, 4)
        options = {"momentum": 0.9} if kind is SGD else {}
        return Trainer(
            model,
            examples,
            lambda model, b: cross_entropy(model(b[0]), b[1], ignore_id=-1),
            collate,
            TrainingConfig(epochs=2, batch_size=4, learning_rate=0.01),
            optimizer=kind(model.parameters(), lr=0.01, **options),
        )

    straight, first, resumed = run(), run(), run()
    straight.run()
    first.run(until=3)
    first.save(tmp_path)
    resumed.load(tmp_path)
    assert resumed.run() == straight.history


# --- the range test -------------------------------------------------------------------


def test_range_test_raises_the_rate_by_equal_factors_until_it_breaks():
    w = nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = SGD([w], 1.0)
    losses = [lambda: (w**2).sum()] * 7
    rates, found = range_test(optimizer, losses, lowest=1e-3, highest=1e3, steps=7)
    assert rates == pytest.approx([1e-3, 1e-2, 1e-1, 1, 10, 100, 1000])
    value, expected = 1.0, []
    for rate in rates:
        expected.append(value**2)
        value -= rate * 2 * value
    assert found == pytest.approx(expected)


def test_range_test_stops_where_the_loss_is_no_number():
    w = nn.Parameter(torch.tensor([1e30]))
    losses = [lambda: (w**2).sum()] * 9
    rates, found = range_test(SGD([w], 1.0), losses, lowest=1, highest=2, steps=9)
    assert rates == found == []


@pytest.mark.parametrize(
    ("lowest", "highest", "steps", "message"),
    [
        (0.0, 1.0, 5, "lowest"),
        (1.0, 1.0, 5, "highest must be above lowest; got 1.0 and 1.0"),
        (1.0, 2.0, 1, "steps must be at least 2; got 1"),
    ],
)
def test_impossible_ranges_are_refused(lowest, highest, steps, message):
    w = nn.Parameter(torch.ones(1))
    with pytest.raises(ValueError, match=message):
        range_test(SGD([w], 1.0), [], lowest=lowest, highest=highest, steps=steps)
