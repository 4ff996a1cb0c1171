"""The LaTeX side of the book: fonts and preamble, read by `overlay.py`."""
