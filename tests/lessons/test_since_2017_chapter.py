"""The chapter "What has changed since 2017": its small modules, and its records."""

import copy
import itertools
import math
import random

import pytest
import torch
from torch import nn

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.chapters.since_2017 import (
    adapting,
    preferences,
    quantize,
    results,
    runs,
    steps,
)
from transformers_explained.chapters.since_2017 import small_grammar as sg
from transformers_explained.chapters.since_2017.experts import Experts
from transformers_explained.chapters.since_2017.lora import LoRA
from transformers_explained.layers import ModernLayer
from transformers_explained.pretrained.blocks import BLOCK_BYTES, dequantize


def test_each_step_keeps_those_before_it():
    configs = list(steps.steps().values())
    changed = [
        [name for name, value in vars(after).items() if value != vars(before)[name]]
        for before, after in itertools.pairwise(configs)
    ]
    assert changed == [
        ["norm"],
        ["norm_kind"],
        ["positions"],
        ["d_ff", "gated"],
        ["attention_bias"],
        ["num_kv_heads"],
    ]
    layer = steps.build("grouped", 0).decoder.layers[0]
    assert isinstance(layer, ModernLayer)


def test_blocks_are_those_that_the_package_reads():
    torch.manual_seed(0)
    weights = torch.randn(6, 64)
    whole, scales = quantize.quantize(weights, bits=4)
    packed = quantize.pack(whole, scales)
    assert packed.shape == (12, BLOCK_BYTES)
    read = dequantize(packed)
    assert torch.equal(read, (whole * scales.half().float()).flatten())
    assert (read.view_as(weights) - weights).abs().max() <= 0.51 * scales.max()


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_largest_of_a_block_stays(bits):
    torch.manual_seed(bits)
    weights = torch.randn(3, 32)
    whole, scales = quantize.quantize(weights, bits)
    assert whole.abs().max() == 2 ** (bits - 1) - 1
    back = quantize.restore(whole, scales, weights)
    at = weights.abs().argmax(dim=1, keepdim=True)
    torch.testing.assert_close(back.gather(1, at), weights.gather(1, at))


def test_lora_starts_as_the_layer_and_moves_only_its_own():
    torch.manual_seed(0)
    plain = nn.Linear(7, 5)
    kept = copy.deepcopy(plain)
    lora = LoRA(plain, rank=2)
    x = torch.randn(3, 7)
    assert torch.equal(lora(x), kept(x))
    lora(x).square().sum().backward()
    assert plain.weight.grad is None
    assert lora.B.grad is not None
    assert lora.B.grad.abs().sum() > 0
    assert lora.A.grad is not None
    assert lora.A.grad.abs().sum() == 0  # as B is 0


def test_lora_merged_is_one_plain_layer():
    torch.manual_seed(1)
    lora = LoRA(nn.Linear(7, 5), rank=2, scale=0.5)
    nn.init.normal_(lora.B)
    x = torch.randn(3, 7)
    torch.testing.assert_close(lora.merged()(x), lora(x))
    added = lora.merged().weight - lora.linear.weight
    assert torch.linalg.matrix_rank(added) == 2


def test_experts_treat_each_token_alone():
    torch.manual_seed(2)
    layer = Experts(d_model=6, d_ff=10, num_experts=3)
    x = torch.randn(2, 7, 6)
    out = layer(x)
    chances = layer.router(x).softmax(dim=-1)
    for b in range(2):
        for t in range(7):
            chance, number = chances[b, t].max(dim=-1)
            expected = chance * layer.experts[int(number)](x[b, t])
            torch.testing.assert_close(out[b, t], expected)
    out.sum().backward()
    assert layer.router.weight.grad.abs().sum() > 0
    assert 1 / 3 < layer.balance.item() < 3


def test_dpo_loss_by_hand():
    zero = torch.zeros(4)
    loss = preferences.dpo_loss(zero, zero, zero, zero, beta=0.3)
    assert loss.item() == pytest.approx(math.log(2))
    better, worse = torch.tensor([-3.0]), torch.tensor([-9.0])
    before = torch.tensor([-4.0]), torch.tensor([-8.0])
    loss = preferences.dpo_loss(better, worse, *before, beta=0.5)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-0.5 * 2)))


def test_log_probability_is_the_sum_over_the_words():
    model = steps.build("grouped", 0).eval()
    sentences = [[3, 5, sg.END_ID], [7, sg.END_ID]]
    got = preferences.log_probability(model, sentences)
    for sentence, value in zip(sentences, got, strict=True):
        ids = torch.tensor([[sg.END_ID, *sentence]])
        words = model(ids[:, :-1])[0].log_softmax(-1)[0]
        expected = sum(words[t, word] for t, word in enumerate(sentence))
        assert value.item() == pytest.approx(expected.item(), abs=1e-4)


def test_the_grammar_allows_what_it_draws():
    generator = random.Random(0)
    row = sg.rows(generator, 1)[0].tolist()
    assert row[0] == sg.END_ID
    assert len(row) == sg.LENGTH + 1
    first = row[1 : row.index(sg.END_ID, 1) + 1]
    assert sg.allowed(first)
    assert not sg.allowed(first[:-1])
    assert not sg.allowed([*first[::-1]])


def test_the_judge_prefers_the_shorter_one():
    def model(ids):
        scores = torch.zeros(*ids.shape, len(sg.WORDS))
        scores[..., sg.END_ID] = 3.0
        return scores, None

    generator = torch.Generator().manual_seed(0)
    better, worse = preferences.pairs(model, 20, generator)
    assert len(better) == len(worse) == 20
    assert all(len(a) < len(b) for a, b in zip(better, worse, strict=True))
    assert all(sentence[-1] == sg.END_ID for sentence in better)


def test_lora_goes_on_queries_and_values_alone():
    config = BertConfig(
        vocab_size=31, d_model=12, num_heads=3, num_layers=2, d_ff=20, dropout=0.0
    )
    bert, plain = Bert(config).eval(), Bert(config).eval()
    plain.load_state_dict(bert.state_dict())
    adapting.add_lora(bert, rank=3)
    learning = {name for name, p in bert.named_parameters() if p.requires_grad}
    assert learning == {
        f"encoder.layers.{layer}.attention.{which}_proj.{matrix}"
        for layer in (0, 1)
        for which in "qv"
        for matrix in "AB"
    }
    assert adapting.learning(bert) == 2 * 2 * 3 * (12 + 12)
    ids = torch.randint(1, 31, (2, 5))
    assert torch.equal(bert(ids).hidden, plain(ids).hidden)


def test_the_smallest_of_the_best_rates_is_taken():
    rows = [
        {"way": way, "rate": rate, "valid": 0.8 + 0.1 * (rate in rates[1:3])}
        for way, rates in adapting.RATES.items()
        for rate in rates
    ]
    assert adapting.best_rates(rows) == {
        way: rates[1] for way, rates in adapting.RATES.items()
    }


def test_the_records_hold_every_seed_and_the_rates_that_validation_gave():
    gaps = results.gaps()
    assert list(gaps) == [*steps.steps(), "experts"]
    assert {len(values) for values in gaps.values()} == {len(runs.SEEDS)}
    for measure in ("length", "allowed", "different"):
        found = results.written(measure)
        assert {len(values) for values in found.values()} == {len(runs.SEEDS)}
    found = results.recorded("adapting")
    assert found["rates"] == adapting.best_rates(found["tried"])
    assert {row["seed"] for row in found["tried"]} == {0}
    for row in found["runs"]:
        assert row["rate"] == found["rates"][row["way"]]
    for way in adapting.RATES:
        for language in adapting.LANGUAGES:
            assert results.right(way, language).shape == (5, 452)


def test_the_command_refuses_what_it_does_not_know():
    with pytest.raises(SystemExit):
        runs.main(["chess"])
