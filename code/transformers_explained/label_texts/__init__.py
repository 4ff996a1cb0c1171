"""Texts of figures and messages: one TOML file per chapter, both languages in each.

Read by :func:`transformers_explained.labels.label`; the format is described there.
"""
