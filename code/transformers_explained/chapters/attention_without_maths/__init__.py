"""The page "Attention without mathematics"."""
