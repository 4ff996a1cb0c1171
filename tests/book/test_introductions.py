"""Each term is introduced by one chapter; on earlier pages its uses are links."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from book.small_books import FRONT, write_book

from bilingual_book.language.introductions import (
    first_uses,
    not_introduced,
    pages_in_order,
    too_early,
)
from bilingual_book.project import LANGUAGES, Project, find_project
from bilingual_book.sources.terms import read_terms

PROJECT = find_project()
Page = Callable[[str], Project]

TERMS = """\
en,fr,note,definition_fr,definition_en,link_fr,link_en,introduced
warm loaf,pain chaud,,Un pain.,A loaf.,,,two
cold oven,four froid,,Un four.,An oven.,,,
"""
TOC = """\
format: jb-book
root: intro
parts:
  - caption: start
    numbered: true
    chapters:
      - file: one
      - file: two
  - caption: back
    chapters:
      - file: glossary
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_term_is_used_before_it_is_introduced_unless_it_leads_there(
    language: str,
) -> None:
    found = "\n".join(map(str, too_early(PROJECT, language)))
    assert not found, f"\n{found}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_chapter_introduces_what_it_is_said_to(language: str) -> None:
    found = "\n".join(not_introduced(PROJECT, language))
    assert not found, f"\n{found}"


def test_terms_are_introduced_by_chapters() -> None:
    homes = {term.introduced for term in read_terms(PROJECT.book / "terms.csv")}
    assert homes - {""} <= set(PROJECT.numbered)
    assert len(homes) > 5


def test_learning_introduces_the_words_of_training() -> None:
    terms = read_terms(PROJECT.book / "terms.csv")
    homes = {term.words["en"]: term.introduced for term in terms}
    for name in (
        *("variance", "cross-entropy", "logits", "epoch", "training step", "seed"),
        *("learning rate", "overfitting", "training / validation / test set"),
        *("dropout", "Adam", "logistic regression", "exploding gradient", "entropy"),
    ):
        assert homes[name] == "learning", name


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """A small book whose first chapter says something; the second introduces a term."""
    project = write_book(tmp_path)
    (tmp_path / "_toc.yml").write_text(TOC, encoding="utf-8")
    (project.book / "terms.csv").write_text(TERMS, encoding="utf-8")
    two = f"{FRONT}(two)=\n# Two\n\n(two-loaf)=\n## Loaves\n\nA **warm loaf**.\n"
    (project.book / "en" / "two.md").write_text(two, encoding="utf-8")
    (project.book / "en" / "glossary.md").write_text("# Glossary\n", encoding="utf-8")

    def say(text: str) -> Project:
        one = f"{FRONT}(one)=\n# One\n\n{text}\n"
        (project.book / "en" / "one.md").write_text(one, encoding="utf-8")
        return project

    return say


LINKED = {
    "running text": "Eat a warm loaf.",
    "a list": "- Eat a warm loaf.\n",
    "a box": ":::{admonition} Eat\n:class: key-point\nA warm loaf.\n:::",
    "a link to the chapter": "| a |\n|---|\n| warm loaf ({doc}`two`) |",
    "a link to a section": "## The {ref}`warm loaf <two-loaf>`",
    "a link to the glossary": "## The {term}`warm loaf`",
    "after the first": "A warm loaf.\n\n## Warm loaf",
    "the other language": "## [warm loaf]{.language-fr}",
    "code": "## A `warm loaf`",
    "another sense": "## A warm loafer",
}
UNLINKED = {
    "a heading": "## The warm loaf",
    "a heading before the text": "## The warm loaf\n\nA warm loaf.",
    "a table": "| a |\n|---|\n| warm loaf |",
    "a goal": ":::{admonition} Goals\n:class: goals\nEat a warm loaf.\n:::",
    "a fold": ":::{admonition} Answer\n:class: answer dropdown\nA warm loaf.\n:::",
    "the title of a box": ":::{admonition} A warm loaf\nEat it.\n:::",
    "further": (
        ":::{further-start} More\n:label: further-one-more\n:::\n\nA warm loaf.\n\n"
        ":::{further-end}\n:::"
    ),
    "an exercise": "(one-exercises)=\n## Exercises\n\nA warm loaf.",
    "a quotation": "> A warm loaf.",
    "a caption": (
        "```{code-cell} python\n---\nmystnb:\n  figure:\n    name: fig-a\n"
        "    caption: |\n      A warm loaf.\n---\nf()\n```"
    ),
    "a link elsewhere": "## The warm loaf of {doc}`glossaries <intro>`",
    "a term that no chapter introduces": "## The cold oven",
}


@pytest.mark.parametrize("where", LINKED)
def test_a_use_that_leads_somewhere_is_well(page: Page, where: str) -> None:
    assert [str(use) for use in too_early(page(LINKED[where]), "en")] == []


@pytest.mark.parametrize("where", UNLINKED)
def test_an_early_use_without_a_link_is_found(page: Page, where: str) -> None:
    (found,) = too_early(page(UNLINKED[where]), "en")
    assert re.search(
        r"one\.md:\d+: '(?:.* )?(?:loaf|oven)' is introduced by", str(found)
    )
    if "cold" in UNLINKED[where]:
        assert "no chapter yet" in str(found)


def test_text_after_a_fold_is_running_text_again(page: Page) -> None:
    folded = UNLINKED["further"].replace("warm loaf", "loaf")
    assert list(too_early(page(f"{folded}\n\nA warm loaf."), "en")) == []


def test_a_page_without_cells_links_nothing_by_itself(page: Page) -> None:
    project = page("Nothing.")
    intro = project.book / "en" / "intro.md"
    intro.write_text("# Book\n\nA warm loaf.\n", encoding="utf-8")
    (found,) = too_early(project, "en")
    assert found.path == intro


def test_what_comes_after_the_chapters_may_use_every_term(page: Page) -> None:
    project = page("Nothing.")
    assert pages_in_order(project) == ["intro", "one", "two"]


def test_a_chapter_that_no_longer_introduces_its_term_is_found(page: Page) -> None:
    project = page("Nothing.")
    assert list(not_introduced(project, "en")) == []
    two = project.book / "en" / "two.md"
    whole = two.read_text(encoding="utf-8")
    two.write_text(whole.replace("**warm loaf**", "loaf"), encoding="utf-8")
    (found,) = not_introduced(project, "en")
    assert found.endswith("two.md does not introduce 'warm loaf'")


def test_the_first_use_is_kept(page: Page) -> None:
    uses = first_uses(page("A warm loaf.\n\nAnother warm loaf."), "en", "one")
    assert [(use.words, use.linked) for use in uses] == [("warm loaf", True)]
