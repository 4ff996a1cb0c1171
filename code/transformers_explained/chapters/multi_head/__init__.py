"""The chapter "Multi-head attention"."""
