"""What every page uses, whatever it teaches: its language, its texts, its numbers, the
self-checks of its exercises, and the display of all this in a notebook.

The names that a page needs come from the package's top:
`from transformers_explained import check, report, show_source, use_language`.
"""
