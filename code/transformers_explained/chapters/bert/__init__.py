"""The chapter "BERT from the inside"."""
