"""The chapter "The encoder"."""
