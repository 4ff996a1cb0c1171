"""The chapter "GPT, T5, DistilBERT: the families"."""
