"""What belongs to the page "One sentence, from characters to prediction"."""
