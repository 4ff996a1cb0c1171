"""What is computed for the pages at the back: formulas, timetables, the map."""

import re
from itertools import pairwise
from pathlib import Path

import matplotlib
import pytest
from book.small_books import ROOT

from bilingual_book.computed import PARTS
from bilingual_book.computed.course import course
from bilingual_book.computed.formulas import Formula, stands_in
from bilingual_book.computed.routes import MINUTES, path_sections, section, shares
from bilingual_book.cover import write_banners
from bilingual_book.project import LANGUAGES, Project, read_yaml
from bilingual_book.sources.definitions import place_of_code

BOOK = Project(ROOT)
RANGE = re.compile(r"^\| (\d):(\d\d)–(\d):(\d\d) \|", re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
class TestFormulas:
    """Every one of them, and where it is computed."""

    def test_each_label_of_the_chapters_is_there_once(self, language: str) -> None:
        page = PARTS["formulas"](BOOK, language, "")
        found = re.findall(r"\{eq\}`([\w-]+)`", page)
        written = [
            label
            for slug in BOOK.numbered
            for label in re.findall(
                r"^:label: (eq-[\w-]+)$",
                BOOK.source(language, slug).read_text(encoding="utf-8"),
                re.MULTILINE,
            )
        ]
        assert found == written
        assert len(found) > 40

    def test_each_line_of_code_and_test_defines_what_is_named(
        self, language: str
    ) -> None:
        page = PARTS["formulas"](BOOK, language, "")
        links = re.findall(r"\[`([\w.]+)`\]\(\S+?/blob/\w+/(\S+?)#L(\d+)\)", page)
        assert len(links) > 30
        for name, path, line in links:
            lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
            last = name.rpartition(".")[2]
            assert re.match(rf"\s*(def|class) {last}\b", lines[int(line) - 1]), name


def test_an_import_is_followed_to_where_a_name_is_defined() -> None:
    path, line = place_of_code(ROOT, "transformers_explained.layers.LayerNorm")
    assert path.startswith("code/transformers_explained/layers/")
    source = (ROOT / path).read_text(encoding="utf-8").splitlines()
    assert source[line - 1].startswith("class LayerNorm")
    with pytest.raises(KeyError):
        place_of_code(ROOT, "transformers_explained.attention.nothing_of_the_kind")


@pytest.mark.parametrize(
    ("symbol", "tex", "there"),
    [
        ("$Q$", r"\frac{QK^\top}{\sqrt{d_k}}", True),
        ("$K$", r"\operatorname{K} + k", False),
        ("$W_Q$", r"X W_Q", True),
        ("$W$", r"X W_Q", False),
        ("$V$", r"A V .", True),
        ("$d_k$", r"\sqrt{d_k}", True),
        ("$d$", r"\sqrt{d_k}", False),
        ("$a$", r"\alpha + b", False),
        ("$a$", r"a + b", True),
    ],
)
def test_which_letters_stand_in_a_formula(symbol: str, tex: str, there: bool) -> None:
    assert stands_in(symbol, Formula("", "", tex, "page", "page")) is there


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", MINUTES)
def test_a_timetable_has_no_gap_and_ends_in_time(language: str, name: str) -> None:
    rows = RANGE.findall(PARTS["route"](BOOK, language, name))
    times = [(int(a) * 60 + int(b), int(c) * 60 + int(d)) for a, b, c, d in rows]
    assert times[0][0] == 0
    assert times[-1][1] == MINUTES[name]
    assert all(end == start for (_, end), (start, _) in pairwise(times))
    assert all(start < end for start, end in times)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("map", ""),
        ("powers", ""),
        ("route", "1h"),
        ("masterclass", "modules"),
        ("masterclass", "labs"),
    ],
)
def test_a_computed_table_has_a_caption(
    language: str, name: str, argument: str
) -> None:
    captions = BOOK.languages[language]["computed"]["captions"]
    made = PARTS[name](BOOK, language, argument)
    assert f"::::{{table}} {captions[argument or name]}\n\n| " in made


def test_the_routes_are_those_of_the_decks() -> None:
    assert set(read_yaml(BOOK.book / "routes.yml")) == set(MINUTES)


def test_minutes_are_shared_by_words() -> None:
    assert shares(10, [30, 10]) == [7, 3]
    assert sum(shares(137, [7, 400, 3, 90, 55])) == 137
    with pytest.raises(ValueError, match="1 minutes for 2 sections"):
        shares(1, [1, 1])


def test_words_of_the_path_leave_out_code_folds_and_answers() -> None:
    text = (
        "(a-b)=\n## Four words of title\n\n% slide: No\n% note: Not this.\n\n"
        ":::{admonition} Predict\n:class: predict\nTwo words?\n:::\n\n"
        ":::{admonition} Answer\n:class: answer dropdown\nNot these words.\n:::\n\n"
        "```{code-cell} python\nx = 'not'\n```\n\n"
        "```{code-cell} python\n:tags: [evidence]\nassert x\n```\n\n"
        ":::{further-start} Not\n:label: further-a\n:::\n\nNot.\n\n"
        ":::{further-end}\n:::\n\nThree words more.\n"
    )
    found = section("a-b", text)
    assert found.words == 4 + 2 + 3
    assert (found.slides, found.cells, found.predicts) == (1, 1, True)


def test_a_chapter_s_sections_have_its_slides() -> None:
    found = path_sections(BOOK, "en", "attention")
    assert found[0].label == "attention"
    assert "attention-quiz" not in {part.label for part in found}
    assert 1500 < sum(part.words for part in found) < 3500


class TestTheCourse:
    """What needs what."""

    def test_every_chapter_has_its_place_and_its_power(self) -> None:
        data = read_yaml(BOOK.book / "course.yml")
        assert set(BOOK.numbered) <= set(data["needs"])
        assert set(data["powers"]) == set(data["needs"])
        for said in data["powers"].values():
            assert set(said) == set(LANGUAGES)

    def test_a_chapter_needs_only_earlier_ones(self) -> None:
        data = read_yaml(BOOK.book / "course.yml")
        order = {slug: place for place, slug in enumerate(BOOK.numbered)}
        for slug, needs in course(BOOK)["needs"].items():
            assert all(order[need] < order[slug] for need in needs), slug
        for way in course(BOOK)["ways"].values():
            assert way
            assert [order[slug] for slug in way] == sorted(order[slug] for slug in way)
        assert {slug for way in data["ways"].values() for slug in way} <= set(
            data["needs"]
        )

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_modules_and_labs_have_titles_and_chapters(self, language: str) -> None:
        for kind, count in (("modules", 8), ("labs", 4)):
            page = PARTS["masterclass"](BOOK, language, kind)
            rows = re.findall(r"^\| (\d)\. (.*)\|$", page, re.MULTILINE)
            assert len(rows) == count
            assert all("{doc}`" in row for _, row in rows)
        assert PARTS["powers"](BOOK, language, "").count("{doc}") == len(BOOK.numbered)
        drawing, table = PARTS["map"](BOOK, language, "").split("\n\n", 1)
        assert len(re.findall(r"^\|", table, re.MULTILINE)) == len(BOOK.numbered) + 2
        assert drawing.count("<text") == len(BOOK.numbered) + 3
        needs = course(BOOK)["needs"].values()
        assert drawing.count("<path") == sum(len(need) for need in needs)


def test_the_banners_of_the_readmes_are_as_the_code_draws_them(tmp_path: Path) -> None:
    (tmp_path / ".github").mkdir()
    # Whatever else this process has drawn, and how.
    with matplotlib.rc_context({"figure.constrained_layout.use": True, "font.size": 7}):
        written = write_banners(tmp_path)
    for path in written:
        kept = ROOT / ".github" / path.name
        assert kept.read_bytes() == path.read_bytes(), "write_banners draws them anew"
