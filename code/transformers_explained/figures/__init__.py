"""Drawing functions, one module per chapter.

``from transformers_explained.figures import translation`` brings those of the chapter
``translation``; a hyphen in a chapter's slug is an underscore here. A drawing function
takes plain data, asks :func:`transformers_explained.labels.label` for every word that
it shows, takes its shapes and colours from :mod:`transformers_explained.plotting`,
and returns the figure: as the last line of a cell, it is shown once.
"""
