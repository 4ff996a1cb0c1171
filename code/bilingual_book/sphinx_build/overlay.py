"""One `_config.yml` and one `_toc.yml` become a pair per language.

Jupyter Book reads one language per build. The overlay adds what depends on it and
makes every path absolute, because Jupyter Book and Sphinx resolve relative paths from
different folders.
"""

import copy
from pathlib import Path
from typing import Any

import yaml

from bilingual_book.project import Project

# Sphinx's own settings of the printed page: its width, and how code is framed.
SPHINX_SETUP = (
    "hmargin={29mm,29mm}",
    "vmargin={30mm,30mm}",
    "VerbatimColor={RGB}{244,245,246}",
    "VerbatimBorderColor={RGB}{244,245,246}",
    "pre_border-width=0pt",
    "pre_padding=4pt",
    "pre_border-radius=0pt",
    "verbatimcontinued={}",
    "verbatimvisiblespace={}",
    "TableRowColorHeader={named}{white}",
)


def overlay_config(project: Project, language: str) -> dict[str, Any]:
    """The configuration of one language."""
    texts = project.languages[language]
    config = copy.deepcopy(project.config)
    config["title"] = texts["title"]
    config["repository"] = {
        "url": project.repository.url,
        "branch": project.repository.branch,
    }
    config["bibtex_bibfiles"] = [str(project.book / "references.bib")]
    config["execute"]["cache"] = str(project.cache)
    config["html"]["baseurl"] = f"{project.base_url}{language}/"
    config["latex"]["latex_documents"] = {
        "targetname": texts["pdf"].replace(".pdf", ".tex"),
        "title": texts["title"],
    }
    sphinx = config["sphinx"]["config"]
    sphinx["language"] = language
    sphinx["html_search_language"] = language
    sphinx["book_language"] = language
    sphinx["book_root"] = str(project.root)
    sphinx.setdefault("html_theme_options", {}).update(texts.get("theme_options", {}))
    sphinx["latex_elements"] = latex_elements(texts)
    return config


def latex_elements(texts: dict[str, Any]) -> dict[str, str]:
    """What Sphinx's LaTeX writer is told; ``texts`` are those of the language."""
    folder = Path(__file__).parents[1] / "paper" / "latex"
    return {
        "papersize": "a4paper",
        "pointsize": "11pt",
        "extraclassoptions": "openany,oneside",
        "babel": "\\usepackage{babel}",
        "polyglossia": "",
        "fncychap": "",
        "fontpkg": (folder / "fonts.tex").read_text(encoding="utf-8"),
        # 90 columns of code fit the width of the text.
        "fvset": "\\fvset{fontsize=\\fontsize{9.35}{11.4}\\selectfont}",
        "preamble": (folder / "preamble.tex").read_text(encoding="utf-8")
        + metadata(texts),
        "figure_align": "!htb",
        "sphinxsetup": ", ".join(SPHINX_SETUP),
    }


def metadata(texts: dict[str, Any]) -> str:
    """What the PDF says of itself, to a search engine and to a screen reader."""
    paper = texts["paper"]
    said = {
        "pdftitle": texts["title"],
        "pdfsubject": texts["subtitle"],
        "pdfauthor": paper["author"],
        "pdfkeywords": paper["keywords"],
        "pdflang": paper["language"],
    }
    options = ", ".join(f"{name}={{{value}}}" for name, value in said.items())
    return (
        f"\\hypersetup{{{options}}}\n"
        f"\\renewcommand{{\\indexnote}}{{{paper['index_note']}}}\n"
    )


def overlay_toc(project: Project, language: str) -> dict[str, Any]:
    """The table of contents of one language: captions are the parts' names."""
    toc = copy.deepcopy(project.toc)
    names = project.languages[language]["parts"]
    for part in toc.get("parts", []):
        part["caption"] = names[part["caption"]]
    return toc


def write_overlay(project: Project, language: str) -> tuple[Path, Path]:
    """Write both files of a language; an unchanged file keeps its date.

    Returns:
        The paths of the configuration and of the table of contents.
    """
    folder = project.build / "overlay" / language
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        folder / "_config.yml": overlay_config(project, language),
        folder / "_toc.yml": overlay_toc(project, language),
    }
    for path, content in contents.items():
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return folder / "_config.yml", folder / "_toc.yml"
