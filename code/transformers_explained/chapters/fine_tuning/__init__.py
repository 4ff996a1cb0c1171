"""The chapter "Fine-tuning BERT: sentiment analysis"."""
