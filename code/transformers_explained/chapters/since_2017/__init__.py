"""The chapter "What changed since 2017"."""
