"""The LaTeX side of the book: what Sphinx is told, and the characters that need help."""
