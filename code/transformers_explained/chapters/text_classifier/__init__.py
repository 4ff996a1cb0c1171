"""The chapter "Classifying text"."""
