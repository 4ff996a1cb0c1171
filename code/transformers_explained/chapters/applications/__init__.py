"""The chapter "Beyond text"."""
