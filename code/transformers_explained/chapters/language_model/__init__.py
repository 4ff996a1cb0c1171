"""The chapter "Predicting the next word"."""
