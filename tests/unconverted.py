"""Pages that do not have the shape of CONTRIBUTING.md yet: lists that only shrink.

A page that has it must leave its list: its test says so.
"""

# Chapters whose cells, quizzes or formulas do not have the shape.
OUT_OF_SHAPE: frozenset[str] = frozenset()
# Pages where more than a screen of code stands between a figure and its words.
FAR_FIGURES: frozenset[str] = frozenset()
# Pages whose path, folds closed, is longer than twenty screens of a telephone.
LONG_PATHS: frozenset[str] = frozenset()
