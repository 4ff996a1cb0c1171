"""The chapter "Positional encoding"."""
