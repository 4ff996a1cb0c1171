"""The chapter "Vectors and matrices"."""
