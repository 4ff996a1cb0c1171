"""Decoding: the cache changes nothing, a beam of 1 is greedy, a full beam is exact."""

import itertools
import math
from typing import Any

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from transformers.generation.logits_process import (
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from transformers_explained import arguments, language_model, positions
from transformers_explained.decoding import (
    Hypothesis,
    beam_search,
    greedy,
    keep_top_k,
    keep_top_p,
    sample,
)
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.pretrained.weight_names import gpt2_from_weights
from transformers_explained.seq2seq import Transformer, TransformerConfig

PAD, END, START = 0, 1, 2
POSITIONS = ["learned", "sinusoidal", "rotary", "none"]


def writer(vocab_size: int = 11, **changes: Any) -> LanguageModel:
    sizes: dict[str, Any] = {"d_model": 12, "num_heads": 3, "num_layers": 2}
    sizes |= {"d_ff": 10, "max_len": 19, "pad_id": PAD}
    config = LanguageModelConfig(vocab_size=vocab_size, **(sizes | changes))
    return randomized(LanguageModel(config))


def translator(**changes: Any) -> Transformer:
    sizes: dict[str, Any] = {"d_model": 12, "num_heads": 3, "d_ff": 10, "max_len": 19}
    sizes |= {"num_encoder_layers": 1, "num_decoder_layers": 2, "pad_id": PAD}
    config = TransformerConfig(vocab_size=11, **(sizes | changes))
    return randomized(Transformer(config))


def randomized(model: Any) -> Any:
    """Weights that give sharp, varied predictions, in double precision.

    A seed means the same on every device: see `seeded`.
    """
    generator = seeded()
    with torch.no_grad():
        for parameter in model.parameters():
            drawn = torch.empty(parameter.shape, device="cpu")
            parameter.copy_(drawn.normal_(std=0.4, generator=generator))
    return model.double().eval()


def seeded() -> torch.Generator:
    """The processor's, at the test's seed, whatever was drawn before, and where."""
    return torch.Generator("cpu").manual_seed(torch.initial_seed())


def sources() -> Tensor:
    ids = torch.randint(3, 11, (3, 7), device="cpu", generator=seeded())
    ids = ids.to(torch.get_default_device())
    ids[1, 4:] = PAD
    ids[2, 1:] = PAD
    return ids


def log_probability(
    model: LanguageModel | Transformer,
    prompt: list[int],
    ids: list[int],
    source: Tensor | None = None,
) -> float:
    """Of `ids` after `prompt`, computed in one pass."""
    whole = torch.tensor([prompt + ids])
    with torch.no_grad():
        scores, _ = model(whole) if source is None else model(source, whole)
    log_p = scores[0].log_softmax(-1)[len(prompt) - 1 : -1]
    return log_p[torch.arange(len(ids)), torch.tensor(ids)].sum().item()


# --------------------------------------------------------- cached equals uncached


@pytest.mark.parametrize("positions", POSITIONS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**20), batch=st.integers(1, 3), length=st.integers(1, 5))
def test_cache_changes_nothing_for_a_language_model(
    positions: str, seed: int, batch: int, length: int
) -> None:
    torch.manual_seed(seed)
    model = writer(positions=positions)
    prompt = torch.randint(1, 11, (batch, length))
    prompt[0, : length - 1] = PAD  # padded on the left
    check_cache(model, prompt, seed)


@pytest.mark.parametrize("positions", POSITIONS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**20), length=st.integers(1, 3))
def test_cache_changes_nothing_for_a_transformer(
    positions: str, seed: int, length: int
) -> None:
    torch.manual_seed(seed)
    model = translator(positions=positions)
    check_cache(model, torch.randint(2, 11, (3, length)), seed, source=sources())


def check_cache(model: Any, prompt: Tensor, seed: int, **source: Tensor) -> None:
    options: dict[str, Any] = {"max_new_tokens": 8, "end_id": END, **source}
    texts = [
        greedy(model, prompt, use_cache=use_cache, **options)
        for use_cache in (True, False)
    ]
    assert torch.equal(*texts)
    texts = [
        sample(
            model,
            prompt,
            use_cache=use_cache,
            temperature=1.3,
            top_k=7,
            top_p=0.9,
            generator=torch.Generator().manual_seed(seed),
            **options,
        )
        for use_cache in (True, False)
    ]
    assert torch.equal(*texts)
    cached, recomputed = (
        beam_search(model, prompt, beam_size=3, use_cache=use_cache, **options)
        for use_cache in (True, False)
    )
    for ours, others in zip(cached, recomputed, strict=True):
        assert [h.ids for h in ours] == [h.ids for h in others]
        assert [h.score for h in ours] == pytest.approx([h.score for h in others])


# -------------------------------------------------------------------- greedy


def test_greedy_by_hand() -> None:
    torch.manual_seed(0)
    model = writer()
    prompt = torch.tensor([[3, 4], [5, 6]])
    expected = prompt
    for _ in range(6):
        scores, _ = model(expected)
        expected = torch.cat([expected, scores[:, -1].argmax(-1)[:, None]], dim=1)
    assert torch.equal(greedy(model, prompt, max_new_tokens=6), expected)


def test_greedy_equals_hugging_face() -> None:
    torch.manual_seed(1)
    config = transformers.GPT2Config(
        vocab_size=31,
        n_embd=12,
        n_head=3,
        n_layer=2,
        n_positions=40,
        bos_token_id=1,
        eos_token_id=None,
        pad_token_id=0,
    )
    theirs = randomized(transformers.GPT2LMHeadModel(config))
    ours = gpt2_from_weights(theirs.config.to_dict(), theirs.state_dict())
    prompt = torch.randint(1, 31, (3, 4))
    expected = theirs.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=30,
        do_sample=False,
    )
    assert torch.equal(greedy(ours, prompt, max_new_tokens=30), expected)


@pytest.mark.parametrize("pad_id", [PAD, None])
def test_after_its_end_a_text_is_filled(pad_id: int | None) -> None:
    torch.manual_seed(2)
    model = writer(pad_id=pad_id)
    prompt = torch.arange(1, 11)[:, None]
    free = greedy(model, prompt, max_new_tokens=12)
    stopped = greedy(model, prompt, max_new_tokens=12, end_id=END)
    filler = END if pad_id is None else PAD
    lengths = set()
    for with_end, without in zip(stopped.tolist(), free.tolist(), strict=True):
        if END in with_end[1:]:
            end = with_end.index(END, 1)
            assert set(with_end[end + 1 :]) <= {filler}
        else:
            end = len(with_end) - 1
        assert with_end[: end + 1] == without[: end + 1]
        lengths.add(end)
    assert len(lengths) > 1  # some end early: the test tests something


def test_stops_when_all_have_ended() -> None:
    torch.manual_seed(3)
    model = writer(tied=False)
    steps: list[int] = []
    model.register_forward_hook(lambda *_: steps.append(1))
    first = greedy(model, 5, max_new_tokens=1)[0, 1].item()
    steps.clear()
    text = greedy(model, 5, max_new_tokens=9, end_id=first)
    assert text.tolist() == [[5, first]]
    assert len(steps) == 1


def test_prompts_of_different_lengths() -> None:
    torch.manual_seed(4)
    model = writer()
    together = greedy(model, torch.tensor([[PAD, PAD, 5], [7, 8, 9]]), max_new_tokens=6)
    alone = greedy(model, torch.tensor([[5]]), max_new_tokens=6)
    assert together[0, 2:].tolist() == alone[0].tolist()


def test_source_is_read_once_and_by_its_own_row() -> None:
    torch.manual_seed(5)
    model = translator()
    reads: list[int] = []
    model.encoder.register_forward_hook(lambda *_: reads.append(1))
    source = sources()
    for use_cache in (True, False):
        reads.clear()
        together = greedy(
            model, START, source=source, max_new_tokens=8, use_cache=use_cache
        )
        assert len(reads) == 1
        for row in range(3):
            length = int((source[row] != PAD).sum())
            alone = greedy(
                model, START, source=source[row : row + 1, :length], max_new_tokens=8
            )
            assert torch.equal(together[row], alone[0])


class Waits(TorchDispatchMode):
    """Counts what a graphics card would be waited for: numbers asked of a tensor, and
    results whose size depends on numbers."""

    OPERATIONS = (
        torch.ops.aten._local_scalar_dense,
        torch.ops.aten.item,  # the same, in inference mode
        torch.ops.aten.is_nonzero,
        torch.ops.aten.equal,
        torch.ops.aten.masked_select,
        torch.ops.aten.nonzero,
    )

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.count += func.overloadpacket in self.OPERATIONS
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("choose", [greedy, sample])
@pytest.mark.parametrize("kind", ["language model", "translator"])
@pytest.mark.parametrize("end_id", [None, END])
def test_a_card_is_waited_for_once_a_step(
    choose: Any, kind: str, end_id: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once more to look at the prompt; the steps only ask whether all have ended."""
    for module in (arguments, language_model, positions):
        monkeypatch.setattr(module, "readable", lambda x: False)  # as on a card
    torch.manual_seed(8)
    model = writer() if kind == "language model" else translator()
    source = None if kind == "language model" else sources()
    prompt = torch.tensor([[3, 4], [5, 6], [7, 8]])
    steps: list[int] = []
    model.output.register_forward_hook(lambda *_: steps.append(1))
    with Waits() as waits:
        choose(model, prompt, source=source, max_new_tokens=9, end_id=end_id)
    assert len(steps) > 3
    looks = 1 if kind == "language model" else 2  # at the prompt
    assert waits.count == looks + (0 if end_id is None else len(steps))


# ------------------------------------------------------------------- beam search


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**20), alpha=st.floats(0, 2))
def test_beam_of_1_is_greedy(seed: int, alpha: float) -> None:
    torch.manual_seed(seed)
    model = writer()
    prompt = torch.randint(1, 11, (4, 2))
    options: dict[str, Any] = {"max_new_tokens": 9, "end_id": END}
    written = greedy(model, prompt, **options)[:, 2:].tolist()
    found = beam_search(model, prompt, beam_size=1, length_penalty=alpha, **options)
    for ids, (hypothesis,) in zip(written, found, strict=True):
        length = len(hypothesis.ids)
        assert ids[:length] == hypothesis.ids
        assert set(ids[length:]) <= {PAD}
        assert length == 9 or hypothesis.ids[-1] == END


def test_beam_of_1_is_greedy_for_a_transformer() -> None:
    torch.manual_seed(6)
    model, source = translator(), sources()
    written = greedy(model, START, source=source, max_new_tokens=9)
    found = beam_search(model, START, source=source, max_new_tokens=9, beam_size=1)
    assert [best.ids for (best,) in found] == written[:, 1:].tolist()


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5])
def test_full_beam_finds_every_text_and_ranks_them_exactly(alpha: float) -> None:
    torch.manual_seed(7)
    model = writer(vocab_size=4)
    texts = {  # all that end, at the third token at the latest
        ids[: ids.index(END) + 1] if END in ids else ids
        for ids in itertools.product(range(4), repeat=3)
    }
    (found,) = beam_search(
        model,
        3,
        max_new_tokens=3,
        beam_size=len(texts),
        end_id=END,
        length_penalty=alpha,
    )
    assert {tuple(h.ids) for h in found} == texts
    for h in found:
        exact = log_probability(model, [3], h.ids)
        assert h.log_probability == pytest.approx(exact, abs=1e-9)
        assert h.score == pytest.approx(exact / ((5 + len(h.ids)) / 6) ** alpha)
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
    assert math.fsum(math.exp(h.log_probability) for h in found) == pytest.approx(1.0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**20), beam_size=st.integers(1, 5))
def test_hypotheses_are_what_they_say(seed: int, beam_size: int) -> None:
    torch.manual_seed(seed)
    model, source = translator(), sources()
    found = beam_search(
        model,
        START,
        source=source,
        max_new_tokens=7,
        beam_size=beam_size,
        end_id=END,
        length_penalty=0.0,
    )
    for row, hypotheses in enumerate(found):
        assert len(hypotheses) == beam_size
        assert len({tuple(h.ids) for h in hypotheses}) == beam_size
        for h in hypotheses:
            exact = log_probability(model, [START], h.ids, source[row : row + 1])
            assert h.score == h.log_probability == pytest.approx(exact, abs=1e-9)
            assert END not in h.ids[:-1]
            assert len(h.ids) == 7 or h.ids[-1] == END


def test_beam_by_hand() -> None:
    """Greedy takes 2 (0.6), after which all is spread; the beam finds 1 then END."""

    class Chain(LanguageModel):
        def forward(self, ids: Tensor, **_: Any) -> Any:
            table = torch.full((5, 5), 1e-9)
            table[4] = torch.tensor([1e-9, 1e-9, 0.6, 0.4, 1e-9])
            table[2] = torch.tensor([0.3, 0.2, 0.25, 0.25, 1e-9])
            table[3] = torch.tensor([1e-9, 0.9, 0.1, 1e-9, 1e-9])
            return table.log()[ids], None

    model = Chain(LanguageModelConfig(vocab_size=5, num_layers=1))
    options: dict[str, Any] = {"max_new_tokens": 2, "end_id": END, "use_cache": False}
    assert greedy(model, 4, **options).tolist() == [[4, 2, 0]]
    (found,) = beam_search(model, 4, beam_size=2, length_penalty=0.0, **options)
    assert [h.ids for h in found] == [[3, END], [2, 0]]
    assert math.exp(found[0].log_probability) == pytest.approx(0.36, rel=1e-5)
    assert math.exp(found[1].log_probability) == pytest.approx(0.18, rel=1e-5)
    assert isinstance(found[0], Hypothesis)


def test_length_penalty_lets_long_texts_win() -> None:
    torch.manual_seed(8)
    lengths = []
    for alpha in (0.0, 4.0):
        found = []
        for seed in range(8):
            torch.manual_seed(seed)
            found += beam_search(
                writer(),
                torch.arange(2, 11)[:, None],
                max_new_tokens=12,
                beam_size=4,
                end_id=END,
                length_penalty=alpha,
            )
        lengths.append(sum(len(hypotheses[0].ids) for hypotheses in found))
    assert lengths[1] > lengths[0]


# --------------------------------------------------------------------- sampling


@settings(max_examples=40)
@given(seed=st.integers(0, 2**20), k=st.integers(1, 15), p=st.floats(0.01, 0.99))
def test_filters_equal_hugging_face(seed: int, k: int, p: float) -> None:
    torch.manual_seed(seed)
    scores = torch.randn(3, 11, dtype=torch.float64) * 3
    assert torch.equal(keep_top_k(scores, k), TopKLogitsWarper(k)(None, scores))
    assert torch.equal(keep_top_p(scores, p), TopPLogitsWarper(p)(None, scores))


def test_filters_by_hand() -> None:
    scores = torch.tensor([0.1, 0.4, 0.2, 0.3]).log()
    kept = torch.isfinite
    assert kept(keep_top_k(scores, 2)).tolist() == [False, True, False, True]
    assert kept(keep_top_k(scores, 9)).all()
    assert kept(keep_top_p(scores, 0.39)).tolist() == [False, True, False, False]
    assert kept(keep_top_p(scores, 0.41)).tolist() == [False, True, False, True]
    assert kept(keep_top_p(scores, 0.71)).tolist() == [False, True, True, True]
    assert kept(keep_top_p(scores, 1.0)).all()
    assert kept(keep_top_p(scores, 1e-9)).sum() == 1  # never none


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_samples_follow_the_distribution(temperature: float) -> None:
    torch.manual_seed(9)
    model = writer(vocab_size=5)
    count = 20_000
    prompt = torch.full((count, 1), 3)
    drawn = sample(
        model,
        prompt,
        max_new_tokens=1,
        temperature=temperature,
        generator=torch.Generator().manual_seed(10),
    )[:, 1]
    with torch.no_grad():
        expected = (model(prompt[:1])[0][0, -1] / temperature).softmax(-1)
    observed = drawn.bincount(minlength=5) / count
    # Five standard deviations of a frequency are at most 5 · √(0.25 / 20,000).
    assert (observed - expected).abs().max() < 0.0177


def test_sampling_among_one_is_greedy() -> None:
    torch.manual_seed(11)
    model = writer()
    prompt = torch.randint(1, 11, (3, 2))
    expected = greedy(model, prompt, max_new_tokens=9, end_id=END)
    for narrow in ({"top_k": 1}, {"top_p": 1e-9}, {"temperature": 1e-4}):
        drawn = sample(model, prompt, max_new_tokens=9, end_id=END, **narrow)
        assert torch.equal(drawn, expected)


# ---------------------------------------------------------------- manners, misuse


@pytest.mark.parametrize("training", [True, False])
def test_no_dropout_while_writing_and_the_mode_is_given_back(training: bool) -> None:
    torch.manual_seed(12)
    model = writer(dropout=0.5).train(training)
    texts = [greedy(model, 3, max_new_tokens=15).tolist() for _ in range(5)]
    assert all(text == texts[0] for text in texts)
    assert model.training == model.decoder.training == training
    model.register_forward_hook(broken)
    with pytest.raises(RuntimeError, match="broken"):
        greedy(model, 3, max_new_tokens=2)
    assert model.training == training


def broken(*_: Any) -> None:
    raise RuntimeError("broken")


def test_what_is_written_can_be_trained_on() -> None:
    model = writer()
    ids = greedy(model, 3, max_new_tokens=5)
    assert not ids.is_inference()
    model(ids)[0].sum().backward()


def test_bad_input() -> None:
    model, pair = writer(), translator()
    source = sources()
    three = torch.full((3, 1), START)
    with pytest.raises(ValueError, match=r"must not end with padding \(pad_id=0\)"):
        greedy(model, torch.tensor([[3, 4], [3, PAD]]), max_new_tokens=3)
    with pytest.raises(ValueError, match=r"must hold no padding \(pad_id=0\)"):
        greedy(pair, PAD, source=source, max_new_tokens=3)
    with pytest.raises(ValueError, match="must hold no padding"):
        beam_search(pair, PAD, source=source, max_new_tokens=3, beam_size=2)
    # A Transformer counts positions from the left edge: padding there would move them.
    for row in ([PAD, 3, 4], [3, PAD, 4], [3, 4, PAD]):
        prompt = torch.tensor([[3, 4, 5], [3, 5, 4], row])
        with pytest.raises(ValueError, match="must hold no padding"):
            greedy(pair, prompt, source=source, max_new_tokens=3)
    with pytest.raises(ValueError, match="read 20 tokens, and max_len=19"):
        greedy(model, 3, max_new_tokens=20)
    assert greedy(model, 3, max_new_tokens=19).shape == (1, 20)
    with pytest.raises(ValueError, match="max_new_tokens must be at least 1; got 0"):
        greedy(model, 3, max_new_tokens=0)
    for prompt in (torch.tensor([3]), torch.zeros(2, 0, dtype=torch.int64)):
        with pytest.raises(ValueError, match=r"must have the shape \(B, T\)"):
            greedy(model, prompt, max_new_tokens=1)
    with pytest.raises(ValueError, match="needs a source"):
        greedy(pair, START, max_new_tokens=3)
    with pytest.raises(ValueError, match="reads no source"):
        greedy(model, three, source=source, max_new_tokens=3)
    with pytest.raises(ValueError, match="same batch size; got 3 and 2"):
        greedy(pair, three[:2], source=source, max_new_tokens=3)
    with pytest.raises(ValueError, match="beam_size must be at least 1; got 0"):
        beam_search(model, 3, max_new_tokens=3, beam_size=0)
    with pytest.raises(ValueError, match="temperature must be above 0; got 0"):
        sample(model, 3, max_new_tokens=3, temperature=0)
    with pytest.raises(ValueError, match="top_k must be at least 1; got 0"):
        sample(model, 3, max_new_tokens=3, top_k=0)
    for p in (0.0, 1.1):
        with pytest.raises(ValueError, match=r"top_p must lie in \(0, 1\]"):
            sample(model, 3, max_new_tokens=3, top_p=p)


# ------------------------------------------------------- what happens unless told


@pytest.mark.parametrize("use_cache", [None, True, False])
@pytest.mark.parametrize("write", [greedy, sample, beam_search])
@pytest.mark.parametrize("reads_source", [True, False])
def test_the_cache_spares_reading_again(
    write: Any, reads_source: bool, use_cache: bool | None
) -> None:
    """Counted: with the cache, which is the default, each token is read once."""
    model: Any = translator() if reads_source else writer()
    embedding = model.target_embedding if reads_source else model.tokens
    lengths: list[int] = []
    embedding.register_forward_hook(
        lambda _, args, __: lengths.append(args[0].shape[1])
    )
    prompt = torch.randint(2, 11, (3, 4))
    options: dict[str, Any] = {"source": sources()} if reads_source else {}
    options |= {} if use_cache is None else {"use_cache": use_cache}
    options |= {"beam_size": 2} if write is beam_search else {}
    lengths.clear()
    write(model, prompt, max_new_tokens=5, **options)
    # A shared matrix also embeds the source, through the other module.
    assert lengths == ([4, 5, 6, 7, 8] if use_cache is False else [4, 1, 1, 1, 1])


def test_after_its_end_a_translation_is_filled() -> None:
    """Whichever token ends a text: what precedes it stays, what follows is padding."""
    for seed in itertools.count():  # until the texts do not all end together
        torch.manual_seed(seed)
        model = translator(norm="pre", tie_output=False)
        source = sources()
        free = greedy(model, START, source=source, max_new_tokens=8).tolist()
        if free[0] != free[1]:
            break
    filled = 0
    for end in range(START + 1, 11):
        texts = greedy(model, START, source=source, max_new_tokens=8, end_id=end)
        for text, whole in zip(texts.tolist(), free, strict=True):
            kept = whole.index(end) + 1 if end in whole else len(whole)
            kept = min(kept, len(text))
            assert text == whole[:kept] + [PAD] * (len(text) - kept)
            filled += len(text) - kept
    assert filled > 0


def test_defaults_of_sampling_and_of_the_length_penalty() -> None:
    model, prompt = writer(), torch.randint(2, 11, (3, 4))
    texts = [
        sample(
            model,
            prompt,
            max_new_tokens=15,
            generator=torch.Generator().manual_seed(0),
            **options,
        )
        for options in ({}, {"temperature": 1.0})
    ]
    assert torch.equal(*texts)
    for hypotheses in beam_search(model, prompt, max_new_tokens=5, beam_size=3):
        for found in hypotheses:
            penalty = ((5 + 5) / 6) ** 0.6
            assert found.score == pytest.approx(found.log_probability / penalty)


def test_top_p_takes_no_token_more_than_it_needs() -> None:
    """Probabilities 1/2, 1/4, 1/4: the first alone holds one half."""
    scores = torch.tensor([[2.0, 1.0, 1.0]], dtype=torch.float64).log()
    assert keep_top_p(scores, 0.5).isfinite().tolist() == [[True, False, False]]
