"""The tasks that chapters share: examples, batches, loss and measures of each."""
