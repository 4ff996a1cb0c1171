"""The slides: a deck per chapter and per route, from what the built pages have left."""
