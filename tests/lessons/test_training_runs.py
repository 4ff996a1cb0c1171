"""The recorded runs of the chapter on training are those of the program beside them."""

import math

import pytest

from transformers_explained.chapters.training import clinic, runs
from transformers_explained.chapters.training.results import recorded

RESULTS = recorded()


def test_every_seed_of_every_condition_is_there() -> None:
    chosen = {f"optimizer/{name}" for name in runs.RATES}
    assert set(RESULTS.runs) == {*runs.CONDITIONS, *chosen, "clip/none, momentum"}
    assert {len(rows) for rows in RESULTS.runs.values()} == {len(runs.SEEDS)}
    assert tuple(RESULTS.seeds) == runs.SEEDS
    for rows in RESULTS.runs.values():
        for row in rows:
            assert len(row["curve"]) == runs.STEPS // runs.CURVE
            assert 0 <= row["exact"] <= 1


def test_the_rates_are_the_best_of_those_tried() -> None:
    for name, rates in runs.RATES.items():
        losses = RESULTS.tried[name]
        assert set(losses) == {f"{rate:g}" for rate in rates}
        best = min(losses, key=lambda rate: losses[rate] or math.inf)
        assert RESULTS.rates[name] == float(best)


@pytest.mark.parametrize(
    ("name", "seed"),
    [("schedule/inverse-sqrt", 2), ("few/0.3", 4), ("depth/2/pre/small/cold", 5)],
)
def test_a_run_begins_again_as_it_is_recorded(name: str, seed: int) -> None:
    losses = runs.make_trainer(runs.CONDITIONS[name], seed).run(until=20).losses
    row = RESULTS.runs[name][runs.SEEDS.index(seed)]
    assert sum(losses) / 20 == pytest.approx(row["curve"][0], abs=2e-3)
    assert losses[0] == pytest.approx(row["first"], abs=1e-3)


def test_counting_words_is_a_loss_that_can_be_computed_again() -> None:
    assert runs.counting_loss(3) == pytest.approx(RESULTS.counting[2], abs=1e-4)
    assert RESULTS.counting[2] < math.log(38)


def test_what_is_right_with_the_right_words_is_right_when_it_writes() -> None:
    """The share of texts without an error is that of greedy decoding."""
    from transformers_explained.tasks.sequence_pairs import exact_match

    trainer = runs.make_trainer(runs.BASE, 1)
    trainer.run(until=150)
    asked = runs.examples(1, "test")[:120]
    model = trainer.model
    found = runs.measures(model, asked)["exact"]
    assert found == pytest.approx(exact_match(model, asked))
    assert 0 < found < 1


def test_results_count_what_failed_and_what_is_better() -> None:
    rows = {
        "one": [{"loss": 0.5}, {"loss": None}],
        "two": [{"loss": 0.6}, {"loss": 2.0}],
    }
    found = type(RESULTS)(
        seeds=[1, 2], counting=[2.9, 2.9], tried={}, rates={}, runs=rows
    )
    assert found.failed("one") == 1
    assert found.failed("two") == 0
    assert found.better("one", "two") == 1
    assert found.mean("two") == pytest.approx(1.3)
    assert math.isinf(found.mean("one"))


def test_patients_are_ill_without_a_cure() -> None:
    assert clinic.two_calls(lambda model, x: model(x).softmax(-1)) > 0
    assert clinic.odd_or_even(range) == ([0, 128], [70, 58])
