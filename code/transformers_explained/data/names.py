"""The same names in seven languages: countries, languages, months.

They come from the Unicode Consortium's Common Locale Data Repository (CLDR), which
speakers of each language fill in. Names are no sentences, but nobody translated them
for a lesson, and each stands for exactly the same thing in all seven.

    pip install babel==2.18.0
    python -m transformers_explained.data.names

makes the table again; with `--check` it compares. A name is taken if all seven
languages have it: territories by two letters, languages without regional variants,
the twelve months as they stand in a date.
"""

import argparse
import json
import sys
from pathlib import Path

FILE = Path(__file__).parent / "cldr_names" / "names.json"
LANGUAGES = ("en", "fr", "wo", "sw", "ee", "yo", "ar")
NO_COUNTRY = {"EU", "EZ", "QO", "UN", "ZZ"}  # unions, a region, and "unknown"
Names = dict[str, dict[str, list[str]]]


def load_names() -> Names:
    """The names by language ("fr") and kind ("countries", "languages", "months").

    The names of one kind stand in the same order in each language.
    """
    names: Names = json.loads(FILE.read_text(encoding="utf-8"))
    return names


def names_of_cldr() -> Names:
    """The table, from the CLDR that comes with Babel."""
    from babel import Locale

    locales = {language: Locale(language) for language in LANGUAGES}
    countries = set.intersection(*(set(x.territories) for x in locales.values()))
    languages = set.intersection(*(set(x.languages) for x in locales.values()))
    countries = {code for code in countries - NO_COUNTRY if len(code) == 2}
    languages = {code for code in languages if code.isalpha() and code != "und"}
    return {
        language: {
            "countries": [locale.territories[code] for code in sorted(countries)],
            "languages": [locale.languages[code] for code in sorted(languages)],
            "months": list(locale.months["format"]["wide"].values()),
        }
        for language, locale in locales.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    names = names_of_cldr()
    if check:
        sys.exit(None if names == load_names() else f"other names than in {FILE}")
    text = json.dumps(names, ensure_ascii=False, indent=1)
    FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
