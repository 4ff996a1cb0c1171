"""The chapter "Scaling up": its formulas say what models have and PyTorch counts."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from transformers_explained.chapters.scaling import costs, many, processes, tiles
from transformers_explained.chapters.scaling.kept import kept_bytes
from transformers_explained.language_model import LanguageModel
from transformers_explained.masks import causal_mask

SIZES = [
    costs.Sizes(V=11, d=4, L=1, heads=2, max_len=7),
    costs.Sizes(V=50, d=24, L=3, heads=4, max_len=20),
]


@pytest.mark.parametrize("s", [*SIZES, costs.GPT2], ids=lambda s: f"d={s.d}")
def test_parameters_are_those_of_the_model(s):
    with torch.device("meta"):
        model = LanguageModel(s.config)
    assert costs.parameters(s) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("s", SIZES, ids=lambda s: f"d={s.d}")
def test_flops_are_those_that_pytorch_counts(s):
    B, T = 3, 5
    model = LanguageModel(s.config)
    ids = torch.randint(s.V, (B, T))
    with FlopCounterMode(display=False) as counter:
        scores, _ = model(ids, return_weights=True)
        assert counter.get_total_flops() == costs.forward_flops(s, B, T)
        scores.sum().backward()
    assert counter.get_total_flops() == costs.training_flops(s, B, T)


def test_the_rule_of_six_is_close_for_wide_models():
    T = 2048
    exact = costs.training_flops(costs.GPT3, 1, T)
    assert exact == pytest.approx(
        costs.rule_of_six(costs.parameters(costs.GPT3), T), rel=0.04
    )
    assert costs.rule_of_six(2, 3) == 36


@pytest.mark.parametrize("stored", [False, True])
def test_activations_are_what_autograd_keeps(stored):
    B, T = 3, 19
    s = SIZES[1]
    model = LanguageModel(s.config)
    ids = torch.randint(s.V, (B, T + 1))

    def loss():
        scores, _ = model(ids[:, :-1], return_weights=stored)
        return F.cross_entropy(scores.flatten(0, 1), ids[:, 1:].flatten())

    kept, _ = kept_bytes(model, loss)
    assert kept / 4 == pytest.approx(
        costs.activation_numbers(s, B, T, stored=stored), rel=0.01
    )


def test_checkpointing_keeps_less_and_changes_no_gradient():
    B, T = 3, 19
    s = SIZES[1]
    model = LanguageModel(s.config)
    ids = torch.randint(s.V, (B, T + 1))

    def loss(scores):
        return F.cross_entropy(scores.flatten(0, 1), ids[:, 1:].flatten())

    def twice():
        x = model.positions(model.tokens(ids[:, :-1]))
        mask = causal_mask(T)
        for layer in model.decoder.layers:
            x, _ = checkpoint(layer, x, mask, use_reentrant=False)
        return loss(model.output(model.decoder.final_norm(x)))

    loss(model(ids[:, :-1])[0]).backward()
    wanted = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    kept, value = kept_bytes(model, twice)
    value.backward()
    assert kept / 4 == pytest.approx(costs.checkpointed_numbers(s, B, T), rel=0.02)
    for p, gradient in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(p.grad, gradient, rtol=0, atol=1e-7)


@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_tiles_give_what_the_plain_formula_gives(size):
    draw = np.random.default_rng(0)
    q, k = (20 * draw.normal(size=(n, 5)) for n in (13, 17))
    v = draw.normal(size=(17, 3))
    plain = tiles.plain_attention(q, k, v)
    theirs = F.scaled_dot_product_attention(*map(torch.tensor, (q, k, v)))
    np.testing.assert_allclose(plain, theirs.numpy(), atol=1e-12)
    np.testing.assert_allclose(tiles.tiled_attention(q, k, v, size), plain, atol=1e-12)


def test_adam_takes_sixteen_bytes_either_way():
    for mixed in (False, True):
        assert sum(costs.state_bytes(10, mixed=mixed).values()) == 160


def test_cache_is_what_the_model_keeps():
    s = SIZES[1]
    model = LanguageModel(s.config)
    cache = model.make_cache()
    with torch.no_grad():
        model(torch.randint(s.V, (1, 9)), cache=cache)
    kept = [layer.stored() for layer in cache.layers]
    assert sum(k.nbytes + v.nbytes for k, v in kept) == costs.cache_bytes(s, 9, 4)


def test_the_record_holds_one_process_and_two():
    """The record is of the script as it is: one process loses the same again."""
    seen = processes.recorded()
    assert set(processes.STARTS) < set(seen)
    again = many.run()
    np.testing.assert_allclose(again["losses"], seen["losses"], atol=1e-6)
    assert again["kept"] == seen["one"]["kept"]
