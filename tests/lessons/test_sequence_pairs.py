"""The symbol tasks, the shift of the target, and exact match by greedy decoding."""

import math

import pytest
import torch

from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.tasks import sequence_pairs as sp
from transformers_explained.tasks.examples import (
    IGNORED,
    Example,
    collate,
    example_length,
)
from transformers_explained.training import TrainingConfig, set_seed, train


def test_symbols_are_copied_or_reversed():
    for task, step in (("copy", 1), ("reverse", -1)):
        examples = sp.symbol_examples(task, 50, num_symbols=7, length=5, seed=2)
        assert len(examples) == 50
        for example in examples:
            *symbols, end = example.inputs
            assert end == sp.END_ID
            assert example.target == [*symbols[::step], sp.END_ID]
            assert len(symbols) == 5
            assert set(symbols) <= set(range(4, 11))
        used = {symbol for example in examples for symbol in example.inputs[:-1]}
        assert used == set(range(4, 11))


def test_symbol_draws_are_independent_and_reproducible():
    first = sp.symbol_examples("copy", 100, seed=1)
    assert first == sp.symbol_examples("copy", 100, seed=1)
    others = [tuple(e.inputs) for e in sp.symbol_examples("copy", 100, seed=2)]
    assert not {tuple(e.inputs) for e in first} & set(others)


def test_unknown_task_is_refused():
    with pytest.raises(ValueError, match="got 'sort'"):
        sp.symbol_examples("sort", 1)


def test_collate_pads_and_the_decoder_reads_one_place_later():
    batch = collate(
        [
            Example(inputs=[5, 6, 7, 2], target=[8, 9, 2]),
            Example(inputs=[5, 2], target=[8, 2]),
        ]
    )
    assert torch.equal(batch.inputs, torch.tensor([[5, 6, 7, 2], [5, 2, 0, 0]]))
    assert torch.equal(batch.mask, batch.inputs != sp.PAD_ID)
    assert torch.equal(batch.targets, torch.tensor([[8, 9, 2], [8, 2, IGNORED]]))
    read = sp.decoder_inputs(batch.targets)
    assert torch.equal(read, torch.tensor([[1, 8, 9], [1, 8, 0]]))


def small_model(vocab_size):
    set_seed(0)
    return Transformer(
        TransformerConfig(
            vocab_size=vocab_size,
            d_model=16,
            num_heads=1,
            num_encoder_layers=1,
            num_decoder_layers=1,
            d_ff=32,
            max_len=8,
            dropout=0.0,
        )
    )


def test_exact_match_counts_whole_targets():
    """Trained on a part only, the model knows that part; one wrong token is a fail."""
    model = small_model(8)
    examples = sp.symbol_examples("reverse", 12, num_symbols=4, length=4, seed=1)
    assert sp.exact_match(model, examples) == 0
    config = TrainingConfig(epochs=200, batch_size=12, learning_rate=1e-2)
    train(model, examples, sp.smoothed_loss, collate, config)
    assert sp.exact_match(model, examples) == 1
    assert sp.exact_match(model, examples, batch_size=5) == 1
    assert sp.write(model, [examples[0].inputs]) == [examples[0].target]

    wrong = examples[0].target.copy()
    wrong[2] = 4 + (wrong[2] - 3) % 4
    spoiled = [Example(inputs=examples[0].inputs, target=wrong), *examples[1:]]
    assert sp.exact_match(model, spoiled) == pytest.approx(11 / 12)
    longer = Example(inputs=examples[0].inputs, target=examples[0].target[:-1])
    assert sp.exact_match(model, [longer]) == 0


def test_exact_match_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one example"):
        sp.exact_match(small_model(8), [])


def test_write_stops_at_the_latest_where_the_model_ends():
    answers = sp.write(small_model(8), [[4, 5, 2], [4, 2]])
    assert all(1 <= len(answer) <= 8 for answer in answers)
    assert all(sp.END_ID not in answer[:-1] for answer in answers)


def test_smoothed_loss_runs_over_real_tokens():
    model = small_model(8)
    examples = sp.symbol_examples("copy", 3, num_symbols=4, length=4, seed=1)
    examples.append(Example(inputs=[4, 2], target=[4, 2]))
    total, count = sp.smoothed_loss(model, collate(examples))
    assert count == 3 * 5 + 2
    assert total.item() / count == pytest.approx(math.log(8), abs=1.0)
    alone = [sp.smoothed_loss(model, collate([example]))[0] for example in examples]
    torch.testing.assert_close(total, sum(alone))
    # The best that can be reached: the entropy of the smoothed target, not 0.
    certain = torch.full((1, 1, 8), 0.1 / 8).log()
    certain[0, 0, 4] = math.log(0.9 + 0.1 / 8)
    batch = collate([Example(inputs=[2], target=[4])])
    total, _ = sp.smoothed_loss(lambda *_: (certain, None), batch)
    target = certain.exp()
    assert total.item() == pytest.approx(-(target * certain).sum().item(), rel=1e-5)


def test_example_length():
    assert example_length(Example(inputs=[5, 6, 2], target=[5, 2])) == 5
