"""What belongs to one chapter alone: its figures, self-checks, texts, long experiments.

One folder per chapter, named after its slug, a hyphen written as an underscore:

    figures.py    drawing functions: `from transformers_explained.chapters.bert import
                  figures`. One takes plain data, asks `lesson.labels.label` for every
                  word that it shows, takes its shapes and colours from `drawing`, and
                  returns the figure: as the last line of a cell, it is shown once.
    checks.py     the self-checks of the exercises, described in `lesson.check`.
    texts.toml    the texts of both, described in `lesson.labels`.

and, where a page reads the result of a run too long for it, the program of that run
beside its result. A page imports from its own chapter's folder and from no other's, and
no folder imports from another, so that a change here concerns one page only.
"""
