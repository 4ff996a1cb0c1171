"""Tags: words, pieces and back; the head equals Hugging Face's."""

from typing import Any

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from parity import assert_same

from transformers_explained.data.entities import (
    Entity,
    find_entities,
    load_entities,
    names_of,
)
from transformers_explained.data.questions import load_questions
from transformers_explained.pretrained import load_tokenizer
from transformers_explained.pretrained.weight_names import bert_from_weights
from transformers_explained.tasks.examples import IGNORED, Example
from transformers_explained.tasks.sentiment import BertVectors
from transformers_explained.tasks.tagging import (
    TAGS,
    Aligned,
    Tagger,
    align,
    entity_score,
    first_tokens,
    read_tags,
    tag_texts,
    token_labels,
    word_tags,
)

LANGUAGES = ("fr", "en")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_head_equals_hugging_face(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    kind: Any = transformers.BertConfig
    config = kind(
        vocab_size=31,
        hidden_size=21,
        num_attention_heads=3,
        num_hidden_layers=2,
        intermediate_size=11,
        max_position_embeddings=19,
        pad_token_id=0,
        num_labels=5,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    theirs: Any = transformers.BertForTokenClassification(config)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_(std=0.2)
    theirs = theirs.to(dtype)
    bert = bert_from_weights(
        config.to_dict(), theirs.bert.state_dict(), pooler=False
    ).to(dtype)
    ours: Any = Tagger(BertVectors(bert), num_tags=5, dropout=0.0).to(dtype)
    ours.classifier.load_state_dict(theirs.classifier.state_dict())
    ids = torch.randint(1, 31, (4, 7))
    mask = torch.arange(7) < torch.tensor([7, 3, 1, 6])[:, None]
    labels = torch.randint(0, 5, (4, 7)).masked_fill(~mask, IGNORED)
    found = theirs(input_ids=ids, attention_mask=mask.long(), labels=labels)
    scores = ours(ids, mask)
    assert_same(scores[mask], found.logits[mask])
    loss: Any = torch.nn.functional.cross_entropy(
        scores.flatten(0, 1), labels.flatten()
    )
    assert_same(loss, found.loss)
    loss.backward()
    found.loss.backward()
    assert_same(ours.classifier.weight.grad, theirs.classifier.weight.grad)
    table = theirs.bert.embeddings.word_embeddings.weight.grad
    assert_same(ours.vectors.bert.embeddings.tokens.weight.grad, table)


@given(st.lists(st.sampled_from(range(len(TAGS))), min_size=1, max_size=9))
def test_tags_of_read_tags_spell_the_same_entities(tags: list[int]) -> None:
    words = [(3 * k, 3 * k + 2) for k in range(len(tags))]
    entities = read_tags(words, tags)
    again = word_tags(words, entities)
    assert read_tags(words, again) == entities
    assert [tag > 0 for tag in again] == [tag > 0 for tag in tags]


def test_an_i_that_nothing_begins_begins() -> None:
    words = [(0, 2), (3, 5), (6, 8), (9, 11)]
    tags = [TAGS.index(t) for t in ("I-being", "I-place", "I-place", "B-place")]
    assert read_tags(words, tags) == [
        Entity(0, 2, "being"),
        Entity(3, 8, "place"),
        Entity(9, 11, "place"),
    ]


def test_labels_stand_on_the_first_piece() -> None:
    words, tokens = [(0, 3), (4, 9), (9, 10)], [(0, 3), (4, 6), (6, 9), (9, 10)]
    assert first_tokens(words, tokens) == [0, 1, 3]
    assert token_labels(words, [1, 2, 0], tokens) == [1, 2, IGNORED, 0]
    assert token_labels([(0, 2), (2, 4)], [1, 0], [(0, 3), (3, 4)]) == [0, IGNORED]
    with pytest.raises(ValueError, match="no token holds the character 4"):
        first_tokens(words, [(0, 3), (5, 10)])


@pytest.mark.parametrize("language", LANGUAGES)
def test_pieces_lead_back_to_the_entities(language: str) -> None:
    tokenizer = load_tokenizer("multilingual-e5-small")
    for text in load_entities(language):  # type: ignore[arg-type]
        aligned = align(tokenizer, text)
        labels = aligned.example.target
        assert len(labels) == len(aligned.example.inputs)  # type: ignore[arg-type]
        assert labels[0] == labels[-1] == IGNORED  # type: ignore[index]
        tags = [labels[token] for token in aligned.first]  # type: ignore[index]
        assert tuple(read_tags(aligned.words, tags)) == text.entities  # type: ignore[arg-type]


def test_a_perfect_tagger_is_perfect() -> None:
    words = [(0, 2), (3, 5)]
    text = Aligned(Example(inputs=[0, 1, 2], target=[0, 0, 0]), words, [1, 2])

    class Fixed(torch.nn.Module):
        def forward(self, inputs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            wanted = torch.tensor([[0, 1, 3]])
            return torch.nn.functional.one_hot(wanted, len(TAGS)).float()

    wanted = [Entity(0, 2, "being"), Entity(3, 5, "place")]
    assert tag_texts(Fixed(), [text.example], [text]) == [wanted]
    assert entity_score([wanted], [wanted]).f1 == 1
    assert entity_score([[]], [wanted]) == (0, 0, 0)
    half = entity_score([[wanted[0], Entity(3, 5, "being")]], [wanted])
    assert half == (0.5, 0.5, 0.5)


def test_a_tagger_needs_a_size() -> None:
    with pytest.raises(ValueError, match="d_model must be given"):
        Tagger()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_paragraph_is_annotated_and_every_name_occurs(language: str) -> None:
    texts = load_entities(language)  # type: ignore[arg-type]
    splits = {q.paragraph: q.split for q in load_questions(language)}  # type: ignore[arg-type]
    assert {text.id: text.split for text in texts} == splits
    for text in texts:
        listed = names_of(text.id, language)  # type: ignore[arg-type]
        seen = {text.text[e.start : e.end] for e in text.entities}
        assert seen == {name for names in listed.values() for name in names}
        assert text.entities


def test_the_longer_name_wins() -> None:
    names = {"being": ["Edith Finch", "Finch"], "place": ["Lomé"]}
    found = find_entities("Finch, Edith Finch, Lomé, Loméan", names)  # type: ignore[arg-type]
    assert [(e.start, e.end) for e in found] == [(0, 5), (7, 18), (20, 24)]
    assert find_entities("Lomé", {}) == []
