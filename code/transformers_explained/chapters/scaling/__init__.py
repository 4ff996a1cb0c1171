"""The chapter "Scaling up"."""
