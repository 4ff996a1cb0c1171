"""One Sphinx build per language: its configuration, its process."""
