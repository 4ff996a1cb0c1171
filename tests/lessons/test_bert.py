"""Our BERT equals Hugging Face's, outputs and gradients, with the same weights."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from transformers_explained.bert import (
    DISTILBERT_BASE,
    Bert,
    BertConfig,
    BertForPretraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
)
from transformers_explained.layers import LayerNorm
from transformers_explained.pretrained.weight_copy import Target
from transformers_explained.pretrained.weight_names import (
    bert_from_weights,
    bert_targets,
    distilbert_from_weights,
    distilbert_targets,
)
from transformers_explained.tasks.masked_words import IGNORED, mask_tokens

# Pairwise different sizes, so that a swapped axis cannot pass: (B, S, H, head, d_ff, L)
SHAPES = [(2, 7, 3, 5, 11, 2), (3, 1, 1, 4, 6, 1), (1, 13, 2, 3, 17, 3)]
TOLERANCES = [(torch.float64, 1e-10), (torch.float32, 1e-5)]
PAD = 0


def reference_bert(
    shape: tuple[int, ...], dtype: torch.dtype
) -> transformers.BertForPreTraining:
    _, _, heads, head_dim, d_ff, layers = shape
    config = transformers.BertConfig(
        vocab_size=31,
        hidden_size=heads * head_dim,
        num_attention_heads=heads,
        num_hidden_layers=layers,
        intermediate_size=d_ff,
        max_position_embeddings=19,
        pad_token_id=PAD,
        attn_implementation="eager",
    )
    return randomized(transformers.BertForPreTraining(config)).to(dtype).eval()


def reference_distilbert(
    shape: tuple[int, ...], dtype: torch.dtype
) -> transformers.DistilBertModel:
    _, _, heads, head_dim, d_ff, layers = shape
    config = transformers.DistilBertConfig(
        vocab_size=31,
        dim=heads * head_dim,
        n_heads=heads,
        n_layers=layers,
        hidden_dim=d_ff,
        max_position_embeddings=19,
        pad_token_id=PAD,
        attn_implementation="eager",
    )
    return randomized(transformers.DistilBertModel(config)).to(dtype).eval()


def randomized(model: Any) -> Any:
    """Large weights everywhere: at the first ones, biases and ε would not show."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


def texts(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Ids with padding on the right, a different length in each row, and segments."""
    batch, length = shape[:2]
    ids = torch.randint(1, 31, (batch, length))
    for row in range(1, batch):
        ids[row, max(1, length - 2 * row) :] = PAD
    return ids, torch.randint(0, 2, (batch, length))


def assert_same_gradients(
    ours: nn.Module,
    theirs: nn.Module,
    targets: dict[str, Target],
    tolerance: float,
) -> None:
    """Relative to the largest gradient; every parameter of both models is compared."""
    mine, other = dict(ours.named_parameters()), dict(theirs.named_parameters())
    assert set(targets) == set(other)
    largest = max(p.grad.abs().max().item() for p in mine.values())
    assert largest > 0
    for name, target in targets.items():
        assert len(target.parameters) == 1
        gap = (mine[target.parameters[0]].grad - other[name].grad).abs().max()
        assert gap <= tolerance * largest, name


def projection(like: Tensor) -> Tensor:
    """Random coefficients: their sum with an output has generic gradients."""
    return torch.randn(like.shape, dtype=like.dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_bert_model(
    shape: tuple[int, ...], dtype: torch.dtype, tolerance: float
) -> None:
    torch.manual_seed(0)
    whole = reference_bert(shape, dtype)
    theirs = whole.bert
    ours = bert_from_weights(theirs.config.to_dict(), theirs.state_dict()).eval()
    assert ours.embeddings.tokens.weight.dtype == dtype
    ids, segments = texts(shape)
    expected = theirs(
        ids,
        attention_mask=(ids != PAD).long(),
        token_type_ids=segments,
        output_attentions=True,
    )
    for return_weights in (False, True):
        ours.zero_grad()
        theirs.zero_grad()
        output = ours(ids, segments, return_weights=return_weights)
        close = {"rtol": tolerance, "atol": tolerance}
        torch.testing.assert_close(output.hidden, expected.last_hidden_state, **close)
        torch.testing.assert_close(output.pooled, expected.pooler_output, **close)
        if return_weights:
            for mine, other in zip(output.weights, expected.attentions, strict=True):
                torch.testing.assert_close(mine, other, **close)
        a, b = projection(output.hidden), projection(output.pooled)
        ((output.hidden * a).sum() + (output.pooled * b).sum()).backward()
        (
            (expected.last_hidden_state * a).sum() + (expected.pooler_output * b).sum()
        ).backward(retain_graph=True)
        assert_same_gradients(ours, theirs, bert_targets(shape[5]), tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_distilbert_model(
    shape: tuple[int, ...], dtype: torch.dtype, tolerance: float
) -> None:
    torch.manual_seed(1)
    theirs = reference_distilbert(shape, dtype)
    ours = distilbert_from_weights(theirs.config.to_dict(), theirs.state_dict()).eval()
    ids, _ = texts(shape)
    expected = theirs(ids, attention_mask=(ids != PAD).long()).last_hidden_state
    output = ours(ids)
    assert output.pooled is None
    assert output.weights is None
    torch.testing.assert_close(output.hidden, expected, rtol=tolerance, atol=tolerance)
    coefficients = projection(expected)
    (output.hidden * coefficients).sum().backward()
    (expected * coefficients).sum().backward()
    assert_same_gradients(ours, theirs, distilbert_targets(shape[5]), tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_bert_for_pretraining(
    shape: tuple[int, ...], dtype: torch.dtype, tolerance: float
) -> None:
    torch.manual_seed(2)
    theirs = reference_bert(shape, dtype)
    state = theirs.state_dict()
    ours = BertForPretraining(bert_from_weights(theirs.config.to_dict(), state))
    ours.to(dtype).eval()
    with torch.no_grad():
        ours.transform[0].load_state_dict(module_state(state, "transform.dense"))
        ours.transform[2].load_state_dict(module_state(state, "transform.LayerNorm"))
        ours.next_sentence.load_state_dict(module_state(state, "seq_relationship"))
        ours.word_bias.copy_(state["cls.predictions.bias"])
    ids, segments = texts(shape)
    labels = torch.where(torch.rand(ids.shape) < 0.5, ids, IGNORED)
    labels[0, 0] = ids[0, 0]
    follows = torch.randint(0, 2, (shape[0],))
    expected = theirs(
        ids,
        attention_mask=(ids != PAD).long(),
        token_type_ids=segments,
        labels=labels,
        next_sentence_label=follows,
    )
    words, next_sentence = ours(ids, segments)
    close = {"rtol": tolerance, "atol": tolerance}
    torch.testing.assert_close(words, expected.prediction_logits, **close)
    torch.testing.assert_close(next_sentence, expected.seq_relationship_logits, **close)
    loss = F.cross_entropy(words.flatten(0, 1), labels.flatten())
    loss = loss + F.cross_entropy(next_sentence, follows)
    torch.testing.assert_close(loss, expected.loss, **close)
    loss.backward()
    expected.loss.backward()
    assert_same_gradients(ours.bert, theirs.bert, bert_targets(shape[5]), tolerance)


def module_state(state: dict[str, Tensor], module: str) -> dict[str, Tensor]:
    return {
        name.rsplit(".", 1)[1]: tensor
        for name, tensor in state.items()
        if f".{module}." in name
    }


def test_bert_base_has_its_number_of_parameters() -> None:
    with torch.device("meta"):
        base, distilled = Bert(BertConfig()), Bert(DISTILBERT_BASE)
        pretraining = BertForPretraining(base)
        theirs = transformers.BertForPreTraining(transformers.BertConfig())
        small = transformers.DistilBertModel(transformers.DistilBertConfig())
    count: Callable[[nn.Module], int] = lambda m: sum(p.numel() for p in m.parameters())  # noqa: E731
    assert count(base) == 109_482_240
    assert count(distilled) == count(small) == 66_362_880
    assert count(pretraining) == count(theirs)


# ------------------------------------------------------------------- invariants


def tiny(**changes: Any) -> Bert:
    sizes = {"vocab_size": 23, "d_model": 6, "num_heads": 2, "num_layers": 2}
    sizes |= {"d_ff": 10, "max_len": 11, "dropout": 0.0}
    return Bert(BertConfig(**(sizes | changes)))


@pytest.mark.parametrize("training", [True, False])
def test_padding_changes_nothing(training: bool) -> None:
    torch.manual_seed(3)
    model = tiny().train(training).double()
    ids = torch.randint(1, 23, (1, 5))
    padded = F.pad(ids, (0, 4))
    short, long = model(ids), model(padded)
    torch.testing.assert_close(long.hidden[:, :5], short.hidden, rtol=0, atol=1e-12)
    torch.testing.assert_close(long.pooled, short.pooled, rtol=0, atol=1e-12)
    # And no gradient at all reaches the padding from the real tokens.
    reached: list[Tensor] = []
    model.embeddings.register_forward_hook(
        lambda _module, _inputs, output: (output.retain_grad(), reached.append(output))[
            0
        ]
    )
    model(padded).hidden[:, :5].sum().mul(3.0).backward()
    assert (reached[0].grad[:, 5:] == 0).all()


def test_bidirectional_each_token_sees_every_other() -> None:
    torch.manual_seed(4)
    model = tiny().eval()
    ids = torch.randint(1, 23, (1, 5))
    before = model(ids).hidden
    for changed in range(5):
        other = ids.clone()
        other[0, changed] = (ids[0, changed] % 22) + 1
        assert ((model(other).hidden - before).abs().amax(dim=-1) > 1e-7).all()


def test_text_of_padding_only_is_finite() -> None:
    model = tiny()
    output = model(torch.zeros(2, 3, dtype=torch.int64))
    output.hidden.sum().mul(2.0).backward()
    assert output.hidden.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_heads() -> None:
    torch.manual_seed(5)
    bert = tiny()
    ids, segments = torch.randint(1, 23, (2, 7)), torch.ones(2, 7, dtype=torch.int64)
    output = bert(ids, segments)
    classifier = BertForSequenceClassification(bert, 3)
    torch.testing.assert_close(
        classifier(ids, segments), classifier.classifier(output.pooled)
    )
    answering = BertForQuestionAnswering(bert)
    scores = answering(ids, segments)
    both = answering.span(output.hidden)
    torch.testing.assert_close(scores.start, both[..., 0])
    torch.testing.assert_close(scores.end, both[..., 1])
    without_pooler = tiny(num_segments=0, pooler=False)
    classifier = BertForSequenceClassification(without_pooler, 3)
    torch.testing.assert_close(
        classifier(ids), classifier.classifier(without_pooler(ids).hidden[:, 0])
    )


def test_dropout_of_the_embeddings_and_of_the_classifier() -> None:
    """Beside that of the layers: half of the features are 0, the others doubled."""
    bert, ids = tiny(dropout=0.5), torch.randint(1, 23, (5, 7))
    embeddings = bert.embeddings
    whole = embeddings.eval()(ids)
    dropped = embeddings.train()(ids)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], 2 * whole[kept])
    # 5 · 7 · 6 = 210 features: four standard deviations are 0.14.
    assert kept.float().mean().item() == pytest.approx(0.5, abs=0.14)
    classifier = BertForSequenceClassification(bert, 3)
    bert.eval()  # what still varies is the classifier's own
    assert not torch.equal(classifier(ids), classifier(ids))
    classifier.eval()
    assert torch.equal(classifier(ids), classifier(ids))


def test_dropout_in_training_only() -> None:
    ids = torch.randint(1, 23, (2, 7))
    dropping = tiny(dropout=0.5)
    dropping.embeddings.eval()  # what still varies are the layers
    assert not torch.equal(dropping(ids).hidden, dropping(ids).hidden)
    dropping.eval()
    assert torch.equal(dropping(ids).hidden, dropping(ids).hidden)
    still = tiny(dropout=0.0)
    assert torch.equal(still.train()(ids).hidden, still.eval()(ids).hidden)


def test_first_weights() -> None:
    """Normal with standard deviation 0.02; biases and padding 0; LayerNorm as it is.

    The standard deviation measured on n weights has itself one of 0.02 / √(2n): with
    n >= 7 · 32, five of these are less than a quarter of 0.02.
    """
    bert = tiny(
        vocab_size=64, d_model=32, d_ff=48, max_len=40, num_segments=7, pooler=True
    )
    heads: tuple[nn.Module, ...] = (
        BertForPretraining(bert),
        BertForSequenceClassification(bert, 7),
    )
    norms = {
        f"{name}."
        for model in heads
        for name, module in model.named_modules()
        if isinstance(module, LayerNorm)
    }
    assert len(norms) == 1 + 2 * 2 + 1  # embeddings, two layers, a head
    for model in heads:
        for name, parameter in model.named_parameters():
            owner, kind = name[: name.rfind(".") + 1], name.rsplit(".", 1)[-1]
            if kind == "bias" or name == "word_bias":
                assert parameter.eq(0).all(), name
            elif owner in norms:
                assert parameter.eq(1).all(), name
            elif parameter.numel() >= 7 * 32:
                tolerance = 5 * 0.02 / (2 * parameter.numel()) ** 0.5
                std = parameter.square().mean().sqrt().item()
                # Of 64 rows of the embedding table, that of the padding is 0.
                assert std == pytest.approx(0.02, abs=tolerance + 0.0002), name
            else:
                assert name == "next_sentence.weight"
    assert bert.embeddings.tokens.weight[0].eq(0).all()


def test_heads_leave_the_encoder_as_it_was() -> None:
    bert = tiny()
    before = {name: tensor.clone() for name, tensor in bert.state_dict().items()}
    for model in (
        BertForPretraining(bert),
        BertForSequenceClassification(bert, 2),
        BertForQuestionAnswering(bert),
    ):
        for name, tensor in model.bert.state_dict().items():
            assert torch.equal(tensor, before[name])


def test_overfits_one_batch() -> None:
    torch.manual_seed(6)
    model = BertForSequenceClassification(tiny(), 2)
    ids, labels = torch.randint(1, 23, (8, 7)), torch.arange(8) % 2
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        loss = F.cross_entropy(model(ids), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.01


# ------------------------------------------------------------------ masked words


def test_masking_80_10_10() -> None:
    # 40,000 tokens: five standard deviations are 0.9 % of them, 2 % of the chosen.
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(5, 1000, (100, 400), generator=generator)
    hidden, labels = mask_tokens(
        ids, mask_id=4, vocab_size=1000, special_ids=range(5), generator=generator
    )
    chosen = labels != IGNORED
    assert chosen.float().mean().item() == pytest.approx(0.15, abs=0.009)
    assert torch.equal(labels[chosen], ids[chosen])
    assert torch.equal(hidden[~chosen], ids[~chosen])
    masked, same = hidden[chosen] == 4, hidden[chosen] == ids[chosen]
    assert masked.float().mean().item() == pytest.approx(0.8, abs=0.027)
    assert same.float().mean().item() == pytest.approx(0.1, abs=0.02)
    replaced = hidden[chosen][~masked & ~same]
    assert len(replaced) / chosen.sum().item() == pytest.approx(0.1, abs=0.02)
    assert len(replaced.unique()) > 300  # drawn from the whole vocabulary


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), probability=st.floats(0.01, 1.0))
def test_special_tokens_are_never_chosen(seed: int, probability: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 8, (3, 11), generator=generator)
    hidden, labels = mask_tokens(
        ids,
        mask_id=3,
        vocab_size=8,
        special_ids={0, 1, 3},
        probability=probability,
        generator=generator,
    )
    special = (ids == 0) | (ids == 1) | (ids == 3)
    assert (labels[special] == IGNORED).all()
    assert torch.equal(hidden[special], ids[special])


def test_probability_1_chooses_every_ordinary_token() -> None:
    ids = torch.tensor([[1, 5, 6, 7, 2, 0]])
    _, labels = mask_tokens(
        ids, mask_id=4, vocab_size=9, special_ids={0, 1, 2}, probability=1.0
    )
    assert labels.tolist() == [[IGNORED, 5, 6, 7, IGNORED, IGNORED]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dropout": 2.0}, r"dropout must lie in \[0, 1\); got 2.0"),
        ({"dropout": -0.1}, r"dropout must lie in \[0, 1\); got -0.1"),
        ({"norm_eps": -1.0}, r"norm_eps must be above 0; got -1.0"),
        ({"norm_eps": 0.0}, r"norm_eps must be above 0; got 0.0"),
        *(
            ({name: 0}, f"{name} must be at least 1; got 0")
            for name in ("vocab_size", "d_model", "num_heads", "d_ff", "max_len")
        ),
    ],
)
def test_configuration_is_checked(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BertConfig(**wrong)  # type: ignore[arg-type]


def test_ids_and_segments_are_checked() -> None:
    model, ids = tiny(), torch.ones(2, 5, dtype=torch.int64)
    for wrong in (torch.zeros(5), torch.zeros(2, 5, 1), torch.tensor(0)):
        got = re.escape(str(tuple(wrong.shape)))
        with pytest.raises(ValueError, match=rf"^ids must have the axes .*{got}$"):
            model(wrong.long())
        with pytest.raises(ValueError, match=rf"^segments must have .*{got}$"):
            model(ids, wrong.long())
    for segments in (ids[:1], ids[:, :4]):
        got = re.escape(f"shape of ids, (2, 5); got {tuple(segments.shape)}")
        with pytest.raises(ValueError, match=f"^segments must have the {got}$"):
            model(ids, segments)
    with pytest.raises(TypeError, match=r"^ids must .* got torch.float32$"):
        model(ids.float())
    with pytest.raises(TypeError, match=r"^segments must .* got torch.bool$"):
        model(ids, ids.bool())
    torch.testing.assert_close(
        model(ids.int(), ids.int()).hidden, model(ids, ids).hidden
    )


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="pad_id=9, vocab_size=9"):
        BertConfig(vocab_size=9, pad_id=9)
    with pytest.raises(ValueError, match="num_segments must be at least 0; got -1"):
        BertConfig(num_segments=-1)
    with pytest.raises(ValueError, match="d_model=6, num_heads=4"):
        BertConfig(d_model=6, num_heads=4)
    with pytest.raises(ValueError, match="num_layers must be at least 1; got 0"):
        BertConfig(num_layers=0)
    with pytest.raises(ValueError, match="num_segments=0"):
        tiny(num_segments=0)(torch.ones(1, 2, dtype=torch.int64), torch.ones(1, 2))
    with pytest.raises(ValueError, match="max_len=11"):
        tiny()(torch.ones(1, 12, dtype=torch.int64))
    with pytest.raises(ValueError, match="must have a pooler"):
        BertForPretraining(tiny(pooler=False))
    with pytest.raises(ValueError, match="num_classes must be at least 2; got 1"):
        BertForSequenceClassification(tiny(), 1)
    ids = torch.ones(1, 2, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"probability must lie in \(0, 1\]; got 0"):
        mask_tokens(ids, mask_id=1, vocab_size=3, special_ids=(), probability=0.0)


# ------------------------------------------------------------------ the caller's mask


def test_the_callers_mask_wins_over_the_padding_id() -> None:
    """A text may hold the word "[PAD]": with its own mask it is read, as elsewhere."""
    bert = Bert(
        BertConfig(vocab_size=23, d_model=12, num_heads=3, num_layers=2, d_ff=10)
    ).eval()
    ids = torch.tensor([[5, 0, 7, 9, 0]])
    mask = torch.tensor([[True, True, True, True, False]])
    with_mask = bert(ids, mask=mask).hidden[:, :4]
    torch.testing.assert_close(
        with_mask, bert(ids[:, :4], mask=mask[:, :4]).hidden, rtol=0, atol=1e-6
    )
    assert not torch.allclose(with_mask, bert(ids).hidden[:, :4], atol=1e-3)
    with pytest.raises(ValueError, match=r"shape of ids, \(1, 5\); got \(1, 4\)"):
        bert(ids, mask=mask[:, :4])
    with pytest.raises(TypeError, match="mask must be boolean"):
        bert(ids, mask=mask.long())
