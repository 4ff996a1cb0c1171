"""The same names in seven languages."""

import babel
import pytest

from transformers_explained.data.names import LANGUAGES, load_names, names_of_cldr


def test_names_stand_in_the_same_order_in_each_language() -> None:
    names = load_names()
    assert tuple(names) == LANGUAGES
    sizes = {tuple(map(len, kinds.values())) for kinds in names.values()}
    assert sizes == {(254, 124, 12)}
    place = names["en"]["countries"].index("Egypt")
    assert names["fr"]["countries"][place] == "Égypte"
    assert names["sw"]["countries"][place] == "Misri"
    assert all(kinds["months"][7].strip() for kinds in names.values())


@pytest.mark.skipif(babel.__version__ != "2.18.0", reason="another CLDR")
def test_names_are_those_of_cldr() -> None:
    assert load_names() == names_of_cldr()
