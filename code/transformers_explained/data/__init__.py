"""The data that the lessons read: written for the book, or right by construction."""
