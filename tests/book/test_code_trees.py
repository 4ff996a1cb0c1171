"""Code and formulas are compared up to what a language may change."""

import pytest

from bilingual_book.checks.copy_code import merge_code
from bilingual_book.sources.code_trees import code_key, first_difference
from bilingual_book.sources.formulas import normal_formula

ALIKE = [
    ("x = 1  # un", "x = 1"),
    ('print("bonjour")', 'print("hello")'),
    ('print(f"il y a {n:.2f} mots")', 'print(f"{n:.2f} words")'),
    ('def f():\n    """Fait."""', 'def f():\n    """Does."""'),
    ('use_language("fr")', 'use_language("en")'),
    ("%pip install un", "%pip install one"),
    ('x = ("un "\n     "deux")', 'x = "one two"'),
]
DIFFERENT = [
    ("x = 1", "x = 2"),
    ("x = 1", "x = 1.0"),
    ("x = 1", "y = 1"),
    ('label("a.b")', 'label("a.c")'),
    ('check("a.b", f)', 'check("a.c", f)'),
    ('report(f"a.b-{n}", n)', 'report(f"a.c-{n}", n)'),
    ('f"{n:.2f}"', 'f"{n:.3f}"'),
    ('f"{n}"', 'f"{m}"'),
    ('f"{n}"', '"n"'),
    ("f(a, b)", "f(b, a)"),
    ("x = ['un', 'deux']", "x = ['one']"),
    ("b'un'", "b'one'"),
    ("x = 1", "x = 1\ny = 2"),
]


@pytest.mark.parametrize(("french", "english"), ALIKE)
def test_texts_and_comments_may_differ(french: str, english: str) -> None:
    assert code_key(french) == code_key(english)
    assert first_difference(french, english) is None


@pytest.mark.parametrize(("french", "english"), DIFFERENT)
def test_anything_else_is_a_difference(french: str, english: str) -> None:
    assert code_key(french) != code_key(english)
    assert first_difference(french, english) is not None


def test_the_difference_is_told_where_it_is() -> None:
    one = "# titre\nx = 1\n\ndef f(a):\n    return a + 1\n"
    other = "x = 1\ndef f(a):\n    return a + 2\n"
    found = first_difference(one, other)
    assert found is not None
    assert found.lines == (4, 2)
    assert found.shown == ("return a + 1", "return a + 2")


@pytest.mark.parametrize(
    ("french", "english"),
    [
        (r"a = 10\,000{,}5", r"a = 10{,}000.5"),
        (r"p(\text{chat} \mid x)", r"p(\text{cat} \mid x)"),
        (r"(0{,}5 ; 1)", "(0.5, 1)"),
        (r"h_0 = 0.", "h_0=0"),
        (r"\text{a {b} c} + \mathrm{d}", r"\text{e} + \mathrm{d}"),
    ],
)
def test_formulas_alike(french: str, english: str) -> None:
    assert normal_formula(french, "fr") == normal_formula(english, "en")


@pytest.mark.parametrize(
    ("french", "english"),
    [
        ("0{,}5", "5"),
        ("x_1", "x_2"),
        (r"\mathrm{a}", r"\mathrm{b}"),
        (r"\text{a} x", r"\text{a} y"),
        (r"\cdot x", r"\cdotx"),
        ("10{,}000", "10{,}000"),  # ten in French, ten thousand in English
    ],
)
def test_formulas_different(french: str, english: str) -> None:
    assert normal_formula(french, "fr") != normal_formula(english, "en")


class TestMergeCode:
    """Copied code keeps the target's texts and comments."""

    def test_a_new_argument(self) -> None:
        source = '# prépare\nx = f(1, k=2)  # ici\nprint("salut", x)\n'
        target = '# prepare\nx = f(1)  # here\nprint("hello", x)\n'
        code, new = merge_code(source, target)
        assert code == '# prepare\nx = f(1, k=2)  # here\nprint("hello", x)\n'
        assert new == []

    def test_what_is_new_is_told(self) -> None:
        code, new = merge_code('print("salut")\nprint("fin")\n', 'print("hello")\n')
        assert code == 'print("hello")\nprint("fin")\n'
        assert new == [(1, '"fin"')]

    def test_identifiers_are_code(self) -> None:
        code, new = merge_code('label("a.new")', 'label("a.old")')
        assert (code, new) == ('label("a.new")', [])

    def test_an_f_string_whose_expression_changed(self) -> None:
        code, new = merge_code('print(f"vaut {x}")', 'print(f"is {y}")')
        assert code == 'print(f"vaut {x}")'
        assert new == [(0, 'f"vaut {x}"')]

    def test_the_result_is_the_source_up_to_texts(self) -> None:
        source = 'def f(a, b=1):\n    """Fait."""\n    return g(a, "x")[b]\n'
        target = 'def f(a):\n    """Does."""\n    # note\n    return g("y", a)\n'
        code, _ = merge_code(source, target)
        assert code_key(code) == code_key(source)
        assert '"""Does."""' in code
