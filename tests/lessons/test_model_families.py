"""The chapter's own code: buckets, masks, contenders, jobs, students."""

import pytest
import torch
from transformers.models.t5.modeling_t5 import T5Attention

from transformers_explained.bert import Bert, BertConfig
from transformers_explained.chapters.model_families import (
    battle,
    distilling,
    prefixes,
    results,
)
from transformers_explained.chapters.model_families.relative import (
    bucket,
    bucket_table,
)
from transformers_explained.data.reviews import load_reviews
from transformers_explained.tasks.distillation import Answer
from transformers_explained.tasks.examples import Example, collate
from transformers_explained.tasks.sentiment import (
    SentimentClassifier,
    TopLayers,
    lower_states,
)
from transformers_explained.tasks.sequence_pairs import END_ID, UNKNOWN_ID


@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize(("buckets", "far"), [(32, 128), (16, 40)])
def test_buckets_equal_hugging_faces(two_sided: bool, buckets: int, far: int) -> None:
    offsets = torch.arange(-1_000, 1_001)
    theirs = T5Attention._relative_position_bucket(
        offsets, bidirectional=two_sided, num_buckets=buckets, max_distance=far
    )
    ours = [
        bucket(int(o), two_sided=two_sided, buckets=buckets, far=far) for o in offsets
    ]
    assert ours == theirs.tolist()


def test_a_table_of_buckets_depends_on_the_offset_only() -> None:
    table = bucket_table(3, 5, two_sided=True)
    assert table.shape == (3, 5)
    assert table[0, 2] == table[1, 3] == table[2, 4] == bucket(2, two_sided=True)
    assert table[2, 0] == bucket(-2, two_sided=True)


@pytest.mark.parametrize("kind", ["encoder", "decoder", "prefix"])
def test_the_mask_is_what_a_contender_sees(kind: battle.Sight) -> None:
    torch.manual_seed(0)
    model = battle.OneStack(kind, 11).double()
    source = torch.tensor([[5, 6, 7], [8, 9, 10]])
    target = torch.tensor([[4, 5, 6, 7], [4, 8, 9, 10]])
    before = model(source, target)
    changed = target.clone()
    changed[:, 2] = 5
    same = (model(source, changed) == before).all(dim=-1)
    wanted = [False] * 4 if kind == "encoder" else [True, True, False, False]
    assert same.tolist() == [wanted, wanted]
    fuller = torch.tensor(
        [[5, 6, 7, 0, 0], [8, 9, 10, 0, 0]]
    )  # padding changes nothing
    torch.testing.assert_close(model(fuller, target), before)


def test_the_contenders_are_of_one_size() -> None:
    sizes = [
        sum(p.numel() for p in battle.build(name, 76).parameters())
        for name in battle.CONTENDERS
    ]
    assert max(sizes) / min(sizes) < 1.02


def test_what_a_contender_writes_is_what_it_scores_highest() -> None:
    torch.manual_seed(0)
    source = torch.tensor([[5, 6, END_ID], [8, 9, END_ID]])
    model = battle.OneStack("encoder", 11).eval()
    blanks = torch.full((2, battle.TARGET), UNKNOWN_ID)
    rows = model(source, blanks).argmax(dim=-1).tolist()
    for row, said in zip(rows, battle.written(model, list(source)), strict=True):
        assert row[: len(said)] == said
        assert END_ID not in said[:-1]
    causal = battle.OneStack("decoder", 11).eval()
    for sequence, row in zip(source, battle.written(causal, list(source)), strict=True):
        for t, token in enumerate(row):
            read = torch.tensor([[1, *row[:t]]])  # behind START
            assert causal(sequence[None], read)[0, -1].argmax() == token


def test_both_languages_say_the_same_sentence() -> None:
    jobs = prefixes.draw_jobs(1)
    source, french = jobs["translate:"]
    english = "translate: the black goat behind the goat eats a baker ."
    assert " ".join(source) == english
    told = "la chèvre noire derrière la chèvre mange un boulanger ."
    assert " ".join(french) == told
    assert " ".join(jobs["summarize:"][1]) == "the black goat eats a baker ."
    assert jobs["classify:"][1] == ["one"]
    words = prefixes.Words()
    assert words.decode(words.encode(french)) == french


def test_sentences_of_training_are_not_asked_again() -> None:
    asked = prefixes.unseen(range(30), range(1_000, 1_050))
    known = {tuple(prefixes.draw_jobs(s)["translate:"][0]) for s in range(1_000, 1_050)}
    assert asked
    assert all(
        tuple(prefixes.draw_jobs(s)["translate:"][0]) not in known for s in asked
    )


def test_known_answers_are_the_teachers() -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=31, d_model=12, num_heads=3, num_layers=12, d_ff=20, dropout=0.0
    )
    bert = Bert(config).eval()
    ids = [Example(inputs=torch.randint(1, 31, (n,)), target=n % 2) for n in (3, 7, 5)]
    states = lower_states(bert, ids, layers=9)
    teacher = SentimentClassifier(TopLayers(bert, lower=9)).eval()
    known = distilling.known_answers(teacher, states)
    for example, (logits, hidden) in zip(states, known, strict=True):
        batch = collate([example])
        wanted = Answer(teacher(batch.inputs, batch.mask), hidden)
        torch.testing.assert_close(logits[None], wanted.logits)
        torch.testing.assert_close(
            hidden[None], teacher.vectors(batch.inputs, batch.mask)
        )
    student = distilling.student_of(bert, (4, 0))
    for ours, kept in zip(student.vectors.layers, (4, 0), strict=True):
        for a, b in zip(
            ours.parameters(), bert.encoder.layers[kept].parameters(), strict=True
        ):
            assert torch.equal(a, b)
            assert a is not b


def test_the_records_hold_five_seeds_of_each() -> None:
    assert {len(values) for values in results.battle().values()} == {5}
    assert set(results.battle()) == set(battle.CONTENDERS)
    shape = (5, len(load_reviews("test", "en")))
    for layers in distilling.STUDENTS:
        found = results.students(layers)
        assert set(found) == set(distilling.LOSSES)
        assert {right.shape for right in found.values()} == {shape}
    assert results.teachers().shape == shape
    assert 0.5 < results.certainty() < 1
    rows = results.read("distilling.json")["runs"]
    assert {row["seed"] for row in rows} == set(distilling.SEEDS)
