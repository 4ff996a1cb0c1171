"""The PDF of each language."""
