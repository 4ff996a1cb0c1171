"""The chapter "Learning: gradients and backpropagation"."""
