"""The recorded runs of three chapters are those of the programs beside them."""

import pytest
import torch

from transformers_explained.chapters.encoder import seeds as encoder
from transformers_explained.chapters.multi_head import seeds as multi_head
from transformers_explained.chapters.positions import seeds as positions


@pytest.mark.parametrize("kind", encoder.KINDS)
def test_depth_is_run_again(kind: str) -> None:
    recorded = encoder.recorded()["depth"]["xavier"][kind]
    for seed in (0, 3):
        found = encoder.through_depth(kind, seed)
        for name, value in found.items():
            assert value == pytest.approx(recorded[name][seed], abs=1e-3)


def test_width_and_start_are_run_again() -> None:
    for start in (None, 0.02):
        name = f"{encoder.XAVIER if start is None else start}, 32"
        recorded = encoder.recorded()["start and width"][name]["post"]
        found = encoder.forward_only("post", 1, 32, start)
        for depth, value in found.items():
            assert value == pytest.approx(recorded[depth][1], abs=1e-3)


def test_every_seed_of_the_ablation_is_there() -> None:
    recorded = encoder.recorded()["ablation"]
    assert set(recorded) == set(encoder.ABLATIONS)
    assert {len(losses) for losses in recorded.values()} == {len(encoder.SEEDS)}


def test_every_seed_of_the_three_questions_is_there() -> None:
    recorded = multi_head.recorded()
    assert set(recorded["accuracy"]) == {"1", "2", "4"}
    for by_question in recorded["accuracy"].values():
        assert set(by_question) == set(multi_head.QUESTIONS)
        assert {len(runs) for runs in by_question.values()} == {len(multi_head.SEEDS)}
    assert torch.tensor(recorded["damage"]).shape == (len(multi_head.SEEDS), 4, 3)


def test_every_seed_beyond_the_trained_length_is_there() -> None:
    shape = (len(positions.SEEDS), positions.LONGEST - positions.BACK)
    recorded = positions.recorded()
    assert set(recorded) == set(positions.KINDS)
    assert {tuple(runs.shape) for runs in recorded.values()} == {shape}


def test_a_silenced_head_is_not_read() -> None:
    model = multi_head.ThreeAnswers(4)
    silenced = multi_head.without_head(model, 1)
    columns = silenced.attention.out_proj.weight.reshape(32, 4, 8)
    assert (columns.abs().sum(dim=(0, 2)) == 0).tolist() == [False, True, False, False]
    assert model.attention.out_proj.weight.abs().min() > 0
