"""The recurrent networks equal PyTorch's; the translator attends where it should."""

import re

import pytest
import torch
from torch import nn

from transformers_explained.recurrent import (
    LSTM,
    RNN,
    BahdanauTranslator,
    reverse_within,
)

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def copy_weights(ours: RNN | LSTM, reference: nn.RNN | nn.LSTM) -> None:
    names = {
        "from_input.weight": "weight_ih_l0",
        "from_input.bias": "bias_ih_l0",
        "from_state.weight": "weight_hh_l0",
        "from_state.bias": "bias_hh_l0",
    }
    state = reference.state_dict()
    ours.load_state_dict({mine: state[theirs] for mine, theirs in names.items()})


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("batch", "time", "inputs", "hidden"), [(3, 5, 7, 11), (1, 1, 2, 3), (2, 13, 5, 1)]
)
@pytest.mark.parametrize("kind", ["rnn", "lstm"])
@pytest.mark.parametrize("given_state", [False, True])
def test_equal_to_torch(kind, batch, time, inputs, hidden, dtype, given_state):
    torch.manual_seed(0)
    ours, reference = {"rnn": (RNN, nn.RNN), "lstm": (LSTM, nn.LSTM)}[kind]
    ours = ours(inputs, hidden).to(dtype)
    reference = reference(inputs, hidden, batch_first=True).to(dtype)
    copy_weights(ours, reference)
    x = torch.randn(batch, time, inputs, dtype=dtype)
    h, c = torch.randn(2, batch, hidden, dtype=dtype)
    state, their_state = None, None
    if given_state:
        state = h if kind == "rnn" else (h, c)
        their_state = h[None] if kind == "rnn" else (h[None], c[None])

    results = []
    for model, start in ((ours, state), (reference, their_state)):
        leaf = x.clone().requires_grad_()
        outputs, last = model(leaf, start)
        parts = [outputs, *(last if isinstance(last, tuple) else (last,))]
        loss = sum((part.sin() * (i + 1)).sum() for i, part in enumerate(parts))
        loss.backward()
        gradients = {name: p.grad for name, p in model.named_parameters()}
        results.append((parts, leaf.grad, gradients))

    (parts, grad, gradients), (their_parts, their_grad, their_gradients) = results
    for mine, theirs in zip(parts, their_parts, strict=True):
        torch.testing.assert_close(
            mine, theirs.view_as(mine), rtol=0, atol=TOLERANCE[dtype]
        )
    order = ["weight_ih_l0", "bias_ih_l0", "weight_hh_l0", "bias_hh_l0"]
    pairs = [
        (gradient, their_gradients[name])
        for gradient, name in zip(gradients.values(), order, strict=True)
    ]
    for mine, theirs in [*pairs, (grad, their_grad)]:
        largest = theirs.abs().max().clamp(min=1)
        assert (mine - theirs).abs().max() <= TOLERANCE[dtype] * largest


@pytest.mark.parametrize("model", [RNN, LSTM])
def test_wrong_input_is_refused(model):
    with pytest.raises(ValueError, match=r"input_size=4\); got \(2, 3, 5\)"):
        model(4, 6)(torch.zeros(2, 3, 5))
    with pytest.raises(ValueError, match="time >= 1"):
        model(4, 6)(torch.zeros(2, 0, 4))


def test_wrong_state_is_refused():
    x, right = torch.zeros(2, 3, 4), torch.zeros(2, 6)
    for wrong in (torch.zeros(6), torch.zeros(2, 1), torch.zeros(1, 2, 6), right[:1]):
        expected = re.escape(
            f"must have shape (batch=2, hidden_size=6); got {tuple(wrong.shape)}"
        )
        with pytest.raises(ValueError, match=f"^state {expected}$"):
            RNN(4, 6)(x, wrong)
        with pytest.raises(ValueError, match=f"^state h {expected}$"):
            LSTM(4, 6)(x, (wrong, right))
        with pytest.raises(ValueError, match=f"^state c {expected}$"):
            LSTM(4, 6)(x, (right, wrong))


def test_reverse_within_keeps_the_padding_behind():
    x = torch.tensor([[1, 2, 3, 0], [1, 2, 3, 4], [7, 0, 0, 0]])[:, :, None]
    lengths = torch.tensor([3, 4, 1])
    expected = torch.tensor([[3, 2, 1, 0], [4, 3, 2, 1], [7, 0, 0, 0]])[:, :, None]
    assert torch.equal(reverse_within(x, lengths), expected)
    assert torch.equal(reverse_within(reverse_within(x, lengths), lengths), x)


@pytest.fixture
def translator():
    torch.manual_seed(1)
    return BahdanauTranslator(11, 13, d_model=6).double()


def test_translator_shapes_and_weights(translator):
    source = torch.tensor([[3, 4, 5, 6, 7], [8, 9, 0, 0, 0]])
    logits, weights = translator(source, torch.tensor([[1, 4, 2], [1, 5, 6]]))
    assert logits.shape == (2, 3, 13)
    assert weights.shape == (2, 3, 5)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3).double())
    assert (weights[1, :, 2:] == 0).all()
    assert (weights[1, :, :2] > 0).all()


def test_translator_does_not_see_padding_nor_the_future(translator):
    source = torch.tensor([[3, 4, 5]])
    padded = torch.tensor([[3, 4, 5, 0, 0]])
    target = torch.tensor([[1, 4, 2, 7]])
    logits, weights = translator(source, target)
    padded_logits, padded_weights = translator(padded, target)
    torch.testing.assert_close(padded_logits, logits)
    torch.testing.assert_close(padded_weights[..., :3], weights)
    changed, _ = translator(source, torch.tensor([[1, 4, 9, 10]]))
    torch.testing.assert_close(changed[:, :2], logits[:, :2])
    assert not torch.allclose(changed[:, 2:], logits[:, 2:])


def test_translator_reads_both_directions(translator):
    """A change of the last word changes what is kept of the first, and the reverse."""
    one, _ = translator.encode(torch.tensor([[3, 4, 5]]))
    last, _ = translator.encode(torch.tensor([[3, 4, 6]]))
    first, _ = translator.encode(torch.tensor([[7, 4, 5]]))
    assert torch.equal(last[0, 0, :6], one[0, 0, :6])
    assert not torch.allclose(last[0, 0, 6:], one[0, 0, 6:])
    assert torch.equal(first[0, 2, 6:], one[0, 2, 6:])
    assert not torch.allclose(first[0, 2, :6], one[0, 2, :6])


def test_decoding_opens_with_what_the_backward_reader_made_of_the_first_word(
    translator,
):
    """h = tanh(W ←h_1), where ←h_1 is the last state of the reader from the right."""
    seen = []
    step = translator.decoder.step
    translator.decoder.step = lambda x, h, c: seen.append((h, c)) or step(x, h, c)
    source = torch.tensor([[3, 4, 5], [6, 7, 0]])
    translator(source, torch.tensor([[1, 4], [1, 5]]))
    embedded = translator.source_embedding(source)
    for row, words in enumerate((embedded[0], embedded[1, :2])):
        _, (last, _) = translator.right_to_left(words.flip(0)[None])
        expected = torch.tanh(translator.first_state(last[0]))
        torch.testing.assert_close(seen[0][0][row], expected)
    assert torch.equal(seen[0][1], torch.zeros(2, 6).double())


def test_translator_overfits_one_batch():
    """Reversal of four symbols is learned, and every parameter takes part."""
    torch.manual_seed(0)
    source = torch.stack([torch.randperm(5)[:4] + 3 for _ in range(24)])
    target = source.flip(1)
    shifted = torch.cat([torch.ones(24, 1, dtype=torch.long), target[:, :-1]], dim=1)
    model = BahdanauTranslator(9, 9, d_model=16)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        logits, _ = model(source, shifted)
        nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten()).backward()
        optimizer.step()
    assert (logits.argmax(-1) == target).all()
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 0


def test_translator_refuses_other_ids(translator):
    ids = torch.full((2, 4), 3)
    with pytest.raises(ValueError, match=r"source_ids must have .* \(4,\)$"):
        translator(ids[0], torch.full((4, 2), 3))
    with pytest.raises(ValueError, match=r"target_ids must have .* \(2,\)$"):
        translator(ids, ids[:, 0])
    with pytest.raises(TypeError, match=r"source_ids must .* got torch.float32"):
        translator(ids.float(), ids)
    with pytest.raises(TypeError, match=r"target_ids must .* got torch.float32"):
        translator(ids, ids.float())


def test_translator_refuses_two_batch_sizes(translator):
    with pytest.raises(ValueError, match="got 2 and 3"):
        translator(torch.full((2, 4), 3), torch.full((3, 4), 3))
