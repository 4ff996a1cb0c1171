"""Each language as it should be written: spelling and typography."""
