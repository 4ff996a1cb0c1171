"""The chapter "From history to Transformers"."""
