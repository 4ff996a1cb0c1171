"""One PDF per language: LaTeX from Sphinx, then latexmk; a flawed log is an error."""

import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fontTools.ttLib import TTFont

from bilingual_book.cover import write_pdf_cover
from bilingual_book.errors import BookError
from bilingual_book.locales import LOCALES
from bilingual_book.paper.tex import arrange, declarations
from bilingual_book.project import LANGUAGES, Project
from bilingual_book.runs.execute import run_pages
from bilingual_book.sphinx_build.builders import run_sphinx, sphinx_folder

FATAL = re.compile(
    r"Missing character|^! |^\./\S+:\d+: "
    r"|(Reference|Citation|Hyper reference) .* undefined"
)
OVERFULL = re.compile(
    r"Overfull \\(?P<box>[hv])box \((?P<excess>\d+\.\d+)pt too (?:wide|high)\)"
    r"[^\n]*\n[^\n]*"
)
# Points that a line may run into the margin, and a page into its foot: a millimetre is
# not seen beside a margin of thirty.
WIDEST_OVERFULL, HIGHEST_OVERFULL = 2.0, 4.0

TEXT_FACE = "TeX Gyre Pagella"  # as latex/fonts.tex says
TOOLS = ("latexmk", "xelatex", "xindy", "fc-match")
INSTALL = (
    "apt-get install texlive-xetex texlive-latex-extra texlive-lang-french "
    "texlive-fonts-recommended latexmk xindy fonts-freefont-otf fonts-texgyre "
    "fonts-texgyre-math fonts-dejavu fonts-symbola"
)


def build_pdf(project: Project) -> None:
    """Make both PDFs and add them to the site.

    Raises:
        BookError: If TeX is missing, LaTeX fails, or its log tells of a missing
            character, an undefined reference or a line that runs off the page.
    """
    for tool in TOOLS:
        if shutil.which(tool) is None:
            raise BookError(f"{tool} is not installed", fix=INSTALL)
    run_pages(project, project.notebooks)
    run_sphinx(project, "latex")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda language: compile_pdf(project, language), LANGUAGES))


def compile_pdf(project: Project, language: str) -> Path:
    """Run latexmk on one language and check its log."""
    folder = sphinx_folder(project, language) / "latex"
    name = project.languages[language]["pdf"].removesuffix(".pdf")
    start = time.perf_counter()
    arranged = prepare(project, language, folder, name)
    index = f"-L {LOCALES[language].index} -C utf8 -M sphinx.xdy -I xelatex"
    finished = subprocess.run(
        [
            "latexmk",
            "-xelatex",
            "-interaction=nonstopmode",
            "-file-line-error",
            arranged.name,
        ],
        cwd=folder,
        # Sphinx's latexmkrc reads these; its own Makefile would set them.
        env={**os.environ, "LATEXOPTS": "", "XINDYOPTS": index},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    log_path = arranged.with_suffix(".log")
    log = log_path.read_text(encoding="utf-8", errors="replace")
    problems = log_problems(log)
    if finished.returncode or problems:
        shown = problems or finished.stdout.splitlines()[-30:]
        raise BookError(
            f"the {language} PDF has problems\n" + "\n".join(shown),
            path=log_path,
            expected="a log without them",
            fix="mend the page that the text around each message comes from",
        )
    target = project.build / "pdf" / f"{name}.pdf"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(arranged.with_suffix(".pdf"), target)
    seconds, size = time.perf_counter() - start, target.stat().st_size / 1e6
    print(f"{target} ({size:.1f} MB) in {seconds:.0f} s", flush=True)
    return target


def log_problems(log: str) -> list[str]:
    """What a reader of the PDF would meet, as lines of messages.

    TeX breaks its log at 79 columns; a break inside a message is joined first.
    """
    joined = re.sub(r"(?<=[^\n]{79})\n", "", log)
    problems = set()
    for line in joined.splitlines():
        if FATAL.search(line):
            problems.add(line.strip())
    for match in OVERFULL.finditer(joined):
        allowed = WIDEST_OVERFULL if match["box"] == "h" else HIGHEST_OVERFULL
        if float(match["excess"]) > allowed:
            problems.add(match[0].replace("\n", " | "))
    return sorted(problems)


def prepare(project: Project, language: str, folder: Path, name: str) -> Path:
    """Arrange Sphinx's file, draw the cover, and return the file to compile."""
    source = (folder / f"{name}.tex").read_text(encoding="utf-8")
    text = arrange(project, language, source)
    # The signs that the text face lacks are found, not listed.
    signs = {sign for sign in text if ord(sign) > 0xFF}
    signs -= face_signs(f"{TEXT_FACE}:style=Regular")
    emoji = signs - face_signs("DejaVu Sans")
    declared = declarations(sorted(signs - emoji))
    declared += declarations(sorted(emoji), "emojiglyphs")
    begin = "\\begin{document}"
    text = text.replace(begin, declared + begin, 1)
    arranged = folder / f"{name}-arranged.tex"
    if not arranged.exists() or arranged.read_text(encoding="utf-8") != text:
        arranged.write_text(text, encoding="utf-8")
    faces = [face_file(f"{TEXT_FACE}:style={style}") for style in ("Regular", "Bold")]
    texts = project.languages[language]
    write_pdf_cover(language, texts, folder / "cover.pdf", *faces)
    return arranged


def face_file(typeface: str) -> Path:
    """The file of a typeface."""
    query = ["fc-match", "--format", "%{file}", typeface]
    done = subprocess.run(query, capture_output=True, encoding="utf-8", check=True)
    return Path(done.stdout)


def face_signs(typeface: str) -> set[str]:
    """The characters that a typeface holds."""
    return {chr(code) for code in TTFont(face_file(typeface)).getBestCmap()}
