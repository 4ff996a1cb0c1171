"""The chapter "The craft of training"."""
