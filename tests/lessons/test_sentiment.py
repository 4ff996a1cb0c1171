"""Sentiment: padding never counts, the parts agree, the runs measure what they say."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import transformers
from torch import Tensor, nn

from transformers_explained import sentiment_runs
from transformers_explained.bert import Bert, BertConfig
from transformers_explained.exercises import evaluate
from transformers_explained.reviews import load_reviews
from transformers_explained.sentiment import (
    BertVectors,
    Example,
    HubVectors,
    SentimentClassifier,
    TopLayers,
    accuracy,
    collate,
    encode,
    fit,
    hub_classifier,
    lower_states,
    masked_mean,
    mean_vectors,
    positive_probability,
    predictor,
    summed_loss,
    targets,
)
from transformers_explained.sentiment_runs import (
    Results,
    bootstrap,
    draw_subset,
    failures,
    read_results,
    table,
    top_recipe,
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
    ours = SentimentClassifier(BertVectors(sentiment_runs.pretrained_bert()))
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
        loss, count = summed_loss(model, collate(texts))
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
    for size in (8, 32, 128, 343):
        recipe = top_recipe(1, size)
        assert recipe.epochs >= 3
        assert recipe.epochs * -(-size // recipe.batch_size) >= 30


def made_up(rival: float) -> Results:
    """Results in which full fine-tuning is right on 90 texts in 100, and a rival
    on this share."""
    truth = sentiment_runs.labels_of_test()

    def probability(share: float) -> Tensor:
        right = torch.arange(len(truth)) % 100 < 100 * share
        return torch.where(right, truth, 1 - truth).double().expand(3, -1)

    kinds = {
        "full": 0.9,
        "tfidf": rival,
        "scratch": 0.5,
        "blank": 0.6,
        "frozen": 0.8,
    }
    return Results(
        probability={f"{name}/en": probability(share) for name, share in kinds.items()},
        top={"en": {8: [0.5, 0.6, 0.7]}},
    )


def test_the_requirement_is_checked() -> None:
    assert failures(made_up(rival=0.7)) == []
    [missed] = failures(made_up(rival=0.85))
    assert "tfidf" in missed
    text = table(made_up(rival=0.7))
    assert "| en | full | 9" in text
    assert "| en | 8 | 60.0% |" in text


def test_results_of_other_reviews_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    sentiment_runs.write([made_up(rival=0.7)], path)
    again = read_results(path)
    assert again.right("full", "en").shape == (3, 220)
    assert again.top == {"en": {8: [0.5, 0.6, 0.7]}}
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "reviews": "others"}), encoding="utf-8")
    with pytest.raises(ValueError, match="measured on other reviews"):
        read_results(path)


def test_committed_results_are_whole_and_meet_the_requirement() -> None:
    results = read_results()
    for language in ("en", "fr"):
        for kind in ("tfidf", "frozen", "full", "scratch", "blank"):
            runs = results.probability[f"{kind}/{language}"]
            assert runs.shape == (1 if kind in ("tfidf", "frozen") else 3, 220)
            assert ((runs >= 0) & (runs <= 1)).all()
        assert list(results.top[language]) == [8, 32, 128, len(load_reviews("train"))]
        assert all(len(runs) == 3 for runs in results.top[language].values())
        # What leaves nothing to chance can be measured again here.
        again = sentiment_runs.tfidf_probability(language)
        torch.testing.assert_close(
            results.probability[f"tfidf/{language}"][0].double(),
            again,
            atol=1e-3,
            rtol=0,
        )
    assert failures(results) == []
    written = json.loads(Path(str(sentiment_runs.RESULTS)).read_text(encoding="utf-8"))
    assert written["seeds"] == list(sentiment_runs.SEEDS)
    committed = Path(__file__).parents[2] / "benchmarks" / "fine_tuning.md"
    assert committed.read_text(encoding="utf-8") == table(results)


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
        ("count", [66, 770], [[63, 770], [66, 769]]),
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
