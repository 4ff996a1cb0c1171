"""Execute the pages, keep their outputs, read them again."""
