"""What belongs to the page "Your own data, from file to report"."""
