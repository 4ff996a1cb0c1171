"""The chapter "The full Transformer: translating"."""
