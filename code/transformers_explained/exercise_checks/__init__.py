"""Self-checks of the exercises, one module per chapter.

:func:`transformers_explained.exercises.check` loads the module of the chapter that it
is asked about; a hyphen in a chapter's slug is an underscore here. How to write a
check is described in :mod:`transformers_explained.exercises`.
"""
