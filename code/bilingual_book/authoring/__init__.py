"""Begin a chapter from a skeleton that passes all checks."""
