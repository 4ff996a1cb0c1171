"""The EPUB: the built pages as one file that any reading system opens."""
