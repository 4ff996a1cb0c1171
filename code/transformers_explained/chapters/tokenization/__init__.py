"""The chapter "Tokenization"."""
