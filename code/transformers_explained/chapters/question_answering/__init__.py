"""The chapter "Question answering"."""
