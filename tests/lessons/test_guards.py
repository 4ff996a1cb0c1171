"""Numbers that no comparison holds for, inputs that are empty, other devices."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.decoding import beam_search, greedy, keep_top_p, sample
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.layers import EncoderLayer, LayerNorm
from transformers_explained.recurrent import RNN
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.tasks.examples import Example, collate
from transformers_explained.tasks.fitting import label_loss
from transformers_explained.tasks.masked_words import mask_tokens
from transformers_explained.tasks.sentiment import (
    BertVectors,
    SentimentClassifier,
    accuracy,
    lower_states,
    mean_vectors,
    positive_probability,
)
from transformers_explained.tokenization import CharTokenizer, pad_sequences
from transformers_explained.training import (
    TrainingConfig,
    cross_entropy,
    mean_loss,
    schedules,
)

SIZES: dict[str, Any] = {"d_model": 12, "num_heads": 3, "d_ff": 10, "max_len": 17}
NAN, INF = math.nan, math.inf
PROMPT = torch.tensor([[3, 5]])


def writer(**changes: Any) -> LanguageModel:
    return LanguageModel(
        LanguageModelConfig(vocab_size=200, num_layers=1, **SIZES, **changes)
    )


def bert(**changes: Any) -> Bert:
    return Bert(BertConfig(vocab_size=200, num_layers=2, **SIZES, **changes))


def translator() -> Transformer:
    return Transformer(
        TransformerConfig(
            vocab_size=200, num_encoder_layers=1, num_decoder_layers=1, **SIZES
        )
    )


class Stuck(LanguageModel):
    """A model whose scores are what they are."""

    def __init__(self, scores: Tensor) -> None:
        super().__init__(
            LanguageModelConfig(vocab_size=len(scores), num_layers=1, **SIZES)
        )
        self.scores = scores

    def forward(self, ids: Tensor, *args: Any, **kwargs: Any) -> Any:
        return self.scores.expand(*ids.shape, -1), None


# -------------------------------------------------------------------- NaN and infinity


def draw(**options: Any) -> Tensor:
    return sample(writer(), PROMPT, max_new_tokens=1, **options)


GUARDS: dict[str, Callable[[float], object]] = {
    "temperature": lambda x: draw(temperature=x),
    "top_p": lambda x: draw(top_p=x),
    "top_p ": lambda x: keep_top_p(torch.zeros(3), x),
    "length_penalty": lambda x: beam_search(
        writer(), PROMPT, max_new_tokens=1, beam_size=1, length_penalty=x
    ),
    "learning_rate": lambda x: TrainingConfig(learning_rate=x),
    "clip_norm": lambda x: TrainingConfig(clip_norm=x),
    "weight_decay": lambda x: TrainingConfig(weight_decay=x),
    "eps": lambda x: TrainingConfig(eps=x),
    "betas": lambda x: TrainingConfig(betas=(0.9, x)),
    "epochs": lambda x: TrainingConfig(epochs=x),  # type: ignore[arg-type]
    "batch_size": lambda x: TrainingConfig(batch_size=x),  # type: ignore[arg-type]
    "peak": lambda x: schedules.constant(1, peak=x),
    "step": lambda x: schedules.constant(x, peak=1.0),  # type: ignore[arg-type]
    "floor": lambda x: schedules.cosine(1, total_steps=9, peak=1.0, floor=x),
    "warmup_steps": lambda x: schedules.warmup_inverse_sqrt(
        1,
        warmup_steps=x,  # type: ignore[arg-type]
        peak=1.0,
    ),
    "label_smoothing": lambda x: cross_entropy(
        torch.zeros(1, 3), torch.zeros(1).long(), ignore_id=-1, label_smoothing=x
    ),
    "dropout": lambda x: EncoderLayer(12, 3, 10, dropout=x),
    "dropout ": lambda x: bert(dropout=x),
    "norm_eps": lambda x: bert(norm_eps=x),
    "eps ": lambda x: LayerNorm(4, eps=x),
    "d_model": lambda x: LayerNorm(x),  # type: ignore[arg-type]
    "probability": lambda x: mask_tokens(
        PROMPT, mask_id=1, vocab_size=9, special_ids=[], probability=x
    ),
}


@pytest.mark.parametrize("value", [NAN, INF, -INF], ids=str)
@pytest.mark.parametrize("name", GUARDS)
def test_what_is_no_number_fails_every_guard(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name.strip()):
        GUARDS[name](value)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("temperature", [1e-3, 1e-30])
def test_a_small_temperature_takes_the_most_probable(
    dtype: torch.dtype, temperature: float
) -> None:
    model = Stuck(torch.tensor([-256.0, 256.0, 254.0, -INF], dtype=dtype))
    ids = sample(model, torch.tensor([[0]]), max_new_tokens=5, temperature=temperature)
    assert ids.tolist() == [[0, 1, 1, 1, 1, 1]]


@pytest.mark.parametrize("value", [NAN, -INF], ids=str)
def test_a_beam_without_scores_says_so(value: float) -> None:
    model = Stuck(torch.full((7,), value))
    with pytest.raises(ValueError, match="scores are NaN"):
        beam_search(model, PROMPT, max_new_tokens=2, beam_size=2)


# --------------------------------------------------------------- empty, short, narrow


@pytest.mark.parametrize("make", [writer, bert])
def test_a_batch_of_nothing_gives_nothing(make: Callable[[], Any]) -> None:
    output = make()(torch.zeros(0, 5, dtype=torch.int64))
    first = output.hidden if hasattr(output, "hidden") else output[0]
    assert first.shape[:2] == (0, 5)


def test_a_translator_of_nothing_gives_nothing() -> None:
    source, target = torch.zeros(0, 5).long(), torch.zeros(0, 4).long()
    assert translator()(source, target)[0].shape == (0, 4, 200)


def test_empty_lists_say_so() -> None:
    model = SentimentClassifier(BertVectors(bert()))
    for call in (
        lambda: positive_probability(model, []),
        lambda: mean_vectors(model.vectors, []),
        lambda: lower_states(bert(), [], layers=1),
        lambda: accuracy(torch.zeros(0), []),
        lambda: pad_sequences([], 0),
        lambda: collate([]),
        lambda: CharTokenizer.train(["a"]).encode_batch([]),
    ):
        with pytest.raises(ValueError, match=r"at least one|one number for each"):
            call()
    with pytest.raises(ValueError, match="over no token at all"):
        mean_loss(model, [], label_loss, collate)
    for empty in (torch.zeros(0, 3).long(), torch.zeros(1, 0).long()):
        with pytest.raises(ValueError, match="prompt must have the shape"):
            greedy(writer(), empty, max_new_tokens=1)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.uint8, torch.int32])
def test_ids_of_any_width(dtype: torch.dtype) -> None:
    ids = torch.tensor([[3, 5, 100, 7]])
    narrow = ids.to(dtype)
    with torch.no_grad():
        for model in (writer(pad_id=0).eval(), translator().eval()):
            several = isinstance(model, Transformer)
            wide, same = (
                (model(x, x)[0] if several else model(x)[0]) for x in (ids, narrow)
            )
            assert torch.equal(wide, same)
        encoder = bert().eval()
        segments = torch.tensor([[0, 0, 1, 1]])
        assert torch.equal(
            encoder(ids, segments).hidden, encoder(narrow, segments.to(dtype)).hidden
        )
    written = [greedy(model_200(), x, max_new_tokens=3) for x in (ids, narrow)]
    assert written[0].tolist() == written[1].tolist()
    assert written[1].max() > 127  # more than eight bits hold
    logits = torch.randn(1, 4, 200)
    assert torch.equal(
        cross_entropy(logits, ids, ignore_id=-1)[0],
        cross_entropy(logits, narrow, ignore_id=-1)[0],
    )
    with pytest.raises(TypeError, match="must be integers"):
        writer()(ids.float())


def model_200() -> Stuck:
    return Stuck(torch.arange(200).float())


def test_an_id_that_does_not_exist_is_refused() -> None:
    tokenizer = CharTokenizer.train(["abc"])
    for i in (-1, tokenizer.vocab_size):
        with pytest.raises(ValueError, match=f"got {i}"):
            tokenizer.decode([i])
    assert tokenizer.decode([]) == ""


def test_a_recurrent_network_reads_nothing() -> None:
    outputs, _ = RNN(3, 5)(torch.zeros(0, 4, 3))
    assert outputs.shape == (0, 4, 5)


# ------------------------------------------------------------------------ other devices

EXAMPLES = [Example(inputs=[3, 5, 7], target=1), Example(inputs=[4, 2], target=0)]


def test_the_classifier_is_asked_where_it_is() -> None:
    model = SentimentClassifier(BertVectors(bert())).to("meta")
    assert positive_probability(model, EXAMPLES).device.type == "meta"
    assert mean_vectors(model.vectors, EXAMPLES).shape == (2, 12)
    states = lower_states(bert().to("meta"), EXAMPLES, layers=1)
    assert [tuple(state.inputs.shape) for state in states] == [(3, 12), (2, 12)]  # type: ignore[union-attr]
    ids = torch.zeros(2, 3, dtype=torch.int64, device="meta")
    hidden, labels = mask_tokens(ids, mask_id=1, vocab_size=9, special_ids=[0, 2])
    assert hidden.device.type == labels.device.type == "meta"


def test_a_generator_may_stand_on_another_device() -> None:
    """The ids on "meta", the generator on the processor: nothing meets the other."""
    ids = torch.zeros(2, 3, dtype=torch.int64, device="meta")
    hidden, _ = mask_tokens(
        ids,
        mask_id=1,
        vocab_size=9,
        special_ids=[0],
        generator=torch.Generator().manual_seed(0),
    )
    assert hidden.shape == (2, 3)


def test_sampling_draws_where_the_generator_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores on "meta" stand in for a card: they are brought to the generator."""
    moved: list[str] = []

    def multinomial(x: Tensor, count: int, *, generator: Any) -> Tensor:
        moved.append(x.device.type)
        return torch.zeros(len(x), count, dtype=torch.int64, device=x.device)

    class Elsewhere:
        device = torch.device("meta")

    monkeypatch.setattr(torch, "multinomial", multinomial)
    real_to = Tensor.to
    monkeypatch.setattr(
        Tensor,
        "to",
        lambda x, *a, **k: (
            torch.zeros(x.shape, dtype=x.dtype)
            if x.device.type == "meta"
            else real_to(x, *a, **k)
        ),
    )
    ids = sample(writer(), PROMPT, max_new_tokens=2, generator=Elsewhere())  # type: ignore[arg-type]
    assert moved == ["meta", "meta"]
    assert ids.device.type == "cpu"


def test_accuracy_is_counted_where_the_probabilities_are() -> None:
    with pytest.raises(RuntimeError, match="meta"):  # only the number has to be read
        accuracy(torch.zeros(2, device="meta"), EXAMPLES)
    assert accuracy(torch.tensor([0.9, 0.8]), EXAMPLES) == 0.5
