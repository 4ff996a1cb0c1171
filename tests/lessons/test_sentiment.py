"""Sentiment: padding never counts, the parts agree, the runs measure what they say."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import transformers
from torch import Tensor, nn

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.chapters.fine_tuning import rivals, runs
from transformers_explained.chapters.fine_tuning.results import (
    LANGUAGES,
    RESULTS,
    SIZES,
    bootstrap,
    draw_subset,
    labels_of_test,
    read_results,
    table,
)
from transformers_explained.chapters.fine_tuning.tuning import (
    Recipe,
    encoder,
    fine_tune,
)
from transformers_explained.data.reviews import load_reviews
from transformers_explained.lesson.check import evaluate
from transformers_explained.tasks.examples import Example, collate
from transformers_explained.tasks.fitting import fit, label_loss
from transformers_explained.tasks.intervals import wilson
from transformers_explained.tasks.sentiment import (
    MAX_PIECES,
    BertVectors,
    HubVectors,
    SentimentClassifier,
    TopLayers,
    accuracy,
    encode,
    hub_classifier,
    lower_states,
    masked_mean,
    mean_vectors,
    positive_probability,
    predictor,
    read_reviews,
    targets,
)
from transformers_explained.training import TrainingConfig

TINY = BertConfig(
    vocab_size=23,
    d_model=6,
    num_heads=2,
    num_layers=3,
    d_ff=10,
    max_len=11,
    dropout=0.0,
)
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "good",
    "bad",
    "very",
    "not",
]


def examples(number: int = 9) -> list[Example]:
    """Texts of 3 to 8 tokens; positive when token 5 is there, negative for token 6."""
    generator = torch.Generator().manual_seed(0)
    made = []
    for index in range(number):
        ids = torch.randint(7, 23, (3 + index % 6,), generator=generator)
        ids[index % 3] = 5 + index % 2
        made.append(Example(inputs=ids, target=1 - index % 2))
    return made


@pytest.fixture
def tiny() -> Bert:
    return Bert(TINY).eval()


@pytest.fixture
def hub_folder(tmp_path: Path) -> Path:
    """A tiny model and its tokenizer, saved as on the hub."""
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=6,
        num_attention_heads=2,
        num_hidden_layers=2,
        intermediate_size=10,
        max_position_embeddings=64,
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    tokenizer = transformers.BertTokenizer(str(tmp_path / "vocab.txt"))
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


# -------------------------------------------------------------------- mean and padding


def test_mean_is_over_real_tokens_only() -> None:
    vectors = torch.randn(2, 5, 3, requires_grad=True)
    mask = torch.tensor([[True] * 3 + [False] * 2, [False] * 5])
    mean = masked_mean(vectors, mask)
    torch.testing.assert_close(mean[0], vectors[0, :3].mean(dim=0))
    assert (mean[1] == 0).all()
    mean.sum().backward()
    assert vectors.grad is not None
    assert (vectors.grad[0, 3:] == 0).all()
    assert (vectors.grad[1] == 0).all()


def test_collate_pads_ids_and_states() -> None:
    batch = collate(examples(4))
    assert batch.inputs.shape == batch.mask.shape == (4, 6)
    assert batch.mask.sum(dim=1).tolist() == [3, 4, 5, 6]
    assert batch.targets.tolist() == [1, 0, 1, 0]
    states = [replace(e, inputs=torch.randn(len(e.inputs), 7)) for e in examples(4)]
    assert collate(states).inputs.shape == (4, 6, 7)


@pytest.mark.parametrize("lower", [None, 0, 2])
def test_a_text_gets_the_same_probability_alone_and_in_a_batch(
    tiny: Bert, lower: int | None
) -> None:
    texts = examples()
    if lower is None:
        model = SentimentClassifier(BertVectors(tiny))
    else:
        model = SentimentClassifier(TopLayers(tiny, lower=lower))
        texts = lower_states(tiny, texts, layers=lower)
    together = positive_probability(model, texts)
    alone = torch.cat([positive_probability(model, [text]) for text in texts])
    torch.testing.assert_close(together, alone)
    assert together.std() > 0  # so that a wrong order could not go unseen


@pytest.mark.parametrize("lower", [0, 1, 2])
def test_lower_and_top_layers_make_the_whole(tiny: Bert, lower: int) -> None:
    whole = mean_vectors(BertVectors(tiny), examples())
    states = lower_states(tiny, examples(), layers=lower)
    parts = mean_vectors(TopLayers(tiny, lower=lower), states)
    torch.testing.assert_close(parts, whole)


@pytest.mark.parametrize("lower", [-1, 3])
def test_there_must_be_a_top_layer(tiny: Bert, lower: int) -> None:
    with pytest.raises(ValueError, match=rf"lower must lie in \[0, 3\); got {lower}"):
        TopLayers(tiny, lower=lower)


def test_tuning_the_top_leaves_the_model_it_came_from(tiny: Bert) -> None:
    before = {name: value.clone() for name, value in tiny.state_dict().items()}
    states = lower_states(tiny, examples(), layers=1)
    model = SentimentClassifier(TopLayers(tiny, lower=1))
    fit(model, states, TrainingConfig(epochs=2, batch_size=4))
    for name, value in tiny.state_dict().items():
        assert torch.equal(value, before[name]), name
    moved = next(model.vectors.layers[1].parameters())
    assert not torch.equal(moved, next(tiny.encoder.layers[2].parameters()))


def test_it_learns_a_word(tiny: Bert) -> None:
    """The label is one token's presence: a few updates are enough."""
    texts = examples(24)
    model = SentimentClassifier(BertVectors(tiny))
    history = fit(
        model, texts, TrainingConfig(epochs=60, batch_size=8, learning_rate=5e-3)
    )
    assert history.losses[0] == pytest.approx(0.69, abs=0.1)
    assert accuracy(positive_probability(model, texts), texts) == 1.0


def test_accuracy_and_targets() -> None:
    texts = examples(4)
    assert targets(texts).tolist() == [1, 0, 1, 0]
    assert accuracy(torch.tensor([0.9, 0.2, 0.1, 0.4]), texts) == 0.75


# -------------------------------------------------------------------- Hugging Face


def test_hub_classifier_reads_a_folder_and_learns(hub_folder: Path) -> None:
    model, tokenizer = hub_classifier(hub_folder, hidden_dropout_prob=0.0)
    assert model.vectors.model.config.hidden_dropout_prob == 0.0
    reviews = [
        SimpleNamespace(text="very good", target=1),
        SimpleNamespace(text="bad", target=0),
    ] * 6
    texts = encode(tokenizer, reviews)  # type: ignore[arg-type]
    assert texts[0].inputs.tolist() == [2, 7, 5, 3]  # [CLS] very good [SEP]
    fit(model, texts, TrainingConfig(epochs=40, batch_size=4, learning_rate=1e-2))
    predict = predictor(model, tokenizer)
    assert predict("good") > 0.5 > predict("bad")


def test_a_model_with_another_padding_ignores_it(tmp_path: Path) -> None:
    """CamemBERT's padding is 1 and its positions count what is not padding."""
    config = transformers.CamembertConfig(
        vocab_size=23,
        hidden_size=6,
        num_attention_heads=2,
        num_hidden_layers=2,
        intermediate_size=10,
        max_position_embeddings=16,
        pad_token_id=1,
    )
    model = SentimentClassifier(HubVectors(transformers.CamembertModel(config)))
    texts = examples()
    together = positive_probability(model, texts)
    alone = torch.cat([positive_probability(model, [text]) for text in texts])
    torch.testing.assert_close(together, alone)
    assert together.std() > 0


def test_ours_and_hugging_face_agree_on_minilm() -> None:
    """The same head over both encoders: same probabilities, same gradient."""
    ours = SentimentClassifier(BertVectors(encoder("minilm")))
    theirs, tokenizer = hub_classifier(
        "minilm", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    theirs.head.load_state_dict(ours.head.state_dict())
    texts = encode(tokenizer, load_reviews("valid", "fr")[:5])
    torch.testing.assert_close(
        positive_probability(ours, texts),
        positive_probability(theirs, texts),
        atol=1e-5,
        rtol=0,
    )
    gradients = []
    for model in (ours, theirs):
        loss, count = label_loss(model, collate(texts))
        loss.backward()
        assert count == 5
        gradients.append(model.head.weight.grad)
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-5, rtol=1e-4)


def test_without_network_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def unreachable(*_: object, **__: object) -> str:
        raise huggingface_hub.errors.LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(
        ConnectionError, match="check the name and the network"
    ) as found:
        hub_classifier("camembert-base")
    assert str(found.value).count("\n") == 0
    assert found.value.__cause__ is None


# -------------------------------------------------------------------- the runs


def test_subsets_are_balanced_nested_and_differ_between_seeds() -> None:
    labels = torch.tensor([0, 1, 1, 0, 1, 0, 0, 1, 1, 0] * 4)
    small, large = draw_subset(labels, 8, 1), draw_subset(labels, 32, 1)
    assert labels[small].sum() == 4
    assert labels[large].sum() == 16
    assert len(set(large)) == 32
    assert set(small) < set(large)
    assert small == draw_subset(labels, 8, 1) != draw_subset(labels, 8, 2)


@pytest.mark.parametrize("size", [0, 3, 42])
def test_a_subset_that_cannot_be_drawn_is_refused(size: int) -> None:
    labels = torch.tensor([0, 1] * 20)
    with pytest.raises(ValueError, match=f"from 2 to 40; got {size}"):
        draw_subset(labels, size, 1)


def test_bootstrap_is_paired() -> None:
    """A rival wrong on the same texts, and on one in five more: no wide interval."""
    generator = torch.Generator().manual_seed(0)
    one = (torch.rand(1, 500, generator=generator) < 0.7).long()
    other = one.clone()
    other[0, torch.nonzero(one[0])[:100, 0]] = 0
    mean, low, high = bootstrap(one, other)
    assert mean == pytest.approx(0.2)
    # The standard error of a share of one in five, 500 texts: 0.0179.
    assert low == pytest.approx(0.2 - 1.96 * 0.0179, abs=4e-3)
    assert high == pytest.approx(0.2 + 1.96 * 0.0179, abs=4e-3)
    assert bootstrap(one, one) == (0.0, 0.0, 0.0)


def test_few_examples_still_get_thirty_updates() -> None:
    for size in (8, 32, 128, 519):
        recipe = Recipe()
        epochs = recipe.num_epochs(size)
        assert epochs >= 6
        assert epochs * -(-size // recipe.batch_size) >= 30
    assert Recipe().num_epochs(519) == 6


def test_the_loop_has_two_rates_and_looks_at_validation(tiny: Bert) -> None:
    """With a rate of nothing for the layers, only the head moves."""
    model = SentimentClassifier(BertVectors(tiny))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    recipe = Recipe(rate=0.0, head_rate=1e-2, epochs=3, batch_size=8)
    progress = fine_tune(model, examples(), recipe, seed=1, valid=examples(4))
    assert len(progress.losses) == 30
    assert len(progress.valid) == 15
    moved = {
        name
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert moved == {"head.weight", "head.bias"}


def test_long_reviews_keep_their_last_token() -> None:
    class Letters:
        def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
            assert add_special_tokens
            return [1, *[7] * len(text), 2]

    long, short = (SimpleNamespace(text=t, target=1) for t in ("a" * 300, "b"))
    found = read_reviews(Letters(), [long, short], prefix="q")  # type: ignore[arg-type,list-item]
    assert [len(e.inputs) for e in found] == [MAX_PIECES, 4]
    assert found[0].inputs[-1] == 2


def test_wilson_interval() -> None:
    """Values of the formula, n = 72; and limits that stay inside."""
    low, high = wilson(0.5, 72)
    assert low == pytest.approx(0.387, abs=1e-3)
    assert high == pytest.approx(0.613, abs=1e-3)
    assert wilson(1.0, 10)[1] == pytest.approx(1.0)
    assert wilson(0.0, 10)[0] == pytest.approx(0.0)


def test_recorded_probabilities_do_not_cross_one_half() -> None:
    found = rivals.rounded(torch.tensor([0.5, 0.50001, 0.49999, 0.1234]))
    assert found == [500, 501, 500, 123]


def test_the_rate_is_chosen_on_validation_the_smaller_of_equals() -> None:
    def row(rate: float, fr: float, en: float) -> list[dict[str, object]]:
        return [
            {"way": "full", "rate": rate, "trained_on": language, "valid": scores}
            for language, scores in (
                ("fr", {"fr": fr, "en": 1.0}),
                ("en", {"fr": 1.0, "en": en}),
            )
        ]

    rows = row(2e-5, 0.5, 0.6) + row(5e-5, 0.7, 0.6) + row(1e-4, 0.6, 0.7)
    assert runs.chosen_rates(rows)["full"] == 5e-5
    assert runs.chosen_rates(rows)["top"] == 2e-4


def test_jobs_of_the_choice_read_no_test_review() -> None:
    assert all(job.choosing and job.seed == 0 for job in runs.choosing_jobs())
    reported = runs.reported_jobs(dict.fromkeys(runs.WAYS, 1e-4))
    assert not any(job.choosing or job.seed == 0 for job in reported)


def test_results_of_other_reviews_are_refused(tmp_path: Path) -> None:
    content = json.loads(RESULTS.read_text(encoding="utf-8"))
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**content, "reviews": "others"}), encoding="utf-8")
    with pytest.raises(ValueError, match="measured on other reviews"):
        read_results(path)


def test_committed_results_are_whole() -> None:
    results = read_results()
    for language in LANGUAGES:
        for way in runs.WAYS:
            assert [row["seed"] for row in results.chosen(way, language)] == [
                *runs.SEEDS
            ]
            for told in LANGUAGES:
                found = results.probability(way, language, told)
                assert found.shape == (5, len(labels_of_test()))
                assert ((found >= 0) & (found <= 1)).all()
        for size in SIZES:
            for way in ("top", "frozen", "tfidf"):
                assert len(results.chosen(way, language, size)) == 5
        # What leaves nothing to chance can be measured again here.
        [committed] = results.chosen("tfidf", language)
        again = rivals.counting_row(language, size=None, seed=1)
        apart = torch.tensor(committed["test"][language]) - torch.tensor(
            again["test"][language]
        )
        assert apart.abs().max() <= 1
    assert not any(row.get("test") for row in results.choosing)
    assert runs.chosen_rates(results.choosing) == results.rates
    committed_table = Path(__file__).parents[2] / "benchmarks" / "fine_tuning.md"
    assert committed_table.read_text(encoding="utf-8") == table(results, runs.COMMAND)


# -------------------------------------------------------------------- the exercises


def measured_well(model: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    was_training = model.training
    model.eval()
    with torch.no_grad():
        right = model(inputs).argmax(dim=-1) == labels
    model.train(was_training)
    return right.float().mean().item()


def forgets_eval(model: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    return (model(inputs).argmax(dim=-1) == labels).float().mean().item()


def forgets_the_mode(model: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    model.eval()
    return (model(inputs).argmax(dim=-1) == labels).float().mean().item()


def best_temperature(logits: Tensor, labels: Tensor) -> float:
    grid = [0.05 * step for step in range(1, 201)]
    losses = [nn.functional.cross_entropy(logits / t, labels).item() for t in grid]
    return grid[losses.index(min(losses))]


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("count", [198, 770], [[192, 770], [198, 769]]),
        ("mean", masked_mean, [lambda vectors, mask: vectors.mean(dim=1)]),
        ("evaluate", measured_well, [forgets_eval, forgets_the_mode]),
        (
            "temperature",
            best_temperature,
            [lambda *_: 1.0, lambda *given: 1 / best_temperature(*given)],
        ),
    ],
)
def test_checks_accept_what_is_right_only(
    key: str, right: object, wrong: list[object]
) -> None:
    assert evaluate(f"fine-tuning.{key}", right).verdict == "right"
    assert evaluate(f"fine-tuning.{key}", ...).verdict == "your-turn"
    for answer in wrong:
        assert evaluate(f"fine-tuning.{key}", answer).verdict == "not-yet"
