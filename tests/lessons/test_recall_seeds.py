"""The ten seeds that the chapter `history` reads are those that its command makes."""

import pytest
import torch

from transformers_explained.chapters.history.recall import (
    DISTANCES,
    KINDS,
    SYMBOLS,
    Recaller,
    recall_after_training,
)
from transformers_explained.chapters.history.seeds import SEEDS, recorded


def test_the_record_is_complete() -> None:
    record = recorded()
    assert tuple(record) == KINDS
    for by_distance in record.values():
        assert tuple(by_distance) == DISTANCES
        for values in by_distance.values():
            assert len(values) == len(SEEDS)
            assert all(0 <= value <= 1 for value in values)


def test_a_run_gives_what_is_recorded() -> None:
    torch.set_num_threads(1)
    value = recall_after_training("lstm", 10, seed=0)
    # Arithmetic differs a little between machines.
    assert value == pytest.approx(recorded()["lstm"][10][0], abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_readers_answer_from_nearly_as_many_parameters(kind: str) -> None:
    model = Recaller(kind)
    assert model(torch.zeros(3, 7, dtype=torch.long)).shape == (3, SYMBOLS)
    assert 7_200 <= sum(p.numel() for p in model.parameters()) <= 7_450
